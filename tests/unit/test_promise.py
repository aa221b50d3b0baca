"""What is promised of a workflow, and the path that comes to it."""

from __future__ import annotations

from datetime import date

import pytest

from refflow.events import kinds_with
from refflow.workflows.durations import Duration
from refflow.workflows.language.calendar import Calendar
from refflow.workflows.language.definition import Definition, Window
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.proofs.lengths import Lengths
from refflow.workflows.proofs.promise import Bound, Promise, promise_of

ALWAYS = Settings(window=Window(days=tuple(range(7)), opens=0, closes=24 * 60), gap=Duration(0, "h"))
HEAD = """
refflow: 1
workflow: w
on: [{manual: true}]
subject: {contact: event.contact}
outcomes: {good: [done]}
"""


def defined(body: str) -> Definition:
    loaded = load_workflow(body + HEAD, "w.yaml", TemplateTexts({"hi": "Hi"}), kinds_with(), {"eml"})
    assert loaded.definition is not None, loaded.problems
    return loaded.definition


def promised(body: str, settings: Settings = ALWAYS) -> Promise:
    found = promise_of(defined(body), settings)
    assert found is not None
    return found


def shown(bound: Bound) -> str:
    """The amount and the path: `2: ask:1 > nudge:3 (reply.received)`."""
    stops = [
        f"{stop.step}:{stop.line}" + (f" ({stop.because})" if stop.because else "") for stop in bound.witness
    ]
    return f"{round(bound.amount, 2):g}: {' > '.join(stops)}"


def test_a_loop_sends_as_often_as_it_goes_round() -> None:
    found = promised("""\
params: {rounds: {type: number, default: 2}}
steps:
  - {id: ask, send: {template: hi}}
  - id: again
    repeat:
      max: params.rounds
      do:
        - {id: silence, wait: 5bd}
        - {id: nudge, send: {template: hi}}
  - exit: done
""")

    assert shown(found.messages) == "3: ask:3 > nudge:9 > nudge:9"
    assert shown(found.days) == "14: ask:3 > silence:8 > nudge:9 > silence:8 > nudge:9"


def test_an_interrupt_adds_its_block_wherever_the_run_stands() -> None:
    found = promised("""\
anytime: [{event: reply.received, go: answered}]
steps:
  - {id: ask, send: {template: hi}}
  - {id: silence, wait: 5d}
  - {id: nudge, send: {template: hi}}
  - exit: done
blocks:
  answered:
    - {id: thanks, send: {template: hi, urgent: true}}
    - exit: done
""")

    assert shown(found.messages) == "3: ask:3 > nudge:5 > thanks:9 (reply.received)"
    assert shown(found.unanswered) == "2: ask:3 > nudge:5"
    assert shown(found.days) == "5: ask:3 > silence:4 > nudge:5"
    assert [stop.step for stop in found.urgent] == ["thanks"]


def test_a_wait_may_take_up_an_answer_that_came_before_so_it_ends_no_row() -> None:
    found = promised("""\
steps:
  - {id: ask, send: {template: hi}}
  - id: answer
    wait: {for: [reply.received], within: 5d}
    got: [{id: more, send: {template: hi}}]
    timeout: []
  - exit: done
""")

    assert shown(found.unanswered) == "2: ask:2 > more:5 (reply.received)"


