"""The promised surface of refflow: what plugins and programs may import.

Names are added in minor versions and taken away only in major ones. Everything else is refflow's own
business and may change at any time.

A plugin declares and works with some of it; the command line is made of the rest, one call a command. Each
name is imported at first use:

    from datetime import UTC, datetime
    from pathlib import Path
    from refflow import api

    now = datetime.now(UTC)
    with api.init(Path("search"), now, name="Ada Example") as workspace:
        ana = api.add_person(workspace, api.PersonDetails(name="Ana Lima", company="Acme"), now)
        print(api.who(workspace, "Acme", now).candidates[0].name)
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

_STUB = Path(__file__).with_suffix(".pyi")
_NAMES = re.compile(r"^from (\S+) import (\w+) as \2$", re.MULTILINE)
_MODULES = {name: module for module, name in _NAMES.findall(_STUB.read_text(encoding="utf-8"))}
"""Where each name is. To parse the stub as Python would take as long as all the rest of this module does."""

_NOT_PROMISED = frozenset({
    "Outdated", "away", "outdated", "pause", "pauses", "queue", "reopen_channel", "resume", "withdraw",
})  # fmt: skip
"""What commands call, and may still change."""

__all__ = sorted(_MODULES.keys() - _NOT_PROMISED)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"refflow.api has no {name}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_MODULES)
