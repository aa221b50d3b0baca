"""Every kind of event keeps what it says: there and back, with what is personal apart, and in every version."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refflow.errors import RefflowError
from refflow.events import core_kinds, kinds_with
from refflow.events.event import Opaque, Payload, commit_id, instant, micros
from refflow.events.kinds import EventKind, Kinds, UnknownPayload, Upcaster, event_kind

REGISTRY = kinds_with()
few = settings(max_examples=25)  # of each kind
every_kind = pytest.mark.parametrize("kind", core_kinds(), ids=lambda kind: kind.name)

LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    bool: st.booleans(),
    int: st.integers(min_value=-(2**63), max_value=2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
    Any: st.recursive(
        st.none() | st.booleans() | st.integers(min_value=-(2**53), max_value=2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value that a field with this annotation can have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is list:
        return st.lists(values(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return payloads(annotation)
    return LEAVES[annotation]


def payloads(payload: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any payload of this type."""
    return st.builds(payload, **{name: values(hint) for name, hint in get_type_hints(payload).items()})


def with_markers(payload: Any, names: frozenset[str], marker: str) -> Any:
    """The payload with `marker` in every text of the fields `names`."""
    return msgspec.structs.replace(payload, **{name: marked(getattr(payload, name), marker) for name in names})


def marked(value: Any, marker: str) -> Any:
    if isinstance(value, str):
        return value + marker
    if isinstance(value, tuple | list):
        return type(value)(marked(each, marker) for each in value) or value
    if isinstance(value, dict):
        return {marked(key, marker): marked(each, marker) for key, each in value.items()}
    return value


def text(encoded: bytes | None) -> str | None:
    return None if encoded is None else encoded.decode()


# There and back.


@every_kind
@few
@given(data=st.data())
def test_a_payload_comes_back_as_it_was_encoded(kind: EventKind, data: st.DataObject) -> None:
    payload = data.draw(payloads(kind.payload))
    encoded = REGISTRY.encode(payload)

    assert (encoded.kind, encoded.version) == (kind.name, kind.version)
    assert REGISTRY.decode(kind.name, kind.version, encoded.data.decode(), text(encoded.personal)) == payload


@every_kind
@few
@given(data=st.data())
def test_both_parts_are_json_objects_without_a_field_in_common(kind: EventKind, data: st.DataObject) -> None:
    encoded = REGISTRY.encode(data.draw(payloads(kind.payload)))
    plain = msgspec.json.decode(encoded.data, type=dict[str, Any])
    personal = msgspec.json.decode(encoded.personal or b"{}", type=dict[str, Any])

    assert plain.keys().isdisjoint(kind.personal)
    assert personal.keys() <= kind.personal
    assert encoded.personal is None or personal


@pytest.mark.parametrize("kind", [kind for kind in core_kinds() if kind.personal], ids=lambda kind: kind.name)
@few
@given(data=st.data())
def test_personal_text_is_never_in_the_plain_part(kind: EventKind, data: st.DataObject) -> None:
    marker = "\u2740personal\u2740"
    encoded = REGISTRY.encode(with_markers(data.draw(payloads(kind.payload)), kind.personal, marker))

    assert marker not in encoded.data.decode()


@every_kind
@few
@given(data=st.data())
def test_an_erased_event_still_decodes_with_all_but_the_personal_fields(
    kind: EventKind, data: st.DataObject
) -> None:
    payload = data.draw(payloads(kind.payload))
    erased = REGISTRY.decode(kind.name, kind.version, REGISTRY.encode(payload).data.decode(), None)

    for name in kind.payload.__struct_fields__:
        if name not in kind.personal:
            assert getattr(erased, name) == getattr(payload, name)
    assert REGISTRY.encode(erased).personal is None


# The catalogue.


def test_no_two_kinds_share_a_name_or_a_payload() -> None:
    kinds = core_kinds()

    assert len({kind.name for kind in kinds}) == len({kind.payload for kind in kinds}) == len(kinds)
    assert set(REGISTRY.by_name()) == {kind.name for kind in kinds}


@every_kind
def test_a_kind_knows_its_payload(kind: EventKind) -> None:
    assert kind.name in REGISTRY
    assert REGISTRY[kind.name] is kind
    assert issubclass(kind.payload, Payload)
    assert kind.payload.__doc__, "what does it mean?"


@every_kind
def test_personal_fields_are_fields_and_may_be_absent(kind: EventKind) -> None:
    defaults = {field.name for field in msgspec.structs.fields(kind.payload) if not field.required}

    assert kind.personal <= defaults


def test_a_payload_that_no_kind_declares_is_refused_by_name() -> None:
    class Stranger(Payload, frozen=True, kw_only=True):
        pass

    with pytest.raises(UnknownPayload, match="Stranger"):
        REGISTRY.encode(Stranger())


@pytest.mark.parametrize(("name", "version"), [("nobody.knows", 1), ("run.stuck", 99), ("run.stuck", 0)])
def test_an_unknown_kind_or_version_stays_as_stored(name: str, version: int) -> None:
    assert REGISTRY.decode(name, version, '{"a": 1}', '{"b": 2}') == Opaque('{"a": 1}', '{"b": 2}')
    assert REGISTRY.decode(name, version, "not even JSON", None) == Opaque("not even JSON", None)


