"""What every event type must keep: what was ever stored of it can be read for ever."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ..events import kinds_with
from ..events.kinds import EventKind, Kinds, Upcaster
from ..plugins.specs import EventTypeSpec, UpcasterSpec
from ..workspace.purity import watch

WRITE = "REFFLOW_WRITE_GOLDEN"


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """An event as a release stored it."""

    kind: str
    version: int
    data: dict[str, Any]
    personal: dict[str, Any] | None


def kinds_now(specs: Iterable[EventTypeSpec]) -> Kinds:
    """The registry of the core kinds and those that a plugin declares, as if the present versions were the first."""
    return kinds_with(EventKind(name=each.name, payload=each.payload, personal=each.personal) for each in specs)


class EventTypeContract:
    """Subclass it as `TestMyEvents` and supply `specs`, `samples` and `golden`; `upcasters` if there are any.

    `golden` is a folder with a file for each (kind, version) that was ever released. With
    `REFFLOW_WRITE_GOLDEN=1` the missing files of the present versions are written from `samples`.
    """

    def specs(self) -> Sequence[EventTypeSpec]:
        """The event types that the plugin declares."""
        raise NotImplementedError

    def upcasters(self) -> Sequence[UpcasterSpec]:
        """The upcasters that it declares."""
        return ()

    def samples(self) -> Sequence[msgspec.Struct]:
        """A payload of each event type, with every field given."""
        raise NotImplementedError

    def golden(self) -> Path:
        """The folder of golden files."""
        raise NotImplementedError

    def kinds(self) -> Kinds:
        """The registry of these event types alone."""
        return Kinds(
            (
                EventKind(name=each.name, payload=each.payload, version=each.version, personal=each.personal)
                for each in self.specs()
            ),
            (
                Upcaster(kind=each.name, from_version=each.from_version, upcast=each.upcast)
                for each in self.upcasters()
            ),
        )

    def stored(self) -> list[Golden]:
        """What releases stored."""
        kinds = self.kinds()
        if os.environ.get(WRITE):
            for payload in self.samples():
                _write(self.golden(), kinds, payload)
        files = sorted(self.golden().glob("*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=Golden) for file in files]

    def test_every_version_has_its_golden_file(self) -> None:
        there = {(each.kind, each.version) for each in self.stored()}
        for spec in self.specs():
            for version in range(1, spec.version + 1):
                assert (spec.name, version) in there, (
                    f"{spec.name} version {version} has no golden file; {WRITE}=1 writes the present one's"
                )

    def test_whatever_was_stored_can_be_read(self) -> None:
        kinds = self.kinds()
        for each in self.stored():
            payload = _read(kinds, each)
            assert type(payload) is kinds[each.kind].payload, f"{each.kind} version {each.version}"

    def test_whatever_was_stored_can_be_read_without_what_was_erased(self) -> None:
        kinds = self.kinds()
        for each in self.stored():
            erased = msgspec.structs.replace(each, personal=None)
            assert type(_read(kinds, erased)) is kinds[each.kind].payload

    def test_the_present_version_is_stored_as_it_was_released(self) -> None:
        kinds = self.kinds()
        for each in self.stored():
            if each.version == kinds[each.kind].version:
                again = kinds.encode(_read(kinds, each))
                stored = msgspec.json.decode(again.data)
                assert stored == each.data, "a released version never changes its shape: raise the version"

    def test_encoding_and_decoding_changes_nothing(self) -> None:
        kinds = self.kinds()
        for payload in self.samples():
            encoded = kinds.encode(payload)
            personal = None if encoded.personal is None else encoded.personal.decode()
            assert kinds.decode(encoded.kind, encoded.version, encoded.data.decode(), personal) == payload

    def test_personal_fields_are_kept_apart(self) -> None:
        kinds = self.kinds()
        for payload in self.samples():
            personal = kinds.of(payload).personal
            plain = msgspec.json.decode(kinds.encode(payload).data)
            assert not personal & set(plain)


class UpcasterContract(EventTypeContract):
    """What every chain of upcasters must keep beside that."""

    def test_upcasting_is_pure_and_total(self) -> None:
        steps = {(each.name, each.from_version): each.upcast for each in self.upcasters()}
        for each in self.stored():
            step = steps.get((each.kind, each.version))
            if step is None:
                continue
            fields = {**each.data, **(each.personal or {})}
            before = msgspec.json.encode(fields)
            with watch() as impure:
                first, second = step(dict(fields)), step(dict(fields))
            assert first == second
            assert not impure, [str(found) for found in impure]
            assert step(dict(each.data)) is not None, "it must also take what is left after erasing"
            assert msgspec.json.encode(fields) == before

    def test_the_chain_has_no_gap(self) -> None:
        steps = {(each.name, each.from_version) for each in self.upcasters()}
        for spec in self.specs():
            for version in range(1, spec.version):
                assert (spec.name, version) in steps, f"no upcaster of {spec.name} from version {version}"

    def test_it_was_stored_before_it_was_stepped_up(self) -> None:
        """A chain that no golden file goes through is untested."""
        released = {(each.kind, each.version) for each in self.stored()}
        if not self.upcasters():
            pytest.fail("there are no upcasters; use EventTypeContract")
        for each in self.upcasters():
            assert (each.name, each.from_version) in released


def _read(kinds: Kinds, golden: Golden) -> Any:
    data = msgspec.json.encode(golden.data).decode()
    personal = None if golden.personal is None else msgspec.json.encode(golden.personal).decode()
    return kinds.decode(golden.kind, golden.version, data, personal)


def _write(folder: Path, kinds: Kinds, payload: msgspec.Struct) -> None:
    encoded = kinds.encode(payload)
    file = folder / f"{encoded.kind}.v{encoded.version}.json"
    if file.exists():
        return
    golden = Golden(
        kind=encoded.kind,
        version=encoded.version,
        data=msgspec.json.decode(encoded.data),
        personal=None if encoded.personal is None else msgspec.json.decode(encoded.personal),
    )
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(golden), indent=2) + b"\n")
