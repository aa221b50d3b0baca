"""Pages that are stories: a reader writes files and types commands, and so does a test, in a folder of its own.

Three kinds of blocks take part:

- `yaml` or `text` below a paragraph that names a file (`workflows/coffee.yaml`): the file is written;
- `diff` below such a paragraph: the lines with `-` go out of that file, the lines with `+` come in;
- `console`: each line that begins with `$ ` is typed, and what follows is what it says, word for word.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from refflow.cli.application import refflow

HOME = "/home/maya"
"""Stands in a page for the folder in which it is followed."""

_BLOCK = re.compile(r"^(?P<fence>`{3,})(?P<kind>\w+)\n(?P<text>.*?)^(?P=fence)\n", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_ID = re.compile(r"\b[a-z]\d+\b")
_FILE = re.compile(r"`([\w./-]+\.(?:yaml|txt))`")


class Block(NamedTuple):
    """A block of a page: what kind it is, its text, where that begins, and the file that it is about."""

    kind: str
    text: str
    at: int
    file: str | None


def blocks(page: str) -> list[Block]:
    """The blocks of a page that somebody who follows it does something with."""
    found = []
    for match in _BLOCK.finditer(page):
        paragraph = page[: match.start()].rstrip("\n").rpartition("\n\n")[2]
        named = _FILE.findall(paragraph)
        found.append(Block(match["kind"], match["text"], match.start("text"), named[-1] if named else None))
    return found


class Reader:
    """Somebody who follows pages in the folder `home`. What they change in their shell lasts.

    Ids count events. When there are other events than when the page was written, the reader types the ids that
    they see in place of those that the page shows.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home
        self.environment: dict[str, str | None] = {
            "REFFLOW_WORKSPACE": None,
            "REFFLOW_NOW": None,
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }
        self._ids: dict[str, str] = {}

    def follow(self, page: str) -> str:
        """Do everything the page says, and return it with what was said in place of what it shows."""
        done: list[str] = []
        last = 0
        for block in blocks(page):
            if block.kind == "console":
                done += [page[last : block.at], self.type(block.text)]
                last = block.at + len(block.text)
            else:
                assert block.file is not None, f"into which file?\n{block.text}"
                path = self.folder / block.file
                path.write_text(
                    patched(path.read_text(encoding="utf-8"), block.text)
                    if block.kind == "diff"
                    else block.text,
                    encoding="utf-8",
                )
        return "".join([*done, page[last:]])

    def type(self, text: str) -> str:
        """The lines that begin with `$ `, each with what it says."""
        said = []
        for line, shown in _TYPED.findall(text):
            typed = _ID.sub(lambda found: self._ids.get(found[0], found[0]), line)
            told = self._command(shlex.split(typed))
            self._ids |= zip(_ID.findall(shown), _ID.findall(told), strict=False)
            said.append(f"$ {typed}\n{told}")
        return "".join(said)

    def _command(self, words: list[str]) -> str:
        match words:
            case ["cd", folder]:
                self.folder = self.folder / folder
                return ""
            case ["export", setting]:
                name, _, value = setting.partition("=")
                self.environment[name] = value
                return ""
            case ["refflow", *rest]:
                before = Path.cwd()
                os.chdir(self.folder)
                try:
                    done = CliRunner(env=self.environment).invoke(refflow, rest)
                finally:
                    os.chdir(before)
                assert done.exit_code in (0, 3, 5), f"{shlex.join(words)}: {done.output}"
                return done.output.replace(str(self.home), HOME)
        raise AssertionError(f"nobody knows how to {shlex.join(words)}")


def patched(text: str, change: str) -> str:
    """`text` with the lines of a diff changed: its other lines tell where."""
    lines = change.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] != "+")
    new = "".join(line[1:] for line in lines if line[0] != "-")
    assert text.count(old) == 1, f"not once in the file:\n{old}"
    return text.replace(old, new)
