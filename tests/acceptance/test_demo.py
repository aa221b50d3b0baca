"""`refflow demo`: what somebody sees who tries refflow for the first time."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

from refflow.cli import run

REFFLOW = Path(sysconfig.get_path("scripts")) / "refflow"
CHANCE = re.compile(r"\b[0-9a-f]{12}\b")
"""Digests of views: the ids of messages are in them, which no two workspaces share."""


def demo(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type `refflow demo` in the folder `where`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REFFLOW")}
    return subprocess.run(
        [REFFLOW, "demo", *words],
        cwd=where,
        capture_output=True,
        encoding="utf-8",
        # Neither the time nor the workspace of who calls is the story's.
        env=clean | {"REFFLOW_NOW": "1999-12-31", "REFFLOW_WORKSPACE": "/nowhere", "PYTHONWARNINGS": "error"},
        check=False,
    )


def without_chance(text: str, folder: str) -> str:
    return CHANCE.sub("DIGEST", text.replace(folder, "FOLDER"))


def test_it_tells_the_same_story_every_time_and_leaves_the_workspace(tmp_path: Path) -> None:
    first = demo(tmp_path)
    again = demo(tmp_path, "second-time")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "Traceback" not in first.stdout + first.stderr
    # How long a command took is not told in it, so nothing else may differ.
    assert without_chance(first.stdout, "refflow-demo") == without_chance(again.stdout, "second-time")
    assert without_chance(first.stderr, "refflow-demo") == without_chance(again.stderr, "second-time")
    assert first.stdout.count("\n$ refflow ") > 40
    for told in (
        "You owe Ana Lima",
        "is held",
        "paste this at",
        "offer",
        "the same decisions",
        "one person at a time",
    ):
        assert told in first.stdout + first.stderr
    assert not re.search(r"[^ ]+ rows differ", first.stdout)

    for folder in (tmp_path / "refflow-demo", tmp_path / "second-time"):
        assert run(["-q", "--workspace", str(folder), "replay", "--check"]) == 0
        assert run(["-q", "--workspace", str(folder), "verify"]) == 0
        assert len(list((folder / "outbox").iterdir())) > 5


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear")

    refused = demo(tmp_path, "mine")

    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    assert refused.stdout == ""
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_an_empty_folder_will_do_and_a_file_will_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = demo(tmp_path, "file")

    assert refused.returncode == 2
    assert "file" in refused.stderr
    (tmp_path / "empty").mkdir()
    assert demo(tmp_path, "empty", "--no-color", "-q").stderr.startswith("refflow: m")


def test_it_stops_without_a_word_when_nobody_reads_on(tmp_path: Path) -> None:
    piped = subprocess.run(
        f"'{REFFLOW}' demo mine | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert piped.returncode == 141
    assert piped.stdout.startswith("$ refflow init")
    assert "refflow:" not in piped.stderr
    assert "Traceback" not in piped.stderr


def test_it_has_a_time_and_a_folder_of_its_own(tmp_path: Path) -> None:
    for words in (("--json",), ("--now", "2026-01-01"), ("--workspace", "here")):
        refused = demo(tmp_path, *words)
        assert refused.returncode == 2
        assert "of its own" in refused.stderr
    assert list(tmp_path.iterdir()) == []
