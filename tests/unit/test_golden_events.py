"""Golden files: whatever a release has stored can be read for ever."""

from __future__ import annotations

import os
import types
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from refflow.events import core_kinds, kinds_with
from refflow.events.event import Opaque
from refflow.events.kinds import EventKind

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
WRITE_GOLDEN = "REFFLOW_WRITE_GOLDEN"
REGISTRY = kinds_with()


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """An event as a release stored it."""

    kind: str
    version: int
    data: dict[str, Any]
    personal: dict[str, Any] | None


def golden_file(kind: EventKind) -> Path:
    return GOLDEN / f"{kind.name}.v{kind.version}.json"


def sample(annotation: Any, name: str, default: Any) -> Any:
    """A value of a field that differs from its default, so that it is stored."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return next(each for each in arguments if each != default)
    if origin in (Union, types.UnionType):
        return sample(arguments[0], name, default)
    if origin in (tuple, list):
        return origin([sample(arguments[0], name, None)])
    if origin is dict:
        return {sample(arguments[0], name, None): sample(arguments[1], name, None)}
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return sample_payload(annotation)
    samples = {
        str: f"{name} Ä", bool: not default, int: 7, float: 0.5, Any: {"nested": [1, None, "ß"]},
        date: date(2026, 3, 2), datetime: datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC),
    }  # fmt: skip
    return samples[annotation]


def sample_payload(payload: type[msgspec.Struct]) -> Any:
    """A payload with every field given."""
    hints = get_type_hints(payload)
    return payload(
        **{
            field.name: sample(hints[field.name], field.name, field.default)
            for field in msgspec.structs.fields(payload)
        }
    )


def golden_of(payload: Any) -> Golden:
    encoded = REGISTRY.encode(payload)
    personal = None if encoded.personal is None else msgspec.json.decode(encoded.personal)
    return Golden(encoded.kind, encoded.version, msgspec.json.decode(encoded.data), personal)


@pytest.mark.parametrize("kind", core_kinds(), ids=lambda kind: kind.name)
def test_every_kind_has_a_golden_file_with_every_field(kind: EventKind) -> None:
    """Run with REFFLOW_WRITE_GOLDEN=1 to write the files that are missing, with =all to write all anew.

    A file of a released version is never written anew: raise the version of the kind and add an upcaster.
    """
    file = golden_file(kind)
    wanted = os.environ.get(WRITE_GOLDEN)
    if wanted == "all" or (wanted and not file.exists()):
        text = msgspec.json.format(msgspec.json.encode(golden_of(sample_payload(kind.payload))), indent=2)
        file.write_bytes(text + b"\n")

    assert file.exists(), f"{WRITE_GOLDEN}=1 pytest {__file__} writes {file.name}"
    golden = msgspec.json.decode(file.read_bytes(), type=Golden)
    assert golden.data.keys() | (golden.personal or {}).keys() == set(kind.payload.__struct_encode_fields__), (
        f"{kind.name} has changed its shape: if version {kind.version} is released, make a new version; "
        f"if it is not, {WRITE_GOLDEN}=all pytest {__file__}"
    )


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_released_event_still_reads_and_stores_the_same(file: Path) -> None:
    golden = msgspec.json.decode(file.read_bytes(), type=Golden)
    data = msgspec.json.encode(golden.data).decode()
    personal = None if golden.personal is None else msgspec.json.encode(golden.personal).decode()
    payload = REGISTRY.decode(golden.kind, golden.version, data, personal)

    assert file.name == f"{golden.kind}.v{golden.version}.json"
    assert not isinstance(payload, Opaque), "no longer known: may be deleted only if it was never released"
    assert type(payload) is REGISTRY[golden.kind].payload
    if golden.version == REGISTRY[golden.kind].version:
        assert golden_of(payload) == golden
