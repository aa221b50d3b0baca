"""What every reactor must do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ..effects.reactor import Reactor, ReactorContext
from ..events.event import StoredEvent
from ..plugins.factories import resolve
from ..plugins.specs import EventTypeSpec, ReactorSpec

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


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

    def test_it_records_only_its_own_events(self, folder: Path) -> None:
        own = {each.payload for each in self.events()}
        reactor = self.reactor(folder)
        for event in self.stored():
            recorded = reactor.react(event, f"w1/{event.position}", NOW)
            assert {type(payload) for payload in recorded} <= own
