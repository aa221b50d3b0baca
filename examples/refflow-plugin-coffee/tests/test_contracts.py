"""What every event type, upcaster, projection and command promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import strategies as st

import refflow_coffee
from refflow.api import CommandSpec, EventTypeSpec, Projection, UpcasterSpec
from refflow.testing.contracts import CommandContract, PluginContract, UpcasterContract
from refflow.testing.histories import CONTACTS
from refflow.testing.projection import ProjectionContract
from refflow_coffee.chats import CHATS
from refflow_coffee.events import ChatHad


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return refflow_coffee


class TestEvents(UpcasterContract):
    def specs(self) -> Sequence[EventTypeSpec]:
        return list(refflow_coffee.refflow_event_types())

    def upcasters(self) -> Sequence[UpcasterSpec]:
        return list(refflow_coffee.refflow_upcasters())

    def samples(self) -> Sequence[msgspec.Struct]:
        return [ChatHad(contact="c1", length="long", note="she leads the data team")]

    def golden(self) -> Path:
        return Path(__file__).parent / "events"


class TestChats(ProjectionContract):
    def projection(self) -> Projection:
        return CHATS

    def own_kinds(self) -> Sequence[EventTypeSpec]:
        return list(refflow_coffee.refflow_event_types())

    def own_payloads(self) -> st.SearchStrategy[Any]:
        return st.builds(ChatHad, contact=st.sampled_from(CONTACTS), length=st.sampled_from(["short", "long"]))


class TestShow(CommandContract):
    def spec(self) -> CommandSpec:
        show, _ = refflow_coffee.refflow_commands()
        return show


class TestLog(CommandContract):
    def spec(self) -> CommandSpec:
        _, log = refflow_coffee.refflow_commands()
        return log

    def arguments(self) -> Sequence[str]:
        return ["nobody"]
