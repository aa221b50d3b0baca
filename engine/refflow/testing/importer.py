"""What every importer must do."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from ..contacts.records import Importer, ImportReport, Interaction, Person, Record
from ..errors import RefflowError
from ..plugins.factories import resolve
from ..plugins.specs import ImporterSpec

FOREIGN = {
    "holiday.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "budget.csv": b"Month;Rent;Food\r\n2026-01;800;310\r\n",
    "index.html": b"<!doctype html><html><head><title>Home</title></head></html>",
    "empty": b"",
}
"""Files that are nobody's export of people."""


class ImporterContract:
    """Subclass it as `TestMyImporter` and supply `spec` and `samples`; `large` if sources can be large."""

    def spec(self) -> ImporterSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def samples(self, folder: Path) -> Sequence[Path]:
        """Sources that it reads, made in `folder` or kept beside the tests."""
        raise NotImplementedError

    def large(self, folder: Path, rows: int) -> Path | None:
        """A source of so many rows; None when its sources are never large."""
        return None

    def importer(self) -> Importer:
        """The importer."""
        made: Importer = resolve(self.spec().factory)()
        return made

    def test_it_recognises_its_own_and_nothing_else(self, tmp_path: Path) -> None:
        spec = self.spec()
        for sample in self.samples(tmp_path):
            head = b"" if sample.is_dir() else sample.read_bytes()[:4096]
            assert spec.sniff(sample.name, head) >= 0.5, f"{sample.name} is not recognised"
        for name, head in FOREIGN.items():
            assert spec.sniff(name, head) < 0.5, f"{name} is taken for its own"

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        """A second import then adds nothing."""
        for sample in self.samples(tmp_path):
            first, second = ImportReport(), ImportReport()
            records = list(self.importer().read(sample, first))

            assert records, f"{sample.name} gives no record"
            assert list(self.importer().read(sample, second)) == records
            assert first == second

    def test_people_and_interactions_can_be_told_apart(self, tmp_path: Path) -> None:
        for sample in self.samples(tmp_path):
            records = list(self.importer().read(sample, ImportReport()))
            identities = [each.identity for each in records if isinstance(each, Interaction)]

            assert len(identities) == len(set(identities))
            assert all(each.name.strip() for each in records if isinstance(each, Person))

    def test_a_truncated_source_loses_no_row_without_a_word(self, tmp_path: Path) -> None:
        """It is refused as a whole, or what could not be read is reported with its line."""
        for sample in self.samples(tmp_path):
            if sample.is_dir():
                continue
            raw = sample.read_bytes()
            for length in (0, 1, len(raw) // 3, len(raw) // 2, max(0, len(raw) - 3)):
                cut = tmp_path / "cut" / sample.name
                cut.parent.mkdir(exist_ok=True)
                cut.write_bytes(raw[:length])
                report = ImportReport()
                try:
                    records: list[Record] = list(self.importer().read(cut, report))
                except RefflowError:
                    continue
                assert all(problem.line >= 0 and problem.text for problem in report.problems)
                assert len(records) <= len(list(self.importer().read(sample, ImportReport())))

    def test_a_source_that_is_not_there_is_an_error_for_people(self, tmp_path: Path) -> None:
        (first, *_) = self.samples(tmp_path)
        with pytest.raises(RefflowError):
            list(self.importer().read(tmp_path / "nowhere" / first.name, ImportReport()))

    def test_it_never_reaches_for_the_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> NoReturn:
            raise AssertionError("an importer has opened a connection")

        samples = self.samples(tmp_path)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        for sample in samples:
            list(self.importer().read(sample, ImportReport()))

    def test_memory_does_not_grow_with_the_rows(self, tmp_path: Path) -> None:
        few, many = self.large(tmp_path / "few", 1_000), self.large(tmp_path / "many", 100_000)
        if few is None or many is None:
            pytest.skip("its sources are never large")

        assert self._peak(many) < 10 * self._peak(few), (
            "a hundred times the rows took over ten times the memory"
        )

    def _peak(self, source: Path) -> int:
        tracemalloc.start()
        try:
            for _ in self.importer().read(source, ImportReport()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
