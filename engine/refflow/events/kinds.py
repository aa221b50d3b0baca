"""The kinds of events: which payload each (kind, version) has, what of it is personal, how old ones step up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from zlib import crc32

import msgspec

from refflow.errors import RefflowError

from .event import Opaque

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class EventKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event in its present version. `personal` names the payload's fields that may be erased.

    `foreign` is one that a plugin declares: what it cannot decode after all stays as it was stored. `release` is
    the plugin's package with its version.
    """

    name: str
    payload: type[msgspec.Struct]
    version: int = 1
    personal: frozenset[str] = frozenset()
    foreign: bool = False
    release: str = ""

    def __post_init__(self) -> None:
        for name in sorted(self.personal - _erasable(self.payload)):
            raise RefflowError(
                f"Event kind {self.name} could not erase {name}: a personal field is one of the payload's,"
                " under the same name in JSON, and has a default."
            )


def _erasable(payload: type[msgspec.Struct]) -> set[str]:
    """The fields that have a default, and the same name in JSON."""
    # `msgspec.structs.fields` resolves every annotation, and every command waits for that: 10 ms for all kinds.
    fields = list(zip(payload.__struct_fields__, payload.__struct_encode_fields__, strict=True))
    defaults = payload.__struct_defaults__
    with_default = zip(fields[len(fields) - len(defaults) :], defaults, strict=True)
    return {
        name
        for (name, encoded), default in with_default
        if name == encoded and default is not msgspec.NODEFAULT
    }


class Upcaster(msgspec.Struct, frozen=True, kw_only=True):
    """Turns the fields of version `from_version` of `kind` into those of the next. Pure."""

    kind: str
    from_version: int
    upcast: Upcast


class UnknownPayload(RefflowError):
    """A payload of a type that no event kind declares."""


_P = TypeVar("_P", bound=type[msgspec.Struct])


