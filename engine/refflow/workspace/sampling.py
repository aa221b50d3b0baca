"""Many simulated stories by chance, with answers as often and as soon as people gave them in this log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

import msgspec

from refflow.events.event import StoredEvent, micros
from refflow.events.openings import Intent
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.timeline import Happening
from refflow.workflows.stories.habits import Habits
from refflow.workflows.stories.made_up import DAY, variants
from refflow.workflows.stories.ways import heard_at
from refflow.workflows.stories.world import World

from .simulating import Occurrence, Simulator, happen
from .workspace import Workspace

ENOUGH_MESSAGES, ENOUGH_ANSWERS = 20, 5
"""From so many on the log is gone by."""
MADE_UP_SHARE = 0.3
RIPE = 14 * DAY
"""So long after it was sent a message that nobody has answered counts as unanswered (microseconds)."""
OTHER = 0.1
"""How often, of the times when something happens, it is not an answer."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How people answered messages of `workflow`, or (None) of all: `answered` of `messages`. Of each answer,
    `delays` has how long it took (microseconds) and `intents` what it meant.
    """

    workflow: str | None
    messages: int
    answered: int
    delays: tuple[int, ...] = ()
    intents: tuple[Intent, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether they are enough to go by."""
        return self.messages >= ENOUGH_MESSAGES and self.answered >= ENOUGH_ANSWERS


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """How `runs` simulated runs came out: how many had each outcome, sent so many messages, took so many days.

    Answers came with the chance `share`. From the `log`, where `log_answered` of `log_messages` were answered
    (of `log_workflow`, or None: of all), come the share, the time they took and what they meant; else these are
    `made up`, but for a share that was `given`.
    """

    workflow: str
    runs: int
    seed: int
    outcomes: dict[str, int]
    messages: dict[int, int]
    median_days: float
    longest_days: float
    share: float
    basis: Literal["log", "given", "made up"]
    log_workflow: str | None
    log_messages: int
    log_answered: int
    median_days_to_answer: float | None = None


def answers_in(workspace: Workspace, now: datetime, workflow: str | None = None) -> Answers:
    """How people answered the messages in the log, of one workflow or of all.

    A message is answered by the first answer of its contact before the next message to them. One that may still
    be answered does not count.
    """
    replies: defaultdict[str, list[Happening]] = defaultdict(list)
    for reply in workspace.views.query(Happening, "kind = 'reply.received' ORDER BY at, position"):
        replies[reply.contact or ""].append(reply)
    sent: defaultdict[str, list[Message]] = defaultdict(list)
    for message in workspace.views.query(Message, "sent_at IS NOT NULL ORDER BY sent_at, id"):
        sent[message.contact].append(message)
    runs = {run.id for run in workspace.views.find(Run, workflow=workflow)} if workflow is not None else None
    found: list[tuple[int, Happening]] = []
    counted = 0
    for contact, messages in sent.items():
        for message, following in zip(messages, [*messages[1:], None], strict=True):
            if runs is not None and message.run not in runs:
                continue
            at, until = message.sent_at or 0, following.sent_at if following is not None else None
            if until is None and at + RIPE > micros(now):
                continue
            counted += 1
            first = next((each for each in replies[contact] if each.at >= at), None)
            if first is not None and (until is None or first.at < until):
                found.append((first.at - at, first))
    return Answers(
        workflow=workflow,
        messages=counted,
        answered=len(found),
        delays=tuple(delay for delay, _ in found),
        intents=tuple(_meant(workspace, replies[each.contact or ""], each) for _, each in found),
    )


def sample(simulator: Simulator, runs: int, seed: int, share: float | None = None) -> Sampled:
    """So many stories by chance; the same seed gives the same. With `share` each message is answered with that
    chance, at a time that is made up; without, as in the log, when there is enough in it to go by.
    """
    random = Random(seed)
    log = _answers_for(simulator)
    basis: Literal["log", "given", "made up"] = "given"
    if share is None:
        basis = "log" if log.enough else "made up"
        share = log.answered / log.messages if log.enough else MADE_UP_SHARE
    outcomes: Counter[str] = Counter()
    messages: Counter[int] = Counter()
    days: list[float] = []
    for _ in range(runs):
        chance: Chance = AsInTheLog(random, share, log) if basis == "log" else Chance(random, share)
        world, run = simulator.begin(chance, Habits())
        world.go_on(simulator.until())
        row = world.rows.get(Run, run) if run is not None else None
        outcomes["not started" if row is None else row.outcome or f"still at {row.step}"] += 1
        messages[sum(event.kind == "message.sent" and event.payload.run == run for event in world.events)] += 1
        if row is not None and row.ended_at is not None:
            days.append((row.ended_at - simulator.start) / DAY)
    return Sampled(
        workflow=simulator.definition.name,
        runs=runs,
        seed=seed,
        outcomes=dict(outcomes.most_common()),
        messages=dict(sorted(messages.items())),
        median_days=_median(days) or 0.0,
        longest_days=round(max(days, default=0.0), 1),
        share=share,
        basis=basis,
        log_workflow=log.workflow,
        log_messages=log.messages,
        log_answered=log.answered,
        median_days_to_answer=_median([delay / DAY for delay in log.delays]),
    )


