"""A plugin to begin with: a package that can be installed, with its tests, made from templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import msgspec

from .. import __version__
from ..errors import RefflowError, UsageError

KINDS = ("channel", "importer", "projection", "action", "reminder", "command")
_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SUFFIX = ".tmpl"


class Scaffold(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: the `files`, relative to the `folder`."""

    folder: Path
    files: list[str]


def scaffold(name: str, kind: str, where: Path) -> Scaffold:
    """Make `refflow-<name>`, a plugin of that `kind`, in the folder `where`.

    Raises `UsageError` for a name that no plugin can have, and when the folder is there already.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no kind of plugin called {kind}; there are {', '.join(KINDS)}.")
    if not _NAME.fullmatch(name) or name.startswith("refflow"):
        raise UsageError(
            f"{name} is not a name for a plugin: write small letters, as in `sms` or `sms-status`."
        )
    folder = where / f"refflow-{name}"
    if folder.exists():
        raise UsageError(f"{folder} is there already.")
    words = _words(name, kind)
    made = []
    try:
        for path, text in _templates(kind):
            target = folder / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
            made.append(target.relative_to(folder).as_posix())
    except OSError as error:
        raise RefflowError(f"{folder} cannot be made: {error.strerror}.") from error
    return Scaffold(folder=folder, files=sorted(made))


def _words(name: str, kind: str) -> dict[str, str]:
    short = name.replace("-", "_")
    return {
        "name": name,
        "short": short,
        "module": f"refflow_{short}",
        "Class": "".join(part.capitalize() for part in name.split("-")),
        "kind": kind,
        "version": ".".join(__version__.split(".")[:2]),
    }


def _templates(kind: str) -> Iterator[tuple[str, str]]:
    root = files("refflow").joinpath("scaffold")
    for folder in ("common", kind):
        yield from _below(root.joinpath(folder), "")


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            yield from _below(each, f"{path}{each.name}/")
        elif each.name.endswith(_SUFFIX):
            yield f"{path}{each.name.removesuffix(_SUFFIX)}", each.read_text(encoding="utf-8")
