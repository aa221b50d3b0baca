"""Where a command's words go: data on stdout, chatter on stderr; what a terminal, a pipe and a full disk get."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.errors import RefflowError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.conftest import Terminal

REFFLOW = Path(sysconfig.get_path("scripts")) / "refflow"
PIPE_CLOSED = 141
INTERRUPTED = 130


def environment(terminal: Terminal, **more: str) -> dict[str, str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "TERM", "PYTHONUNBUFFERED")
    }
    return clean | {"REFFLOW_WORKSPACE": str(terminal.folder), "REFFLOW_NOW": terminal.now} | more


def process(terminal: Terminal, command: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash, in which `refflow` is the real command."""
    line = re.sub(r"\brefflow\b", f"'{REFFLOW}'", command)
    return subprocess.run(
        ["bash", "-c", line], env=environment(terminal, **more), capture_output=True, check=False
    )


def on_a_terminal(terminal: Terminal, words: Sequence[str], **more: str) -> str:
    """What a command writes on a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [REFFLOW, *words], stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(terminal, **{"COLUMNS": "100", "TERM": "xterm-256color"} | more),
    )  # fmt: skip
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # A terminal whose other end is closed is an error, not an end.
        while more_of_it := os.read(ours, 4096):
            written += more_of_it
    os.close(ours)
    assert running.wait() == 0, written
    return written.decode().replace("\r\n", "\n")


def test_watching_ends_with_an_interrupt_and_no_word(terminal: Terminal) -> None:
    with subprocess.Popen(
        [REFFLOW, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(terminal)
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"watching: no problems\n"
        running.send_signal(signal.SIGINT)
        rest = running.communicate(timeout=60)

    assert (running.returncode, *rest) == (0, b"", b"")


def test_data_goes_to_stdout_and_chatter_to_stderr(terminal: Terminal) -> None:
    said = terminal.does("person", "note", "Bo", "Likes tea")

    assert said.out == "Noted about Bo Berg.\n"
    assert re.fullmatch(r"undo: refflow undo \d+\n", said.err)


@pytest.mark.parametrize(
    "words",
    [("person", "note", "Bo", "Tea"), ("draft", "Ana Lima"), ("packet", "Engineer"), ("who", "Acme")],
)
def test_quiet_leaves_the_data(words: Sequence[str], terminal: Terminal) -> None:
    quiet = terminal.does(*words, "-q")

    assert quiet.err == ""
    assert quiet.out != ""
    assert terminal.type("why", "nobody", "--quiet").err.startswith("refflow: ")


def test_a_pipe_gets_plain_text_that_columns_line_up_in(terminal: Terminal) -> None:
    told = terminal.does("who", "Acme").out

    assert "\x1b" not in told
    heading, *rows = told.splitlines()[1:]
    for row in rows:
        assert row.index("close") == heading.index("TIE")


def test_a_terminal_gets_bold_headings_and_a_table_that_fits(terminal: Terminal) -> None:
    terminal.does("person", "edit", "Ana Costa", "--title", "Head of " + "very " * 40 + "long titles")

    told = on_a_terminal(terminal, ["who", "Acme"])

    assert "\x1b[1m" in told
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 100 for line in told.splitlines())
    shown = json.loads(on_a_terminal(terminal, ["board", "--json"]))
    assert shown == terminal.does("board", "--json").told


@pytest.mark.parametrize("how", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_colour_can_be_forbidden(how: dict[str, str], terminal: Terminal) -> None:
    words = ["who", "Acme"] if how else ["--no-color", "who", "Acme"]

    assert "\x1b[" not in on_a_terminal(terminal, words, **how)


@pytest.mark.parametrize(
    "command", ["events", "events --json", "next", "who Acme", "board --json", "nxt", "--help"]
)
def test_a_reader_that_went_away_ends_it_quietly(command: str, terminal: Terminal) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)

    for how in ("", "1"):  # Kept together by Python until the end, or written line by line.
        done = subprocess.run(
            [REFFLOW, *command.split()], stdout=ours, stderr=subprocess.PIPE,
            env=environment(terminal, PYTHONUNBUFFERED=how), check=False,
        )  # fmt: skip
        if command == "nxt":
            assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
        else:
            assert done.stderr == b""
            # Help is written by click, which calls it a failure.
            assert done.returncode in (PIPE_CLOSED, 1 if command == "--help" else PIPE_CLOSED)
    os.close(ours)


def test_a_reader_that_has_enough_gets_what_it_wants(terminal: Terminal) -> None:
    assert process(terminal, "refflow events | head -n 1").stdout.startswith(b"     1  2026-11-23 09:30")


def test_streams_may_be_closed_or_full(terminal: Terminal) -> None:
    assert process(terminal, "refflow board >&-").returncode == 0
    assert process(terminal, "refflow board --json >&- 2>&-").returncode == 0
    assert process(terminal, "refflow nxt 2>&-").returncode == 2
    if not Path("/dev/full").exists():
        return
    for command in ("events", "events --json", "board --json", "--help", "person", "completion bash"):
        done = process(terminal, f"refflow {command} > /dev/full")
        assert (done.returncode, done.stderr) == (1, b"refflow: No space left on device.\n"), command
    assert process(terminal, "refflow nxt 2> /dev/full").returncode in (1, 2)


def test_a_name_that_the_terminal_lacks_is_written_as_well_as_it_can(terminal: Terminal) -> None:
    terminal.does("person", "add", "Zoë Łoś", "--company", "Acme")

    plain = process(terminal, "refflow person show Zoë", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    told = process(terminal, "refflow person show Zoë --json", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert plain.stdout.startswith(b"Zo? ?o? (")
    assert json.loads(told.stdout)["result"]["contact"]["name"] == "Zoë Łoś"
    # The other way round it is kept as it was typed.
    assert "Zoë Łoś" in terminal.does("person", "show", "Zoë", "--json").out


def test_a_folder_whose_name_is_not_text_works_too(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"b\xfcro")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("file names are text here")

    assert terminal.bare("init", str(folder)).code == 0
    assert terminal.bare("--workspace", str(folder), "person", "add", "Bo").code == 0
    assert (
        str(folder / "refflow.yaml")
        in terminal.bare("--workspace", str(folder), "check", "--json").result["files"]
    )
    assert terminal.bare("--workspace", str(folder), "verify").code == 0


def test_ctrl_c_ends_it_with_130(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "agenda", interrupted)

    said = terminal.type("next")
    told = terminal.type("next", "--json")

    assert (said.code, said.out) == (INTERRUPTED, "")
    assert said.err.strip() == "refflow: Interrupted. What was recorded before is kept."
    assert told.told["error"]["exit_code"] == INTERRUPTED


def test_a_fault_is_a_line_and_a_file_never_a_traceback(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("Ana Lima / 0")

    monkeypatch.setattr(api, "agenda", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    said = terminal.type("next")

    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line.startswith("refflow: This is a fault of refflow, not yours (ZeroDivisionError).")
    # Names of people may be in it: it is for the user to look over, and is not printed.
    assert "Ana Lima" not in line
    written = Path(next(word for word in line.split() if word.startswith(str(tmp_path))).rstrip(";,."))
    assert "ZeroDivisionError: Ana Lima / 0" in written.read_text(encoding="utf-8")
    assert terminal.type("next", "--json").told["error"]["kind"] == "Fault"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert "no room in the temporary folder" in terminal.type("next").err


def test_an_error_of_the_system_names_the_file(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", "/a/file")

    monkeypatch.setattr(api, "agenda", denied)

    assert terminal.type("next").err == "refflow: /a/file: Permission denied.\n"


def test_an_error_keeps_its_own_code(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Strange(RefflowError):
        """Something strange."""

        exit_code = 5

    def strange(*_: Any, **__: Any) -> Any:
        raise Strange

    monkeypatch.setattr(api, "agenda", strange)

    said = terminal.type("next", "--json")

    assert (said.code, said.err) == (5, "refflow: Something strange.\n")
    assert said.told["error"] == {"kind": "Strange", "message": "Something strange.", "exit_code": 5}


def test_something_long_shows_how_far_it_is_on_a_terminal_only(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from refflow.cli import progress

    monkeypatch.setattr(progress, "PATIENCE", 0.0)

    assert terminal.does("replay", "--check").err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    written: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", written.append, raising=False)
    with progress.Progress("Reading", 10) as telling:
        telling(4)
    assert "Reading: 4 events" in written[0]
    assert "40%" in written[0]
    assert written[-1] == "\r\x1b[K"
