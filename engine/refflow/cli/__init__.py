"""The command line: each command parses, makes one call of `refflow.api`, and prints what came back."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line of this process and end it with the exit code."""
    # A command makes modules and rows, which stay; looking for garbage among them was a twelfth of a short one.
    gc.set_threshold(50_000)
    code = run(sys.argv[1:])
    gc.freeze()  # the last look, at the end of the process, was another
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run a command line, without the word `refflow`, in this process, and return the exit code."""
    from .application import refflow

    return refflow.run(args)
