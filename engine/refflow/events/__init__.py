"""Events: what happened, in the past tense."""

from __future__ import annotations

from collections.abc import Iterable

from . import messages, openings, people, runs
from .kinds import EventKind, Kinds, Upcaster


def core_kinds() -> tuple[EventKind, ...]:
    """The kinds of events refflow itself knows."""
    return (*people.KINDS, *openings.KINDS, *messages.KINDS, *runs.KINDS)


def kinds_with(more: Iterable[EventKind] = (), upcasters: Iterable[Upcaster] = ()) -> Kinds:
    """The registry of the core kinds and those that plugins add."""
    return Kinds((*core_kinds(), *more), upcasters)
