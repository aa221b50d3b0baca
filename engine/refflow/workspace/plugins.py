"""The plugins as a folder's settings have them, found without opening the workspace: none needs to be well."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec

from refflow.errors import NotFound, RefflowError
from refflow.log.database import connect
from refflow.plugins.config import PluginConfig, config_schema, section_schema
from refflow.plugins.discovery import discover
from refflow.plugins.factories import resolve
from refflow.plugins.host import Host
from refflow.plugins.host import PluginStatus as PluginStatus
from refflow.plugins.inspection import contributions, factory_of, import_faults, spec_faults
from refflow.plugins.installed import registrations
from refflow.plugins.quality import Level, judge
from refflow.plugins.registry import Contribution as Contribution
from refflow.plugins.scaffold import scaffold as scaffold
from refflow.plugins.specs import CommandSpec as CommandSpec
from refflow.plugins.specs import EventTypeSpec
from refflow.spelling import did_you_mean

from .configured import configured_plugins
from .folder import Folder


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a plugin declares, and what is imported when it is first used."""

    label: str
    summary: str
    factory: str | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin, whole: what it declares, the JSON Schema of its section in the settings, by declaration, and
    how many events of each of its kinds the log holds. `enabled`: whether what it declares may act unasked.
    """

    status: PluginStatus
    enabled: bool
    declares: list[Declaration]
    config: dict[str, dict[str, object]]
    events: dict[str, int]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What looking a plugin over found: its `level` when there are no faults, and what is `missing` for the next."""

    plugin: str
    faults: list[str]
    level: Level | Literal["unusable", "faulty"]
    missing: list[str]


def host_of(folder: Folder | None) -> Host:
    """The plugins as the settings of the workspace in `folder` admit them. Works however broken they are."""
    return Host.load(plugin_settings(folder))


def plugin_settings(folder: Folder | None) -> PluginConfig:
    """What the settings in `folder` say of plugins; the defaults when they cannot be read."""
    if folder is None or not folder.database.is_file():
        return PluginConfig()
    try:
        connection = connect(folder.database, read_only=True)
    except RefflowError:
        return PluginConfig()
    try:
        return configured_plugins(connection, folder)
    finally:
        connection.close()


def named(host: Host, name: str) -> PluginStatus:
    """The plugin of that name or package. Raises `NotFound` when there is none."""
    for each in host.plugins:
        if name in (each.name, each.dist):
            return each
    hint = did_you_mean(name, [each.name for each in host.plugins])
    hint = hint or "`refflow plugins --all` shows what there is."
    raise NotFound(f"There is no plugin {name}; {hint}")


def check_names(folder: Folder | None, names: Sequence[str]) -> None:
    """Raise `NotFound` for the first of `names` that is none of a plugin here nor of its package. Imports none."""
    there = [each.origin for each in discover(plugin_settings(folder), (), registrations())]
    for name in names:
        if not any(origin.answers_to(name) for origin in there):
            hint = did_you_mean(name, sorted({origin.plugin for origin in there}))
            hint = hint or "`refflow plugins --all` shows what there is."
            raise NotFound(f"There is no plugin `{name}` to leave out; {hint}")


def show(folder: Folder | None, name: str) -> Shown:
    """All there is to know of the plugin `name`."""
    host = host_of(folder)
    status = named(host, name)
    found = contributions(host, status.name)
    kinds = {each.spec.name for each in found.values() if isinstance(each.spec, EventTypeSpec)}
    return Shown(
        status=status,
        enabled=all(each.enabled for each in found.values()),
        declares=[
            Declaration(label=label, summary=each.spec.summary, factory=factory_of(each.spec))
            for label, each in found.items()
        ],
        config={
            label: config_schema(section)
            for label, each in found.items()
            if (section := getattr(each.spec, "config", None)) is not None
        },
        events=_events(folder, kinds),
    )


def check(folder: Folder | None, name: str, source: Path | None = None) -> Checked:
    """Look the plugin `name` over: its imports, names, factories and configuration. With the folder of its
    `source`, its tests are looked through and run.
    """
    host = host_of(folder)
    status = named(host, name)
    if status.status not in ("active", "conflict"):
        return Checked(plugin=status.name, faults=[status.reason], level="unusable", missing=[])
    specs = [each.spec for each in contributions(host, status.name).values()]
    faults = [] if status.status == "active" else [status.reason]
    if status.source in ("installed", "bundled"):
        faults += import_faults(status.module, specs)
    own = status.name if status.source != "bundled" else ""
    faults += [each for each in spec_faults(own, specs) if own or "begins with" not in each]
    if faults:
        return Checked(plugin=status.name, faults=faults, level="faulty", missing=[])
    judged = judge(status.module, specs, source)
    return Checked(plugin=status.name, faults=[], level=judged.level, missing=judged.missing)


def schema(folder: Folder | None) -> dict[str, Any]:
    """What may stand under `plugins` in the settings, with the plugins that are here, as JSON Schema."""
    host = host_of(folder)
    taken: dict[str, list[type[msgspec.Struct]]] = {}
    for status in host.plugins:
        if status.status in ("active", "conflict"):
            specs = [each.spec for each in contributions(host, status.name).values()]
            found = (getattr(spec, "config", None) for spec in specs)
            taken[status.name] = [config for config in found if config is not None]
    return section_schema(taken)


def lock(host: Host) -> list[str]:
    """The installed packages with plugins, as requirements that reproduce them."""
    found = {f"{each.dist}=={each.version}" for each in host.plugins if each.source == "installed"}
    return sorted(found)


def command(folder: Folder | None, name: str) -> tuple[Contribution[CommandSpec], Any] | None:
    """The command `name` of a plugin and what it names, imported now; None when no plugin has it."""
    contribution = host_of(folder).effects.commands.get(name)
    return None if contribution is None else (contribution, resolve(contribution.spec.target))


def install(packages: Sequence[str], *, upgrade: bool = False) -> None:
    """Install packages with the pip of this Python. Raises `RefflowError` when there is none, or it fails."""
    _pip("install", *(("--upgrade",) if upgrade else ()), *packages)
    registrations.cache_clear()


def uninstall(packages: Sequence[str]) -> None:
    """Take packages out. Raises `RefflowError` as `install` does."""
    _pip("uninstall", "--yes", *packages)
    registrations.cache_clear()


def _pip(*args: str) -> None:
    if find_spec("pip") is None:
        raise RefflowError(
            f"This Python ({sys.executable}) has no pip. Use the tool that installed refflow, as in"
            f" `pipx inject refflow {args[-1]}` or `uv tool install refflow --with {args[-1]}`."
        )
    # What pip says is for people, and no part of a result.
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *args], stdout=sys.stderr, check=False
    )
    if done.returncode != 0:
        raise RefflowError("pip did not do it; what it says is above.")


def _events(folder: Folder | None, kinds: set[str]) -> dict[str, int]:
    """How many events of `kinds` the log in `folder` holds; none when it cannot be read."""
    if folder is None or not kinds or not folder.database.is_file():
        return {}
    try:
        connection = connect(folder.database, read_only=True)
    except RefflowError:
        return {}
    try:
        marks = ", ".join("?" * len(kinds))
        query = f"SELECT kind, count(*) FROM event WHERE kind IN ({marks}) GROUP BY kind"
        return dict(connection.execute(query, sorted(kinds)).fetchall())
    except sqlite3.Error:
        return {}
    finally:
        connection.close()
