"""The command line: each command parses, makes one call of `refflow.api`, and prints what came back."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from .application import refflow

    refflow.main()
