"""Holding live rows against the log: how many differ, and since which event."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refflow.events import kinds_with
from refflow.events.event import Commit
from refflow.events.messages import MessageApproved, MessageDrafted, MessageHeld
from refflow.events.openings import OpeningAdded, OpeningChanged, ReferralGiven, ReferralThanked
from refflow.events.people import ContactAdded, ContactBlocked, ContactChanged, ContactNoted, PositionObserved
from refflow.events.runs import EventsVoided
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.testing.commits import AT, commit_of
from refflow.testing.events import sample
from refflow.testing.histories import histories
from refflow.testing.projection import Kept, effective, keeping
from refflow.views import built_in
from refflow.views.compare import Comparison, compare
from refflow.views.contacts import Contact
from refflow.views.projection import Fold
from refflow.views.rows import Rows
from refflow.views.table import table_of

KINDS = kinds_with()
STORY = [
    sample(ContactAdded, contact="c1", name="Ana"),
    sample(ContactAdded, contact="c2", name="Bo", keys=()),
    sample(OpeningAdded),
    sample(ContactChanged, contact="c1", name="Ana Lima"),
    sample(PositionObserved, contact="c1"),
    sample(ContactNoted, contact="c1"),
    sample(ContactBlocked, contact="c2"),
    sample(MessageDrafted),
    sample(MessageHeld),
    sample(OpeningChanged),
    sample(MessageApproved),
    sample(ReferralGiven),
    sample(ReferralThanked),
]
"""The event at position 1, at 2, and so on."""


class Live(Kept):
    """Views that can be tampered with."""

    def tamper(self, statement: str) -> None:
        changed = self.connection.execute(statement).rowcount
        assert changed, "nothing was tampered with"

    def compare(self, view: str) -> Comparison:
        return compare(self.views, self.log, self.views.named(view))


@pytest.fixture
def live() -> Iterator[Live]:
    with closing(connect(":memory:")) as connection:
        SqliteLog.create(connection, KINDS, "w1", AT)
        live = Live(connection, built_in(KINDS), KINDS)
        live.views.rebuild(live.log)
        for payload in STORY:
            live.append(commit_of(payload))
        yield live


def found(comparison: Comparison) -> tuple[int, int | None, str | None]:
    return comparison.differing, comparison.first, comparison.example


def test_views_that_are_as_the_log_says_do_not_differ(live: Live) -> None:
    for projection in live.views.projections:
        comparison = live.compare(projection.name)
        assert found(comparison) == (0, None, None)
        assert comparison.view == projection.name
        assert comparison.rows == sum(len(live.views.find(row)) for row in projection.tables)


@pytest.mark.parametrize(
    ("statement", "view", "first", "example"),
    [
        # A row that never was as it is differs since the first event.
        ("UPDATE contact SET name = 'Eve' WHERE id = 'c2'", "contacts", 2, "contact c2"),
        ("UPDATE contact SET notes = 7 WHERE id = 'c1'", "contacts", 1, "contact c1"),
        # A row that is as it once was differs since what came after.
        ("UPDATE contact SET blocked = 0 WHERE id = 'c2'", "contacts", 7, "contact c2"),
        ("UPDATE contact SET referrals = 0 WHERE id = 'c1'", "contacts", 12, "contact c1"),
        ("UPDATE opening SET referrer = NULL", "openings", 12, "opening o1"),
        ("UPDATE message SET status = 'drafted', approved_at = NULL", "messages", 9, "message m1"),
        ("UPDATE debt SET settled_at = NULL, how = NULL", "debts", 13, "debt thanks:c1:o1"),
        # A row that is missing differs since the event that made it.
        ("DELETE FROM contact WHERE id = 'c2'", "contacts", 2, "contact c2"),
        ("DELETE FROM opening", "openings", 3, "opening o1"),
        ("DELETE FROM happening WHERE position = 9", "timeline", 9, "happening 9"),
        # A row too many: since the event that should have taken it out, if there is one.
        (
            "INSERT INTO agenda VALUES ('m1', 'approve', 'r1', 1, 1, NULL, NULL, '', NULL, NULL)",
            "agenda", 8, "agenda m1",
        ),
        ("INSERT INTO company VALUES ('acme x', 'Acme X', NULL)", "companies", None, "company acme x"),
        ("INSERT INTO happening VALUES (99, 1, 'x', NULL, NULL, NULL)", "timeline", None, "happening 99"),
        # A row under another key is one missing and one too many.
        ("UPDATE contact SET id = 'c9' WHERE id = 'c2'", "contacts", 2, "contact c2"),
        ("UPDATE debt SET name = 'd9'", "debts", 12, "debt thanks:c1:o1"),
        ("UPDATE happening SET position = 99 WHERE position = 9", "timeline", 9, "happening 9"),
        ("UPDATE happening SET contact = 'c9' WHERE position = 12", "timeline", 12, "happening 12"),
        # What refflow would not have written.
        ("UPDATE contact SET years = 'garbage' WHERE id = 'c2'", "contacts", 2, "contact c2"),
        ("UPDATE contact SET years = '{ }' WHERE id = 'c2'", "contacts", 2, "contact c2"),
        ("UPDATE contact SET connected = 7 WHERE id = 'c2'", "contacts", 2, "contact c2"),
    ],
)  # fmt: skip
def test_the_first_event_after_which_live_and_rebuilt_differ_is_named(
    live: Live, statement: str, view: str, first: int | None, example: str
) -> None:
    live.tamper(statement)

    assert (live.compare(view).first, live.compare(view).example) == (first, example)


def test_the_earliest_difference_of_all_rows_is_named(live: Live) -> None:
    live.tamper("UPDATE contact SET referrals = 0 WHERE id = 'c1'")
    live.tamper("DELETE FROM identity WHERE key = 'email:ana@example.com'")
    live.tamper("UPDATE contact SET blocked = 0 WHERE id = 'c2'")

    assert found(live.compare("contacts")) == (3, 1, "identity email:ana@example.com")


def test_voided_events_are_left_out(live: Live) -> None:
    """A row that is still as a mistake made it differs, and the mistake is not what is named."""
    mistaken = live.views.find(Contact, id="c2")[0]
    live.append(commit_of(EventsVoided(positions=(7,))))
    assert found(live.compare("contacts")) == (0, None, None)

    rows = Rows(live.views)
    rows.put("c2", mistaken)
    live.views.write(rows, live.log.head())
    assert found(live.compare("contacts")) == (1, 2, "contact c2")


def test_the_digest_identifies_the_rebuilt_rows(live: Live) -> None:
    before = live.compare("contacts").digest
    live.tamper("UPDATE contact SET name = 'Eve'")
    assert live.compare("contacts").digest == before

    live.append(commit_of(sample(ContactNoted)))
    assert live.compare("contacts").digest != before
    assert len(bytes.fromhex(before)) == 32


def test_comparing_tells_of_every_event_it_reads(live: Live) -> None:
    heard: list[int] = []
    compare(live.views, live.log, live.views.named("timeline"), heard.append)

    assert sum(heard) == len(STORY)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.data())
def test_a_lost_row_differs_since_the_event_that_made_it(history: list[Commit], data: st.DataObject) -> None:
    with keeping(built_in(KINDS), KINDS, history) as kept:
        tables = [(view, row) for view in built_in(KINDS) for row in view.tables if kept.views.find(row)]
        assume(tables)
        view, row = data.draw(st.sampled_from(tables), label="table")
        key = data.draw(
            st.sampled_from([table_of(row).key(each) for each in kept.views.find(row)]), label="key"
        )
        rows, made, there = Rows(), 0, False
        for event in effective(kept.events()):
            Fold([view]).apply(rows, event)
            before, there = there, bool(rows.find(row, **{table_of(row).columns[0]: key}))
            made = event.position if there and not before else made
        lost = Rows(kept.views)
        lost.drop(row, key)
        kept.views.write(lost, kept.log.head())

        assert found(compare(kept.views, kept.log, view)) == (1, made, f"{row.table} {key}")
