"""Events of a plugin are events like any other: what is personal of them is shown nowhere by the way."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from refflow import api

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Called(msgspec.Struct, frozen=True, kw_only=True):
    contact: str
    minutes: int
    number: str | None = None


class Phone(SimpleNamespace):
    """A plugin called `phone`, whose event has a personal field of a name that refflow does not know."""

    @api.hookimpl
    def refflow_event_types(self) -> list[api.EventTypeSpec]:
        return [
            api.EventTypeSpec(
                name="phone.call.made", summary="-", version=1, payload=Called, personal=frozenset({"number"})
            )
        ]


@pytest.fixture
def called(tmp_path: Path) -> Any:
    """A workspace with such an event."""
    with api.init(tmp_path / "search", MONDAY, name="Sam", in_process=[Phone()]) as workspace:
        ana = api.add_person(workspace, api.PersonDetails(name="Ana Lima"), MONDAY)
        call = Called(contact=ana, minutes=12, number="+34 600")
        workspace.act(lambda turn: turn.record(call, by="plugin:phone@1"), MONDAY)
        yield workspace


def test_what_is_personal_of_it_is_not_in_its_description(called: Any) -> None:
    (event,) = api.events(called, kinds=["phone.call.made"])

    shown = api.describe(event, called.kinds)

    assert event.payload.number == "+34 600"
    assert shown == f"contact={event.payload.contact} minutes=12"
    why = api.why(called, event.payload.contact)
    assert any("minutes=12" in each.text for each in why.reasons)
    assert not any("600" in each.text for each in why.reasons)
