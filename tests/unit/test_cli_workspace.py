"""Which workspace a command means, at what time, and what it says of one that is not as it should be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sysconfig
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refflow import api
from refflow.errors import RefflowError
from refflow.workspace.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Terminal

REFFLOW = Path(sysconfig.get_path("scripts")) / "refflow"
HELD = 3
LOOKING = (
    "board",
    "next",
    "events",
    "why Bo",
    "replay --check",
    "replay --verify",
    "verify",
    "check",
    "who Acme",
)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the commands are typed in."""
    folder = tmp_path / "elsewhere" / "deep"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


# Which.


def test_it_is_the_one_given_then_that_of_the_environment_then_the_nearest(
    terminal: Terminal, elsewhere: Path, tmp_path: Path
) -> None:
    for name in ("given", "named"):
        assert terminal.bare("init", str(tmp_path / name), "--zone", "UTC").code == 0
    terminal.bare("init", str(elsewhere.parent), "--zone", "UTC")

    def folder_of(*words: str, named: str | None = None) -> str:
        files = terminal.bare(*words, "check", "--json", env={"REFFLOW_WORKSPACE": named}).result["files"]
        (found,) = [Path(each).resolve().parent.name for each in files if each.endswith("refflow.yaml")]
        return found

    assert folder_of("--workspace", str(tmp_path / "given"), named=str(tmp_path / "named")) == "given"
    assert folder_of(named=str(tmp_path / "named")) == "named"
    assert folder_of() == "elsewhere"


def test_where_there_is_none_it_says_how_to_make_one(terminal: Terminal, elsewhere: Path) -> None:
    for line in ("next", "board", "person show Bo", "undo"):
        said = terminal.bare(*line.split(), "--workspace", str(elsewhere))
        assert (said.code, said.out) == (2, "")
        assert (
            said.err
            == f"refflow: {elsewhere} is not a refflow workspace. Make one with `refflow init {elsewhere}`.\n"
        )
    assert os.listdir(elsewhere) == []


def test_a_new_one_is_made_where_the_environment_says(
    terminal: Terminal, elsewhere: Path, tmp_path: Path
) -> None:
    named = {"REFFLOW_WORKSPACE": str(tmp_path / "named")}

    assert terminal.bare("init", env=named).code == 0

    assert (tmp_path / "named" / "refflow.db").exists()
    assert os.listdir(elsewhere) == []
    again = terminal.bare("init", env=named)
    assert (again.code, "is a refflow workspace already" in again.err) == (2, True)


# When.


def test_the_time_is_the_one_given_then_that_of_the_environment(terminal: Terminal) -> None:
    terminal.does("person", "note", "Bo", "One")
    terminal.does("person", "note", "Bo", "Two", "--now", "2026-12-24 18:00")

    first, second = terminal.does("events", "--kind", "contact.noted").out.splitlines()

    assert "2026-11-30 09:30" in first
    assert "2026-12-24 18:00" in second
    wrong = terminal.type("next", env={"REFFLOW_NOW": "teatime"})
    assert (wrong.code, wrong.err.startswith("refflow: REFFLOW_NOW: `teatime` is not a date")) == (2, True)


def test_the_log_does_not_go_back_in_time(terminal: Terminal) -> None:
    before = terminal.content()

    for line in ("person note Bo Hello", "approve {message}", "do {Designer} applied", "undo", "reply Bo yes"):
        said = terminal.type(*line.format(**terminal.known).split(), "--now", "2026-11-20")
        assert said.code == HELD
        assert "the log goes on to 2026-11-30" in said.err

    assert terminal.content() == before


@pytest.mark.parametrize("line", LOOKING)
def test_looking_at_an_earlier_time_writes_nothing(line: str, terminal: Terminal) -> None:
    (terminal.folder / "refflow.yaml").write_text("name: Somebody Else\n", encoding="utf-8")
    before = terminal.content()

    assert terminal.does(*line.split(), "--now", "2026-11-20").err == ""

    assert terminal.content() == before


