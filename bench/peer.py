"""The same events in the `eventsourcing` library, release 9.5, over SQLite.

Two ways. *As shipped*: its event classes (frozen dataclasses) and its JSON transcoder. *With msgspec*: event
structs and a mapper of one's own, as the library's examples recommend to whom speed matters.

Both are used as fast as the library allows: events are made beforehand and handed to the event store in
batches, without aggregate objects, and are read back through the recorder and the mapper in large sections,
without a subscription. Every aggregate has its own sequence, and its version is checked as it is stored.
What it does not do, and refflow does: a hash chain, personal fields apart with their commitments, who did it and
why, a trigger against gaps.
"""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import AggregateEvent
from eventsourcing.persistence import Mapper as LibraryMapper
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

from .floor import NAMES, Fold
from .logs import KINDS
from .story import Happening

SECTION = 1000
"""Notifications read at once: more or fewer are slower."""
NOW = datetime(2024, 1, 1, tzinfo=UTC)


def subject(payload: Any) -> str:
    """What an event is about: the aggregate whose sequence it belongs to."""
    for field in ("contact", "run", "opening"):
        if field in payload.__struct_fields__:
            return str(getattr(payload, field))
    return "owner"


class Peer:
    """An application of the library. Subclasses say what its events are."""

    application: type[Application[Any]] = Application
    environment: Mapping[str, str] = {}

    def __init__(self, path: Path) -> None:
        where = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
        self.app = self.application(env={**where, **self.environment})
        self._versions: Counter[str] = Counter()

    def event_class(self, payload: type[msgspec.Struct]) -> type[Any]:
        """The class of events of the library that say what payloads of this type do."""
        raise NotImplementedError

    def event(self, payload: Any, at: int, about: str, version: int) -> Any:
        """The event that says what `payload` does."""
        raise NotImplementedError

    def events(self, happenings: Sequence[Happening]) -> list[Any]:
        """The events, each numbered in the sequence of what it is about."""
        made = []
        for payload, at in happenings:
            about = subject(payload)
            self._versions[about] += 1
            made.append(self.event(payload, at, about, self._versions[about]))
        return made

    def append(self, events: Sequence[Any]) -> None:
        """Store events in one transaction."""
        self.app.events.put(events)

    def read(self, fold: Fold, kinds: Collection[str] = ()) -> None:
        """Fold the events of `kinds` (without: of all) in the order of recording."""
        recorder, decode = self.app.recorder, self.app.mapper.to_domain_event
        topics = [get_topic(self.event_class(KINDS[kind].payload)) for kind in kinds]
        start = 1
        while section := recorder.select_notifications(start, SECTION, topics=topics):
            for each in section:
                event: Any = decode(each)
                fold(each.id, event.told, event, event.occurred_at)
            start = section[-1].id + 1

    def close(self) -> None:
        """Close the database."""
        self.app.close()


class AsShipped(Peer):
    """Frozen dataclasses and JSON: what the library does when nothing is said."""

    def event_class(self, payload: type[msgspec.Struct]) -> type[Any]:
        return dataclass_of(payload)

    def event(self, payload: Any, at: int, about: str, version: int) -> Any:
        made = dataclass_of(payload.__class__)
        fields = msgspec.to_builtins(payload)
        return made(uuid_of(about), version, NOW, occurred_at=at, **fields)


class WithMsgspec(Peer):
    """Structs, and a mapper that encodes and decodes them."""

    environment = {"MAPPER_TOPIC": "bench.peer:StructMapper", "ORIGINATOR_ID_TYPE": "text"}

    def event_class(self, payload: type[msgspec.Struct]) -> type[Any]:
        return struct_of(payload)

    def event(self, payload: Any, at: int, about: str, version: int) -> Any:
        made = struct_of(payload.__class__)
        fields = msgspec.structs.asdict(payload)
        return made(originator_id=about, originator_version=version, occurred_at=at, **fields)


class StructMapper(LibraryMapper[str]):
    """Between structs and what is stored of them."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            get_topic(type(domain_event)),
            encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return decoder_of(stored_event.topic)(stored_event.state)


encode = msgspec.json.Encoder().encode


@cache
def decoder_of(topic: str) -> Callable[[bytes], Any]:
    """What decodes the structs of a topic."""
    return msgspec.json.Decoder(resolve_topic(topic)).decode


@cache
def uuid_of(subject: str) -> UUID:
    """The library's own identifiers are UUIDs."""
    return uuid5(NAMESPACE_OID, subject)


@cache
def dataclass_of(payload: type[Any]) -> type[Any]:
    """The event class of the library for a payload."""
    names = ("occurred_at", *payload.__struct_fields__)
    body = {
        **dict.fromkeys(names),
        "__module__": __name__,
        "__annotations__": dict.fromkeys(names, Any),
        "told": NAMES[payload],
    }
    made = types.new_class(payload.__name__, (AggregateEvent,), exec_body=lambda space: space.update(body))
    get_topic(made)
    return made


@cache
def struct_of(payload: type[Any]) -> type[Any]:
    """The event struct for a payload."""
    made = msgspec.defstruct(
        f"{payload.__name__}Struct",
        [("originator_id", str), ("originator_version", int), ("occurred_at", int)],
        bases=(payload,),
        namespace={"told": NAMES[payload]},
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )
    get_topic(made)
    return made


PEERS: dict[str, type[Peer]] = {"eventsourcing": AsShipped, "eventsourcing + msgspec": WithMsgspec}
