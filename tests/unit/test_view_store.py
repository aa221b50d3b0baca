"""The store of views: read as typed rows, written with the commit, rebuilt aside and swapped in at once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest

from refflow import api
from refflow.errors import NotFound, RefflowError
from refflow.events import kinds_with
from refflow.events.openings import OpeningAdded
from refflow.events.people import ContactAdded, ContactBlocked, ContactNoted, PositionObserved
from refflow.events.runs import EventsVoided
from refflow.log.database import connect
from refflow.log.log import LogUnavailable
from refflow.log.sqlite import SqliteLog
from refflow.testing.commits import AT, commit_of
from refflow.testing.events import sample
from refflow.testing.histories import STEPS, tell
from refflow.testing.projection import Contents, Kept
from refflow.views import built_in
from refflow.views.companies import COMPANIES, Company
from refflow.views.contacts import CONTACTS, Contact
from refflow.views.openings import OPENINGS
from refflow.views.projection import Projection
from refflow.views.rows import Rows
from refflow.views.runs import RUNS
from refflow.views.store import refold
from refflow.views.timeline import timeline

KINDS = kinds_with()
SMALL = (CONTACTS, COMPANIES)
FOUND = [
    sample(ContactAdded, contact="c2", name="Bo Berg", keys=()),
    sample(ContactAdded, contact="c10", name="Chi Cho", keys=()),
    sample(ContactAdded, contact="c1", keys=()),
    sample(PositionObserved, contact="c1"),
    sample(PositionObserved, contact="c2"),
    sample(ContactBlocked, contact="c2"),
]


class File:
    """The database of a workspace, opened as often as a test wants."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack
        SqliteLog.create(self.connect(), KINDS, "w1", AT)

    def connect(self) -> sqlite3.Connection:
        return self._stack.enter_context(closing(connect(self.path)))

    def open(self, *projections: Projection) -> Kept:
        return Kept(self.connect(), projections, KINDS)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    with ExitStack() as stack:
        yield File(tmp_path / "refflow.db", stack)


@pytest.fixture
def kept(file: File) -> Kept:
    """Three contacts, two of them at Acme, in views that are up to date."""
    kept = file.open(*SMALL)
    kept.views.rebuild(kept.log)
    kept.append(commit_of(*FOUND))
    return kept


def tamper(file: File, statement: str) -> None:
    with closing(connect(file.path)) as connection:
        assert connection.execute(statement).rowcount, "nothing was tampered with"


def positions(file: File) -> dict[str, int]:
    with closing(connect(file.path)) as connection:
        return dict(connection.execute("SELECT name, position FROM view"))


# Reading.


def test_a_row_is_got_by_its_key(kept: Kept) -> None:
    contact = kept.views.get(Contact, "c1")

    assert contact is not None
    assert (contact.name, contact.company_name, contact.connected) == ("Ana Pérez", "Acme Inc.", True)
    assert kept.views.get(Contact, "c9") is None


@pytest.mark.parametrize(
    ("equal", "found"),
    [
        ({}, ["c1", "c10", "c2"]),
        ({"company": "acme"}, ["c1", "c2"]),
        ({"company": None}, ["c10"]),
        ({"blocked": True}, ["c2"]),
        ({"blocked": False, "company": "acme"}, ["c1"]),
        ({"company": "acme' OR 1 --"}, []),
    ],
)
def test_rows_are_found_by_values_in_the_order_of_their_keys(
    kept: Kept, equal: dict[str, object], found: list[str]
) -> None:
    assert [each.id for each in kept.views.find(Contact, **equal)] == found


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("name LIKE ? ORDER BY name", ("%o%",), ["c2", "c10"]),
        ("blocked ORDER BY id", (), ["c2"]),
        ("1 ORDER BY id DESC LIMIT 1", (), ["c2"]),
    ],
)
def test_rows_are_queried_in_sql(kept: Kept, condition: str, values: tuple[str, ...], found: list[str]) -> None:
    assert [each.id for each in kept.views.query(Contact, condition, values)] == found


