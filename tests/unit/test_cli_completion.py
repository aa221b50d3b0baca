"""What a shell offers: commands, options, names and ids, by click's own protocol and in a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Terminal

SCRIPTS = Path(sysconfig.get_path("scripts"))


def offered(terminal: Terminal, *typed: str, shell: str = "zsh", **more: str) -> list[str]:
    """What is offered for the last of the words that were typed."""
    escaped = [word.replace(" ", "\\ ") for word in typed]
    done = subprocess.run(
        [SCRIPTS / "refflow"],
        env=os.environ
        | {
            "_REFFLOW_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": " ".join(["refflow", *escaped]),
            "COMP_CWORD": escaped[-1] if shell == "fish" else str(len(typed)),
            "REFFLOW_WORKSPACE": str(terminal.folder),
            "REFFLOW_NOW": terminal.now,
        }
        | more,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    return lines[1::3] if shell == "zsh" else lines


def test_commands_and_options(terminal: Terminal) -> None:
    assert offered(terminal, "ne") == ["next"]
    assert offered(terminal, "person", "") == ["add", "edit", "note", "show"]
    assert "--as-of" in offered(terminal, "board", "--")
    assert offered(terminal, "reply", "Bo", "") == ["yes", "no", "later", "refer-on", "unclear"]
    assert offered(terminal, "completion", "z") == ["zsh"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("person", "show", "ana"), ["Ana Costa", "Ana Lima"]),
        (("person", "show", "Ana L"), ["Ana Lima"]),
        (("person", "show", ""), []),
        (("who", "Ac"), ["Acme"]),
        (("start", "ref"), ["referral-ask"]),
        (("why", "B"), ["Bo Berg"]),
        (("--now", "2026-11-30", "reply", "Bo"), ["Bo Berg"]),
    ],
)
def test_names(typed: tuple[str, ...], expected: list[str], terminal: Terminal) -> None:
    assert sorted(offered(terminal, *typed)) == expected


def test_ids(terminal: Terminal) -> None:
    assert sorted(offered(terminal, "opening", "close", "")) == sorted(
        [terminal["Engineer"], terminal["Designer"]]
    )
    assert set(offered(terminal, "do", "t")) == {terminal["task"]}
    assert terminal["message"] in offered(terminal, "approve", "m")
    assert terminal["debt"] in offered(terminal, "do", "d")
    people = sorted(terminal[name] for name in ("Ana Lima", "Bo Berg", "Ana Costa"))
    assert offered(terminal, "person", "show", "c1") == [each for each in people if each.startswith("c1")]


def test_fish_is_told_what_they_mean(terminal: Terminal) -> None:
    assert offered(terminal, "why", "Ana L", shell="fish") == ["plain,Ana Lima\tEngineer, Acme"]


@pytest.mark.parametrize("trouble", ["gone", "broken", "time"])
def test_a_shell_is_not_bothered_with_errors(trouble: str, terminal: Terminal, tmp_path: Path) -> None:
    if trouble == "broken":
        (terminal.folder / "refflow.db").write_bytes(b"no database")
    more = {"gone": {"REFFLOW_WORKSPACE": str(tmp_path)}, "time": {"REFFLOW_NOW": "teatime"}}.get(trouble, {})

    for typed in (("why", "Ana"), ("do", "t"), ("who", "A"), ("start", "r"), ("opening", "close", "o")):
        assert offered(terminal, *typed, **more) == []
    assert offered(terminal, "ne", **more) == ["next"]


def test_a_shell_changes_nothing(terminal: Terminal) -> None:
    before = terminal.content()

    offered(terminal, "do", "m", REFFLOW_NOW="2027-01-30")

    assert terminal.content() == before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str, terminal: Terminal) -> None:
    script = terminal.bare("completion", shell)

    assert script.code == 0
    assert f"_REFFLOW_COMPLETE={shell}_complete" in script.out
    assert terminal.bare("completion", env={"SHELL": f"/usr/bin/{shell}"}).out == script.out
    assert terminal.bare("--json", "completion", shell).result["script"].strip() == script.out.strip()
    unknown = terminal.bare("completion", env={"SHELL": "/bin/tcsh"})
    assert (unknown.code, unknown.err) == (2, "refflow: For which shell? Give one of: bash, zsh, fish.\n")


def test_bash_takes_names_with_blanks_as_one_word(terminal: Terminal) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    script = (
        'eval "$(refflow completion bash)"; COMP_WORDS=(refflow why "$1"); COMP_CWORD=2; COMP_LINE="refflow why $1";'
        " _refflow_completion refflow; eval \"printf '<%s>\\n' ${COMPREPLY[*]}\""
    )

    done = subprocess.run(
        [bash, "--norc", "-c", script, "bash", "Ana\\ L"],
        env=os.environ
        | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "REFFLOW_WORKSPACE": str(terminal.folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.stdout == "<Ana Lima>\n", done.stderr