class Chance:
    """Lets something happen by chance where the first run of a world is parked."""

    def __init__(self, random: Random, share: float) -> None:
        self._random = random
        self._share = share
        self._run: str | None = None
        self._variants: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, world: World, event: StoredEvent) -> None:
        """Draw, when the run has been parked."""
        if event.kind == "run.started" and self._run is None:
            self._run = event.payload.run
        if event.kind != "step.entered" or event.payload.run != self._run:
            return
        run = world.rows.get(Run, event.payload.run)
        if run is None or run.status != "live" or run.due is None or self._random.random() >= self._share:
            return
        kinds = heard_at(world.library.definition(world.rows, run.hash).definition, run.at)
        kind = self._kind(kinds)
        if kind is not None:
            fields = self._random.choice(self._ways(world, run, kind))
            self._arrange(world, run, kind, fields, int((run.due - world.now) * self._random.random()))

    def _kind(self, kinds: Sequence[str]) -> str | None:
        """What happens, of what the run acts on: an answer is far likelier than anything else."""
        if "reply.received" in kinds and self._random.random() >= OTHER:
            return "reply.received"
        return self._random.choice(kinds) if kinds else None

    def _ways(self, world: World, run: Run, kind: str) -> list[dict[str, Any]]:
        if kind not in self._variants:
            accepted = world.library.definition(world.rows, run.hash)
            self._variants[kind] = list(variants(world.library, accepted, world.library.kinds[kind], world.now))
        return self._variants[kind]

    def _arrange(self, world: World, run: Run, kind: str, fields: dict[str, Any], after: int) -> None:
        occurrence = Occurrence(after=timedelta(0), event=kind, fields=fields)
        world.at(world.now + after, lambda world: happen(world, occurrence, run.contact, run.opening))


class AsInTheLog(Chance):
    """Lets each message be answered as those in the log were; whatever else happens, happens by chance."""

    def __init__(self, random: Random, share: float, log: Answers) -> None:
        super().__init__(random, share)
        self._log = log

    def __call__(self, world: World, event: StoredEvent) -> None:
        """Draw, when a message was sent or the run has been parked."""
        super().__call__(world, event)
        if (
            event.kind != "message.sent"
            or event.payload.run != self._run
            or self._random.random() >= self._share
        ):
            return
        run = world.rows.get(Run, event.payload.run)
        assert run is not None, "what sends has been started"
        delay, intent = self._random.choice(list(zip(self._log.delays, self._log.intents, strict=True)))
        self._arrange(world, run, "reply.received", {"intent": intent}, delay)

    def _kind(self, kinds: Sequence[str]) -> str | None:
        others = [kind for kind in kinds if kind != "reply.received"]
        if not others or (len(others) < len(kinds) and self._random.random() >= OTHER):
            return None
        return self._random.choice(others)


def _answers_for(simulator: Simulator) -> Answers:
    """The answers to the messages of this workflow, or to all when those are too few."""
    at = simulator.asked_at
    own = answers_in(simulator.workspace, at, simulator.definition.name)
    return own if own.enough else answers_in(simulator.workspace, at)


def _meant(workspace: Workspace, replies: Sequence[Happening], first: Happening) -> Intent:
    """What an answer meant: what was said of it, or of it later when nobody had read it yet."""
    for each in replies[replies.index(first) :]:
        event = workspace.event(each.position)
        if event is not None and event.payload.intent != "unclear":
            intent: Intent = event.payload.intent
            return intent
    return "unclear"


def _median(values: Sequence[float]) -> float | None:
    ordered = sorted(values)
    return round(ordered[len(ordered) // 2], 1) if ordered else None
