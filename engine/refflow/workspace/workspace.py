"""An open workspace: the one place where facts become commits, timers fire and messages leave."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from refflow.errors import RefflowError, UsageError
from refflow.events import kinds_with
from refflow.events.event import Commit, StoredEvent, commit_id, micros
from refflow.events.messages import SendRequested
from refflow.events.runs import ChannelResumed, EventsVoided, InboxChecked
from refflow.log.database import connect, in_memory
from refflow.log.log import Conflict
from refflow.log.sqlite import SqliteLog
from refflow.plugins.channel import Channel, ChannelContext
from refflow.plugins.config import read_config
from refflow.plugins.factories import resolve
from refflow.plugins.host import Host
from refflow.plugins.registry import Contribution
from refflow.plugins.specs import ChannelSpec
from refflow.views import built_in
from refflow.views.messages import Message
from refflow.views.rows import Rows
from refflow.views.runs import Settings as SettingsRow
from refflow.views.store import Progress, ViewStore
from refflow.workflows.language.settings import Settings, settings_from

from .absence import returned
from .configured import configured_plugins
from .delivering import deliveries
from .due import Fired, next_due
from .extending import brought_by, kinds_of, projections_of
from .folder import Brought, Folder, find
from .owners import remember
from .reacting import begin, react, waiting
from .receiving import (
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
from .writing import Writer, not_before

# The engine takes long to import, and is needed only where something is decided.
if TYPE_CHECKING:
    from refflow.workflows.language.extensions import Extensions
    from refflow.workflows.language.library import Library
    from refflow.workflows.runs.turn import Turn

T = TypeVar("T")

MOST_TIMERS = 100_000
MORE = "`refflow doctor` says more."

Warn = Callable[[str], None]


class Workspace:
    """One seeker's search, opened. Use it as a context manager; every call takes the time it happens at.

    `warn` hears what the user should know although the call went well. `progress`, when given, makes the
    function that hears how far a rebuild of views is.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        in_process: Sequence[object] = (),
        read_only: bool = False,
        warn: Warn = lambda _: None,
        progress: Progress | None = None,
    ) -> None:
        self.folder = folder
        self.warn = warn
        self._in_process = in_process
        self._host: Host | None = None
        self._writer = Writer(folder, read_only=read_only)
        self.connection = connect(folder.database, read_only=read_only)
        try:
            pure = self.host.pure
            self.kinds = kinds_of(pure)
            core = built_in(self.kinds)
            added, troubles = projections_of(pure, self.kinds, core)
            self._projections, self.troubles = (*core, *added), tuple(troubles)
            self._use(self.connection)
            self.id = self.log.workspace()
            self._refresh(progress)
            if not read_only:
                remember(self.connection, pure)
        except BaseException:
            self.connection.close()
            raise
        self._tell_troubles()

    @classmethod
    def create(cls, folder: Folder, now: datetime, **options: Any) -> Self:
        """A new workspace in `folder`, with an empty log."""
        at = micros(now)
        connection = connect(folder.database)
        SqliteLog.create(connection, kinds_with(), commit_id(at, os.urandom(10)), at)
        connection.close()
        return cls(folder, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written here."""
        return self._writer.read_only

    def only_read(self) -> None:
        """From now on nothing can be written, whoever has this workspace in hands."""
        self._writer.read_only = True

    @property
    def host(self) -> Host:
        """The plugins, loaded at first use."""
        if self._host is None:
            self._host = Host.load(configured_plugins(self.connection, self.folder), self._in_process)
        return self._host

    def reload_plugins(self) -> None:
        """Load the plugins anew at their next use: the settings that say which may act have changed."""
        self._host = None

    @cached_property
    def library(self) -> Library:
        """The definitions that runs follow."""
        from refflow.workflows.language.library import Library

        return Library(self.kinds, self.extensions)

    @cached_property
    def extensions(self) -> Extensions:
        """What plugins add to workflows; of what cannot be used, `warn` hears."""
        from .language import extensions_of

        found, troubles = extensions_of(self.host.pure)
        self.troubles = (*self.troubles, *troubles)
        for trouble in troubles:
            self.warn(f"{trouble}. {MORE}")
        return found

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        row = self.views.get(SettingsRow, "settings")
        return Settings() if row is None else settings_from(row.settings)

    def channels(self) -> dict[str, tuple[ChannelSpec, Callable[[], Channel]]]:
        """The channels that may act, by name, each with what makes it."""
        return {
            name: (contribution.spec, partial(self.channel, contribution))
            for name, contribution in self.host.effects.channels.items()
            if contribution.enabled
        }

    def brought(self) -> list[Brought]:
        """The folders of workflows that enabled plugins bring."""
        found, troubles = brought_by(self.host.effects)
        for trouble in troubles:
            self.warn(f"{trouble}. {MORE}")
        return found

    def configuration(self, plugin: str, config: type[msgspec.Struct] | None) -> msgspec.Struct | None:
        """What the settings say of a plugin, as the struct that it declares. Raises `UsageError`."""
        if config is None:
            return None
        section = self.settings.plugins.get(plugin, {})
        return read_config(f"refflow.yaml, plugins.{plugin}", section, config, self.host.secret)

    def turn(self, now: int) -> Turn:
        """A turn over the present rows at `now` (microseconds since 1970 UTC)."""
        from refflow.workflows.runs.turn import Turn

        head = self.log.head()
        self.views.forget_unwritten()
        return Turn(
            Rows(self.views),
            self.views.fold,
            head=head,
            now=not_before(self.event(head) if head else None, now),
            workspace=self.id,
            library=self.library,
            recall=self.event,
        )

    def event(self, position: int) -> StoredEvent | None:
        """The event at `position`, if there is one."""
        for page in self.log.read(after=position - 1, until=position):
            return page[0]
        return None

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
            raise UsageError(f"{at:%Y-%m-%d %H:%M} UTC is still to come. Say when it happened.")
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
            react(self, now)
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
            react(self, now)
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

    def _reopen(self, now: int) -> None:
        """Use channels again whose plugin is back; what was held for them is then requested again."""
        for channel in returned(self):
            self._record(ChannelResumed(channel=channel), f"channel:{channel}", now)

    def _record(
        self, payload: Any, by: str, now: int, at: int | None = None, *, sending: bool = True
    ) -> list[StoredEvent]:
        return self._commit(lambda turn: turn.record(payload, by=by, occurred_at=at), now, sending=sending)[1]

    def _refresh(self, progress: Progress | None) -> None:
        stale = self.views.stale(self.log.head())
        if stale and self.read_only:
            # What another version of refflow left is rebuilt in a copy, which goes with this process.
            self._use(in_memory(self.connection))
        if stale:
            self.views.rebuild(self.log, stale, progress)

    def _tell_troubles(self) -> None:
        """One line for each plugin that is not as it should be: the command goes on without it."""
        for each in self.host.unusable:
            self.warn(
                f"the plugin {each.name} of {each.dist} {each.version} is not used: {each.reason}. {MORE}"
            )
        for trouble in self.troubles:
            self.warn(f"{trouble}. {MORE}")
        for name, stall in self.views.stalled.items():
            self.warn(f"the view {name} is stalled at event {stall.position}: {stall.reason}. {MORE}")

    def _use(self, connection: Connection) -> None:
        self.connection = connection
        self.log = SqliteLog(connection, self.kinds)
        self.views = ViewStore(connection, self._projections)

    def channel(self, contribution: Contribution[ChannelSpec]) -> Channel:
        """The channel that a plugin declares, made."""
        spec = contribution.spec
        config = self.configuration(contribution.plugin, spec.config)
        made: Channel = resolve(spec.factory)(ChannelContext(folder=self.folder.outbox, config=config))
        return made


def _record_all(payloads: Sequence[Any], by: str, turn: Turn) -> None:
    for payload in payloads:
        turn.record(payload, by=by)


def open_workspace(path: Path | None = None, **options: Any) -> Workspace:
    """The workspace at `path`, else the one the environment names, else the nearest one upwards from here."""
    return Workspace(find(path), **options)
