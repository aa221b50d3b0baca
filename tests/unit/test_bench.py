"""The benchmarks run, and say how refflow does beside a floor and a peer. How fast it is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from refflow import api
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.views.runs.run import Run
from refflow.views.store import refold

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> str:
    command = [sys.executable, "-m", "bench", *arguments, "--events", "400", "--repeat", "1"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bench("all", "--json"))["lines"]
    return found


def test_every_section_is_measured(lines: list[dict[str, Any]]) -> None:
    assert {line["section"] for line in lines} == {"replay", "append", "import", "cli", "runs"}


def test_every_figure_stands_beside_another(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert line["theirs"] > 0, line
        assert line["ratio"] > 0 or line["ours"] == 0, line


def test_the_peer_and_the_floor_take_part(lines: list[dict[str, Any]]) -> None:
    against = {line["against"] for line in lines}

    assert {"by hand", "decode and count", "raw", "eventsourcing", "eventsourcing + msgspec"} <= against


def test_importing_again_finds_nothing_new(lines: list[dict[str, Any]]) -> None:
    again = [line["ours"] for line in lines if line["what"].endswith("new events")]

    assert again
    assert not any(again)


def test_runs_that_wait_cost_nothing(lines: list[dict[str, Any]]) -> None:
    waiting = {line["what"].partition(": ")[2]: line for line in lines if " runs wait: " in line["what"]}

    assert waiting.keys() == {"the next due", "idle", "threads"}
    assert waiting["threads"]["ours"] == 1


def test_a_search_of_runs_has_what_the_engine_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is measured over it would be something else."""
    monkeypatch.syspath_prepend(ROOT)
    from bench import searches

    with searches.with_asks(tmp_path / "search", 12) as workspace:
        found = api.redecide(workspace)
        outcomes = {run.outcome for run in workspace.views.find(Run, workflow="referral-ask")}

    assert found.differing == []
    assert found.decisions > 100
    assert {"no_answer", "by_hand"} < outcomes


def test_a_table_for_people_and_one_for_the_document_have_the_same_rows() -> None:
    text, markdown = bench("append"), bench("append", "--markdown")
    rows = [line for line in text.splitlines() if line.startswith("append")]

    assert len(rows) == len([line for line in markdown.splitlines() if line.startswith("| append ")]) > 1


def test_what_is_done_by_hand_comes_to_the_rows_of_the_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the floor would be lower than it looks."""
    monkeypatch.syspath_prepend(ROOT)
    from bench import floor, logs, replay

    path = logs.make_log(tmp_path / "log.db", 4000)
    with closing(connect(path)) as connection, closing(floor.connect(path)) as plain:
        log = SqliteLog(connection, logs.KINDS)
        for name, make in replay.HANDS.items():
            by_hand = make()
            floor.read(plain, by_hand.fold, by_hand.kinds)
            rows, _ = refold(log, [replay.VIEWS[name]])
            for row, found in by_hand.rows():
                assert list(found) == rows.find(row), name
                assert found
