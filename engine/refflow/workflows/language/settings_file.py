"""Reads `refflow.yaml`."""

from __future__ import annotations

from datetime import date
from typing import Any

from refflow.errors import RefflowError
from refflow.events import kinds_with
from refflow.events.kinds import Kinds

from .calendar import Calendar
from .extensions import NONE, Extensions
from .inherited import read_inherited
from .policy_file import read_approval, read_caps, read_late, read_retry, read_window
from .problems import Problem, has_errors, in_order
from .reading import Reader, pairs
from .settings import OpenAsks, Settings
from .yaml_source import Mapping, Node, Scalar, plain_value, read_yaml

_KEYS = tuple(field for field in Settings.__struct_fields__)


def load_settings(
    text: str, file: str, kinds: Kinds | None = None, extensions: Extensions = NONE
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings that `text` holds, or None, and everything that is wrong with it. What is not given has
    its default; an empty file is right. Without `kinds` they can speak of refflow's own events.
    """
    if not any(line.split("#")[0].strip() for line in text.removeprefix("\ufeff").splitlines()):
        return Settings(), ()
    root, problems = read_yaml(text, file)
    reader = Reader(file)
    reader.problems += problems
    found = reader.mapping(root, "a settings file", _KEYS) if root is not None else None
    fields = _fields(reader, found) if found is not None else {}
    if found is not None and "anytime" in found.values and not _left_open(found.values["anytime"]):
        node = found.values["anytime"]
        fields["anytime"] = read_inherited(reader, node, kinds or kinds_with(), extensions)
    ordered = in_order(reader.problems)
    return (None if has_errors(ordered) else Settings(**fields)), ordered


def _fields(reader: Reader, settings: Mapping) -> dict[str, Any]:
    return {
        name: _field(reader, name, value)
        for name, _, value in pairs(settings)
        if name in _KEYS and name != "anytime" and not _left_open(value)
    }


def _left_open(value: Node) -> bool:
    """`email:` with nothing behind it: as if it were not there."""
    return isinstance(value, Scalar) and value.kind == "null"


def _field(reader: Reader, name: str, value: Node) -> Any:
    match name:
        case "zone":
            return _zone(reader, value)
        case "holidays":
            return tuple(_day(reader, item) for item in reader.items(value, "`holidays`"))
        case "calendars":
            found = reader.mapping(value, "`calendars`")
            return {
                _zone(reader, key) or name: tuple(
                    _day(reader, item) for item in reader.items(days, f"`{name}`")
                )
                for name, key, days in (() if found is None else pairs(found))
            }
        case "window":
            return read_window(reader, value)
        case "gap" | "cooldown" | "max_stale" | "pace":
            return reader.duration(value, f"`{name}`")
        case "caps":
            return read_caps(reader, value)
        case "open_asks":
            return _open_asks(reader, value)
        case "approval":
            return read_approval(reader, value)
        case "on_cap":
            return reader.choice(value, "`on_cap`", ("defer", "skip", "exit"))
        case "late":
            return read_late(reader, value)
        case "retry":
            return read_retry(reader, value)
        case "live":
            return reader.flag(value, "`live`")
        case "plugins":
            found = reader.mapping(value, "`plugins`")
            return None if found is None else plain_value(found)
        case _:
            return reader.text(value, f"`{name}`")


def _zone(reader: Reader, node: Node) -> str | None:
    found = reader.scalar(node, "`zone`")
    if found is None:
        return None
    try:
        return Calendar(found.text).zone
    except RefflowError as error:
        message, _, help = str(error).partition(". ")
        reader.wrong("E155", message[:1].lower() + message[1:].rstrip("."), found, help)
        return None


def _day(reader: Reader, node: Node) -> date | None:
    found = reader.scalar(node, "a holiday")
    if found is None:
        return None
    try:
        return date.fromisoformat(found.text)
    except ValueError:
        reader.wrong("E011", f"`{found.text}` is not a day", found, "write it as 2026-12-25")
        return None


def _open_asks(reader: Reader, node: Node) -> OpenAsks | None:
    found = reader.mapping(node, "`open_asks`", OpenAsks.__struct_fields__)
    if found is None:
        return None
    given = {
        name: reader.whole(value, f"`{name}`")
        for name, _, value in pairs(found)
        if name in OpenAsks.__struct_fields__
    }
    return OpenAsks(**{name: value for name, value in given.items() if value is not None})
