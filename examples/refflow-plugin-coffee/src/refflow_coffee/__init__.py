"""Coffees with people. This module says what there is; what acts is imported when it acts."""

from __future__ import annotations

from collections.abc import Iterator

from refflow.api import CommandSpec, EventTypeSpec, ProjectionSpec, UpcasterSpec, hookimpl

from .events import ChatHad, from_minutes


@hookimpl
def refflow_event_types() -> Iterator[EventTypeSpec]:
    """What is recorded."""
    yield EventTypeSpec(
        name="coffee.chat.had",
        summary="You had a coffee with somebody",
        version=2,
        payload=ChatHad,
        personal=frozenset({"note"}),
    )


@hookimpl
def refflow_upcasters() -> Iterator[UpcasterSpec]:
    """How what the first release recorded is read."""
    yield UpcasterSpec(
        name="coffee.chat.had", summary="Minutes become a length", from_version=1, upcast=from_minutes
    )


@hookimpl
def refflow_projections() -> Iterator[ProjectionSpec]:
    """What is made of it."""
    yield ProjectionSpec(
        name="coffee-chats",
        summary="How many coffees you had with each contact, and when last",
        version=1,
        handles=frozenset({"coffee.chat.had"}),
        factory="refflow_coffee.chats:CHATS",
    )


@hookimpl
def refflow_commands() -> Iterator[CommandSpec]:
    """What you can do with it."""
    yield CommandSpec(
        name="coffee", summary="Show the coffees you had", target="refflow_coffee.commands:show", needs="reader"
    )
    yield CommandSpec(
        name="coffee-log",
        summary="Say that you had a coffee",
        target="refflow_coffee.commands:log",
        needs="engine",
    )
