"""Views in the SQLite file of a workspace: read, kept up with the log, and rebuilt from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from typing import Any

from refflow.errors import NotFound, RefflowError
from refflow.log.database import said
from refflow.log.log import Log

from .projection import Fold, Projection, Stall
from .rows import R, Rows
from .table import Row, Table, table_of

Progress = Callable[[int], None]

_VIEWS = (
    "CREATE TABLE IF NOT EXISTS view ("
    "name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL) STRICT, WITHOUT ROWID"
)

_STALLED = (
    "CREATE TABLE IF NOT EXISTS view_stalled ("
    "name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID"
)

_FEW = 16
"""Up to so many kinds it is cheaper to let SQL choose them than to decode the events of all kinds."""


class ViewStore:
    """The views of a workspace. It is the source of the rows of a live fold."""

    def __init__(self, connection: sqlite3.Connection, projections: Iterable[Projection]) -> None:
        self._connection = connection
        self.fold = Fold(projections)
        self._stalled: dict[str, Stall] = {}
        if any(each.foreign for each in self.projections):
            self._stalled = self._noted_stalls()
            self.fold.stalled |= self._stalled

    @property
    def projections(self) -> tuple[Projection, ...]:
        """Every projection kept here."""
        return self.fold.projections

    @property
    def stalled(self) -> dict[str, Stall]:
        """The views that stopped at an event, by name. They stay as they were until they are replayed."""
        return dict(self._stalled)

    def forget_unwritten(self) -> None:
        """Forget what a fold met that was never written."""
        self.fold.stalled.clear()
        self.fold.stalled |= self._stalled

    def named(self, name: str) -> Projection:
        """The projection of that name; `NotFound` tells which there are."""
        for projection in self.projections:
            if projection.name == name:
                return projection
        known = ", ".join(each.name for each in self.projections)
        raise NotFound(f"There is no view `{name}`. The views are: {known}.")

    def get(self, row: type[R], key: str) -> R | None:
        """The row with that key."""
        table = table_of(row)
        found = self._read(table, f'{table.select} WHERE "{table.columns[0]}" = ?', (key,))
        return found[0] if found else None

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        table = table_of(row)
        # `=` and not `IS ?`: SQLite does not look into an index of filled fields for what might be empty.
        terms = " AND ".join(f'"{name}" IS NULL' if equal[name] is None else f'"{name}" = ?' for name in equal)
        where = f" WHERE {terms}" if terms else ""
        query = f'{table.select}{where} ORDER BY "{table.columns[0]}"'
        return self._read(table, query, tuple(value for value in equal.values() if value is not None))

    def query(self, row: type[R], condition: str, values: Iterable[Any] = ()) -> list[R]:
        """The rows that an SQL `condition` (with its ORDER BY and LIMIT, if any) selects."""
        table = table_of(row)
        return self._read(table, f"{table.select} WHERE {condition}", tuple(values))

    def stale(self, head: int) -> list[Projection]:
        """The projections whose rows are not those of this version of the code at position `head`."""
        if not self._select("SELECT 1 FROM sqlite_master WHERE name = 'view'", ()):
            return list(self.projections)
        found = self._select("SELECT name, version, position FROM view", ())
        kept = {name: (version, position) for name, version, position in found}
        return [each for each in self.projections if kept.get(each.name) != (each.version, head)]

    def write(self, rows: Rows, head: int) -> None:
        """Write what a fold over this store changed. Belongs in the transaction that appends its events."""
        for row, gone, written in rows.touched():
            table = table_of(row)
            if gone:
                delete = f'DELETE FROM {table.name} WHERE "{table.columns[0]}" = ?'
                self._connection.executemany(delete, [(key,) for key in gone])
            if not row.grows:
                # In the order of the table: many rows at random places split its pages again and again.
                written.sort(key=table.key)
            self._connection.executemany(table.upsert, map(table.to_sql, written))
        # A view that a process without its plugin left behind stays behind: it is rebuilt when it is opened next.
        kept = ", ".join("?" * len(self.projections))
        self._connection.execute(
            f"UPDATE view SET position = ? WHERE name IN ({kept}) AND position = (SELECT max(position) FROM view)",
            (head, *(each.name for each in self.projections)),
        )
        if self.fold.stalled.keys() != self._stalled.keys():
            self._note_stalls(self.fold.stalled, self.projections)

    def rebuild(
        self, log: Log, projections: Collection[Projection] | None = None, progress: Progress | None = None
    ) -> int:
        """Fold the whole log anew into `projections` (None: all) and swap their rows in, all at once.

        Returns the number of events folded. Inside an open transaction the swap belongs to it; readers see
        the old rows or the new ones. Memory grows with the rows of the views, not with the events.
        """
        chosen = tuple(self.projections if projections is None else projections)
        own = not self._connection.in_transaction
        try:
            if own:
                self._connection.execute("BEGIN IMMEDIATE")
            count = self._refill(log, chosen, progress)
            if own:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise said(error, "the views") from error
        finally:
            if own and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return count

    def _refill(self, log: Log, projections: tuple[Projection, ...], progress: Progress | None) -> int:
        connection = self._connection
        connection.execute(_VIEWS)
        tables = [table_of(row) for projection in projections for row in projection.tables]
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS {table.name}")
            connection.execute(table.create)

        def keep(row: type[Row], added: list[Row]) -> None:
            table = table_of(row)
            connection.executemany(table.upsert, map(table.to_sql, added))

        stalled: dict[str, Stall] = {}
        rows, count = refold(log, projections, progress=progress, added=keep, stalled=stalled)
        if self._stalled or stalled:
            self._note_stalls(stalled, projections)
        for table in tables:
            if not table.row.grows:
                ordered = rows.all(table.row)
                connection.executemany(table.upsert, (table.to_sql(ordered[key]) for key in sorted(ordered)))
            for index in table.indexes:
                connection.execute(index)
        head = log.head()
        connection.executemany(
            "INSERT OR REPLACE INTO view VALUES (?, ?, ?)",
            [(each.name, each.version, head) for each in projections],
        )
        return count

    def _noted_stalls(self) -> dict[str, Stall]:
        if not self._select("SELECT 1 FROM sqlite_master WHERE name = 'view_stalled'", ()):
            return {}
        found = self._select("SELECT name, version, position, reason FROM view_stalled", ())
        versions = {each.name: each.version for each in self.projections}
        return {
            name: Stall(position=position, reason=reason)
            for name, version, position, reason in found
            if versions.get(name) == version
        }

    def _note_stalls(self, stalled: dict[str, Stall], of: Collection[Projection]) -> None:
        """Note which of the projections `of` are stalled, in the transaction that writes their rows."""
        self._connection.execute(_STALLED)
        for each in of:
            self._connection.execute("DELETE FROM view_stalled WHERE name = ?", (each.name,))
            self._stalled.pop(each.name, None)
            stall = stalled.get(each.name)
            if stall is not None:
                values = (each.name, each.version, stall.position, stall.reason)
                self._connection.execute("INSERT INTO view_stalled VALUES (?, ?, ?, ?)", values)
                self._stalled[each.name] = stall
        self.forget_unwritten()

    def scan(self, table: Table) -> Iterable[tuple[Any, ...]]:
        """Every row of a table as SQL has it, by key."""
        return self._select(f'{table.select} ORDER BY "{table.columns[0]}"', ())

    def _read(self, table: Table, query: str, values: tuple[Any, ...]) -> list[Any]:
        try:
            return [table.from_sql(each) for each in self._select(query, values)]
        except (ValueError, TypeError) as error:
            raise RefflowError(
                f"The table {table.name} has a row that refflow did not write. `refflow replay` rebuilds it."
            ) from error

    def _select(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise said(error, "the views") from error


def refold(
    log: Log,
    projections: Iterable[Projection],
    *,
    until: int | None = None,
    progress: Progress | None = None,
    added: Callable[[type[Row], list[Row]], None] | None = None,
    stalled: dict[str, Stall] | None = None,
) -> tuple[Rows, int]:
    """Fold the log in memory, up to and including position `until`; the rows, and how many events were read.

    Events that were void by then are left out. Rows of growing tables are handed to `added` page by page when
    it is given. Projections of plugins that failed are entered into `stalled`.
    """
    fold = Fold(projections)
    rows, count = Rows(), 0
    voided = voided_positions(log, until)
    for page in log.read(until=until, kinds=fold.kinds if len(fold.kinds) <= _FEW else None):
        fold.apply_page(rows, page if not voided else [each for each in page if each.position not in voided])
        if added is not None:
            for row, values in rows.take_added().items():
                added(row, values)
        count += len(page)
        if progress is not None:
            progress(len(page))
    if stalled is not None:
        stalled |= fold.stalled
    return rows, count


def voided_positions(log: Log, until: int | None = None) -> frozenset[int]:
    """The positions of the events that later ones, up to position `until`, declared void."""
    pages = log.read(until=until, kinds=("events.voided",))
    return frozenset(position for page in pages for each in page for position in each.payload.positions)
