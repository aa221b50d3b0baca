"""What went wrong, in a line, and the exit code that goes with it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from refflow import __version__
from refflow.errors import RefflowError

from .command import did_you_mean, name_of
from .session import Session

INTERRUPTED = 130
PIPE_CLOSED = 141
"""What a shell reports of a program whose reader went away."""


def tell(error: BaseException, session: Session) -> int:
    """Say on stderr (and with --json on stdout) what `error` means, and return the exit code."""
    try:
        code = _told(error, session)
    except OSError:
        # Nobody is left to be told on one of them.
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                _let_go(stream)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _let_go(stream)
            code = code or 1
    return code


def _told(error: BaseException, session: Session) -> int:
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case BrokenPipeError():
            return PIPE_CLOSED
        case KeyboardInterrupt() | click.Abort():
            session.fail("Interrupted", "Interrupted. What was recorded before is kept.", INTERRUPTED)
            return INTERRUPTED
        case RefflowError():
            session.fail(type(error).__name__, str(error), error.exit_code)
            return error.exit_code
        case click.ClickException():
            if isinstance(error, click.UsageError) and error.ctx is not None:
                session.command = name_of(error.ctx) or None
            session.fail(type(error).__name__, _usage(error), error.exit_code)
            return error.exit_code
        case OSError():
            where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
            session.fail("OSError", f"{where}{error.strerror or error}.", 1)
        case _:
            session.fail("Fault", _fault(error), 1)
    return 1


def _usage(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    if isinstance(error, click.NoSuchOption):
        message = f"There is no option `{error.option_name}`.{did_you_mean(error.possibilities or ())}"
    message = message if message.endswith((".", "?", "!")) else f"{message}."
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} See `{context.command_path} --help`." if context else message


def _fault(error: BaseException) -> str:
    import platform
    import tempfile
    import traceback

    about = f"This is a fault of refflow, not yours ({type(error).__name__})."
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="refflow-fault-",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(f"refflow {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n")
            file.writelines(traceback.format_exception(error))
    except OSError:
        return f"{about} Where it happened could not be written down: there is no room in the temporary folder."
    return f"{about} Where it happened is written in {file.name}; please report it, and look it over for names first."


def _let_go(stream: TextIO) -> None:
    # What is left in the buffer cannot be written, and must not raise again when the process ends.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
