"""Which plugins a workspace loads: what the settings in force say, read before there are plugins."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from refflow.errors import RefflowError, UsageError
from refflow.plugins.config import PluginConfig
from refflow.views.runs.settings import Settings as SettingsRow
from refflow.views.store import ViewStore
from refflow.workflows.language.settings import settings_from

from .folder import Folder


def configured_plugins(connection: Connection, folder: Folder) -> PluginConfig:
    """What the settings in force say of plugins. Read without decoding events, which may need the plugins."""
    try:
        row = ViewStore(connection, ()).get(SettingsRow, "settings")
    except RefflowError:
        return PluginConfig()
    if row is None:
        return PluginConfig()
    config = plugin_config(settings_from(row.settings).plugins)
    beside = folder.path.absolute()
    local = tuple(str(beside / Path(each).expanduser()) for each in config.local)
    return msgspec.structs.replace(config, local=local)


def plugin_config(section: dict[str, Any]) -> PluginConfig:
    """The `plugins` section of the settings: reserved keys say which plugins load, each other key names one."""
    reserved = {name: value for name, value in section.items() if name in PluginConfig.__struct_fields__}
    named = frozenset(section) - frozenset(reserved)
    try:
        config = msgspec.convert(reserved, PluginConfig, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"refflow.yaml, `plugins`: {error}.") from error
    return msgspec.structs.replace(config, enabled=config.enabled | named)
