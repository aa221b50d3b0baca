"""A terminal to type commands at, in this process, and a search that is half on its way to type them in."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from refflow.cli.application import refflow

NOW = "2026-11-30T09:30Z"
"""A week after the search began. Nothing is due."""


class Said(NamedTuple):
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def result(self) -> Any:
        """The result in it."""
        return self.told["result"]


class Terminal:
    """Types commands in the workspace `folder`. `known` has the ids of what there is in it."""

    def __init__(self, folder: Path, known: Mapping[str, str] | None = None, now: str = NOW) -> None:
        self.folder = folder
        self.known = dict(known or {})
        self.now = now

    def __getitem__(self, name: str) -> str:
        return self.known[name]

    def bare(self, *words: str, **given: Any) -> Said:
        """Type a command line as it is."""
        environment = {"REFFLOW_WORKSPACE": None, "REFFLOW_NOW": None} | given.pop("env", {})
        done = CliRunner(env=environment).invoke(refflow, words, **given)
        return Said(done.exit_code, done.stdout, done.stderr)

    def type(self, *words: str, **given: Any) -> Said:
        """Type a command in the workspace, at the present moment of the story."""
        environment = {"REFFLOW_WORKSPACE": str(self.folder), "REFFLOW_NOW": self.now}
        return self.bare(*words, env=environment | given.pop("env", {}), **given)

    def does(self, *words: str, **given: Any) -> Said:
        """Type a command that goes well."""
        said = self.type(*words, **given)
        assert said.code == 0, f"{words}: {said.err}"
        return said

    def asks(self, *words: str) -> Any:
        """The result of a command that goes well."""
        return self.does(*words, "--json").result

    def head(self) -> int:
        """How many events the log has."""
        return int(self.asks("verify")["head"])

    def content(self) -> bytes:
        """The database as it lies on the disk."""
        return (self.folder / "refflow.db").read_bytes()


def _half_way(folder: Path) -> Terminal:
    """Ana is drafted an ask about one job; Bo has referred Maya to another and is owed thanks."""
    maya = Terminal(folder, now="2026-11-23T09:30Z")
    maya.does("init", "--name", "Maya Okafor", "--email", "maya@example.org", "--zone", "UTC")
    known = maya.known
    for name, title in (("Ana Lima", "Engineer"), ("Bo Berg", "Designer"), ("Ana Costa", "Recruiter")):
        known[name] = maya.asks(
            "person", "add", name, "--company", "Acme", "--title", title, "--relation", "friend",
            "--email", f"{name.split()[0]}.{name.split()[1]}@acme.example".lower(),
        )["value"]  # fmt: skip
    for title in ("Engineer", "Designer"):
        known[title] = maya.asks(
            "opening", "add", f"https://acme.example/{title}", "--title", title, "--company", "Acme", "--submit", "form"
        )["value"]  # fmt: skip
    maya.does("start", "referral-ask", "Bo Berg", "--for", known["Designer"], "--line", "You know my work.")
    maya.does("approve", "Bo Berg")
    maya.does("do", maya.asks("draft", "Bo Berg")["message"]["id"], "sent")
    maya.now = "2026-11-27T09:30Z"
    maya.does("do", "Bo Berg", "referred")
    maya.does("skip", maya.asks("draft", "Bo Berg")["message"]["id"])
    maya.does("start", "referral-ask", "Ana Lima", "--for", known["Engineer"], "--line", "I like your team.")
    maya.now = NOW
    agenda = maya.asks("next")
    known["debt"] = agenda["owed"][0]["name"]
    (known["task"],) = [step["id"] for step in agenda["steps"] if step["do"] == "task"]
    known["message"] = maya.asks("draft", "Ana Lima")["message"]["id"]
    known["run"] = maya.asks("draft", "Ana Lima")["message"]["run"]
    known["ask"] = f"{known['Ana Lima']}:{known['Engineer']}"
    return maya


@pytest.fixture(scope="session")
def half_way(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The search that each terminal gets a copy of. It is to be left as it is."""
    return _half_way(tmp_path_factory.mktemp("search") / "maya")


@pytest.fixture
def terminal(half_way: Terminal, tmp_path: Path) -> Terminal:
    """A terminal in a copy of the search."""
    return _copy(half_way, tmp_path / "maya")


@pytest.fixture(scope="session")
def terminals(half_way: Terminal) -> Callable[[], AbstractContextManager[Terminal]]:
    """Makes terminals, each in a copy of its own: for properties, which need many."""

    @contextmanager
    def make() -> Iterator[Terminal]:
        with tempfile.TemporaryDirectory() as folder:
            yield _copy(half_way, Path(folder) / "maya")

    return make


def _copy(terminal: Terminal, folder: Path) -> Terminal:
    shutil.copytree(terminal.folder, folder)
    return Terminal(folder, terminal.known)