def test_next_and_board_catch_up_with_the_time(terminal: Terminal) -> None:
    terminal.does("approve", terminal["message"])
    terminal.does("do", terminal["message"], "sent")
    before = terminal.head()
    terminal.now = "2026-12-10T09:30Z"

    assert "nudge" in terminal.does("next").out

    assert terminal.head() > before
    caught_up = terminal.content()
    terminal.does("next")
    terminal.does("board")
    assert terminal.content() == caught_up


# What it is like.


@pytest.fixture
def read_only(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal in a folder that cannot be written to, as far as its rights tell."""
    for path in (terminal.folder / "outbox", terminal.folder / "refflow.db", terminal.folder):
        path.chmod(0o555)
    # Rights do not bind root.
    monkeypatch.setattr(Folder, "writable", property(lambda _: False))
    yield terminal
    for path in (terminal.folder, terminal.folder / "refflow.db", terminal.folder / "outbox"):
        path.chmod(0o755)


@pytest.mark.parametrize("line", LOOKING)
def test_one_that_cannot_be_written_can_be_looked_at(line: str, read_only: Terminal) -> None:
    before = read_only.content()

    said = read_only.does(*line.split(), "--now", "2026-12-20")

    assert said.out
    assert read_only.content() == before


@pytest.mark.parametrize("line", ["person note Bo Hello", "undo", "approve Ana\0Lima", "block Bo", "replay"])
def test_one_that_cannot_be_written_says_so(line: str, read_only: Terminal) -> None:
    before = read_only.content()

    said = read_only.type(*(word.replace("\0", " ") for word in line.split(" ")))

    assert said.code == 1
    assert "is read-only. Nothing was" in said.err
    assert read_only.content() == before


def test_looking_at_one_that_cannot_be_written_says_that_time_stands_still(read_only: Terminal) -> None:
    assert "nothing can be written here" in read_only.does("next", "--now", "2026-12-20").err


def test_the_doctor_looks_at_one_that_cannot_be_written(read_only: Terminal) -> None:
    before = read_only.content()

    said = read_only.does("doctor")

    assert "warning: workspace: nothing can be written here" in said.out
    assert read_only.content() == before


def test_the_doctor_names_the_files_that_are_not_in_force(terminal: Terminal) -> None:
    (terminal.folder / "workflows" / "thank.yaml").write_text("workflow: thank\nsteps: [\n", encoding="utf-8")
    (terminal.folder / "refflow.yaml").write_text("zone: Mars/Olympus\n", encoding="utf-8")

    said = terminal.type("doctor")

    assert said.code == 5
    for file in ("refflow.yaml", "workflows/thank.yaml"):
        assert f"problem: {file}: has errors: the last good version stays in force" in said.out
    assert "refflow check" in said.out


def test_the_doctor_tells_of_a_file_that_is_no_plugin_and_of_settings_that_nobody_took_in(
    terminal: Terminal,
) -> None:
    settings = terminal.folder / "refflow.yaml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(f"{before}plugins: {{local: [gone.py]}}\n", encoding="utf-8")
    gone = terminal.folder / "gone.py"
    terminal.does("next")
    assert f"the plugin gone of {gone} is not used: FileNotFoundError" in terminal.does("next").err

    said = terminal.type("doctor")
    assert f"problem: plugin gone ({gone}): FileNotFoundError" in said.out
    assert "take it out of `local` under `plugins` in refflow.yaml" in said.out
    assert "uninstall" not in said.out

    settings.write_text(before, encoding="utf-8")
    assert "note: refflow.yaml: has changed, and is told of here as it was" in terminal.type("doctor").out
    terminal.does("next")
    assert terminal.does("doctor").out == "Nothing is wrong.\n"


def test_the_doctor_says_what_it_did_not_look_at(elsewhere: Path, terminal: Terminal) -> None:
    said = terminal.bare("doctor")

    assert (said.code, said.out) == (0, "Nothing is wrong with the plugins.\n")
    assert "no workspace here" in said.err


def unprivileged(words: list[str], terminal: Terminal) -> subprocess.CompletedProcess[str]:
    """Run the real command by the rights of the files, also when the tests run as root."""
    setpriv = shutil.which("setpriv")
    bound = "--bounding-set=-dac_override,-dac_read_search,-fowner"
    prefix = [setpriv, bound] if os.geteuid() == 0 and setpriv else []
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REFFLOW")}
    return subprocess.run(
        [*prefix, REFFLOW, "--workspace", terminal.folder, "--now", terminal.now, *words],
        capture_output=True,
        encoding="utf-8",
        env=clean,
        check=False,
    )


@pytest.fixture
def sealed(terminal: Terminal) -> Iterator[Terminal]:
    """A terminal in a folder that really cannot be written to by `unprivileged`."""
    for path in (terminal.folder / "refflow.db", terminal.folder):
        path.chmod(0o555)
    yield terminal
    for path in (terminal.folder, terminal.folder / "refflow.db"):
        path.chmod(0o755)


def test_the_real_command_reads_where_nothing_can_be_written(sealed: Terminal) -> None:
    before = sealed.content()
    if unprivileged(["person", "note", "Bo", "x"], sealed).returncode == 0:
        pytest.skip("nothing can be sealed from this user")

    for line in LOOKING:
        done = unprivileged(line.split(), sealed)
        assert (done.returncode, line) == (0, line), done.stderr
    refused = unprivileged(["person", "note", "Bo", "x"], sealed)

    assert (refused.returncode, "is read-only. Nothing was written" in refused.stderr) == (1, True)
    assert sorted(each.name for each in sealed.folder.glob("refflow.db*")) == ["refflow.db"]
    assert sealed.content() == before


def test_views_of_another_version_are_read_where_nothing_can_be_written(sealed: Terminal) -> None:
    sealed.folder.chmod(0o755)
    (sealed.folder / "refflow.db").chmod(0o644)
    with closing(sqlite3.connect(sealed.folder / "refflow.db")) as connection:
        connection.execute("UPDATE view SET version = 0 WHERE name = 'pipeline'")
        connection.execute("DELETE FROM ask")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (sealed.folder / "refflow.db").chmod(0o444)
    sealed.folder.chmod(0o555)

    board = unprivileged(["board"], sealed)

    assert "Ana Lima" in board.stdout
    assert unprivileged(["replay", "--check"], sealed).returncode == 0
    rebuilt = unprivileged(["replay"], sealed)
    assert (rebuilt.returncode, "Nothing was rebuilt" in rebuilt.stderr) == (1, True)


def test_changes_that_wait_beside_a_sealed_database_are_not_overlooked(sealed: Terminal) -> None:
    if unprivileged(["person", "note", "Bo", "x"], sealed).returncode == 0:
        pytest.skip("nothing can be sealed from this user")
    sealed.folder.chmod(0o755)
    (sealed.folder / "refflow.db-wal").write_bytes(bytes(100))
    sealed.folder.chmod(0o555)

    done = unprivileged(["board"], sealed)

    assert done.returncode == 1
    assert "holds changes to be taken in" in done.stderr
    assert "Copy the folder" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no refflow log in it"),
        (b"Dear diary", "is not a refflow database"),
        (b"SQLite format 3\0" + bytes(4000), "is not a refflow database, or is damaged"),
    ],
)
def test_a_file_that_only_has_its_name_is_left_as_it_is(content: bytes, said: str, terminal: Terminal) -> None:
    (terminal.folder / "refflow.db").write_bytes(content)

    for line in (*LOOKING, "person note Bo x", "undo", "draft m1"):
        answer = terminal.type(*line.split())
        assert (answer.code, answer.out) == (1, "")
        assert said in answer.err
        assert len(answer.err.splitlines()) == 1
    assert (terminal.folder / "refflow.db").read_bytes() == content


def test_another_program_s_database_is_left_as_it_is(terminal: Terminal) -> None:
    path = terminal.folder / "refflow.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
        connection.commit()
    before = path.read_bytes()

    for line in LOOKING:
        answer = terminal.type(*line.split())
        assert (answer.code, "has no refflow log in it" in answer.err) == (1, True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_torn_or_overwritten_file_is_said_to_be_damaged(part: float, terminal: Terminal) -> None:
    whole = terminal.content()
    size = int(len(whole) * part)

    for torn in (whole[:size], whole[:size] + os.urandom(4096) + whole[size + 4096 :]):
        (terminal.folder / "refflow.db").write_bytes(torn)
        for line in LOOKING:
            answer = terminal.type(*line.split())
            assert answer.code in (0, 1, 5)
            assert "fault" not in answer.err


def test_a_broken_settings_file_changes_nothing_and_is_told_every_time(terminal: Terminal) -> None:
    settings = terminal.folder / "refflow.yaml"
    good = settings.read_text(encoding="utf-8")
    settings.write_text(good.replace("zone: UTC", "zone: [").replace("gap: 3bd", "gapp: 3bd"), encoding="utf-8")

    for line in ("next", "board", "person note Bo x"):
        said = terminal.does(*line.split())
        assert "refflow.yaml has" in said.err
        assert "the last good version stays in force. See `refflow check`." in said.err
    assert terminal.asks("packet", "Engineer")["candidate"] == "Maya Okafor"
    checked = terminal.type("check")
    assert checked.code == 5
    assert f"{settings}:" in checked.out

    settings.write_text(good.replace("Maya Okafor", "Maya Other"), encoding="utf-8")
    assert terminal.does("next").err == ""
    assert terminal.asks("packet", "Engineer")["candidate"] == "Maya Other"


def test_who_looks_ahead_is_told_that_what_was_due_by_then_is_recorded(terminal: Terminal) -> None:
    before = terminal.head()

    assert "recorded as of" not in terminal.does("next").err
    said = terminal.does("next", "--now", "+30w")

    assert terminal.head() > before
    assert "commands before then are refused" in said.err
    assert terminal.type("person", "note", "Bo", "x").code == HELD


def test_a_settings_file_that_is_gone_is_asked_for(terminal: Terminal) -> None:
    (terminal.folder / "refflow.yaml").unlink()

    assert "not brought up to date" in terminal.does("next").err
    said = terminal.type("person", "note", "Bo", "x")
    assert (said.code, "refflow.yaml is missing" in said.err) == (2, True)


def test_a_broken_workflow_of_ones_own_leaves_the_standard_one(terminal: Terminal) -> None:
    (terminal.folder / "workflows" / "thank.yaml").write_text("refflow: 1\nworkflow: thank\n", encoding="utf-8")

    said = terminal.does("next")

    assert "thank.yaml has" in said.err
    assert terminal.type("check").code == 5
    assert "thank." in terminal.type("start", "no-such-flow", "Bo").err


def test_two_processes_may_look_and_write_at_once(terminal: Terminal) -> None:
    with api.open_workspace(terminal.folder) as workspace:
        workspace.connection.execute("BEGIN IMMEDIATE")
        for line in ("board", "events", "verify"):
            terminal.does(*line.split())
        workspace.connection.execute("ROLLBACK")
    terminal.does("person", "note", "Bo", "x")


def test_a_reading_connection_cannot_write(terminal: Terminal) -> None:
    with (
        api.open_workspace(terminal.folder, read_only=True) as workspace,
        pytest.raises((RefflowError, sqlite3.OperationalError)),
    ):
        workspace.connection.execute("DELETE FROM ask")


COFFEE = """
refflow: 1
workflow: coffee
on: [{manual: true}]
subject: {contact: event.contact}
steps: [{id: pause, wait: 2d}, {exit: over}]
outcomes: {open: [over]}
"""


@pytest.mark.parametrize("line", ["simulate coffee", "workflow show coffee", "workflow graph coffee"])
def test_what_was_just_saved_is_told_of(terminal: Terminal, line: str) -> None:
    (terminal.folder / "workflows" / "coffee.yaml").write_text(COFFEE, encoding="utf-8")

    terminal.does(*line.split())


def test_who_only_asks_what_would_be_does_nothing_that_is_due(terminal: Terminal) -> None:
    terminal.now = "2027-01-29T09:30Z"
    (terminal.folder / "workflows" / "coffee.yaml").write_text(COFFEE, encoding="utf-8")
    before = terminal.head()

    assert "refflow next" in terminal.type("simulate", "coffee").err
    assert terminal.head() == before
