"""Reads the names of event kinds."""

from __future__ import annotations

from refflow.events.kinds import Kinds
from refflow.spelling import did_you_mean

from .reading import Reader
from .yaml_source import Node

_SUBJECT_FIELDS = frozenset({"contact", "referrer", "opening"})


def event_name(reader: Reader, node: Node, kinds: Kinds) -> str | None:
    """The kind of event that `node` names. One that nobody knows is reported, and returned: it still is what
    `event` speaks of.
    """
    found = reader.scalar(node, "an event")
    if found is None:
        return None
    if found.text not in kinds:
        help = did_you_mean(found.text, kinds.by_name()) or "no plugin here knows it either"
        if not reader.told("E150", found.text):
            reader.wrong("E150", f"there is no event `{found.text}`", found, help)
    return found.text


def awaited_event(reader: Reader, node: Node, kinds: Kinds) -> str | None:
    """The kind of event that a run waits for, or that interrupts it."""
    name = event_name(reader, node, kinds)
    if name is None or name not in kinds:
        return name
    fields = set(kinds[name].payload.__struct_fields__)
    if "run" in fields:
        reader.wrong("E151", f"`{name}` is a record of refflow's own: no run can wait for it", node)
    elif not fields & _SUBJECT_FIELDS:
        reader.wrong("E151", f"`{name}` is about no contact and no opening: no run can wait for it", node)
    return name
