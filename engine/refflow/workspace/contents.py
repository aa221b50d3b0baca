"""What an open workspace has: its log and views, its settings and definitions, and what its plugins add."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, partial
from sqlite3 import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from refflow.events import kinds_with
from refflow.events.event import StoredEvent, commit_id, micros
from refflow.log.database import connect, in_memory
from refflow.log.sqlite import SqliteLog
from refflow.plugins.channel import Channel, ChannelContext
from refflow.plugins.config import read_config
from refflow.plugins.factories import resolve
from refflow.plugins.host import Host
from refflow.plugins.registry import Contribution
from refflow.plugins.specs import ChannelSpec
from refflow.views import built_in
from refflow.views.rows import Rows
from refflow.views.runs.settings import Settings as SettingsRow
from refflow.views.store import Progress, ViewStore
from refflow.workflows.language.settings import Settings, settings_from

from .configured import configured_plugins
from .extending import brought_by, kinds_of, projections_of
from .folder import Brought, Folder
from .owners import remember
from .writing import Writer, not_before

# The engine takes long to import, and is needed only where something is decided.
if TYPE_CHECKING:
    from refflow.workflows.language.extensions import Extensions
    from refflow.workflows.language.library import Library
    from refflow.workflows.runs.turn import Turn

MORE = "`refflow doctor` says more"

Warn = Callable[[str], None]


class Contents:
    """What a workspace has. What it does with it is a `Workspace`; a room that only looks takes this."""

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
            self.warn(f"{trouble}. {MORE}.")
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
            self.warn(f"{trouble}. {MORE}.")
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
            release = f"{each.dist} {each.version}".strip()
            self.warn(f"the plugin {each.name} of {release} is not used: {each.reason}. {MORE}.")
        for trouble in self.troubles:
            self.warn(f"{trouble}. {MORE}.")
        for name, stall in self.views.stalled.items():
            self.warn(f"the view {name} is stalled at event {stall.position}: {stall.reason}. {MORE}.")

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
