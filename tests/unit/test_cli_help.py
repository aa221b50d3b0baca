"""Help is there for every command, at once: nothing is imported that only a running command needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import pytest

from refflow import __version__
from refflow.cli.application import refflow
from refflow.cli.catalogue import COMMANDS, SECTIONS

if TYPE_CHECKING:
    from tests.unit.conftest import Terminal

HEAVY = (
    "rich", "yaml", "jinja2", "rapidfuzz", "watchfiles", "sqlite3", "email.message", "refflow_email",
    "refflow_linkedin", "refflow.plugins.host", "refflow.workspace", "refflow.workflows", "refflow.effects",
    "refflow.log",
)  # fmt: skip


def commands() -> Iterator[list[str]]:
    """Every command, and every command of a command."""
    yield []
    for name in COMMANDS:
        command = refflow.get_command(click.Context(refflow), name)
        yield [name]
        for part in command.commands if isinstance(command, click.Group) else {}:
            yield [name, part]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_tells_what_a_command_does(words: list[str], terminal: Terminal) -> None:
    said = terminal.bare(*words, "--help")

    assert said.code == 0
    assert said.err == ""
    usage, blank, about, *rest = said.out.splitlines()
    assert usage.startswith(" ".join(["Usage: refflow", *words]))
    assert blank == ""
    assert about.startswith("  ")
    assert any("--help" in line for line in rest)
    # The options that go with every command are told once.
    assert ("--workspace DIR" in said.out) == (not words)


def test_help_imports_nothing_that_only_a_running_command_needs() -> None:
    program = (
        "import contextlib, io, json, sys\n"
        "from refflow.cli import run\n"
        "found = {}\n"
        "for words in json.load(sys.stdin):\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        assert run([*words, '--help']) == 0\n"
        f"    found[' '.join(words)] = [each for each in sys.modules if each.startswith({HEAVY})]\n"
        "json.dump(found, sys.stdout)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(list(commands())), capture_output=True, encoding="utf-8",
        check=True,
    )  # fmt: skip

    assert {words: heavy for words, heavy in json.loads(done.stdout).items() if heavy} == {}


def test_the_help_of_all_and_of_one_agree() -> None:
    """The line under `refflow --help` is written by hand, so that no command is imported for it."""
    for section in SECTIONS.values():
        for name, entry in section.items():
            command = refflow.get_command(click.Context(refflow), name)
            assert command is not None
            assert command.name == name
            assert len(entry.help) <= 62
            assert entry.help.endswith(".")
            assert entry.help.split()[0] == (command.help or "").split()[0]


@pytest.mark.parametrize("words", [words for words in commands() if len(words) == 2], ids=" ".join)
def test_the_line_about_a_part_of_a_command_is_whole(words: list[str], terminal: Terminal) -> None:
    assert "..." not in next(
        line for line in terminal.bare(words[0], "--help").out.splitlines() if line.startswith(f"  {words[1]} ")
    )


def test_the_version(terminal: Terminal) -> None:
    assert terminal.bare("--version").out == f"refflow {__version__}\n"
