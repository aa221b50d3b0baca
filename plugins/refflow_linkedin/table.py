"""A table of an export: its header, wherever it stands, and its rows by the names of their columns."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import TypeVar

import msgspec

from refflow.api import FileReport, Problem

from .container import ExportFile
from .dates import parse_date, parse_instant
from .text import NotText, lines_of, text_of

# Notes stand above the header of some tables, and people put more there.
_LINES_BEFORE_ROWS = 10
_DELIMITERS = ",;\t"
_LONGEST_CELL = 64 * 1024
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)

_T = TypeVar("_T")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a table proper: where it stands, what parts its cells, and which column is where.

    Names of columns are in lower case with nothing but letters and digits: `emailaddress`.
    """

    line: int
    delimiter: str
    columns: dict[str, int]
    width: int


def plain(text: str) -> str:
    """The name of a column or file without case, spaces and signs."""
    return re.sub(r"[\W_]+", "", text.casefold())


def find_header(file: ExportFile, fits: Callable[[frozenset[str]], bool]) -> Header | None:
    """The first of the first ten lines whose cells are columns that fit. Raises NotText."""
    try:
        with text_of(file) as text:
            for number, line in enumerate(islice(lines_of(text), _LINES_BEFORE_ROWS), 1):
                for delimiter in _DELIMITERS:
                    header = _header(number, line, delimiter)
                    if fits(frozenset(header.columns)):
                        return header
    except _DAMAGED:
        raise NotText("the file is damaged, or locked by a password") from None
    return None


def _header(number: int, line: str, delimiter: str) -> Header:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    columns: dict[str, int] = {}
    for place, cell in enumerate(cells):
        columns.setdefault(plain(cell), place)
    return Header(line=number, delimiter=delimiter, columns=columns, width=len(cells))


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table, with the report on it that its reader fills in."""

    file: ExportFile
    header: Header
    report: FileReport
    problems: list[Problem]

    def preview(self) -> Table:
        """The same table with a report of its own, for a look ahead."""
        return msgspec.structs.replace(self, report=FileReport(name=self.file.name, use=""), problems=[])

    def has(self, *names: str) -> bool:
        """Whether there is a column of one of the names."""
        return any(name in self.header.columns for name in names)

    def rows(self, *columns: str | tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
        """The line at which each row starts, and its stripped cells of the columns, in the order asked for.

        A column may go by several names, best first; cells of one that is missing are empty. Rows that
        cannot be read become problems.
        """
        places = [self._place(column) for column in columns]
        for line, end, row in self._parsed_rows():
            self.report.rows += 1
            if len(row) != self.header.width:
                runs = f" and runs to line {end}; is a quotation mark missing?" if end > line else ""
                self.unreadable(line, f"the row has {len(row)} cells, the header {self.header.width}{runs}")
            elif max(map(len, row)) > _LONGEST_CELL:
                self.unreadable(line, "a cell is longer than 64 KB")
            else:
                row.append("")
                yield line, list(map(str.strip, map(row.__getitem__, places)))

    def skip(self, reason: str) -> None:
        """Count a row that is left out on purpose."""
        self.report.skipped[reason] += 1

    def unreadable(self, line: int, text: str) -> None:
        """Count a row that is left out because it cannot be read, and say why."""
        self.skip("could not be read")
        self.problem(line, text)

    def problem(self, line: int, text: str) -> None:
        self.problems.append(Problem(file=self.file.name, line=line, text=text))

    def date(self, line: int, cell: str) -> date | None:
        """The day in `cell`; without one the row is still good, and the problem is noted."""
        return self._noted(parse_date, line, cell)

    def instant(self, line: int, cell: str) -> int | None:
        """The instant in `cell`; without one the row may still be good, and the problem is noted."""
        return self._noted(parse_instant, line, cell)

    def _noted(self, parse: Callable[[str], _T | None], line: int, cell: str) -> _T | None:
        try:
            return parse(cell)
        except ValueError:
            self.problem(line, "the date has no form known from LinkedIn exports")
            return None

    def _place(self, column: str | tuple[str, ...]) -> int:
        """Where a row has the column; the empty cell at its end when it has none."""
        names = (column,) if isinstance(column, str) else column
        return next((self.header.columns[name] for name in names if name in self.header.columns), -1)

    def _parsed_rows(self) -> Iterator[tuple[int, int, list[str]]]:
        """First line, last line and cells of each row that is not blank."""
        line = first = self.header.line + 1
        try:
            with text_of(self.file) as text:
                below = islice(lines_of(text), self.header.line, None)
                rows = csv.reader(below, delimiter=self.header.delimiter)
                row: list[str] | None = []
                while row is not None:
                    try:
                        row = next(rows, None)
                    except csv.Error:
                        self.report.rows += 1
                        self.unreadable(line, "a cell is longer than 64 KB; is a quotation mark missing?")
                        row = []
                    end = first + rows.line_num
                    if row:
                        yield line, end - 1, row
                    line = end
        except NotText as error:
            self.problem(line, str(error))
        except _DAMAGED:
            self.problem(line, "the file is damaged here; what follows was not read")
