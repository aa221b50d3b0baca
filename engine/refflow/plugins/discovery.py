"""Finding plugins without importing them: installed packages, files named in the configuration, objects."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import msgspec

from ..errors import RefflowError
from .config import PluginConfig
from .origin import Origin

_GROUP = re.compile(r"refflow\.v(\d+)")
"""The entry-point group: its number is the major version of the plugin API."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that could be loaded: `load` imports it from `module`.

    `api` is the major version of the plugin API that it was written for.
    """

    origin: Origin
    load: Callable[[], object]
    module: str = ""
    api: int = 1


@cache
def installed_entry_points() -> tuple[EntryPoint, ...]:
    """All entry points for any version of the plugin API, from one scan a process: it reads every package."""
    found = entry_points()
    groups = [group for group in found.groups if _GROUP.fullmatch(group)]
    return tuple(point for group in groups for point in found.select(group=group))


def discover(
    config: PluginConfig, in_process: Sequence[object], installed: Iterable[EntryPoint]
) -> list[Candidate]:
    """Every candidate, sorted by distribution and name, so that nothing depends on the file system's order."""
    candidates = [
        *_installed(installed),
        *(_local(path) for path in config.local),
        *(_in_process(plugin) for plugin in in_process),
    ]
    return sorted(candidates, key=lambda found: (found.origin.distribution, found.origin.plugin))


def _installed(points: Iterable[EntryPoint]) -> Iterator[Candidate]:
    candidates = [_from_entry_point(point) for point in points]
    current = {candidate.origin for candidate in candidates if candidate.api == 1}
    # A plugin may serve several majors at once: the other registrations are then of no interest.
    yield from (each for each in candidates if each.api == 1 or each.origin not in current)


def _from_entry_point(point: EntryPoint) -> Candidate:
    group = _GROUP.fullmatch(point.group)
    # Read once: each look at a distribution's name or version parses its metadata.
    about = point.dist.metadata if point.dist else {"Name": point.module, "Version": ""}
    name = about["Name"]
    return Candidate(
        origin=Origin(
            plugin=point.name,
            distribution=name,
            version=about["Version"],
            source="bundled" if name == "refflow" else "installed",
        ),
        load=point.load,
        module=point.value,
        api=int(group[1]) if group else 1,
    )


def _local(written: str) -> Candidate:
    path = Path(written)
    origin = Origin(plugin=_kebab(path.stem), distribution=written, version="", source="local")
    return Candidate(origin=origin, load=lambda: _import_file(path), module=written)


def _in_process(plugin: object) -> Candidate:
    name = plugin.__name__.rpartition(".")[2] if isinstance(plugin, ModuleType) else type(plugin).__name__
    plugin_name = _kebab(name).removeprefix("refflow-")
    origin = Origin(plugin=plugin_name, distribution="in process", version="", source="in-process")
    return Candidate(origin=origin, load=lambda: plugin)


def _import_file(path: Path) -> ModuleType:
    if not path.is_absolute():
        raise RefflowError(f"{path} is not an absolute path, so what would run depends on where you are")
    name = f"refflow_local.{path.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None:
        if loaded.__file__ != str(path):
            raise RefflowError(f"{loaded.__file__} has the same file name and is loaded already: rename one")
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RefflowError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Before it runs, or its factories and whatever refers to its own module would not find it.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
