"""The plugins that installed packages register, found without importing any of them.

What is read are the directories of metadata that installers leave beside the packages (PyPA, "Recording installed
projects", "Entry points", "Core metadata"). `importlib.metadata` reads the same, and a sixth of the time of every
command would go to it: it brings the parser of e-mail along, and looks closely at packages that register nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from operator import attrgetter

import msgspec

_ANY_GROUP = re.compile(r"refflow\.v(\d+)")
_OBJECT = re.compile(r"([\w.]+)\s*(?::\s*([\w.]+))?")
_METADATA = (".dist-info", ".egg-info")


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that the package `distribution` registers: an entry point of the group `refflow.v<api>`.

    `value` is what to import, as `package.module` or `package.module:object`.
    """

    plugin: str
    value: str
    api: int
    distribution: str
    version: str

    def load(self) -> object:
        """Import the plugin. Raises whatever its code raises, and `ImportError` when there is no such thing."""
        found = _OBJECT.match(self.value)
        if found is None:
            raise ImportError(f"`{self.value}` names no module")
        module = import_module(found[1])
        return attrgetter(found[2])(module) if found[2] else module


@cache
def registrations() -> tuple[Registration, ...]:
    """Every plugin that is registered on the path of this Python, from one look a process."""
    return tuple(registered_in(sys.path))


def registered_in(path: Iterable[str]) -> Iterator[Registration]:
    """What is registered in directories and archives of packages. The first of several copies of a package counts."""
    seen: set[str] = set()
    for entry in path:
        if os.path.isfile(entry):
            yield from _in_archive(entry, seen)
            continue
        try:
            names = os.listdir(entry or ".")
        except OSError:
            continue  # a path may name what is not there
        for name in names:
            if name.endswith(_METADATA) and _is_first(name, seen):
                yield from _in_directory(os.path.join(entry, name))


def _in_directory(folder: str) -> Iterator[Registration]:
    text = _read(folder, "entry_points.txt")
    if "refflow.v" in text:
        about = _read(folder, "METADATA") or _read(folder, "PKG-INFO")
        yield from _registrations(text, about, os.path.basename(folder))


def _in_archive(file: str, seen: set[str]) -> Iterator[Registration]:
    from importlib.metadata import distributions

    for each in distributions(path=[file]):
        folder = f"{each.metadata['Name']}-{each.version}.dist-info"
        if _is_first(folder, seen):
            text, about = each.read_text("entry_points.txt"), each.read_text("METADATA")
            yield from _registrations(text or "", about or "", folder)


def _is_first(folder: str, seen: set[str]) -> bool:
    name = re.sub(r"[-_.]+", "-", _name_and_version(folder)[0]).lower()
    if name in seen:
        return False
    seen.add(name)
    return True


def _registrations(text: str, about: str, folder: str) -> Iterator[Registration]:
    name, version = _name_and_version(folder)
    for line in about.splitlines():
        if not line:
            break  # a description follows
        field, _, value = line.partition(":")
        if field.lower() == "name":
            name = value.strip()
        elif field.lower() == "version":
            version = value.strip()
    group = None
    for line in map(str.strip, text.splitlines()):
        plugin, equals, value = (each.strip() for each in line.partition("="))
        if line.startswith("["):
            group = _ANY_GROUP.fullmatch(line[1:-1])
        elif equals and group and not line.startswith("#"):
            yield Registration(
                plugin=plugin, value=value, api=int(group[1]), distribution=name, version=version
            )


def _name_and_version(folder: str) -> tuple[str, str]:
    name, _, version = folder.rpartition(".")[0].partition("-")
    return name, version


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
