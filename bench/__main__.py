"""`python -m bench`: what refflow's speed is, beside a floor and a peer measured in the same run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import append, commands, importing, replay, runs
from .measure import Line, machine
from .report import as_json, as_markdown, as_text

SECTIONS: dict[str, Callable[[Path, int, int], Iterator[Line]]] = {
    "replay": replay.lines,
    "append": append.lines,
    "import": importing.lines,
    "runs": runs.lines,
    "cli": commands.lines,
}


def main() -> None:
    """Measure, and print one table."""
    options = _options()
    before, lines = machine(), []
    for section in SECTIONS if options.section == "all" else (options.section,):
        with tempfile.TemporaryDirectory() as folder:
            for line in SECTIONS[section](Path(folder), options.events, options.repeat):
                lines.append(line)
                print(f"{line.section}: {line.what} ... {line.ratio:.2f}", file=sys.stderr)
    if options.json:
        print(as_json(lines, before))
        return
    show = as_markdown if options.markdown else as_text
    print(f"{options.events:,} events, medians of {options.repeat}, {before}\n\n{show(lines)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("section", nargs="?", default="all", choices=["all", *SECTIONS])
    parser.add_argument("--events", type=int, default=200_000, help="events in the log (default 200,000)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds, of which the median counts (default 5)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print the table of docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
