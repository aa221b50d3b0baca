"""What each file of an export is good for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refflow.api import FileReport, ImportReport, Problem

from .container import ExportFile
from .kinds import KINDS, Kind, KindName, part, reason_to_leave, stem
from .table import Header, Table, find_header
from .text import NotText


class Catalogue:
    """The tables of an export by kind. Every file gets its entry in the report."""

    def __init__(self, files: Iterable[ExportFile], report: ImportReport) -> None:
        self._report = report
        self._tables: dict[KindName, list[Table]] = {}
        self._parts: set[tuple[str, int]] = set()
        self.recognised = False
        self.refused: set[KindName] = set()
        strangers = [file for file in sorted(files, key=_order) if not self._placed_by_name(file)]
        known = set(self._tables)
        for file in strangers:
            self._place_by_header(file, known)
        report.files.sort(key=lambda entry: entry.name)

    def of(self, *kinds: KindName) -> Iterator[Table]:
        """The tables of the kinds, in the order of the kinds and then of their parts."""
        for kind in kinds:
            yield from self._tables.get(kind, ())

    def _placed_by_name(self, file: ExportFile) -> bool:
        called = stem(file.name)
        if reason := reason_to_leave(file.name):
            self._leave(file, reason)
        elif kind := next((kind for kind in KINDS if called in kind.files), None):
            self.recognised = True
            self._place(file, kind)
        else:
            return False
        return True

    def _place(self, file: ExportFile, kind: Kind) -> None:
        key = (stem(file.name), part(file.name))
        if key in self._parts:
            return self._leave(file, f"the export has its {kind.name} in another file as well")
        self._parts.add(key)
        try:
            header = find_header(file, kind.fits)
        except NotText as error:
            self.refused.add(kind.name)
            return self._refuse(file, str(error))
        if header:
            return self._add(file, kind, header)
        self.refused.add(kind.name)
        return self._refuse(file, f"none of its first ten lines is a header with the columns {kind.wanted}")

    def _place_by_header(self, file: ExportFile, known: set[KindName]) -> None:
        """Place a file with a name of its own, unless the export has the same table under its real name."""
        try:
            header = find_header(file, lambda columns: _kind_marked(columns) is not None)
        except NotText as error:
            return self._refuse(file, str(error))
        kind = _kind_marked(frozenset(header.columns)) if header else None
        if not header or not kind:
            return self._leave(file, "nothing in it that refflow uses")
        if kind.name in known:
            return self._leave(file, f"the export has its {kind.name} in another file as well")
        self.recognised = True
        return self._add(file, kind, header)

    def _add(self, file: ExportFile, kind: Kind, header: Header) -> None:
        entry = FileReport(name=file.name, use=kind.name)
        self._report.files.append(entry)
        table = Table(file=file, header=header, report=entry, problems=self._report.problems)
        self._tables.setdefault(kind.name, []).append(table)

    def _refuse(self, file: ExportFile, why: str) -> None:
        self._report.problems.append(Problem(file=file.name, line=1, text=why))
        self._leave(file, "it could not be read")

    def _leave(self, file: ExportFile, reason: str) -> None:
        self._report.files.append(FileReport(name=file.name, use=f"not imported: {reason}"))


def _order(file: ExportFile) -> tuple[int, str, int, int, str]:
    """Parts by their number, and a copy, whose name is longer, after what it is a copy of."""
    return file.name.count("/"), stem(file.name), part(file.name), len(file.name), file.name


def _kind_marked(columns: frozenset[str]) -> Kind | None:
    return next((kind for kind in KINDS if kind.marked(columns)), None)
