"""Importing: what a source shows, held against the workspace; the difference becomes events.

A plan comes first and writes nothing. Applying it writes one commit. Applying the same source again finds no
difference, and a later export of the same network brings only what has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from refflow.contacts.records import Importer, ImportReport
from refflow.errors import RefflowError, UsageError
from refflow.events.event import instant, micros
from refflow.events.openings import ReplyReceived
from refflow.events.people import ContactAdded, ImportFinished
from refflow.plugins.factories import resolve
from refflow.workflows.runs.turn import Turn

from .difference import Difference, Fact
from .workspace import Workspace

SNIFFED = 4096


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do, or did. `counts` says how many events of each kind; `unmatched` counts
    records about people the network does not hold, by what they are.
    """

    source: str
    applied: bool
    counts: dict[str, int]
    unmatched: dict[str, int]
    report: ImportReport
    examples: list[str] = []


def import_source(
    workspace: Workspace, path: Path, now: datetime, *, apply: bool = False, source: str | None = None
) -> Plan:
    """Read the source at `path` and plan, or with `apply` make, the changes it leads to.

    `source` names the importer; without it the one that recognises the source best is taken.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist.")
    name, importer = _importer(workspace, path, source)
    version = workspace.host.effects.importers[name].version
    by = f"plugin:{name}@{version}" if version else f"plugin:{name}"
    report = ImportReport()
    records = list(importer.read(path, report))
    moment = micros(now)

    def plan(turn: Turn) -> tuple[list[Fact], dict[str, int]]:
        difference = Difference(workspace, turn, name, report, moment)
        return list(difference.events(records)), dict(difference.unmatched)

    def make(turn: Turn) -> tuple[list[Fact], dict[str, int]]:
        facts, unmatched = plan(turn)
        for payload, at in facts:
            turn.record(payload, by=by, occurred_at=at)
        if facts:
            counts = _count(turn.kinds.of(payload).name for payload, _ in facts)
            finished = ImportFinished(source=name, exported_on=report.exported_on, added=counts)
            turn.record(finished, by=by)
        return facts, unmatched

    if apply:
        # An answer that came before a timer was due comes before it, though it is heard of later.
        first = _first_answer(plan(workspace.turn(moment))[0]) if workspace.due(now) else None
        facts, unmatched = workspace.act(make, now, instant(first) if first is not None else None)[0]
    else:
        facts, unmatched = plan(workspace.turn(moment))
    kinds = workspace.kinds
    return Plan(
        source=name,
        applied=apply and bool(facts),
        counts=_count(kinds.of(payload).name for payload, _ in facts),
        unmatched=unmatched,
        report=report,
        examples=list(islice((each.name or "" for each, _ in facts if isinstance(each, ContactAdded)), 3)),
    )


def _first_answer(facts: list[Fact]) -> int | None:
    return min((at for payload, at in facts if isinstance(payload, ReplyReceived)), default=None)


def _importer(workspace: Workspace, path: Path, source: str | None) -> tuple[str, Importer]:
    importers = {name: each.spec for name, each in workspace.host.effects.importers.items()}
    if source is not None:
        if source not in importers:
            raise UsageError(f"There is no importer `{source}`. There are: {', '.join(sorted(importers))}.")
        return source, resolve(importers[source].factory)()
    head = b"" if path.is_dir() else _head(path)
    scored = sorted(((spec.sniff(path.name, head), name) for name, spec in importers.items()), reverse=True)
    if not scored or scored[0][0] <= 0:
        raise UsageError(
            f"{path} is nothing that can be imported. Give the zip or the folder of a LinkedIn data export."
        )
    name = scored[0][1]
    return name, resolve(importers[name].factory)()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SNIFFED)
    except OSError as error:
        raise RefflowError(f"{path} cannot be read: {error.strerror}.") from error


def _count(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
