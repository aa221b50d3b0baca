"""Finding plugins without importing them: installed packages, files named in the configuration, objects."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import msgspec

from ..errors import RefflowError
from .config import PluginConfig
from .installed import Registration
from .origin import Origin


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that could be loaded: `load` imports it from `module`.

    `api` is the major version of the plugin API that it was written for.
    """

    origin: Origin
    load: Callable[[], object]
    module: str = ""
    api: int = 1


def discover(
    config: PluginConfig, in_process: Sequence[object], installed: Iterable[Registration]
) -> list[Candidate]:
    """Every candidate, sorted by distribution and name, so that nothing depends on the file system's order."""
    candidates = [
        *_installed(installed),
        *(_local(path) for path in config.local),
        *(_in_process(plugin) for plugin in in_process),
    ]
    return sorted(candidates, key=lambda found: (found.origin.distribution, found.origin.plugin))


def _installed(registered: Iterable[Registration]) -> Iterator[Candidate]:
    candidates = [_registered(each) for each in registered]
    current = {candidate.origin for candidate in candidates if candidate.api == 1}
    # A plugin may serve several majors at once: the other registrations are then of no interest.
    yield from (each for each in candidates if each.api == 1 or each.origin not in current)


def _registered(registration: Registration) -> Candidate:
    return Candidate(
        origin=Origin(
            plugin=registration.plugin,
            distribution=registration.distribution,
            version=registration.version,
            source="bundled" if registration.distribution == "refflow" else "installed",
        ),
        load=registration.load,
        module=registration.value,
        api=registration.api,
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
