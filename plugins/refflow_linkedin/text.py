"""Bytes of a table as text and lines: encodings, and what only looks like a table."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO

from .container import ExportFile

_LONGEST_LINE = 1 << 20
_NO_TABLE = {
    b"PK\x03\x04": "this is an Excel workbook (.xlsx), not a CSV file; open it and save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "this is an Excel workbook (.xls), not a CSV file; open it and save it as CSV UTF-8",
}
_WINDOWS = "refflow-windows-1252"


class NotText(Exception):
    """Why a file holds no table, or no more of it, in words for a person."""


@contextmanager
def text_of(file: ExportFile) -> Iterator[TextIO]:
    """`file` as text with its line ends as they are. Raises NotText when it is no text."""
    with file.open() as raw:
        head = raw.read(4)
    if head in _NO_TABLE:
        raise NotText(_NO_TABLE[head])
    utf_16 = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    with file.open() as raw:
        yield _decoded(raw, utf_16)


def lines_of(text: TextIO) -> Iterator[str]:
    """The lines of `text`. Raises NotText at one that no table has."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise NotText("a line is longer than 1 MB; what follows it was not read")
        yield line


def _decoded(raw: IO[bytes], utf_16: bool) -> TextIO:
    if utf_16:
        return io.TextIOWrapper(raw, encoding="utf-16", errors="replace", newline="")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors=_WINDOWS, newline="")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Reads what is not UTF-8 as Windows-1252, the encoding in which Excel saves a CSV again."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WINDOWS, _as_windows_1252)
