"""Every built-in projection keeps what a projection promises; a careless one would not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from refflow.errors import RefflowError
from refflow.events import core_kinds, kinds_with
from refflow.events.event import Commit, Opaque, Payload, StoredEvent, instant
from refflow.events.people import ContactAdded, PositionObserved
from refflow.events.runs import RunStarted
from refflow.plugins.specs import EventTypeSpec
from refflow.testing.event_types import kinds_now
from refflow.testing.events import BadgeGiven, sample, stored, told
from refflow.testing.histories import CONTACTS as PEOPLE
from refflow.testing.histories import STEPS, histories, tell
from refflow.testing.projection import LAW, Contents, ProjectionContract, contents, effective, folded, keeping
from refflow.views import built_in
from refflow.views.agenda import AGENDA, Item
from refflow.views.companies import COMPANIES
from refflow.views.contacts import CONTACTS
from refflow.views.debts import DEBTS
from refflow.views.messages import MESSAGES, Message, SendingDay
from refflow.views.openings import OPENINGS
from refflow.views.pipeline import FUNNEL, PIPELINE, Ask, Funnel, Reached, ask_id
from refflow.views.projection import Projection
from refflow.views.rows import Rows
from refflow.views.runs import RUNS
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.views.table import Row
from refflow.views.timeline import timeline

KINDS = kinds_with()
WAITS = {
    "drafted": "approve", "held": "held", "prepared": "send", "failed": "failed", "in_doubt": "doubt",
}  # fmt: skip
"""What the agenda says of a message, by its status."""


class TestContacts(ProjectionContract):
    def projection(self) -> Projection:
        return CONTACTS


class TestCompanies(ProjectionContract):
    def projection(self) -> Projection:
        return COMPANIES


class TestOpenings(ProjectionContract):
    def projection(self) -> Projection:
        return OPENINGS


class TestPipeline(ProjectionContract):
    def projection(self) -> Projection:
        return PIPELINE


class TestFunnel(ProjectionContract):
    def projection(self) -> Projection:
        return FUNNEL


class TestAgenda(ProjectionContract):
    def projection(self) -> Projection:
        return AGENDA


class TestMessages(ProjectionContract):
    def projection(self) -> Projection:
        return MESSAGES


class TestRuns(ProjectionContract):
    def projection(self) -> Projection:
        return RUNS


class TestDebts(ProjectionContract):
    def projection(self) -> Projection:
        return DEBTS


class TestTimeline(ProjectionContract):
    def projection(self) -> Projection:
        return timeline(KINDS)


class StarGiven(Payload, frozen=True, kw_only=True):
    contact: str
    stars: int = 3


class Stars(Row, kw_only=True):
    table: ClassVar[str] = "stars"

    contact: str
    stars: int = 0


def star_given(rows: Rows, event: StoredEvent, payload: StarGiven) -> None:
    stars = rows.get(Stars, payload.contact) or Stars(contact=payload.contact)
    stars.stars += payload.stars
    rows.put(payload.contact, stars)


STAR = EventTypeSpec(name="stars.star.given", summary="A star", version=1, payload=StarGiven)


class TestOfAPlugin(ProjectionContract):
    """A view of events that refflow itself does not know."""

    def projection(self) -> Projection:
        return Projection(name="stars", version=1, tables=(Stars,), handlers={"stars.star.given": star_given})

    def own_kinds(self) -> Sequence[EventTypeSpec]:
        return [STAR]

    def own_payloads(self) -> st.SearchStrategy[Any]:
        return st.builds(StarGiven, contact=st.sampled_from(PEOPLE), stars=st.integers(1, 5))

    def test_it_is_fed_its_own_events(self) -> None:
        """A contract over a view that stays empty would hold of nothing."""
        history = tell([StarGiven(contact="c2"), StarGiven(contact="c2")])
        with self.keeping(history) as kept:
            assert kept.live() == {"stars": ['{"contact":"c2","stars":6}']}


def test_every_built_in_projection_is_under_the_contract() -> None:
    tested = {contract().projection().name for contract in ProjectionContract.__subclasses__()}

    assert {each.name for each in built_in(KINDS)} <= tested


# All views together.


@LAW
@given(histories(), st.data())
def test_all_views_together_are_each_by_itself_and_rebuilt_as_kept_up(
    history: list[Commit], data: st.DataObject
) -> None:
    projections = built_in(KINDS)
    split = data.draw(st.integers(0, len(history)), label="split")
    with keeping(projections, KINDS, history[:split]) as kept:
        for commit in history[split:]:
            kept.append(commit)
        apart: Contents = {}
        for each in projections:
            apart |= contents([each], folded([each], effective(kept.events())))

        assert kept.live() == kept.refolded() == apart
        assert kept.views.stale(kept.log.head()) == []


# Views agree with one another.

MORE = settings(LAW, max_examples=60)


@MORE
@given(histories())
def test_the_agenda_says_what_messages_tasks_and_runs_wait_for(history: list[Commit]) -> None:
    rows = folded(built_in(KINDS), effective(stored(history)))
    items = rows.find(Item)
    about = {item.id: item.do for item in items}

    assert len(items) == len(about)
    assert {run.id for run in rows.find(Run, status="stuck")} == {
        id for id, do in about.items() if do == "stuck"
    }
    assert {task.id for task in rows.find(Task, status="open")} == {
        id for id, do in about.items() if do == "task"
    }
    over = {run.id for run in rows.find(Run, status="exited")}
    for message in rows.find(Message):
        leaves_by_itself = message.status == "drafted" and not (message.approval or message.edited)
        of_no_matter = message.status == "failed" and message.run in over
        waits = None if leaves_by_itself or of_no_matter else WAITS.get(message.status)
        assert about.get(message.id) == waits


@MORE
@given(histories())
def test_the_funnel_counts_what_the_pipeline_shows_and_what_was_sent(history: list[Commit]) -> None:
    events = effective(stored(history))
    rows = folded(built_in(KINDS), events)
    reached = {each.ask: each.stages for each in rows.find(Reached)}

    for ask in rows.find(Ask):
        unasked = ask.run == "" and ask.referred_at is not None
        assert unasked or ask.stage in {*reached[ask.id], "warming", "closed"}
    for funnel in rows.find(Funnel):
        assert funnel.asks == sum(funnel.stage in stages for stages in reached.values())
    opened = [each.payload for each in events if each.kind == "ask.opened" and not each.payload.warming]
    asking = {(ask.run, ask.contact, ask.opening) for ask in opened}
    sent = [each.payload for each in events if each.kind == "message.sent"]
    assert {ask for ask, stages in reached.items() if "asked" in stages} == {
        ask_id(contact, opening)
        for run, contact, opening in asking & {(each.run, each.contact, each.opening) for each in sent}
    }


@MORE
@given(histories())
def test_every_message_that_left_is_counted_once(history: list[Commit]) -> None:
    rows = folded(built_in(KINDS), effective(stored(history)))
    sent = [message.sent_at for message in rows.find(Message) if message.sent_at is not None]
    days = {day.day: day.sent for day in rows.find(SendingDay)}

    assert sorted(at for each in days.values() for at in each) == sorted(sent)
    assert all(instant(at).date().isoformat() == day for day, each in days.items() for at in each)


# The contract would be worth little if a careless projection passed.


class Tally(Row, kw_only=True):
    table: ClassVar[str] = "tally"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("company",),)

    contact: str
    company: str | None = None
    times: int = 1
    often: bool = False
    companies: list[str] = []


class Grown(Row, kw_only=True):
    table: ClassVar[str] = "grown"
    grows: ClassVar[bool] = True

    position: int
    seen_before: bool


class Undeclared(Row, kw_only=True):
    table: ClassVar[str] = "undeclared"

    id: str


def tally(rows: Rows, payload: PositionObserved) -> Tally:
    return rows.get(Tally, payload.contact) or Tally(contact=payload.contact)


def depends_on_more_than_rows_and_event(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    rows.put(payload.contact, Tally(contact=payload.contact, times=next(_calls)))


def changes_the_event(rows: Rows, event: StoredEvent, payload: RunStarted) -> None:
    payload.event["seen"] = True


def does_not_put_back(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    known = rows.get(Tally, payload.contact)
    if known is None:
        rows.put(payload.contact, Tally(contact=payload.contact))
    else:
        known.times += 1


def changes_in_place(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    row = tally(rows, payload)
    row.companies.append(payload.company or "")
    rows.put(payload.contact, row)


def changes_what_it_is_found_by(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    row = tally(rows, payload)
    if row.company is None:
        rows.put(payload.contact, row)
    row.company = payload.company


def puts_under_another_key(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    rows.put(f"tally of {payload.contact}", Tally(contact=payload.contact))


def puts_a_value_of_another_type(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    rows.put(payload.contact, Tally(contact=payload.contact, often=cast(bool, 1)))


def reads_what_only_grows(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    before = rows.get(Grown, cast(str, event.position - 2))
    rows.put("", Grown(position=event.position, seen_before=before is not None))


def writes_where_it_has_no_table(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    rows.put("x", Undeclared(id="x"))


def reads_the_clock(rows: Rows, event: StoredEvent, payload: PositionObserved) -> None:
    rows.put(payload.contact, Tally(contact=payload.contact, often=datetime.now(UTC).year > 2020))


_calls = itertools.count()
Contract = ProjectionContract


@pytest.mark.parametrize(
    ("handler", "case"),
    [
        (depends_on_more_than_rows_and_event, Contract.test_the_same_events_give_the_same_rows_and_stay_as_they_are),
        (depends_on_more_than_rows_and_event, Contract.test_replaying_twice_is_replaying_once),
        (depends_on_more_than_rows_and_event, Contract.test_what_is_taken_back_leaves_no_trace),
        (changes_the_event, Contract.test_the_same_events_give_the_same_rows_and_stay_as_they_are),
        (does_not_put_back, Contract.test_live_rows_are_the_rebuilt_ones_wherever_the_log_is_split),
        (reads_what_only_grows, Contract.test_live_rows_are_the_rebuilt_ones_wherever_the_log_is_split),
        (writes_where_it_has_no_table, Contract.test_live_rows_are_the_rebuilt_ones_wherever_the_log_is_split),
        (reads_the_clock, Contract.test_nothing_but_events_makes_the_rows),
        (changes_in_place, Contract.test_what_a_row_holds_is_replaced_and_not_changed_in_place),
        (changes_what_it_is_found_by, Contract.test_rows_are_found_in_memory_as_in_the_table),
        (puts_under_another_key, Contract.test_rows_come_back_from_their_table_as_they_were),
        (puts_a_value_of_another_type, Contract.test_rows_come_back_from_their_table_as_they_were),
    ],
)  # fmt: skip
def test_a_careless_projection_fails_the_contract(handler: Any, case: Any) -> None:
    kind = "run.started" if handler is changes_the_event else "position.observed"

    class Careless(ProjectionContract):
        def projection(self) -> Projection:
            return Projection(name="careless", version=1, tables=(Tally, Grown), handlers={kind: handler})

    def run(data: st.DataObject) -> None:
        case.hypothesis.inner_test(Careless(), data)

    once = settings(LAW, derandomize=True, database=None, phases=[Phase.generate], max_examples=100)
    with pytest.raises((AssertionError, RefflowError)):
        once(given(st.data())(run))()


# The kit itself.


def test_there_is_a_sample_of_every_kind() -> None:
    for kind in core_kinds():
        assert type(sample(kind.payload)) is kind.payload, f"add one of {kind.name} to refflow.testing.events"


def test_a_history_comes_to_every_kind() -> None:
    seen = {event.kind for event in stored(tell(Random(7).choices(STEPS, k=2000)))}

    assert {kind.name for kind in core_kinds()} <= seen
    assert "gone.badge.given" in seen


def test_what_nobody_knows_is_opaque_in_a_history() -> None:
    (event,) = told(sample(BadgeGiven))

    assert (event.kind, event.payload) == (
        "gone.badge.given",
        Opaque('{"contact":"c1"}', '{"text":"helpful"}'),
    )


@given(histories(st.builds(StarGiven, contact=st.sampled_from(PEOPLE))))
def test_own_events_come_after_what_they_are_about(history: list[Commit]) -> None:
    known: set[str] = set()
    for event in stored(history, kinds_now([STAR])):
        match event.payload:
            case ContactAdded():
                known.add(event.payload.contact)
            case StarGiven():
                assert event.payload.contact in known
