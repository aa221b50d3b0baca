"""The last day to apply: conditions, waits and templates can speak of it, on the owner's clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from refflow import api
from refflow.errors import Held, ProblemsFound
from refflow.events.event import micros

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Search, Searching

FRIDAY = date(2026, 12, 4)
WORKFLOW = """
refflow: 1
workflow: last-call
on: [{manual: true}]
subject: {contact: event.contact, opening: event.opening}
again: always
guard: ["%s"]
steps:
  - {id: before, wait: {until: %s}}
  - {id: call, send: {template: last-call}}
  - exit: called
outcomes: {open: [called]}
"""
HELD = "not has(opening.deadline) or opening.deadline > now + 2bd"
UNTIL = "(opening.deadline else now + 1w) - 3bd"


@pytest.fixture
def search(searching: Searching) -> Iterator[Search]:
    """In New York, where the day begins five hours after that of UTC."""
    with searching(zone="America/New_York") as search:
        (search.folder.path / "templates" / "last-call.txt").write_text(
            "Subject: Last call\n\nApplications close on {{ opening.deadline }}.\n"
        )
        yield search


def test_a_wait_counts_back_from_the_last_day_and_a_text_names_it(search: Search) -> None:
    search.define(WORKFLOW % (HELD, UNTIL))
    search.add_opening("Planner", deadline=FRIDAY)
    run = search.start("last-call", "Ana Lima", "Planner").runs[0]
    assert run.due == micros(datetime(2026, 12, 1, 5, tzinfo=UTC))

    search.at("2026-12-01T14:30")

    assert "Applications close on 4 December 2026." in (search.message("Ana Lima").body or "")


def test_without_a_deadline_the_default_stands_and_nothing_is_guessed_in_a_text(search: Search) -> None:
    search.define(WORKFLOW % (HELD, UNTIL))
    search.start("last-call", "Ana Lima", "Engineer")
    search.wait("5d")

    assert search.message("Ana Lima").missing == ["opening.deadline"]


def test_a_guard_refuses_what_comes_too_late(search: Search) -> None:
    search.define(WORKFLOW % (HELD, UNTIL))
    search.add_opening("Planner", deadline=date(2026, 11, 24))

    with pytest.raises(Held, match="not_eligible"):
        search.start("last-call", "Ana Lima", "Planner")

    (ignored,) = search.events("trigger.ignored")
    assert ignored.payload.reason == "not_eligible"


def test_a_start_that_was_refused_is_told_of_before_what_else_the_same_wish_set_off(search: Search) -> None:
    """A wish for a referral is one of every workflow that it triggers."""
    text = (WORKFLOW % (HELD, UNTIL)).replace("manual: true", "event: referral.wanted")
    search.define(text)
    search.add_opening("Planner", deadline=date(2026, 11, 24))
    search.ask("Ana Lima")  # and with her, one conversation goes on at a time

    with pytest.raises(Held, match=r"last-call did not start \(not_eligible\)"):
        search.start("last-call", "Ana Lima", "Planner")


@pytest.mark.parametrize(
    ("guard", "until", "code"),
    [
        ("opening.deadline > now", UNTIL, "E124"),
        (HELD, "opening.deadline - 3bd", "E124"),
        ("has(opening.deadline) and opening.deadline > 3", UNTIL, "E122"),
        (HELD, "opening.deadlin else now", "E121"),
    ],
)
def test_a_check_finds_what_cannot_be(search: Search, guard: str, until: str, code: str) -> None:
    path = search.folder.path / "workflows" / "last-call.yaml"
    path.write_text(WORKFLOW % (guard, until))

    with pytest.raises(ProblemsFound, match=code):
        api.read_definition(search.workspace, path)


def test_a_story_can_have_a_deadline(search: Search, tmp_path: Path) -> None:
    (tmp_path / "last-call.yaml").write_text(WORKFLOW % (HELD, UNTIL))
    (tmp_path / "last-call.test.yaml").write_text("""\
- test: the last call comes three business days before
  start: {at: 2026-03-02T10:00, opening: {deadline: 2026-03-13}}
  expect:
    - {at: 8d, send: call}
- test: too late
  start: {at: 2026-03-02T10:00, opening: {deadline: 2026-03-03}}
  expect:
    - {refused: not_eligible}
""")

    tried = api.try_workflows(search.workspace, [tmp_path / "last-call.yaml"])

    assert [(each.name, each.unmet) for each in tried.tests if each.unmet] == []
    assert (tried.problems, len(tried.tests)) == ([], 2)
