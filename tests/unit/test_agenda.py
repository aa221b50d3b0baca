"""What to do now: everything that waits for the owner, and nothing that does not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import Held
from refflow.events.event import micros
from refflow.plugins.channel import Permanent
from refflow.views.messages import OPEN, Message
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workspace.reminding import reminders

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching


def steps(search: Search) -> list[api.Step]:
    return api.agenda(search.workspace, search.now).steps


def to_do(search: Search) -> list[str]:
    return [step.do for step in steps(search)]


# One thing after another.


def test_an_ask_is_to_be_approved_then_sent_then_waited_for(search: Search) -> None:
    search.ask("Ana Lima")
    (step,) = steps(search)
    assert (step.do, step.text, step.command) == (
        "approve",
        "Read and approve `ask`",
        f"refflow draft {search.message('Ana Lima').id}",
    )
    assert (step.contact_name, step.opening_title) == ("Ana Lima", "Engineer, Acme")

    message = search.approve("Ana Lima")
    (step,) = steps(search)
    assert (step.do, step.text, step.command) == (
        "send",
        "Paste the text and send it, then confirm",
        f"refflow do {message.id} sent",
    )
    assert step.reference == message.reference

    search.confirm("Ana Lima")
    now = api.agenda(search.workspace, search.now)
    assert now.steps == []
    (waiting,) = now.waiting
    assert (waiting.workflow, waiting.step, waiting.contact_name) == ("referral-ask", "silence", "Ana Lima")
    assert waiting.due == search.run("referral-ask").due


def test_what_a_draft_lacks_is_told(search: Search) -> None:
    search.ask("Ana Lima", line=None)

    assert steps(search)[0].text == "Read and approve `ask` (lacks: personal line)"


def test_what_is_late_is_to_be_read_before_it_goes(search: Search) -> None:
    search.at("2026-11-23T20:00")
    search.ask("Ana Lima")
    with pytest.raises(Held):
        search.approve("Ana Lima")
    search.wait("3w")

    assert steps(search)[0].text == "It was due on 2026-11-24: read it, then approve if it still fits."


def test_an_answer_is_to_be_read_until_somebody_says_what_it_means(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.reply("Ana Lima", "unclear")
    (step,) = steps(search)
    assert (step.do, step.command) == (
        "read",
        f"refflow reply {search.contact('Ana Lima').id} agreed|declined|later|refer-on",
    )

    search.reply("Ana Lima", "agreed")
    assert to_do(search) == ["approve"]


def test_a_text_laid_out_before_they_answered_is_not_to_be_sent_any_more(search: Search) -> None:
    search.ask("Ana Lima")
    laid_out = search.approve("Ana Lima")
    search.reply("Ana Lima", "agreed")

    step = next(each for each in steps(search) if each.id == laid_out.id)
    assert step.text == (
        f"No longer wanted. Did you send it? Then confirm; if not: `refflow skip {laid_out.id}`"
    )
    api.skip_message(search.workspace, laid_out, None, search.now)
    assert to_do(search) == ["approve"]


def test_what_a_rule_holds_stands_apart(search: Search) -> None:
    search.at("2026-11-23 19:00")
    search.ask("Ana Lima")
    with pytest.raises(Held):
        search.approve("Ana Lima")

    now = api.agenda(search.workspace, search.now)

    assert now.steps == []
    assert [step.text for step in now.held] == ["Outside the hours for messages."]


def test_what_is_owed_is_on_top_of_what_is_not(search: Search) -> None:
    search.ask("Bo Berg", "Designer")
    search.wait("1d")
    search.refer("Ana Lima")

    first, second = steps(search)
    assert (first.contact_name, second.contact_name) == ("Ana Lima", "Bo Berg")
    assert "thanks owed: +3.00" in first.because
    assert [debt.what for debt in api.agenda(search.workspace, search.now).owed] == ["thanks"]


def test_an_opening_nobody_is_asked_about_comes_with_the_best_person_to_ask(search: Search) -> None:
    api.close_opening(search.workspace, search.opening("Designer"), None, search.now)

    def suggested() -> list[str | None]:
        found = api.agenda(search.workspace, search.now).suggestions
        return [each.candidate.name if each.candidate else None for each in found]

    assert suggested() == ["Ana Lima"]
    search.ask("Ana Lima")
    assert suggested() == []
    search.send("Ana Lima")
    search.reply("Ana Lima", "declined")
    assert suggested() == ["Bo Berg"]
    search.news("applied")
    assert suggested() == []


# At every moment.


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_urgency_is_the_sum_of_its_terms_and_the_order_of_the_list(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(20)))
        now = api.agenda(search.workspace, search.now)

        for step in (*now.steps, *now.held):
            terms = [float(reason.rpartition(": ")[2]) for reason in step.because]
            assert step.urgency == pytest.approx(sum(terms))
        assert [step.urgency for step in now.steps] == sorted(
            (step.urgency for step in now.steps), reverse=True
        )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_who_is_suggested_is_the_first_of_all_who_may_be_asked(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    """Although only those who might come first are looked at closely."""
    with searching() as search:
        search.live(data.draw(histories(20)))

        for each in api.agenda(search.workspace, search.now).suggestions:
            asked = {
                ask.contact
                for ask in search.workspace.views.find(Ask, opening=each.opening)
                if ask.asked_at is not None
            }
            ranked = api.who(search.workspace, each.opening, search.now).candidates
            free = [found for found in ranked if found.score > 0 and found.contact not in asked]
            assert each.candidate == (free[0] if free else None)


def draft(search: Search, step: api.Step) -> None:
    """`refflow draft m12`: the message is there to be read; approving it sends it or tells what holds it."""
    message = api.find_message(search.workspace, step.id)
    assert api.draft(search.workspace, message, search.now).message == message
    with suppress(Held):
        assert api.approve(search.workspace, message, search.now).status in ("prepared", "sent")
    assert step.id not in [each.id for each in steps(search) if each.do == step.do]


def do_sent(search: Search, step: api.Step) -> None:
    """`refflow do m12 sent`"""
    api.confirm_sent(search.workspace, api.find_message(search.workspace, step.id), search.now)
    assert step.id not in [each.id for each in steps(search)]


def do_done(search: Search, step: api.Step) -> None:
    """`refflow do t12 done`"""
    task = search.workspace.views.get(Task, step.id)
    assert task is not None
    api.close_task(search.workspace, task, "done", None, search.now)
    assert step.id not in [each.id for each in steps(search)]


def reply(search: Search, step: api.Step) -> None:
    """`refflow reply c12 agreed`"""
    assert step.contact is not None
    search.reply(step.contact, "agreed")
    assert step.id not in [each.id for each in steps(search)]


def why(search: Search, step: api.Step) -> None:
    """`refflow why r12`"""
    assert "is stuck" in api.why(search.workspace, step.id).now


COMMANDS: dict[str, Callable[[Search, api.Step], None]] = {
    "refflow draft m": draft,
    "refflow do m": do_sent,
    "refflow do t": do_done,
    "refflow reply c": reply,
    "refflow why r": why,
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), attended=st.booleans())
def test_whatever_is_to_do_can_be_done_by_its_own_command(
    searching: Searching, histories: Histories, data: st.DataObject, attended: bool
) -> None:
    """The list is worked through to its end. A search that goes by itself has a channel that often fails."""
    with searching(unattended=not attended) as search:
        search.post.troubles = data.draw(
            st.lists(st.sampled_from([Permanent("no such address"), OSError("reset")]), max_size=4)
        )
        search.post.knows = data.draw(st.booleans())
        search.live(data.draw(histories(15)))
        search.post.troubles = []

        for _ in range(40):
            if not (left := steps(search)):
                break
            step = data.draw(st.sampled_from(left))
            if step.do == "stuck" and len(left) > 1:
                continue  # What made it stuck is in the list, too.
            (act,) = [act for words, act in COMMANDS.items() if step.command.startswith(words)]
            act(search, step)
            if step.do == "stuck":
                break


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_everything_that_waits_for_the_owner_is_told_and_nothing_else(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        for action in data.draw(histories(15)):
            search.do(action)
            find, now = search.workspace.views.find, api.agenda(search.workspace, search.now)

            messages = {each.id for each in find(Message) if each.status in OPEN}
            tasks = {each.id for each in find(Task, status="open")}
            told = {step.id for step in (*now.steps, *now.held) if step.do != "read"}
            assert told == messages | tasks
            waiting = {each.run for each in now.waiting}
            resting = {run.id for run in find(Run, status="live") if not (run.message or run.task)}
            assert waiting == resting


def test_a_task_of_somebody_else_says_whose_it_is(search: Search) -> None:
    search.define(
        """\
