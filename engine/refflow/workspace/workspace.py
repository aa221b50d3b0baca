"""An open workspace: the one place where facts become commits, timers fire and messages leave."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from refflow.errors import RefflowError, UsageError
from refflow.events.event import Commit, StoredEvent, commit_id, micros
from refflow.events.messages import SendRequested
from refflow.events.runs import ChannelResumed, EventsVoided, InboxChecked
from refflow.log.log import Conflict
from refflow.views.messages import Message

from .absence import returned
from .contents import Contents
from .delivering import deliveries
from .due import Fired, next_due
from .folder import find
from .inboxes import (
    PATIENCE,
    Incoming,
    Look,
    Received,
    holding,
    incoming,
    look,
    note_failures,
    open_inboxes,
    stale,
)
from .reacting import begin, react, waiting
from .reminding import remind

# The engine takes long to import, and is needed only where something is decided.
if TYPE_CHECKING:
    from refflow.workflows.runs.turn import Turn

T = TypeVar("T")

MOST_TIMERS = 100_000


class Workspace(Contents):
    """One seeker's search, opened. Use it as a context manager; every call takes the time it happens at.

    `warn` hears what the user should know although the call went well. `progress`, when given, makes the
    function that hears how far a rebuild of views is.
    """

    def act(
        self, decide: Callable[[Turn], T], now: datetime, at: datetime | None = None
    ) -> tuple[T, list[StoredEvent]]:
        """Record what `decide` records in a turn, with all that follows, and carry out what was requested.

        Timers that were due before `at`, when the facts happened (default `now`), fire first; when both are at
        one instant, the facts win. Those that would send something wait: the facts may say that it must not
        leave. Where something waits for a look into an inbox, one is made. Returns what `decide` returned, and
        the events of its commit.
        """
        if at is not None and at > now:
            from .when import say_when

            said = say_when(at, now, self.settings.calendar)
            raise UsageError(f"{said[:1].upper()}{said[1:]} is still to come. Say when it happened.")
        with self._writer.alone():
            moment = micros(now)
            begin(self)
            open_inboxes(self, partial(self._record, now=moment))
            self._deliver(moment, recovering=True)
            self._fire_timers(moment, due=micros(at or now) - 1, sending=False)
            done = self._commit(decide, moment)
            self._reopen(moment)
            self._deliver(moment)
            self._fire_timers(moment, due=moment)
            self._let_plugins_act(now)
        if holding(self, now):
            self.catch_up(now)
        return done

    def catch_up(self, now: datetime, looks: Sequence[Look] | None = None) -> list[Received]:
        """Take in what inboxes hold that nobody has looked into lately, fire the timers that are due, and settle
        what an earlier process left open. `looks` were made already. Returns what the looks came to.
        """
        if looks is None:
            looks = look(self, () if self.read_only else stale(self, now), now, PATIENCE)
        with self._writer.alone():
            begin(self)
            note_failures(self, looks, now, partial(self._record, now=micros(now)))
            facts, told = incoming(self, looks, now)
            self.receive(facts, now)
            self._let_plugins_act(now)
        return told

    def record(
        self,
        payloads: Sequence[Any],
        by: str,
        cause: int | None,
        now: datetime,
        within: Callable[[], None],
    ) -> None:
        """Record what a plugin tells, with all that follows, and in its transaction what `within` writes."""

        def decide(turn: Turn) -> None:
            for payload in payloads:
                turn.record(payload, by=by, cause=cause)

        with self._writer.alone():
            moment = micros(now)
            self._commit(decide, moment, within)
            self._deliver(moment)

    def receive(self, polled: Mapping[str, Sequence[Incoming]], now: datetime) -> None:
        """Take in what came by each channel that was looked at, and catch up: facts and overdue timers in the
        order in which they happened. What held back for want of a look then leaves, if it still may.
        """
        with self._writer.alone():
            moment = micros(now)
            self._deliver(moment, recovering=True)
            found = [(each, channel) for channel, facts in polled.items() for each in facts]
            for each, channel in sorted(found, key=lambda pair: pair[0].occurred_at):
                at = min(micros(each.occurred_at), moment)
                self._fire_timers(moment, due=at - 1, sending=False)
                self._record(each.payload, f"channel:{channel}", moment, at)
                self._deliver(moment)
            for channel in polled:
                self._record(InboxChecked(channel=channel), f"channel:{channel}", moment)
            self._reopen(moment)
            self._deliver(moment)
            self._fire_timers(moment, due=moment)

    def due(self, now: datetime) -> bool:
        """Whether `catch_up` has anything to do."""
        return bool(
            next_due(self.views, micros(now), micros(now))
            or self.views.query(Message, "status = 'requested' LIMIT 1")
            or waiting(self, now)
            or returned(self)
            or holding(self, now)
        )

    def append(self, turn: Turn, head: int, now: int, within: Callable[[], None] | None = None) -> None:
        """Store the events of a turn and its rows as one commit, and in its transaction what `within` writes.

        Raises `Conflict` when the log moved on.
        """
        commit = Commit(id=commit_id(now, os.urandom(10)), recorded_at=turn.now, events=turn.to_append())
        new_head = head + len(turn.events)

        def keep_up() -> None:
            if any(isinstance(event.payload, EventsVoided) for event in turn.events):
                self.views.rebuild(self.log)
            else:
                self.views.write(turn.rows, new_head)
            if within is not None:
                within()

        self.log.append(commit, head, within=keep_up)

    def _commit(
        self,
        decide: Callable[[Turn], T],
        now: int,
        within: Callable[[], None] | None = None,
        *,
        sending: bool = True,
    ) -> tuple[T, list[StoredEvent]]:
        """Decide and append, with what `within` writes. Unless `sending`, a turn that would request a send is
        given up.
        """
        from refflow.workflows.runs.engine import settle

        while True:
            turn = self.turn(now)
            head = turn.next_position - 1
            result = decide(turn)
            settle(turn)
            sends = any(isinstance(event.payload, SendRequested) for event in turn.events)
            if not turn.events or (sends and not sending):
                return result, []
            try:
                self.append(turn, head, now, within)
            except Conflict:
                continue
            return result, turn.events

    def _fire_timers(self, now: int, due: int, *, sending: bool = True) -> None:
        left: set[Fired] = set()
        for _ in range(MOST_TIMERS):
            fired = next_due(self.views, now, due, left)
            if fired is None:
                return
            if not self._record(fired, "clock", now, sending=sending):
                left.add(fired)
            self._deliver(now)
        raise RefflowError("Timers keep coming due without end. Look at the runs with `refflow check`.")

    def _deliver(self, now: int, *, recovering: bool = False) -> None:
        """Carry out requested sends. When `recovering`, they were requested by a process that has died."""
        for outcomes, by in deliveries(self, recovering=recovering):
            self._commit(partial(_record_all, outcomes, by), now)

    def _let_plugins_act(self, now: datetime) -> None:
        react(self, now, self.record)
        remind(self, now)

    def _reopen(self, now: int) -> None:
        """Use channels again whose plugin is back; what was held for them is then requested again."""
        for channel in returned(self):
            self._record(ChannelResumed(channel=channel), f"channel:{channel}", now)

    def _record(
        self, payload: Any, by: str, now: int, at: int | None = None, *, sending: bool = True
    ) -> list[StoredEvent]:
        return self._commit(lambda turn: turn.record(payload, by=by, occurred_at=at), now, sending=sending)[1]


def _record_all(payloads: Sequence[Any], by: str, turn: Turn) -> None:
    for payload in payloads:
        turn.record(payload, by=by)


def open_workspace(path: Path | None = None, **options: Any) -> Workspace:
    """The workspace at `path`, else the one the environment names, else the nearest one upwards from here."""
    return Workspace(find(path), **options)