def test_a_wait_until_a_time_that_only_the_run_will_know_is_named() -> None:
    found = promised("""\
anytime: [{event: reply.received, go: later}]
steps: [{id: silence, wait: 3d}, {exit: done}]
blocks:
  later:
    - {id: snooze, wait: {until: event.when else now + 20bd}}
    - {id: rest, wait: {until: now + 2d}}
    - exit: done
""")

    assert shown(found.days) == "5: silence:2 > snooze:5 (reply.received) > rest:6"
    assert [(source.text, source.line) for source in found.open_ended] == [("event.when else now + 20bd", 5)]


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({}, 1),
        ({"gap": Duration(3, "d")}, 3 + 3),
        ({"gap": Duration(1, "h")}, 1 / 24 + 1),
        ({"window": Window(days=(0, 1, 2, 3, 4), opens=9 * 60, closes=17 * 60)}, 2 * (2 + 16 / 24) + 1),
    ],
)
def test_gap_and_window_hold_a_message_as_long_as_they_can(settings: dict[str, object], days: float) -> None:
    found = promised(
        """\
steps:
  - {id: ask, send: {template: hi}}
  - {id: silence, wait: 1d}
  - {id: nudge, send: {template: hi}}
  - exit: done
""",
        Settings(**{"window": ALWAYS.window, "gap": ALWAYS.gap, **settings}),  # type: ignore[arg-type]
    )

    assert found.days.amount == pytest.approx(days)


@pytest.mark.parametrize(("own", "kept"), [("1d", "3bd"), ("9bd", "9bd")])
def test_the_longer_gap_of_workflow_and_workspace_is_promised(own: str, kept: str) -> None:
    found = promised(
        f"policy: {{gap: {own}}}\nsteps: [{{id: ask, send: {{template: hi}}}}, {{exit: done}}]\n", Settings()
    )

    assert str(found.gap) == kept


def test_the_window_of_the_workspace_counts_too_where_the_zone_of_the_contact_is_not_known() -> None:
    body = """\
policy: {window: {days: [mon, tue]}}
steps: [{id: ask, send: {template: hi, urgent: true}}, {exit: done}]
"""
    weekend = Window(days=(1, 5, 6), opens=10 * 60, closes=24 * 60)

    assert promised(body, Settings(window=weekend)).days.amount == pytest.approx(6 + 16.5 / 24)


def test_holidays_lengthen_business_days_and_the_closed_hours() -> None:
    easter = Lengths(frozenset({date(2026, 4, 3), date(2026, 4, 6)}))  # Good Friday, Easter Monday

    assert Lengths().most(Duration(1, "bd")) == 3
    assert easter.most(Duration(1, "bd")) == 5
    assert Calendar("UTC", easter.holidays).is_business_day(date(2026, 4, 2))
    assert easter.closed(Window(opens=0, closes=24 * 60)) == 4
    assert Lengths().closed(Window(opens=0, closes=24 * 60)) == 2
    assert Lengths().closed(Window(days=())) is None


def test_a_program_with_too_many_rounds_is_promised_nothing_of() -> None:
    loop = "{id: L, repeat: {max: 300, do: [{id: M, repeat: {max: 300, do: [{id: N, wait: 1h}]}}]}}"
    loop = loop.replace("L", "a").replace("M", "b").replace("N", "c")

    assert promise_of(defined(f"steps: [{loop}, {{exit: done}}]"), ALWAYS) is None


def test_a_workflow_without_messages_promises_none() -> None:
    found = promised("steps: [{exit: done}]")

    assert (found.messages, found.unanswered, found.days) == (Bound(amount=0),) * 3


def test_a_wait_that_looks_back_to_the_last_message_only_ends_the_row() -> None:
    body = """\
steps:
  - {id: ask, send: {template: hi}}
  - id: answer
    wait: {for: [reply.received], within: 5d, since: ask}
    got: [{id: more, send: {template: hi}}]
    timeout: []
  - exit: done
"""

    assert promised(body).unanswered.amount == 1
    assert (
        promised(
            body.replace("  - id: answer", "  - {id: nudge, send: {template: hi}}\n  - id: answer")
        ).unanswered.amount
        == 3
    )


def test_a_run_that_waits_for_another_names_it() -> None:
    found = promised("""\
steps:
  - id: first
    start: {workflow: other, subject: {contact: contact}, wait: true}
    got: [{id: ask, send: {template: hi}}]
    refused: []
  - exit: done
""")

    assert (found.starts, found.messages.amount) == (("other",), 1)
