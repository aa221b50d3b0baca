"""What a workflow promises before it runs, each with the path that comes nearest to breaking it.

The promise holds for every order of events. It counts the messages that one run hands over to one person, those
in a row without an answer from them, and the days until it has ended. Nobody knows whom the `to` of a message will
give: it counts as one to the contact, and all such messages as a row of their own, which no answer of the contact
ends. Time that a message waits for a
person, for a channel to take it or for a cap, and time that the computer is off, is not counted: nobody can
limit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby

import msgspec

from ..durations import Duration
from ..language.definition import AnyInstruction, Definition, Send, Source, Start, Task, Wait, Window
from ..language.settings import Settings, gaps
from .lengths import CLOCK_CHANGE, NOTHING, Lengths, Span, in_common
from .paths import Move, Paths, TooManyPlaces, paths_of

ANSWER = "reply.received"


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A step on a path and its line; `because` is the event that led there, if it was one."""

    step: str
    line: int
    because: str | None = None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """At most `amount`, and the steps of a path on which it comes to that."""

    amount: float
    witness: tuple[Stop, ...] = ()


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of `workflow` keeps to. `messages` and `unanswered` are those to any one person.

    `in_all` is how many messages one contact gets from all runs, None when runs may come again without end, or
    for one opening after the other: then only the caps limit it. `days` leaves out the waits of `open_ended`,
    which end at a time that only the run will know, and the runs of `waits_for`. `starts` are the workflows it
    starts, each with a promise of its own. Two messages are never nearer than `gap`, unless the contact
    wrote in between or the later one is among `urgent`.
    """

    workflow: str
    messages: Bound
    unanswered: Bound
    days: Bound
    open_ended: tuple[Source, ...] = ()
    in_all: float | None
    starts: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    gap: Duration
    urgent: tuple[Stop, ...] = ()


def promise_of(definition: Definition, settings: Settings) -> Promise | None:
    """The promise of a definition under these settings, or None when its loops are too many to look through."""
    try:
        return Proof(definition, settings).promise()
    except TooManyPlaces:
        return None


class Trail(msgspec.Struct, frozen=True):
    """A way to a place and what it comes to; `sent` is when the last message left, in days from the start."""

    place: int
    amount: float
    by: Move | None = None
    before: Trail | None = None
    sent: float = 0


class Proof:
    """Looks through every path of one definition. Raises `TooManyPlaces`."""

    def __init__(self, definition: Definition, settings: Settings) -> None:
        self._definition = definition
        self._settings = settings
        self._lengths = Lengths(frozenset(settings.holidays))
        self.paths: Paths = paths_of(definition)
        self.steps: list[AnyInstruction] = [definition.program[at] for at, _ in self.paths.places]
        self._spans: dict[Source, Span] = {}
        self._holds: dict[Window, float] = {}

    def promise(self) -> Promise:
        """The whole promise."""
        limits = dict.fromkeys(limit for each in self.steps if (limit := _limit(each)) is not None)
        urgent = dict.fromkeys(
            Stop(step=each.step, line=each.line)
            for each in self.steps
            if isinstance(each, Send) and each.urgent
        )
        started = [each for each in self._definition.program if isinstance(each, Start)]
        return Promise(
            workflow=self._definition.name,
            messages=self.whole,
            unanswered=self.longest_row(self._surely_answered),
            days=self._most_days(),
            open_ended=tuple(limit for limit in limits if self.span(limit).most is None),
            in_all=self.in_all,
            starts=tuple(dict.fromkeys(each.workflow for each in started)),
            waits_for=tuple(dict.fromkeys(each.workflow for each in started if each.wait)),
            gap=max(self._gaps, key=Duration.least_days),
            urgent=tuple(urgent),
        )

    @cached_property
    def whole(self) -> Bound:
        """The most messages on a whole path."""
        return self.most_messages()

    def most_messages(
        self,
        anew: Callable[[Move], bool] = lambda _: False,
        counted: Callable[[AnyInstruction], bool] = lambda step: isinstance(step, Send),
    ) -> Bound:
        """The most messages on a path, or on a part of one where moves that are `anew` begin the next part."""
        best: list[Trail] = []
        for place, (step, moves) in enumerate(zip(self.steps, self.paths.arriving, strict=True)):
            added = 1 if counted(step) else 0
            before = [None if anew(move) else best[move.source] for move in moves] or [None]
            trails = [
                Trail(place, added if way is None else way.amount + added, move, way)
                for way, move in zip(before, moves or [None], strict=True)
            ]
            best.append(max(trails, key=lambda trail: trail.amount))
        return self._bound(best, counted)

    def longest_row(self, answered: Callable[[Move], bool]) -> Bound:
        """The most messages to one person in a row, where moves that are `answered` end that of the contact."""
        rows = self.most_messages(answered), self.most_messages(counted=to_others)
        return max(rows, key=lambda row: row.amount)

    def span(self, limit: Source) -> Span:
        """How long a wait that `limit` limits can last."""
        if limit not in self._spans:
            self._spans[limit] = self._lengths.span(limit, self._definition.params)
        return self._spans[limit]

    def least_days(self, move: Move) -> float:
        """The shortest time that a run stands at a place before it makes this move."""
        step = self.steps[move.source]
        limit = _limit(step)
        if limit is None or move.interrupts or move.event is not None:
            return 0
        address = self.paths.places[move.to][0]
        if isinstance(step, Task) and address in (step.done, step.skipped):
            return 0
        return max(0, self.span(limit).least - CLOCK_CHANGE)

    @property
    def in_all(self) -> float | None:
        """The most messages that one person gets from all runs, None when that depends on what happens."""
        definition = self._definition
        runs = 1 if definition.again == "never" else definition.rounds
        if any(to_others(step) for step in self.steps):
            return None  # The runs of anybody's may write to the same person.
        if definition.key != ("contact",) or definition.mode not in ("single", "queue") or runs is None:
            return None
        return runs * self.whole.amount

    def _surely_answered(self, move: Move) -> bool:
        """An interrupt acts on an answer as it comes. A wait may take up one that came before the last messages
        left, so it ends no row, unless it looks back to the last message only.
        """
        step = self.steps[move.source]
        if move.event != ANSWER or move.interrupts:
            return move.event == ANSWER
        return isinstance(step, Wait) and self._last_sent[move.source] <= {step.since}

    @cached_property
    def _last_sent(self) -> list[frozenset[str]]:
        """For each place the send steps that can have been the last before it."""
        found: list[frozenset[str]] = []
        for moves in self.paths.arriving:
            before = [
                frozenset({step.step})
                if isinstance(step := self.steps[move.source], Send)
                else found[move.source]
                for move in moves
            ]
            found.append(frozenset().union(*before))
        return found

    def _most_days(self) -> Bound:
        gap = max(map(self._lengths.most, self._gaps))
        best: list[list[Trail]] = []
        for place, (step, moves) in enumerate(zip(self.steps, self.paths.arriving, strict=True)):
            arrived = [
                Trail(place, before.amount, move, before, before.sent)
                for move in moves
                for before in best[move.source]
            ]
            passed = [self._after(step, trail, gap) for trail in arrived or [Trail(place, 0)]]
            best.append(_undominated(passed))
        return self._bound([trail for trails in best for trail in trails], _takes_time)

    def _after(self, step: AnyInstruction, trail: Trail, gap: float) -> Trail:
        """The trail once it has passed `step`, at the latest."""
        if isinstance(step, Send):
            # Somebody else may have been written to just before, by another run.
            sent = trail.amount if to_others(step) else trail.sent
            ready = trail.amount if step.urgent else max(trail.amount, sent + gap)
            left = ready + self._longest_hold(step)
            return msgspec.structs.replace(trail, amount=left, sent=left)
        limit = _limit(step)
        lasts = NOTHING if limit is None else self.span(limit)
        return msgspec.structs.replace(trail, amount=trail.amount + (lasts.most or 0))

    def _longest_hold(self, step: Send) -> float:
        """How long a message waits for its window at most: that of the step or the workflow, in the zone of the
        contact, or where nobody knows the zone, until the workspace's is open too.
        """
        own = self._settings.window
        window = step.window or self._definition.policy.window or own
        if window not in self._holds:
            theirs = self._settings.calendars.values() if window.holidays == "contact" else ()
            holds = [
                self._lengths.closed(window),
                self._lengths.closed(in_common(window, own)),
                *(Lengths(frozenset(holidays)).closed(window) for holidays in theirs),
            ]
            self._holds[window] = max(hold or 0 for hold in holds)
        return self._holds[window]

    @property
    def _gaps(self) -> tuple[Duration, ...]:
        return gaps(self._definition.policy, self._settings)

    def _bound(self, trails: list[Trail], shown: Callable[[AnyInstruction], bool]) -> Bound:
        longest = max(trails, key=lambda trail: (trail.amount, trail.place))
        return Bound(amount=longest.amount, witness=tuple(self._stops(longest, shown)))

    def _stops(self, end: Trail, shown: Callable[[AnyInstruction], bool]) -> Iterator[Stop]:
        """The steps of a trail, each with the last event on the way to it."""
        trails: list[Trail] = [end]
        while (before := trails[-1].before) is not None:
            trails.append(before)
        because = None
        for trail in reversed(trails):
            if trail.by is not None and trail.by.event is not None:
                because = trail.by.event
            step = self.steps[trail.place]
            if shown(step):
                yield Stop(step=step.step, line=step.line, because=because)
                because = None


def shown_path(stops: Sequence[Stop]) -> str:
    """The steps of a path for people: `ask (line 3), nudge (line 9) 2 times`."""
    groups = [list(group) for _, group in groupby(stops, key=lambda stop: (stop.step, stop.line))]
    return ", ".join(
        f"{group[0].step} (line {group[0].line})" + (f" {len(group)} times" if len(group) > 1 else "")
        for group in groups
    )


def _limit(step: AnyInstruction) -> Source | None:
    match step:
        case Wait():
            return step.silence or step.until or step.within
        case Task():
            return step.within
    return None


def unless_answered(move: Move) -> bool:
    """Every answer that a run takes up ends the row."""
    return move.event == ANSWER


def _takes_time(step: AnyInstruction) -> bool:
    return isinstance(step, Send | Wait | Task | Start)


def to_others(step: AnyInstruction) -> bool:
    """Whether a step may write to somebody else than the contact of the run."""
    return isinstance(step, Send) and step.to is not None


def _undominated(trails: list[Trail]) -> list[Trail]:
    """Those that may still become the longest."""
    kept: list[Trail] = []
    for trail in sorted(trails, key=lambda each: (-each.amount, -each.sent)):
        if not kept or trail.sent > kept[-1].sent:
            kept.append(trail)
    return kept
