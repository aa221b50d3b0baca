"""Why, at any past moment, and why not: told from the log, and true of what the engine does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.runs.run import Run

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ACTIONS = (
    "ask",
    "renew",
    "approve",
    "sent",
    "yes",
    "no",
    "later",
    "met",
    "block",
    "unblock",
    "close",
    "wait",
    "apply",
)


class Story:
    """A search of one person and one opening that actions are tried on, a day apart."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.workspace = api.init(folder, NOW, name="Maya Okafor", email="maya@example.org")
        self.person = api.add_person(self.workspace, api.PersonDetails(name="Ana Lima", company="Acme"), NOW)
        details = api.OpeningDetails(
            company="Acme", title="Engineer", url="https://acme.example/1", submit="form"
        )
        self.job = api.add_opening(self.workspace, details, NOW)

    @property
    def contact(self) -> Contact:
        return api.find_contact(self.workspace, self.person)

    @property
    def opening(self) -> Opening:
        return api.find_opening(self.workspace, self.job)

    def do(self, action: str) -> None:
        self.now += timedelta(days=1)
        workspace, now = self.workspace, self.now
        intents: Any = {"yes": "agreed", "no": "declined", "later": "later"}
        with suppress(api.Held, api.NotFound, api.UsageError):
            match action:
                case "ask":
                    api.start(workspace, "referral-ask", self.contact, self.opening, now, line="Because.")
                case "renew":
                    api.start(workspace, "reconnect", self.contact, self.opening, now)
                case "approve":
                    api.approve(workspace, api.find_message(workspace, self.person), now)
                case "sent":
                    api.confirm_sent(workspace, api.find_message(workspace, self.person), now)
                case "yes" | "no" | "later":
                    api.reply(workspace, self.contact, intents[action], now)
                case "met":
                    api.log_contact(workspace, self.contact, "met", "", now)
                case "block":
                    api.block(workspace, self.contact, None, now)
                case "unblock":
                    api.unblock(workspace, self.contact, now)
                case "close":
                    api.close_opening(workspace, self.opening, None, now)
                case "apply":
                    api.application(workspace, self.opening, "applied", now)
                case "wait":
                    workspace.catch_up(now)

    def subjects(self) -> list[str]:
        return [self.person, self.job, *(run.id for run in self.workspace.views.find(Run))]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = Story(tmp_path / "w")
    with made.workspace:
        yield made


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_why_at_a_past_moment_is_what_why_said_then(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    story = Story(tmp_path_factory.mktemp("why") / "w")
    with story.workspace as workspace:
        then = []
        for action in actions:
            story.do(action)
            then += [(story.now, subject, api.why(workspace, subject)) for subject in story.subjects()]

        for moment, subject, said in then:
            assert api.why(workspace, subject, moment) == said


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=10), st.sampled_from(["referral-ask", "reconnect"]))
def test_why_not_says_what_starting_does(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str], name: str
) -> None:
    story = Story(tmp_path_factory.mktemp("whynot") / "w")
    with story.workspace as workspace:
        for action in actions:
            story.do(action)
        workspace.catch_up(story.now)
        found = api.why_not(workspace, name, story.contact, story.opening, story.now)

        started = False
        with suppress(api.Held):
            opening = story.opening
            runs = api.start(workspace, name, story.contact, opening, story.now).runs
            started = any(run.workflow == name for run in runs)

        assert found.starts == started


def test_the_condition_that_stands_against_it_is_told_term_by_term(story: Story) -> None:
    found = api.why_not(story.workspace, "referral-ask", story.contact, story.opening, story.now)
    by_text = {each.text: each for each in found.conditions}
    warm = by_text['contact.warmth in ["warm", "close"]']

    assert not found.starts
    assert found.instead == ["reconnect"]
    assert (warm.value, warm.terms) == (False, {"contact.warmth": "cold"})
    assert warm.since_kind == "contact.added"
    assert by_text['opening.status == "open"'].value is True


def test_the_past_is_judged_by_what_was_known_then(story: Story) -> None:
    before = story.now
    story.do("met")

    then = api.why_not(story.workspace, "referral-ask", story.contact, story.opening, before)
    now = api.why_not(story.workspace, "referral-ask", story.contact, story.opening, story.now)

    assert (then.starts, now.starts) == (False, True)
    warm = next(each for each in now.conditions if "warmth" in each.text)
    assert (warm.terms, warm.since_kind) == ({"contact.warmth": "warm"}, "meeting.held")


def test_a_run_that_did_start_is_named(story: Story) -> None:
    story.do("met")
    story.do("ask")
    found = api.why_not(story.workspace, "referral-ask", story.contact, story.opening, story.now)

    assert found.reason == "running"
    assert found.run is not None


def test_of_what_was_not_there_yet_nothing_is_told(story: Story) -> None:
    with pytest.raises(api.NotFound, match="knew nothing yet"):
        api.why(story.workspace, story.person, NOW - timedelta(days=1))
    with pytest.raises(api.NotFound, match="There was no workflow"):
        api.why_not(story.workspace, "referral-ask", story.contact, None, NOW - timedelta(days=1))
