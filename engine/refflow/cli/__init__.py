"""The command line: each command parses, makes one call of `refflow.api`, and prints what came back."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process and end it with the exit code."""
    sys.exit(run(sys.argv[1:]))


def run(args: list[str]) -> int:
    """Run a command line, without the word `refflow`, in this process, and return the exit code."""
    from .application import refflow

    return refflow.run(args)
