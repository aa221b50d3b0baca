"""What every reactor must do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from refflow import api

from ..effects.reactor import Reactor, ReactorContext
from ..events.event import StoredEvent
from ..plugins.factories import resolve
from ..plugins.marks import hookimpl
from ..plugins.specs import EventTypeSpec, ReactorSpec

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class _Reacting:
    """A plugin that has the reactor and its event types."""

    reactor: ReactorSpec
    own: Sequence[EventTypeSpec]

    @hookimpl
    def refflow_event_types(self) -> Sequence[EventTypeSpec]:
        return self.own

    @hookimpl
    def refflow_reactors(self) -> Sequence[ReactorSpec]:
        return [self.reactor]


class ReactorContract:
    """Subclass it as `TestMyReactor` and supply `spec`, `payloads`, `done`, and `events` if it records any."""

    def spec(self) -> ReactorSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def payloads(self) -> Sequence[tuple[str, msgspec.Struct]]:
        """Kind and payload of events that it acts on, at least two."""
        raise NotImplementedError

    def done(self, folder: Path) -> list[str]:
        """What was done at the far end, one text an effect."""
        raise NotImplementedError

    def events(self) -> Sequence[EventTypeSpec]:
        """The event types that the plugin declares."""
        return ()

    def config(self) -> msgspec.Struct | None:
        """The configuration to test with."""
        return None

    def reactor(self, folder: Path) -> Reactor:
        """The reactor, made anew."""
        made: Reactor = resolve(self.spec().factory)(ReactorContext(folder=folder, config=self.config()))
        return made

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "reactor"

    def stored(self) -> list[StoredEvent]:
        """The events, as a log has them."""
        at = int(NOW.timestamp()) * 1_000_000
        return [
            StoredEvent(position, kind, at, at, "user", None, "c1", payload)
            for position, (kind, payload) in enumerate(self.payloads(), 1)
        ]

    def test_it_acts_on_what_it_says_it_handles(self, folder: Path) -> None:
        assert {kind for kind, _ in self.payloads()} == self.spec().handles
        reactor = self.reactor(folder)
        for event in self.stored():
            reactor.react(event, f"w1/{event.position}", NOW)

        assert self.done(folder), "it did nothing"

    def test_an_event_that_comes_again_is_acted_on_once(self, folder: Path) -> None:
        """A process died after acting and before noting it; the next one has the same key."""
        event = self.stored()[0]
        self.reactor(folder).react(event, "w1/1", NOW)
        once = self.done(folder)
        self.reactor(folder).react(event, "w1/1", NOW)

        assert self.done(folder) == once

    def test_two_events_are_two(self, folder: Path) -> None:
        first, second, *_ = self.stored()
        reactor = self.reactor(folder)
        reactor.react(first, "w1/1", NOW)
        once = len(self.done(folder))
        reactor.react(second, "w1/2", NOW)

        assert len(self.done(folder)) > once

    def test_what_was_there_before_it_is_acted_on_only_if_it_says_so(self, tmp_path: Path) -> None:
        """`start="now"` leaves history alone. One with settings of its own is tried where it is installed."""
        if self.spec().config is not None:
            pytest.skip("a workspace would read its settings")
        name = sorted(each.name.partition(".")[0] for each in self.events())[:1] or ["mine"]
        plugin = type(name[0], (_Reacting,), {"reactor": self.spec(), "own": list(self.events())})()
        with api.init(tmp_path / "search", NOW, name="Sam") as workspace:
            kind, payload = self.payloads()[0]
            if kind not in workspace.kinds:
                pytest.skip("it acts on events of its own plugin, which are none before it is there")
            workspace.act(lambda turn: turn.record(payload, by="user"), NOW)
        with api.open_workspace(tmp_path / "search", in_process=[plugin]) as workspace:
            workspace.catch_up(NOW)
            folder = workspace.folder.outbox / name[0]

            assert bool(self.done(folder)) is (self.spec().start == "origin")

    def test_it_records_only_its_own_events(self, folder: Path) -> None:
        own = {each.payload for each in self.events()}
        reactor = self.reactor(folder)
        for event in self.stored():
            recorded = reactor.react(event, f"w1/{event.position}", NOW)
            assert {type(payload) for payload in recorded} <= own
