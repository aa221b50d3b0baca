"""The timeline: which events are about which contact, opening and run."""

from __future__ import annotations

from typing import Any

import pytest

from refflow.events import core_kinds, kinds_with
from refflow.events.event import Payload
from refflow.events.kinds import EventKind
from refflow.events.messages import MessageSent
from refflow.events.openings import ApplicationSubmitted, OpeningAdded
from refflow.events.people import CompanyAliased, ContactNoted, ImportFinished
from refflow.events.runs import StepEntered
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.timeline import Happening, timeline

TIMELINE = timeline(kinds_with())


def happenings(*payloads: Any) -> list[Happening]:
    return folded([TIMELINE], told(*payloads)).find(Happening)


@pytest.mark.parametrize(
    ("payload", "about"),
    [
        (sample(ContactNoted), ("c1", None, None)),
        (sample(OpeningAdded), (None, "o1", None)),
        (sample(StepEntered), (None, None, "r1")),
        (sample(MessageSent), ("c1", "o1", "r1")),
        (sample(ApplicationSubmitted), ("c1", "o1", None)),
        (sample(ApplicationSubmitted, referrer=None), (None, "o1", None)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else "",
)
def test_an_event_is_found_by_what_it_is_about(payload: Any, about: tuple[str | None, ...]) -> None:
    (happening,) = happenings(payload)

    assert (happening.contact, happening.opening, happening.run) == about


def test_events_about_nobody_are_left_out() -> None:
    assert happenings(sample(CompanyAliased), sample(ImportFinished)) == []


def test_happenings_keep_position_time_and_kind() -> None:
    assert happenings(sample(ImportFinished), sample(ContactNoted), sample(ContactNoted)) == [
        Happening(position=2, at=AT + HOUR, kind="contact.noted", contact="c1"),
        Happening(position=3, at=AT + 2 * HOUR, kind="contact.noted", contact="c1"),
    ]


def test_every_kind_that_names_a_subject_is_on_it() -> None:
    for kind in core_kinds():
        named = {"contact", "referrer", "opening", "run"} & set(kind.payload.__struct_fields__)
        assert (kind.name in TIMELINE.handlers) == bool(named), kind.name


def test_the_events_of_a_plugin_are_on_it() -> None:
    class StarGiven(Payload, frozen=True, kw_only=True):
        contact: str

    kinds = kinds_with([EventKind(name="stars.star.given", payload=StarGiven)])

    assert "stars.star.given" in timeline(kinds).handlers
