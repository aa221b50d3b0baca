"""Comparing the rows of a view with what the log says they should be."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import zip_longest
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
    digest, count, differing = sha256(), 0, []
    for row in projection.tables:
        table = table_of(row)
        wanted = grown.get(row, []) if row.grows else [value for _, value in sorted(rebuilt.all(row).items())]
        keys, total = _differing(store, table, wanted, digest.update)
        count += total
        differing += [(table, key) for key in keys]
    first, example = _first_difference(store, log, projection, differing)
    return Comparison(
        view=projection.name,
        rows=count,
        digest=digest.hexdigest(),
        differing=len(differing),
        first=first,
        example=example,
    )


def _differing(
    store: ViewStore, table: Table, wanted: list[Any], digest: Callable[[bytes], None]
) -> tuple[list[Any], int]:
    encode = msgspec.json.encode
    expected = {}
    for value in wanted:
        stored = table.to_sql(value)
        digest(encode(stored))
        expected[table.key(value)] = stored
    live = {row[0]: row for row in store.scan(table)}
    keys = [key for key in sorted({*expected, *live}) if not _same(expected.get(key), live.get(key))]
    return keys, len(expected)


def _same(expected: tuple[Any, ...] | None, live: tuple[Any, ...] | None) -> bool:
    if expected is None or live is None:
        return expected is live
    return all(a == b for a, b in zip_longest(expected, live))


def _first_difference(
    store: ViewStore, log: Log, projection: Projection, differing: list[tuple[Table, Any]]
) -> tuple[int | None, str | None]:
    """Fold again and follow the differing rows: a row differs since the first change of it after the last
    moment at which it was as it is live (or since its first change, when it never was).
    """
    if not differing:
        return None, None
    # A row of a growing table is keyed by the position of the event that added it.
    found = [(key, f"{table.name} {key}") for table, key in differing if table.row.grows]
    traced = [(table, key) for table, key in differing if not table.row.grows][:_TRACED]
    found += _traced(store, log, projection, traced)
    table, key = differing[0]
    return min(found, default=(None, f"{table.name} {key}"), key=lambda each: each[0] or 0)


def _traced(
    store: ViewStore, log: Log, projection: Projection, keys: list[tuple[Table, Any]]
) -> list[tuple[int, str]]:
    if not keys:
        return []
    live = {(table.name, key): _live(store, table, key) for table, key in keys}
    since: dict[tuple[str, Any], int | None] = dict.fromkeys(live)
    seen: dict[tuple[str, Any], Any] = dict.fromkeys(live)
    fold, rows, voided = Fold((projection,)), Rows(), voided_positions(log)
    for page in log.read(kinds=fold.kinds):
        for event in page:
            if event.position in voided:
                continue
            fold.apply(rows, event)
            for table, key in keys:
                value = rows.all(table.row).get(key)
                folded = None if value is None else table.to_sql(value)
                if folded == seen[table.name, key]:
                    continue
                seen[table.name, key] = folded
                if folded == live[table.name, key]:
                    since[table.name, key] = None
                elif since[table.name, key] is None:
                    since[table.name, key] = event.position
    return [(position, f"{name} {key}") for (name, key), position in since.items() if position is not None]


def _live(store: ViewStore, table: Table, key: Any) -> tuple[Any, ...] | None:
    found = store.get(table.row, key)
    return None if found is None else table.to_sql(found)
