"""Searches to measure runs in: their logs have what the engine decided, and not what somebody made up."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from refflow import api
from refflow.events.event import Commit, NewEvent, StoredEvent, commit_id, instant
from refflow.events.openings import OpeningAdded, ReferralWanted
from refflow.events.people import ContactAdded, RelationStated
from refflow.views.store import refold
from refflow.workflows.stories.habits import Habits
from refflow.workflows.stories.world import Act, World
from refflow.workspace.sampling import Chance

from .story import FIRST, HOUR, LAST, START, TITLES, company

DAY = 24 * HOUR
ANSWERED = 0.3
"""How often something happens where a run waits."""


def new_search(path: Path) -> api.Workspace:
    """An empty search with the standard workflows."""
    return api.init(path, instant(START), name="Sam Seeker", email="sam@example.org")


def people(number: int) -> list[Any]:
    """Facts: so many friends."""
    told: list[Any] = []
    for each in range(number):
        name = f"{FIRST[each % len(FIRST)]} {LAST[each % len(LAST)]}"
        told.append(ContactAdded(contact=f"c{each}", source="user", name=name, keys=(f"linkedin:{each}",)))
        told.append(RelationStated(contact=f"c{each}", relation="friend"))
    return told


def with_people(path: Path, number: int) -> api.Workspace:
    """A search with so many friends."""
    workspace = new_search(path)
    workspace.act(lambda turn: [turn.record(each, by="user") for each in people(number)], instant(START))
    return workspace


def with_asks(path: Path, asks: int) -> api.Workspace:
    """A search in which every other day another friend was asked about another opening, and some answered."""
    workspace = with_people(path, asks)
    rows, _ = refold(workspace.log, workspace.views.projections)
    head = workspace.log.head()
    world = _Recorded(
        rows,
        workspace.views.fold,
        workspace.library,
        now=START,
        head=head,
        workspace=workspace.id,
        recall=workspace.event,
        reactions=(_Chances(Random(2026)), Habits()),
    )
    for number in range(asks):
        world.at(START + 2 * number * DAY, _ask(number))
    while not world.go_on(START + (2 * asks + 400) * DAY):
        pass
    for commit in world.commits:
        head = workspace.log.append(commit, head)
    workspace.views.rebuild(workspace.log)
    return workspace


def _ask(number: int) -> Act:
    opening, where, title = f"o{number}", company(number), TITLES[number % len(TITLES)]

    def act(world: World) -> None:
        world.tell(OpeningAdded(opening=opening, company=where, title=title, source="user"))
        world.tell(ReferralWanted(contact=f"c{number}", opening=opening))

    return act


class _Chances:
    """Lets things happen by chance in every run."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._runs: dict[str, Chance] = {}

    def __call__(self, world: World, event: StoredEvent) -> None:
        run = getattr(event.payload, "run", None)
        if event.kind == "run.started":
            self._runs[event.payload.run] = Chance(self._random, ANSWERED)
        if run in self._runs:
            self._runs[run](world, event)


class _Recorded(World):
    """A world whose turns are the commits of a log."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.commits: list[Commit] = []

    def tell(self, *payloads: Any, by: str = "user", occurred_at: int | None = None) -> list[StoredEvent]:
        """Let this happen now, and keep it."""
        told = super().tell(*payloads, by=by, occurred_at=occurred_at)
        events = tuple(
            NewEvent(payload=each.payload, occurred_at=each.occurred_at, by=each.by, cause=each.cause)
            for each in told
        )
        identifier = commit_id(self.now, len(self.commits).to_bytes(10, "big"))
        self.commits.append(Commit(id=identifier, recorded_at=self.now, events=events))
        return told
