"""A process that dies anywhere around a send never makes the next one send again blindly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from refflow import api
from refflow.views.messages import Message

SINK = Path(__file__).with_name("sink.py")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in which a message by the channel `sink` waits for approval."""
    folder = tmp_path / "w"
    with api.init(folder, NOW, name="Maya Okafor") as workspace:
        person = api.PersonDetails(name="Ana Lima", relation="friend", channel="sink")
        ana = api.find_contact(workspace, api.add_person(workspace, person, NOW))
        details = api.OpeningDetails(
            company="Acme", title="Engineer", url="https://acme.example/1", submit="form"
        )
        opening = api.find_opening(workspace, api.add_opening(workspace, details, NOW))
        api.start(workspace, "referral-ask", ana, opening, NOW, line="Because.")
    return folder


def approve(folder: Path, *, die: str = "", knows: bool = False, later: int = 0) -> int:
    """Approve in a process of its own, and let it die where `die` says; its exit code."""
    environment = os.environ | {"REFFLOW_TEST_DIE": die, "REFFLOW_TEST_KNOWS": "1" if knows else ""}
    moment = (NOW + timedelta(minutes=1 + later)).isoformat()
    done = subprocess.run(
        [sys.executable, str(SINK), str(folder), moment],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def sent(folder: Path) -> list[str]:
    path = folder / "sent.txt"
    return path.read_text().splitlines() if path.exists() else []


def status(folder: Path) -> str:
    with api.open_workspace(folder) as workspace:
        return workspace.views.find(Message)[0].status


def test_without_a_crash_it_is_sent_once(folder: Path) -> None:
    assert approve(folder) == 0

    assert len(sent(folder)) == 1
    assert status(folder) == "sent"


@pytest.mark.parametrize(("die", "times"), [("before", 0), ("after", 1)])
def test_when_nobody_can_tell_a_person_is_asked(folder: Path, die: str, times: int) -> None:
    assert approve(folder, die=die) == -signal.SIGKILL
    assert status(folder) == "requested"

    for later in (1, 2, 3):
        assert approve(folder, later=later) == 0

    assert len(sent(folder)) == times
    assert status(folder) == "in_doubt"


def test_a_channel_that_knows_that_it_left_settles_it(folder: Path) -> None:
    assert approve(folder, die="after", knows=True) == -signal.SIGKILL

    for later in (1, 2, 60):
        assert approve(folder, knows=True, later=later) == 0

    assert len(sent(folder)) == 1
    assert status(folder) == "sent"


def test_what_did_not_leave_is_tried_again_a_little_later_and_sent_once(folder: Path) -> None:
    assert approve(folder, die="before", knows=True) == -signal.SIGKILL
    assert approve(folder, knows=True, later=1) == 0
    assert (sent(folder), status(folder)) == ([], "held")

    for later in (20, 21, 60):
        assert approve(folder, knows=True, later=later) == 0

    assert len(sent(folder)) == 1
    assert status(folder) == "sent"


def test_dying_again_and_again_while_recovering_still_sends_once(folder: Path) -> None:
    for later in (0, 20, 60):
        assert approve(folder, die="before", knows=True, later=later) == -signal.SIGKILL
        assert approve(folder, die="before", knows=True, later=later + 1) == 0
    assert approve(folder, die="after", knows=True, later=200) == -signal.SIGKILL
    assert approve(folder, die="after", knows=True, later=201) == 0

    assert len(sent(folder)) == 1
    assert status(folder) == "sent"


def test_two_processes_at_once_send_once(folder: Path) -> None:
    environment = os.environ | {"REFFLOW_TEST_KNOWS": "1"}
    moment = (NOW + timedelta(minutes=1)).isoformat()
    both = [
        subprocess.Popen(
            [sys.executable, str(SINK), str(folder), moment],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    for each in both:
        each.wait(timeout=60)

    assert len(sent(folder)) == 1
    assert status(folder) == "sent"
