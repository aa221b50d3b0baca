"""One call of the command line: which workspace, at what time, and how it answers."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refflow.errors import Held, UsageError

from .output import Output

if TYPE_CHECKING:
    from refflow.workflows.language.calendar import Calendar
    from refflow.workspace.workspace import Workspace

NOW = "REFFLOW_NOW"
FARTHEST = timedelta(days=3660)
SCHEMA = 1
"""The version of what `--json` prints. Fields are added within a version, never taken away."""


class Session:
    """What the common options say. The commands reach the workspace and the terminal through it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.folder: Path | None = None
        self.pretended_now: str | None = None
        self.as_json = as_json
        self.command: str | None = None
        self.plain = False
        self.quiet = False
        self.left_out: tuple[str, ...] = ()
        self.code = 0

    @cached_property
    def output(self) -> Output:
        """Where to print."""
        return Output(plain=self.plain, quiet=self.quiet)

    def now(self, calendar: Calendar) -> datetime:
        """The time of the whole command."""
        from refflow import api

        actual = datetime.now(UTC)
        told, where = self.pretended_now, "--now"
        if told is None:
            told, where = os.environ.get(NOW) or None, NOW
        if told is None:
            return actual
        try:
            now = api.parse_when(told, actual, calendar)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
        if now > actual + FARTHEST:
            # The log only goes forward: what is recorded then would have to be the last for as long.
            raise UsageError(f"{where}: `{told.strip()}` is more than ten years ahead.")
        return now

    def result(self, value: Any) -> None:
        """Print `value` as JSON, in the envelope that every command has."""
        self._print({"result": value})

    def record(self, value: Any) -> None:
        """Print `value` as one line of JSON: for results that may be long, and are read as they come."""
        sys.stdout.write(f"{_json(value)}\n")

    def fail(self, kind: str, message: str, code: int) -> None:
        """Say why the command failed."""
        self.output.error(message)
        if self.as_json:
            self._print({"error": {"kind": kind, "message": message, "exit_code": code}})

    def tell_blocked(self, workspace: Workspace, head: int) -> None:
        """A command that needed a plugin which failed ends with the code of what is held, when all else is done."""
        from refflow.workspace.absence import blocked_since

        for reason in blocked_since(workspace, head):
            self.output.note(f"held, {reason}.")
            self.code = Held.exit_code

    def _print(self, fields: dict[str, Any]) -> None:
        text = _json({"refflow": SCHEMA, "command": self.command, **fields})
        if sys.stdout.isatty():
            import msgspec

            text = msgspec.json.format(text, indent=2)
        sys.stdout.write(f"{text}\n")


def _json(value: Any) -> str:
    import msgspec

    try:
        text = msgspec.json.encode(value).decode()
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        # The name of a file need not be UTF-8, nor must the terminal: escapes can be written everywhere.
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
    return text
