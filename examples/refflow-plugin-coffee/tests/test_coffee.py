"""The plugin as a user has it: installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from refflow import api
from refflow.testing.fixtures import MONDAY, Cli
from refflow_coffee.events import from_minutes


def test_what_is_logged_is_shown(cli: Cli, folder: Path) -> None:
    with api.open_workspace(folder) as workspace:
        api.add_person(workspace, api.PersonDetails(name="Ana Pérez"), MONDAY)

    for length in ("short", "long"):
        logged = cli("coffee-log", "Ana Pérez", "--length", length, "--workspace", str(folder))
        assert logged.code == 0, logged.err
    shown = cli("coffee", "--workspace", str(folder))

    assert shown.out.splitlines()[1].split() == ["Ana", "Pérez", "2", "1"]
    with api.open_workspace(folder) as workspace:
        had = list(api.events(workspace, kinds=["coffee.chat.had"]))
        assert {event.by for event in had} == {"plugin:refflow-coffee@0.2.0"}
        assert not api.replay_strict(workspace, "coffee-chats").impure


@pytest.mark.parametrize(("minutes", "length"), [(0, "short"), (29, "short"), (30, "long"), (90, "long")])
def test_minutes_become_a_length(minutes: int, length: str) -> None:
    assert from_minutes({"contact": "c1", "minutes": minutes}) == {"contact": "c1", "length": length}