refflow: 1
workflow: practise
on: [{manual: true}]
subject: {contact: event.contact}
steps:
  - id: rehearse
    task: {title: Practise the interview, within: 3bd, assignee: coach}
    done: []
    skipped: []
    expired: []
  - exit: done
outcomes: {good: [done]}
"""
    )
    search.start("practise", "Ana Lima")

    (step,) = [each for each in api.agenda(search.workspace, search.now).steps if each.do == "task"]

    assert (step.text, step.assignee) == ("coach: Practise the interview", "coach")
    assert "coach: Practise the interview" in [each.title for each in reminders(search.workspace)]


def test_what_rests_says_so_and_when_it_goes_on(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")

    def waits() -> tuple[int | None, str | None, int | None]:
        (waiting,) = api.agenda(search.workspace, search.now).waiting
        (card,) = api.board(search.workspace).columns["asked"]
        return waiting.due, waiting.rests, card.due

    due = search.run("referral-ask").due
    assert waits() == (due, None, due)
    leave, back = search.business_day(2), search.business_day(12)
    rest = api.away(search.workspace, leave, back, search.now)
    assert waits() == (micros(back), None, micros(back))
    search.wait("8bd")
    assert waits() == (micros(back), rest.id, micros(back))
    endless = api.pause(search.workspace, search.now, contact=search.contact("Ana Lima"))
    assert waits() == (None, endless.id, None)
    api.resume(search.workspace, endless, search.now)
    api.resume(search.workspace, rest, search.now)
    assert api.agenda(search.workspace, search.now).waiting == []
    assert search.message("Ana Lima").step == "nudge"
