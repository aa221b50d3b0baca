"""Stories by chance: with answers as in the log when it has enough, and said so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.events.event import micros
from refflow.events.messages import MessageDrafted, MessageSent
from refflow.events.openings import ReplyReceived
from refflow.events.runs import RunStarted
from refflow.workflows.runs.turn import Turn
from refflow.workspace.sampling import ENOUGH_ANSWERS, ENOUGH_MESSAGES

if TYPE_CHECKING:
    from tests.unit.conftest import Terminal

BEGIN = datetime(2025, 1, 6, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)

Answer = tuple[timedelta, str] | None
"""How long after a message an answer came and what it meant; None: none came."""


def workspace_of(folder: Path, answers: Sequence[Answer], workflow: str = "hello") -> api.Workspace:
    """A workspace in which a message went to somebody else each day and was answered like this."""
    made = api.init(folder, BEGIN, name="Maya Okafor", email="maya@example.org")
    told: list[tuple[datetime, list[Any]]] = []
    for number, answer in enumerate(answers):
        at, key = BEGIN + number * DAY, f"{number:04}"
        told.append(
            (
                at,
                [
                    RunStarted(
                        run=f"r{key}", workflow=workflow, hash="x", trigger=1, kind="run.wanted", event={}
                    ),
                    MessageDrafted(
                        message=f"m{key}",
                        run=f"r{key}",
                        step="s",
                        contact=f"c{key}",
                        channel="eml",
                        template="t",
                    ),
                    MessageSent(message=f"m{key}", run=f"r{key}", contact=f"c{key}"),
                ],
            )
        )
        if answer is not None:
            reply = ReplyReceived(contact=f"c{key}", intent=answer[1], channel="eml")  # type: ignore[arg-type]
            told.append((at + answer[0], [reply]))
    for at, payloads in sorted(told, key=lambda each: each[0]):

        def record(turn: Turn, payloads: list[Any] = payloads) -> None:
            for payload in payloads:
                turn.record(payload, by="user")

        turn = made.turn(micros(at))
        record(turn)
        made.append(turn, made.log.head(), micros(at))
    return made


def sampled(workspace: api.Workspace, runs: int = 60, **options: Any) -> api.Sampled:
    return api.sample(api.Simulator(workspace, "referral-ask", at=NOW), runs, 1, **options)


def test_answers_come_as_they_did_in_the_log(tmp_path: Path) -> None:
    answers: list[Answer] = [(2 * DAY, "declined")] * 10 + [None] * 15
    with workspace_of(tmp_path / "w", answers) as workspace:
        found = sampled(workspace, 400)

        assert (found.basis, found.log_messages, found.log_answered, found.share) == ("log", 25, 10, 0.4)
        assert (found.median_days_to_answer, found.log_workflow) == (2.0, None)
        assert not set(found.outcomes) & {"later", "passed_on", "lost_track"}, "nobody ever answered like that"
        # Two messages wait for an answer, and four of ten get one: 64 of 100 decline, less those who refer at once.
        assert 0.55 < found.outcomes["declined"] / found.runs < 0.68
        assert sampled(workspace, 400) == found


def test_those_of_the_workflow_itself_come_first(tmp_path: Path) -> None:
    answers: list[Answer] = [(DAY, "agreed")] * 8 + [None] * 12
    with workspace_of(tmp_path / "w", answers, "referral-ask") as workspace:
        assert sampled(workspace, 1).log_workflow == "referral-ask"
    with workspace_of(tmp_path / "v", answers, "another") as workspace:
        assert sampled(workspace, 1).log_workflow is None


@pytest.mark.parametrize(
    ("answered", "silent"), [(ENOUGH_ANSWERS - 1, ENOUGH_MESSAGES), (ENOUGH_ANSWERS, 0), (0, 0)]
)
def test_too_few_are_not_gone_by(tmp_path: Path, answered: int, silent: int) -> None:
    answers: list[Answer] = [(DAY, "agreed")] * answered + [None] * silent
    with workspace_of(tmp_path / "w", answers) as workspace:
        found = sampled(workspace, 5)

        assert (found.basis, found.share, found.log_messages) == ("made up", 0.3, answered + silent)


def test_what_is_given_goes_before_the_log(tmp_path: Path) -> None:
    with workspace_of(tmp_path / "w", [(DAY, "agreed")] * 30) as workspace:
        found = sampled(workspace, 5, share=0.0)

        assert (found.basis, found.outcomes) == ("given", {"no_answer": 5})


def test_a_message_that_may_still_be_answered_does_not_count(tmp_path: Path) -> None:
    with workspace_of(tmp_path / "w", [None] * 30) as workspace:
        assert api.answers_in(workspace, BEGIN + 30 * DAY).messages == 17
        assert api.answers_in(workspace, BEGIN + 60 * DAY).messages == 30


def test_what_an_answer_meant_may_be_said_later(tmp_path: Path) -> None:
    with workspace_of(tmp_path / "w", [(DAY, "unclear")]) as workspace:
        assert api.answers_in(workspace, NOW).intents == ("unclear",)
        reply = ReplyReceived(contact="c0000", intent="agreed", channel="eml")
        workspace.act(lambda turn: turn.record(reply, by="user"), NOW)
        found = api.answers_in(workspace, NOW)

        assert (found.intents, found.delays) == (("agreed",), (micros(BEGIN + DAY) - micros(BEGIN),))


ANSWERS = st.none() | st.tuples(
    st.integers(1, 300).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["agreed", "declined", "later", "unclear"]),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=15,
)
@given(st.lists(ANSWERS, max_size=40))
def test_the_log_is_counted_right_and_no_answer_is_made_up_beside_it(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Answer]
) -> None:
    with workspace_of(tmp_path_factory.mktemp("s") / "w", answers) as workspace:
        given_ = [each for each in answers if each is not None]
        log = api.answers_in(workspace, NOW)

        assert (log.messages, log.answered) == (len(answers), len(given_))
        assert sorted(log.delays) == sorted(each[0] // timedelta(microseconds=1) for each in given_)
        assert sorted(log.intents) == sorted(each[1] for each in given_)
        enough = len(answers) >= ENOUGH_MESSAGES and len(given_) >= ENOUGH_ANSWERS
        assert (sampled(workspace, 3).basis == "log") == enough


def test_the_command_says_where_its_chances_come_from(terminal: Terminal) -> None:
    said = terminal.does("simulate", "referral-ask", "--runs", "5").out
    assert "Answers are made up: to 30% of what waits for one. Your log has too few to go by" in said
    said = terminal.does("simulate", "referral-ask", "--runs", "5", "--answers", "50").out
    assert "Answers are made up: to 50% of what waits for one, as you said." in said
    assert terminal.asks("simulate", "referral-ask", "--runs", "5")["basis"] == "made up"