@pytest.mark.parametrize("data", ["", "{", "[]", "null", "{}", '{"contact": 7}'])
def test_a_known_kind_that_cannot_be_read_is_an_error_and_never_a_guess(data: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a log says where
        REGISTRY.decode("contact.warmed", 1, data, None)


def test_a_personal_field_that_the_payload_has_not_is_refused() -> None:
    """A misspelt name would leave the field among the plain ones, where nothing can erase it."""

    class Met(Payload, frozen=True, kw_only=True):
        notes: str | None = None

    with pytest.raises(RefflowError, match=r"person\.met.*note"):
        Kinds([EventKind(name="person.met", payload=Met, personal=frozenset({"note"}))])


def test_a_personal_field_that_is_renamed_in_json_is_refused() -> None:
    class Met(Payload, frozen=True, kw_only=True, rename="camel"):
        home_address: str | None = None

    with pytest.raises(RefflowError, match=r"person\.met.*home_address"):
        Kinds([EventKind(name="person.met", payload=Met, personal=frozenset({"home_address"}))])


def test_a_personal_field_that_must_be_there_is_refused() -> None:
    class Met(Payload, frozen=True, kw_only=True):
        note: str

    with pytest.raises(RefflowError, match=r"person\.met.*note"):
        Kinds([EventKind(name="person.met", payload=Met, personal=frozenset({"note"}))])


# Old versions step up.

LATER: list[EventKind] = []


@event_kind(LATER, "lunch.had", "note", version=4)
class LunchHad(Payload, frozen=True, kw_only=True):
    people: tuple[str, ...]
    on: date
    steps: tuple[int, ...] = ()
    note: str | None = None


def step(version: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Upcaster:
    """An upcaster from `version` that also leaves its number behind."""
    return Upcaster(
        kind="lunch.had",
        from_version=version,
        upcast=lambda fields: change(fields) | {"steps": [*fields.get("steps", ()), version]},
    )


STEPS = [
    step(3, lambda fields: {"on": "2026-03-02", **fields}),
    step(1, lambda fields: {"guest": fields["with"], **{k: v for k, v in fields.items() if k != "with"}}),
    step(2, lambda fields: {"people": [fields["guest"]], **{k: v for k, v in fields.items() if k != "guest"}}),
]


@pytest.mark.parametrize(
    ("version", "data", "steps"),
    [
        (1, '{"with":"Ada"}', (1, 2, 3)),
        (2, '{"guest":"Ada"}', (2, 3)),
        (3, '{"people":["Ada"]}', (3,)),
        (4, '{"people":["Ada"],"on":"2026-03-02"}', ()),
    ],
)
def test_an_old_version_steps_up_in_order(version: int, data: str, steps: tuple[int, ...]) -> None:
    kinds = Kinds(LATER, STEPS)
    lunch = LunchHad(people=("Ada",), on=date(2026, 3, 2), steps=steps, note="soup")

    assert kinds.decode("lunch.had", version, data, '{"note":"soup"}') == lunch
    assert kinds.decode("lunch.had", version, data, None) == msgspec.structs.replace(lunch, note=None)


def test_a_version_to_come_is_opaque() -> None:
    assert isinstance(Kinds(LATER, STEPS).decode("lunch.had", 5, "{}", None), Opaque)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_gap_between_versions_is_refused(missing: int) -> None:
    steps = [each for each in STEPS if each.from_version != missing]

    with pytest.raises(RefflowError, match=rf"lunch\.had has no upcaster from version {missing}"):
        Kinds(LATER, steps)


def test_what_an_upcaster_leaves_has_to_fit_the_present_version() -> None:
    broken = [*STEPS[1:], step(3, lambda fields: {**fields, "on": "yesterday"})]

    with pytest.raises(ValueError):  # noqa: PT011 - a log says where
        Kinds(LATER, broken).decode("lunch.had", 3, '{"people":["Ada"]}', None)


# Commit identifiers and instants.

moments = st.integers(min_value=0, max_value=(1 << 48) * 1000 - 1)


@given(at=moments, random=st.binary(min_size=10, max_size=16))
def test_a_commit_id_is_a_uuid_of_version_7(at: int, random: bytes) -> None:
    found = commit_id(at, random)

    assert len(found) == 32
    assert int(found[:12], 16) == at // 1000
    assert found[12] == "7"
    assert found[16] in "89ab"
    assert found == found.lower()


@given(moments, moments, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_commit_ids_sort_by_time(one: int, other: int, random: bytes, more: bytes) -> None:
    if one // 1000 < other // 1000:
        assert commit_id(one, random) < commit_id(other, more)
    elif one // 1000 > other // 1000:
        assert commit_id(one, random) > commit_id(other, more)
    else:
        assert commit_id(one, random)[:12] == commit_id(other, more)[:12]


@given(at=moments, bit=st.sampled_from([*range(62), *range(64, 76)]))
def test_every_random_bit_tells_two_commits_apart(at: int, bit: int) -> None:
    assert commit_id(at, bytes(10)) != commit_id(at, (1 << bit).to_bytes(10, "big"))


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_survives_as_microseconds(moment: datetime) -> None:
    assert instant(micros(moment)) == moment.astimezone(UTC)
