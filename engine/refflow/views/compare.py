"""Comparing the rows of a view with what the log says they should be."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from refflow.log.log import Log

from .projection import Fold, Projection
from .rows import Rows
from .store import Progress, ViewStore, refold, voided_positions
from .table import Row, Table, table_of

_TRACED = 50
"""How many differing rows of a view are traced back through the log."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing one view found.

    `digest` (hexadecimal SHA-256) identifies the rebuilt rows; `differing` counts rows that are not the same;
    `first` is the position of the first event after which live and rebuilt rows differ, and `example` the
    table and key of a row that does.
    """

    view: str
    rows: int
    digest: str
    differing: int = 0
    first: int | None = None
    example: str | None = None


def compare(store: ViewStore, log: Log, projection: Projection, progress: Progress | None = None) -> Comparison:
    """Rebuild `projection` in memory and hold it against the rows in `store`."""
    grown: dict[type[Row], list[Row]] = {}

    def keep(row: type[Row], added: list[Row]) -> None:
        grown.setdefault(row, []).extend(added)

    rebuilt, _ = refold(log, (projection,), progress=progress, added=keep)
    digest, count, differing = sha256(), 0, list[_Differing]()
    for row in projection.tables:
        table = table_of(row)
        wanted = grown.get(row, []) if row.grows else [value for _, value in sorted(rebuilt.all(row).items())]
        found, total = _differing(store, table, wanted, digest.update)
        count += total
        differing += found
    first, example = _first_difference(log, projection, differing)
    return Comparison(
        view=projection.name,
        rows=count,
        digest=digest.hexdigest(),
        differing=len(differing),
        first=first,
        example=example,
    )


class _Differing(msgspec.Struct, frozen=True):
    """A row that is not as the log says; `live` is how SQL has it, None when it is missing."""

    table: Table
    key: Any
    live: tuple[Any, ...] | None

    def __str__(self) -> str:
        return f"{self.table.name} {self.key}"


def _differing(
    store: ViewStore, table: Table, wanted: list[Any], digest: Callable[[bytes], None]
) -> tuple[list[_Differing], int]:
    encode = msgspec.json.encode
    expected = {}
    for value in wanted:
        stored = table.to_sql(value)
        digest(encode(stored))
        expected[table.key(value)] = stored
    live = {row[0]: row for row in store.scan(table)}
    keys = [key for key in sorted({*expected, *live}) if expected.get(key) != live.get(key)]
    return [_Differing(table, key, live.get(key)) for key in keys], len(expected)


def _first_difference(
    log: Log, projection: Projection, differing: list[_Differing]
) -> tuple[int | None, str | None]:
    """Fold again and follow the differing rows: a row differs since the first change of it after the last
    moment at which it was as it is live (or since its first change, when it never was).
    """
    if not differing:
        return None, None
    # A row of a growing table is keyed by the position of the event that added it.
    head = log.head()
    found = [(each.key, str(each)) for each in differing if each.table.row.grows and each.key <= head]
    found += _traced(log, projection, [each for each in differing if not each.table.row.grows][:_TRACED])
    return min(found, default=(None, str(differing[0])), key=lambda each: each[0] or 0)


def _traced(log: Log, projection: Projection, differing: list[_Differing]) -> list[tuple[int, str]]:
    if not differing:
        return []
    names = {str(each): each for each in differing}
    since: dict[str, int | None] = dict.fromkeys(names)
    seen: dict[str, Any] = dict.fromkeys(names)
    fold, rows, voided = Fold((projection,)), Rows(), voided_positions(log)
    for page in log.read(kinds=fold.kinds):
        for event in page:
            if event.position in voided:
                continue
            fold.apply(rows, event)
            for name, each in names.items():
                value = rows.all(each.table.row).get(each.key)
                folded = None if value is None else each.table.to_sql(value)
                if folded == seen[name]:
                    continue
                seen[name] = folded
                if folded == each.live:
                    since[name] = None
                elif since[name] is None:
                    since[name] = event.position
    return [(position, name) for name, position in since.items() if position is not None]