def event_kind(catalogue: list[EventKind], name: str, *personal: str, version: int = 1) -> Callable[[_P], _P]:
    """Class decorator: enter a payload type into `catalogue` as the event kind `name`."""

    def enter(payload: _P) -> _P:
        catalogue.append(EventKind(name=name, payload=payload, version=version, personal=frozenset(personal)))
        return payload

    return enter


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A payload as the log stores it: two JSON texts, the second of which may be erased."""

    kind: str
    version: int
    data: bytes
    personal: bytes | None


class Kinds:
    """The registry of event kinds, with what it takes to encode and decode them."""

    def __init__(self, kinds: Iterable[EventKind], upcasters: Iterable[Upcaster] = ()) -> None:
        self._by_name = {kind.name: kind for kind in kinds}
        self._by_payload = {kind.payload: kind for kind in self._by_name.values()}
        self._steps = {(each.kind, each.from_version): each.upcast for each in upcasters}
        self._decoders: dict[tuple[str, int], Callable[[str], Any]] = {}
        self._undecoded: dict[tuple[str, int], str] = {}
        for kind in self._by_name.values():
            for version in range(1, kind.version):
                if (kind.name, version) not in self._steps:
                    raise RefflowError(f"Event kind {kind.name} has no upcaster from version {version}.")
            if kind.foreign:
                # What is wrong with a plugin's payload shows now, when its name is known, and not in a log.
                self._decoder(kind.name, kind.version)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> EventKind:
        return self._by_name[name]

    def by_name(self) -> Mapping[str, EventKind]:
        """Every kind by its name."""
        return dict(self._by_name)

    def edition(self, version: int, names: Iterable[str]) -> int:
        """What stands for the `version` of a view of the kinds `names`, and for how those of plugins are read.

        With a plugin that comes, goes or changes, events that nobody could read become known, or the other way.
        """
        known = (self._by_name[name] for name in sorted(names) if name in self._by_name)
        read = [(each.name, each.version, each.release) for each in known if each.foreign]
        return crc32(repr((version, read)).encode()) if read else version

    def undecoded(self) -> Mapping[tuple[str, int], str]:
        """The kinds of plugins, with their versions, of which an event could not be decoded so far, and why."""
        return dict(self._undecoded)

    def of(self, payload: Any) -> EventKind:
        """The kind that `payload` belongs to."""
        try:
            return self._by_payload[type(payload)]
        except KeyError:
            raise UnknownPayload(f"No event kind declares payloads of {type(payload).__name__}.") from None

    def encode(self, payload: Any) -> Encoded:
        """Split `payload` into its plain and its personal JSON."""
        kind = self.of(payload)
        if not kind.personal:
            return Encoded(kind.name, kind.version, _encode(payload), None)
        plain, personal = _parts(kind.payload, kind.personal)
        apart = _encode(personal(payload))
        return Encoded(kind.name, kind.version, _encode(plain(payload)), None if apart == b"{}" else apart)

    def decode(self, kind: str, version: int, data: str, personal: str | None) -> Any:
        """The payload of stored JSON texts, stepped up to the present version.

        `Opaque` when the kind is unknown, or is a plugin's that cannot decode what it once stored.
        """
        try:
            decoder = self._decoders[kind, version]
        except KeyError:
            if kind not in self._by_name or not 0 < version <= self._by_name[kind].version:
                return Opaque(data, personal)
            decoder = self._decoder(kind, version)
        whole = data
        if personal is not None:
            # Two JSON objects without a key in common are one when their braces are joined.
            whole = personal if data == "{}" else f"{data[:-1]},{personal[1:]}"
        try:
            return decoder(whole)
        except _Undecodable as error:
            self._undecoded[kind, version] = str(error)
            return Opaque(data, personal)

    def _decoder(self, name: str, version: int) -> Callable[[str], Any]:
        """What decodes a version of a kind. It is made at the first use: all of them take 10 ms."""
        kind = self._by_name[name]
        present = version == kind.version
        decoder = (
            msgspec.json.Decoder(kind.payload).decode if present else _stepping_up(kind, version, self._steps)
        )
        self._decoders[name, version] = _tolerant(decoder) if kind.foreign else decoder
        return self._decoders[name, version]


_encode = msgspec.json.Encoder().encode
_PLAIN = msgspec.json.Decoder(dict[str, Any])
_REQUIRED = object()
"""The default of a field that has none: no value is it, so the field is never left out."""


@cache
def _parts(
    payload: type[msgspec.Struct], personal: frozenset[str]
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """What makes of a payload its plain part and its personal part, each a struct of its own.

    Two small structs encode three times faster than the whole does when it is encoded, taken apart, and
    encoded again. They are made at the first use: a command seldom writes more than a few kinds.
    """
    return _part(payload, frozenset(payload.__struct_fields__) - personal), _part(payload, personal)


def _part(payload: type[msgspec.Struct], names: Set[str]) -> Callable[[Any], Any]:
    """What makes a struct of the fields `names` of a payload: in JSON they look as they do in the whole."""
    fields = [field for field in msgspec.structs.fields(payload) if field.name in names]
    struct = msgspec.defstruct(
        payload.__name__,
        [(field.name, Any, msgspec.field(name=field.encode_name, **_default(field))) for field in fields],
        omit_defaults=payload.__struct_config__.omit_defaults,
        gc=False,
    )
    if len(fields) < 2:
        return lambda whole: struct(*(getattr(whole, field.name) for field in fields))
    values = attrgetter(*(field.name for field in fields))
    return lambda whole: struct(*values(whole))


def _default(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    if field.default_factory is not msgspec.NODEFAULT:
        return {"default_factory": field.default_factory}
    return {"default": _REQUIRED if field.default is msgspec.NODEFAULT else field.default}


class _Undecodable(Exception):
    """The plugin that declares a kind cannot decode an event of it."""


def _tolerant(decode: Callable[[str], Any]) -> Callable[[str], Any]:
    def attempt(data: str) -> Any:
        try:
            return decode(data)
        except Exception as error:
            # A plugin's own code: it must not keep the rest of the log from being read.
            raise _Undecodable(f"{type(error).__name__}: {error}") from error

    return attempt


def _stepping_up(
    kind: EventKind, version: int, steps: Mapping[tuple[str, int], Upcast]
) -> Callable[[str], Any]:
    def decode(data: str) -> Any:
        fields = _PLAIN.decode(data)
        for step in range(version, kind.version):
            fields = steps[kind.name, step](fields)
        return msgspec.convert(fields, kind.payload, strict=False)

    return decode
