"""What a command prints: data on stdout, chatter on stderr; plain in a pipe, pleasant on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TextIO

import click

GAP = "  "


def one_line(text: str) -> str:
    """`text` without line breaks, for what must not look like two entries of a list."""
    return " ".join(text.split())


def printable(text: str) -> str:
    """`text` without what would move a terminal's cursor or change its colours. Lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)


class Output:
    """Where a command writes to. `plain` forbids colour, `quiet` everything but data."""

    def __init__(self, *, plain: bool, quiet: bool) -> None:
        self.quiet = quiet
        self._colour = not plain and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "", *, bold: bool = False, dim: bool = False) -> None:
        """Data, on a line of its own (or several)."""
        self._write(sys.stdout, text, bold, dim)

    def heading(self, text: str) -> None:
        """The line above a group of lines."""
        self.line(text, bold=True)

    def note(self, text: str) -> None:
        """Something beside the data: on stderr, and not when quiet."""
        if not self.quiet:
            self.flush()
            self._write(sys.stderr, text, dim=True)

    def error(self, text: str) -> None:
        """Why the command failed."""
        with suppress(OSError):
            # What stands in the way of the output must not keep back the reason.
            self.flush()
        self._write(sys.stderr, f"refflow: {text}")

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[int] = ()
    ) -> None:
        """Rows under `headings`; the columns in `right` are flush right. Nothing without rows."""
        cells = [[printable(one_line("" if each is None else str(each))) for each in row] for row in rows]
        if not cells:
            return
        if sys.stdout.isatty():
            self._rich_table(headings, cells, right)
            return
        widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
        for row in (headings, *cells):
            aligned = [
                each.rjust(width) if index in right else each.ljust(width)
                for index, (each, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.line(GAP.join(aligned).rstrip())

    def flush(self) -> None:
        """Let what was written be seen."""
        sys.stdout.flush()

    def _rich_table(self, headings: Sequence[str], cells: list[list[str]], right: Collection[int]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for index, heading in enumerate(headings):
            table.add_column(Text(heading), justify="right" if index in right else "left", overflow="fold")
        for row in cells:
            table.add_row(*map(Text, row))
        Console(color_system="auto" if self._colour else None, highlight=False).print(table)

    def _write(self, stream: TextIO, text: str, bold: bool = False, dim: bool = False) -> None:
        text = printable(text)
        if (bold or dim) and self._colour and stream.isatty():
            text = click.style(text, bold=bold or None, dim=dim or None)
        stream.write(f"{text}\n")