def test_a_view_goes_by_its_name(kept: Kept) -> None:
    assert kept.views.named("companies") is COMPANIES
    with pytest.raises(NotFound, match=r"no view `people`\. The views are: contacts, companies"):
        kept.views.named("people")


def test_a_view_that_was_never_built_is_said_so(file: File) -> None:
    with pytest.raises(LogUnavailable, match="contact"):
        file.open(*SMALL).views.find(Contact)


def test_a_row_that_refflow_did_not_write_is_said_so_and_how_to_mend_it(kept: Kept, file: File) -> None:
    tamper(file, "UPDATE contact SET years = 'garbage' WHERE id = 'c1'")

    with pytest.raises(RefflowError, match=r"contact has a row .* `refflow replay`"):
        kept.views.get(Contact, "c1")
    kept.views.rebuild(kept.log)
    assert kept.views.get(Contact, "c1") is not None


# Keeping up with the log.


def test_rows_and_events_are_written_in_one_transaction(kept: Kept, file: File) -> None:
    tamper(file, "CREATE TRIGGER full BEFORE INSERT ON company BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    before = kept.live()

    with pytest.raises(LogUnavailable, match="full"):
        kept.append(
            commit_of(
                sample(ContactNoted, contact="c1"), sample(PositionObserved, contact="c1", company="Cobalt")
            )
        )

    other = file.open(*SMALL)
    assert other.log.head() == len(FOUND)
    assert other.live() == kept.live() == before
    assert other.views.stale(other.log.head()) == []


def test_a_commit_that_fails_after_its_rows_were_written_leaves_no_row(kept: Kept, file: File) -> None:
    before, rows = kept.live(), Rows(kept.views)
    rows.put("c1", Contact(id="c1", name="changed"))

    def write_and_fail() -> None:
        kept.views.write(rows, kept.log.head())
        raise RefflowError("Somebody pulled the plug.")

    with pytest.raises(RefflowError, match="plug"):
        kept.log.append(commit_of(sample(ContactNoted)), len(FOUND), write_and_fail)

    assert file.open(*SMALL).live() == before
    assert kept.log.head() == len(FOUND)


def test_a_dropped_row_is_gone_and_a_changed_one_replaced(kept: Kept) -> None:
    rows = Rows(kept.views)
    rows.drop(Contact, "c1")
    rows.put("c2", Contact(id="c2", name="Bo"))
    kept.store(commit_of(sample(ContactNoted)), rows)

    assert [(each.id, each.name) for each in kept.views.find(Contact)] == [("c10", "Chi Cho"), ("c2", "Bo")]


# Which views are out of date.


def test_a_view_is_stale_until_it_is_built_and_kept_up_by_every_commit(file: File) -> None:
    kept = file.open(*SMALL)
    assert kept.views.stale(0) == list(SMALL)

    kept.views.rebuild(kept.log)
    assert kept.views.stale(0) == []
    kept.append(commit_of(*FOUND))
    assert kept.views.stale(len(FOUND)) == []
    kept.store(commit_of(sample(ContactNoted)))
    assert kept.views.stale(len(FOUND) + 1) == list(SMALL)


@pytest.mark.parametrize("column", ["version", "position"])
@pytest.mark.parametrize("by", [-1, 1], ids=["behind", "ahead"])
def test_a_view_of_another_version_or_position_is_stale(kept: Kept, file: File, column: str, by: int) -> None:
    tamper(file, f"UPDATE view SET {column} = {column} + {by} WHERE name = 'companies'")

    assert kept.views.stale(kept.log.head()) == [COMPANIES]


def test_a_view_whose_plugin_was_away_meanwhile_is_stale(kept: Kept, file: File) -> None:
    """It must not be taken for up to date because others were written."""
    without = file.open(CONTACTS)
    without.append(commit_of(sample(ContactAdded, contact="c3")))

    assert positions(file) == {"contacts": len(FOUND) + 1, "companies": len(FOUND)}
    assert file.open(*SMALL).views.stale(len(FOUND) + 1) == [COMPANIES]


def test_a_view_that_was_left_behind_while_it_was_open_stays_stale(kept: Kept, file: File) -> None:
    file.open(CONTACTS).append(commit_of(sample(PositionObserved, company="Borealis GmbH")))
    kept.append(commit_of(sample(PositionObserved, company="Cobalt AG")))
    again = file.open(*SMALL)

    assert again.views.stale(again.log.head()) == [COMPANIES]
    again.views.rebuild(again.log, [COMPANIES])
    assert again.live() == again.refolded()


# Rebuilding.


def test_a_rebuild_replaces_whatever_was_there(kept: Kept, file: File) -> None:
    before = kept.live()
    tamper(file, "DELETE FROM contact WHERE id = 'c1'")
    tamper(file, "UPDATE contact SET name = 'Nobody', blocked = 1")
    tamper(file, "INSERT INTO company VALUES ('extra', 'Extra', NULL)")
    assert kept.live() != before

    kept.views.rebuild(kept.log)
    assert kept.live() == before


def test_a_table_of_another_shape_is_made_anew(kept: Kept, file: File) -> None:
    before = kept.live()
    tamper(file, "INSERT INTO company SELECT key || 'x', name, alias_of FROM company")
    with closing(connect(file.path)) as connection:
        connection.execute("ALTER TABLE company RENAME COLUMN alias_of TO same_as")

    kept.views.rebuild(kept.log, [COMPANIES])
    assert kept.live() == before


def test_only_the_views_that_are_asked_for_are_rebuilt(kept: Kept, file: File) -> None:
    tamper(file, "UPDATE contact SET name = 'Nobody'")
    tamper(file, "UPDATE company SET name = 'Nothing'")
    kept.views.rebuild(kept.log, [COMPANIES])

    assert {each.name for each in kept.views.find(Contact)} == {"Nobody"}
    assert {each.name for each in kept.views.find(Company)} == {"Acme Inc."}


@pytest.mark.parametrize("projection", [OPENINGS, RUNS, timeline(KINDS)], ids=lambda each: each.name)
def test_a_rebuild_tells_of_every_event_it_reads(file: File, projection: Projection) -> None:
    """Views of few kinds have SQL choose them; those of many read every event."""
    kept = file.open(projection)
    kept.store(commit_of(*[sample(OpeningAdded)] * 5_000, *[sample(ContactNoted)] * 5_000))
    heard: list[int] = []
    count = kept.views.rebuild(kept.log, progress=heard.append)

    assert count == sum(heard) == (5_000 if projection is OPENINGS else 10_000)
    assert len(heard) > 1
    assert kept.live() == kept.refolded()


def test_a_reader_sees_the_old_view_until_the_new_one_is_whole(kept: Kept, file: File) -> None:
    whole = kept.live()
    tamper(file, "UPDATE contact SET name = 'old'")
    tamper(file, "DELETE FROM company")
    reader = file.open(*SMALL)
    old, seen = reader.live(), list[Contents]()
    kept.views.rebuild(kept.log, progress=lambda _: seen.append(reader.live()))

    assert seen
    assert all(each == old for each in seen)
    assert reader.live() == whole != old


def test_a_reader_in_the_middle_of_reading_goes_on_in_the_old_view(kept: Kept, file: File) -> None:
    whole = kept.live()
    tamper(file, "UPDATE contact SET name = 'old'")
    connection = file.connect()
    reader = Kept(connection, SMALL, KINDS)
    connection.execute("BEGIN")
    old = reader.live()
    kept.views.rebuild(kept.log)

    assert reader.live() == old != whole
    connection.execute("COMMIT")
    assert reader.live() == whole


def test_a_rebuild_that_fails_leaves_the_old_view(kept: Kept, file: File) -> None:
    tamper(file, "UPDATE contact SET name = 'old'")
    old = kept.live()

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.views.rebuild(kept.log, progress=fail)

    assert kept.live() == file.open(*SMALL).live() == old
    kept.append(commit_of(sample(ContactNoted, contact="c1")))


def test_inside_a_transaction_a_rebuild_belongs_to_it(file: File) -> None:
    connection = file.connect()
    kept = Kept(connection, SMALL, KINDS)
    kept.store(commit_of(*FOUND))
    connection.execute("BEGIN")
    kept.views.rebuild(kept.log)
    connection.execute("ROLLBACK")

    assert kept.views.stale(kept.log.head()) == list(SMALL)


REBUILD = """
import os, signal, sys
from refflow.events import kinds_with
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.views import built_in
from refflow.views.store import ViewStore

def die(statement):
    if statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

kinds, connection = kinds_with(), connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 5")  # so that half a view is in the file when the end comes
connection.set_trace_callback(die)
ViewStore(connection, built_in(kinds)).rebuild(SqliteLog(connection, kinds))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE", "INSERT OR REPLACE INTO happening", "CREATE INDEX", "INSERT OR REPLACE INTO view", "COMMIT"],
)
def test_kill_9_in_a_rebuild_leaves_the_old_view(file: File, statement: str) -> None:
    kept = file.open(*built_in(KINDS))
    for commit in tell(Random(1).choices(STEPS, k=100)):
        kept.store(commit)
    kept.views.rebuild(kept.log)
    whole = kept.live()
    tamper(file, "UPDATE contact SET name = 'old'")
    tamper(file, "DELETE FROM happening WHERE position % 2")
    old = kept.live()
    killed = subprocess.run([sys.executable, "-c", REBUILD, str(file.path), statement], check=False)

    assert killed.returncode == -signal.SIGKILL
    again = file.open(*built_in(KINDS))
    assert again.live() == old != whole
    again.views.rebuild(again.log)
    assert again.live() == whole


# Folding in memory.


@pytest.mark.parametrize(("until", "blocked"), [(1, False), (2, True), (3, False), (None, False)])
def test_a_fold_up_to_a_position_knows_only_the_mistakes_taken_back_by_then(
    file: File, until: int | None, blocked: bool
) -> None:
    kept = file.open(CONTACTS)
    story = sample(ContactAdded), sample(ContactBlocked), EventsVoided(positions=(2,)), sample(ContactNoted)
    kept.store(commit_of(*story))
    rows, count = refold(kept.log, [CONTACTS], until=until)

    assert [each.blocked for each in rows.find(Contact)] == [blocked]
    assert count == (4 if until is None else until)


# Opening a workspace.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose views were tampered with."""
    path, now = tmp_path / "search", datetime(2026, 3, 2, 9, tzinfo=UTC)
    with api.init(path, now, name="Sam Seeker") as workspace:
        api.add_person(workspace, api.PersonDetails(name="Ana Lima", company="Acme"), now)
    with closing(connect(path / "refflow.db")) as connection:
        connection.execute("UPDATE contact SET name = 'Nobody'")
        connection.execute("UPDATE company SET name = 'Nothing'")
    return path


def names(path: Path) -> list[str]:
    with api.open_workspace(path) as workspace:
        views = workspace.views
        return [each.name for each in views.find(Contact)] + [each.name for each in views.find(Company)]


def test_a_view_whose_version_changed_is_rebuilt_on_open_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(folder) == ["Nobody", "Nothing"]
    newer = [
        msgspec.structs.replace(each, version=each.version + 1) if each is CONTACTS else each
        for each in built_in(KINDS)
    ]
    monkeypatch.setattr("refflow.workspace.contents.built_in", lambda _: newer)

    assert names(folder) == ["Ana Lima", "Nothing"]
    with closing(connect(folder / "refflow.db")) as connection:
        (version,) = connection.execute("SELECT version FROM view WHERE name = 'contacts'").fetchone()
    assert version == CONTACTS.version + 1


def test_a_view_that_is_behind_the_log_is_rebuilt_on_open_by_itself(folder: Path) -> None:
    with closing(connect(folder / "refflow.db")) as connection:
        connection.execute("UPDATE view SET position = position - 1 WHERE name = 'companies'")

    assert names(folder) == ["Nobody", "Acme"]
