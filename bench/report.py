"""Showing what was measured: one table for people, for a document or for a program."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .measure import Line

HEADINGS = ("section", "what", "refflow", "beside", "", "ratio", "budget", "met")


def as_text(lines: Sequence[Line]) -> str:
    """A table in columns."""
    rows = [HEADINGS, *map(_cells, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (2, 4, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_markdown(lines: Sequence[Line]) -> str:
    """A table as `docs/performance.md` holds it."""
    rows = [HEADINGS, ("---", "---", "--:", "---", "--:", "--:", "---", "---"), *map(_cells, lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def as_json(lines: Sequence[Line], machine: str) -> str:
    """Everything, for a program."""
    return msgspec.json.encode({"machine": machine, "lines": lines}).decode()


def _cells(line: Line) -> tuple[str, ...]:
    met = {True: "yes", False: "no", None: ""}[line.met]
    ours, theirs = (f"{_number(figure)} {line.unit}".strip() for figure in (line.ours, line.theirs))
    return (line.section, line.what, ours, line.against, theirs, f"{line.ratio:.2f}", line.budget, met)


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
