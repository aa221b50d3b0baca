"""Every command does what it says, and says it to people and to programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click
import pytest

from refflow import api
from refflow.cli.application import refflow
from refflow.cli.catalogue import COMMANDS
from refflow.events.runs import ChannelPaused
from refflow.resources import sample_export, workflows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Terminal

READING = [
    "next", "next --why --all", "draft {message}", "draft Ana\\ Lima", "board", "board --company acm",
    "board --as-of 2026-11-24", "import {export}", "person show Bo", "opening show", "opening show --all",
    "opening show {Engineer}", "who Acme", "who {Engineer} --why --all", "packet {Engineer}",
    "packet {Engineer} --for Ana\\ Lima", "why {message}", "why {run}", "why {task}", "why {ask}", "why Bo",
    "why {Engineer}", "events", "events Bo --last 3", "events --kind ask.opened --effective", "stats",
    "stats --by channel", "undo --dry-run", "replay --check", "replay --check --view debts", "replay --verify",
    "replay --until 2026-11-24", "verify", "check", "why {run} --at 2026-11-30",
    "why referral-ask --contact Bo --opening {Engineer}", "workflow list", "workflow show referral-ask",
    "workflow graph thank --format mermaid", "workflow schema", "workflow diff referral-ask", "workflow test {thank}",
    "workflow migrate thank --dry-run", "simulate referral-ask --reply after=4bd,intent=agreed", "simulate {run}",
    "simulate thank --all-paths", "simulate thank --runs 3", "backtest {thank}",
    "explain E211", "pause", "queue", "queue Bo",
    "plugins list --all", "plugins show linkedin", "plugins check linkedin", "plugins schema", "doctor",
]  # fmt: skip
WRITING = [
    "draft {message} --subject A\\ word", "approve {message}", "approve --all", "do {task} done --note Coffee",
    "do {task}", "do {debt}", "do Ana\\ Lima met --at 2026-11-28", "do {Designer} applied",
    "do {ask} referred", "do {run} referred", "skip {message}", "skip {task} --reason No", "skip {run}", "skip {ask}",
    "reply Ana\\ Lima yes --text Sure", "reply {message} later --when +3w", "reply {run} refer-on --for {Engineer}",
    "reply Ana\\ Lima no --opt-out", "log call Ana\\ Lima --from-them", "log met Bo Lunch --at yesterday",
    "import {export} --apply", "person add Chi\\ Cho --relation mentor --months 12 --warm",
    "person edit Bo --title Lead --zone Europe/Lisbon", "person note Bo Likes\\ tea", "opening add https://x.example/1 "
    "--title T --company C --deadline friday", "opening edit {Engineer} --requisition 7", "opening close {Engineer}",
    "opening alias Acme\\ Labs Acme", "start reconnect Ana\\ Costa --for {Designer}",
    "packet {Engineer} --for Bo --line Yes", "block Bo --reason Quarrel", "undo", "replay",
    "pause Bo --reason Ill", "pause {run} --until 2026-12-07", "pause --all", "away 2026-12-21 2027-01-04",
]  # fmt: skip


def words(line: str, terminal: Terminal) -> list[str]:
    """A command line as a shell splits it, with the ids of what is meant."""
    return [
        word.replace("\0", " ").format(
            **terminal.known, export=sample_export(), thank=workflows() / "thank.yaml"
        )
        for word in line.replace("\\ ", "\0").split()
    ]


@pytest.mark.parametrize("line", READING)
def test_looking_answers_and_changes_nothing(line: str, terminal: Terminal) -> None:
    before = terminal.content()

    said = terminal.does(*words(line, terminal))

    assert said.out
    assert terminal.content() == before


@pytest.mark.parametrize("line", WRITING)
def test_doing_is_recorded_and_said(line: str, terminal: Terminal) -> None:
    before = terminal.head()

    said = terminal.does(*words(line, terminal))

    assert said.out
    assert terminal.head() > before or line == "replay"
    assert [each["differing"] for each in terminal.asks("replay", "--check")] == [0] * 10
    assert terminal.asks("replay", "--verify")["differing"] == []


@pytest.mark.parametrize("line", [line for line in (*READING, *WRITING) if not line.startswith("events")])
def test_json_is_one_object_that_names_the_command(line: str, terminal: Terminal) -> None:
    typed = words(line, terminal)

    before, behind = terminal.does("--json", *typed), terminal.type(*typed, "--json")

    told = before.told
    assert set(told) == {"refflow", "command", "result"}
    assert told["refflow"] == 1
    assert typed[: len(told["command"].split())] == told["command"].split()
    # What can be done once only fails the second time, and says so in the same shape.
    assert set(behind.told) == {"refflow", "command", "result" if behind.code == 0 else "error"}
    assert behind.told["command"] == told["command"]


def test_events_in_json_are_a_line_each(terminal: Terminal) -> None:
    lines = terminal.does("events", "--json", "--last", "5").out.splitlines()

    positions = [json.loads(line)["position"] for line in lines]
    assert positions == list(range(terminal.head() - 4, terminal.head() + 1))


def test_what_was_recorded_comes_with_the_result(terminal: Terminal) -> None:
    done = terminal.asks("reply", "Ana Lima", "no")

    assert done["done"] == "Recorded: Ana Lima answered `no`."
    assert done["events"][0]["kind"] == "reply.received"
    assert done["undo"] == done["events"][0]["position"]
    assert any(event["kind"] == "run.exited" for event in done["events"])


def test_what_can_be_taken_back_says_how_and_is(terminal: Terminal) -> None:
    said = terminal.does("person", "note", "Bo", "Likes tea")
    assert f"undo: refflow undo {terminal.head()}\n" in said.err
    assert "note:            Likes tea" in terminal.does("person", "show", "Bo").out

    would = terminal.does("undo", "--dry-run")
    assert "Would be taken back" in would.out
    taken = terminal.does("undo", f"E{terminal.head()}")

    assert "You note something about Bo Berg" in taken.out
    assert "note:" not in terminal.does("person", "show", "Bo").out
    assert "contact.noted" not in terminal.does("events", "--effective").out
    assert "contact.noted" in terminal.does("events").out


def test_alone_it_is_next_and_outside_a_workspace_its_help(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.does().out == terminal.does("next").out
    assert terminal.does("--json").told["command"] == "next"

    nowhere = terminal.bare(env={"HOME": str(tmp_path)})

    assert nowhere.code == 0 or "no refflow workspace" in nowhere.err
    assert terminal.bare("--workspace", str(tmp_path)).code == 2


@pytest.mark.parametrize("group", ["person", "opening"])
def test_a_group_alone_shows_its_commands(group: str, terminal: Terminal) -> None:
    assert f"Usage: refflow {group}" in terminal.does(group).out

    told = terminal.does(group, "--json").told

    assert told["command"] == group
    assert {"add", "edit", "show"} <= set(told["result"])


def test_a_command_for_each_thing_to_do_works_as_it_is_printed(terminal: Terminal) -> None:
    """What `next` prints under an entry can be typed."""
    for step in terminal.asks("next")["steps"]:
        typed = step["command"].split()
        assert typed[0] == "refflow"
        terminal.does(*typed[1:])


def test_an_ask_lacks_what_only_the_owner_can_say(terminal: Terminal) -> None:
    terminal.does("opening", "add", "https://y.example", "--title", "Chef", "--company", "Yam")
    opening = terminal.asks("opening", "show", "Chef")["id"]
    started = terminal.does("start", "referral-ask", "Ana Costa", "--for", opening)
    assert "but lacks: personal line, how to submit" in started.out

    held = terminal.type("approve", "Ana Costa")
    assert held.code == 3
    assert f"add personal line: refflow packet {opening} --for" in held.err
    # What is printed can be typed.
    terminal.does("packet", opening, "--for", terminal["Ana Costa"], "--line", "You know the place.")
    terminal.does("opening", "edit", opening, "--submit", "by mail")

    assert "missing" not in terminal.does("draft", "Ana Costa").out
    terminal.does("approve", "Ana Costa")


def test_approving_several_tells_of_each(terminal: Terminal) -> None:
    terminal.does(
        "opening", "add", "https://y.example", "--title", "Chef", "--company", "Yam", "--submit", "form"
    )
    terminal.does("start", "referral-ask", "Ana Costa", "--for", "Chef")
    lacking = terminal.asks("draft", "Ana Costa")["message"]["id"]

    said = terminal.type("approve", terminal["message"], lacking, lacking, "--json")

    assert said.code == 3
    assert said.result["done"] == "Approved 1 of 2."
    assert [each["id"] for each in said.result["value"]["left"]] == [terminal["message"]]
    assert len(said.result["value"]["kept"]) == 1


def test_a_draft_can_be_changed_in_an_editor(terminal: Terminal, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\nprintf \'Subject: Mine\\n\\nHi Ana,\\n\\nmine too.\\n\' > "$1"\ntouch -d 2040-01-01 "$1"\n'
    )
    editor.chmod(0o755)

    terminal.does("draft", terminal["message"], "--edit", env={"EDITOR": str(editor), "VISUAL": ""})

    message = terminal.asks("draft", terminal["message"])["message"]
    assert (message["subject"], message["body"]) == ("Mine", "Hi Ana,\n\nmine too.\n")
    unsaved = terminal.type("draft", terminal["message"], "--edit", env={"EDITOR": "true", "VISUAL": ""})
    assert (unsaved.code, "nothing was changed" in unsaved.err) == (2, True)
    assert (
        terminal.type("draft", terminal["message"], "--edit", env={"EDITOR": "false", "VISUAL": ""}).code == 1
    )


def test_no_editor_is_opened_for_what_can_no_longer_be_changed(terminal: Terminal, tmp_path: Path) -> None:
    opened, editor = tmp_path / "opened", tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\ntouch '{opened}'\n")
    editor.chmod(0o755)
    terminal.does("approve", terminal["message"])

    said = terminal.type("draft", terminal["message"], "--edit", env={"EDITOR": str(editor), "VISUAL": ""})

    assert (said.code, "it can no longer be changed" in said.err) == (2, True)
    assert not opened.exists()


def test_a_draft_can_come_from_a_pipe(terminal: Terminal) -> None:
    terminal.does("draft", terminal["message"], "--body-file", "-", input="Hello,\nÄ.\n")

    assert terminal.asks("draft", terminal["message"])["message"]["body"] == "Hello,\nÄ.\n"


def test_a_new_workspace_says_what_comes_next(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal.bare("init", str(tmp_path / "new one"), "--zone", "Europe/Lisbon")

    assert said.code == 0
    assert "time zone Europe/Lisbon" in said.out
    assert "Your name stands under messages" in said.err
    assert "cd '" in said.err
    assert "refflow import" in said.err
    told = terminal.bare("--json", "init", str(tmp_path / "other"), "--name", "Ö").result
    assert told["folder"] == str(tmp_path / "other")
    assert 'name: "Ö"' in (tmp_path / "other" / "refflow.yaml").read_text(encoding="utf-8")


def test_a_name_stands_for_the_one_thing_that_is_open_with_them(terminal: Terminal) -> None:
    terminal.does("approve", "Ana Lima")
    assert (
        f"Recorded: {terminal['message']} to Ana Lima was sent." in terminal.does("do", "Ana Lima", "sent").out
    )
    assert f"Recorded: {terminal['task']}" in terminal.does("do", "Bo Berg", "skipped").out


def test_every_command_is_tried_above() -> None:
    tried = {tuple(line.split()[:2]) for line in (*READING, *WRITING)}
    elsewhere = {
        ("init",),
        ("demo",),
        ("completion",),
        ("unblock",),
        ("receive",),
        ("resume",),
        ("watch",),
        ("plugin", "new"),
    }
    elsewhere |= {("plugins", part) for part in ("install", "uninstall", "lock")}

    def leaves() -> Iterator[tuple[str, ...]]:
        for name in COMMANDS:
            command = refflow.get_command(click.Context(refflow), name)
            parts = command.commands if isinstance(command, click.Group) else {}
            yield from ((name, part) for part in parts)
            if not parts:
                yield (name,)

    untried = {leaf for leaf in leaves() if not any(each[: len(leaf)] == leaf for each in tried)}
    assert untried == elsewhere


def test_a_block_is_lifted_once(terminal: Terminal) -> None:
    terminal.does("block", "Ana Lima")
    assert terminal.type("block", "Ana Lima").code == 2
    assert "blocked" in terminal.does("person", "show", "Ana Lima").out
    terminal.does("unblock", "Ana Lima")
    assert terminal.type("unblock", "Ana Lima").code == 2


def test_what_rests_goes_on_when_it_is_resumed(terminal: Terminal) -> None:
    terminal.does("pause", "Ana Lima")
    assert "Ana Lima" in terminal.does("pause").out

    assert "Ana Lima" in terminal.does("resume", "Ana Lima").out

    assert "Nothing rests" in terminal.does("pause").out
    assert "There is no pause `p9` that lasts" in terminal.type("resume", "p9").err
    assert "Yesterday 09:00 is over already." in terminal.type("pause", "Ana Lima", "--until", "yesterday").err
    assert terminal.type("resume", "Ana Lima").code == 2
    assert terminal.type("resume", "--all").code == 2


def test_what_waits_rests_while_everything_rests(terminal: Terminal) -> None:
    terminal.does("approve", "Ana Lima")
    terminal.does("do", "Ana Lima", "sent")
    assert "Ana Lima: referral-ask waits at `silence` until Wed 9 Dec" in terminal.does("next").out
    terminal.does("away", "today", "+3w")

    assert "Ana Lima: referral-ask rests at `silence` until Mon 21 Dec (p" in terminal.does("next").out
    assert "silence, Mon 21 Dec" in terminal.does("board").out
    terminal.does("resume", "--all")
    terminal.does("pause", "--all")
    assert "Ana Lima: referral-ask rests at `silence` until you resume it (p" in terminal.does("next").out


def test_a_channel_that_let_nobody_in_is_told_of_and_used_again(terminal: Terminal) -> None:
    message, now = terminal["message"], datetime.fromisoformat(terminal.now)
    locked = ChannelPaused(channel="eml", reason="The password has changed.")
    with api.open_workspace(terminal.folder) as workspace:
        workspace.act(lambda turn: turn.record(locked, by="channel:eml"), now)

    approved = terminal.type("approve", message)
    assert (approved.code, "does not let refflow in" in approved.err) == (3, True)
    (held,) = terminal.asks("next")["held"]
    assert (held["id"], held["command"]) == (message, "refflow resume eml")
    assert "the channel: The password has changed." in terminal.does("pause").out
    doctor = terminal.type("doctor")
    assert "channel eml: nothing leaves by it (The password has changed.); 1 message waits" in doctor.out
    assert "put that right, then: refflow resume eml" in doctor.out

    said = terminal.does("resume", "eml").out

    assert said.startswith("Going on: the channel eml.\n")
    assert f"{message} to Ana Lima lies in " in said
    assert "Nothing rests" in terminal.does("pause").out
    assert terminal.type("resume", "eml").code == 2


def test_a_folder_of_workflows_is_checked_and_its_lack_of_tests_told(terminal: Terminal) -> None:
    folder = terminal.folder / "workflows"
    (folder / "sticky.yaml").write_text(STICKY, encoding="utf-8")

    assert terminal.asks("check", str(folder))["files"] == [str(folder / "sticky.yaml")]
    assert terminal.does("workflow", "test", str(folder)).out.startswith("No tests here: ")
    assert terminal.does("backtest", str(folder / "sticky.yaml")).out == "No run of sticky to decide again.\n"
    settings = terminal.type("check", str(terminal.folder / "refflow.yaml"))
    assert (settings.code, "has the settings. `refflow check` alone checks them" in settings.err) == (2, True)
    (folder / "sticky.test.yaml").write_text("- tst: a\n", encoding="utf-8")
    assert "1 test: all passed, but see above." in terminal.type("workflow", "test", str(folder)).out


STICKY = """
refflow: 1
workflow: sticky
on: [{manual: true}]
subject: {contact: event.contact}
steps:
  - {id: a, task: {title: Begin, within: 2d}, done: [], skipped: [], expired: []}
  - {id: b, task: {title: "Go on {{ 1 // contact.messages }}", within: 2d}, done: [], skipped: [], expired: []}
  - exit: done
outcomes: {open: [done]}
"""


def test_a_run_that_is_stuck_tells_the_way_out_which_works(terminal: Terminal) -> None:
    file = terminal.folder / "workflows" / "sticky.yaml"
    file.write_text(STICKY, encoding="utf-8")
    terminal.does("start", "sticky", "Ana Costa")

    def task() -> str:
        (found,) = (each for each in terminal.asks("next")["steps"] if each["contact_name"] == "Ana Costa")
        return str(found["id"])

    terminal.does("do", begin := task(), "done")
    why = terminal.does("why", run := task())
    assert f"{run}) is stuck" in why.out
    assert f"to end it: refflow skip {run}" in why.err
    commands = re.findall(r"refflow ((?:undo|workflow migrate) \S+)$", why.err, re.MULTILINE)
    file.write_text(STICKY.replace("1 // ", ""), encoding="utf-8")
    planned = terminal.does("workflow", "migrate", "sticky", "--dry-run").out
    assert "it stays stuck" in planned

    assert len(commands) == 2
    for command in commands:
        terminal.does(*command.split())
    terminal.does("do", begin, "done")

    assert "Ana Costa: Go on" in terminal.does("next").out
    assert "to end it" not in terminal.does("why", run).err


def test_findings_come_in_the_form_that_is_wanted(terminal: Terminal) -> None:
    assert json.loads(terminal.does("check", "--format", "sarif").out)["version"] == "2.1.0"
    assert terminal.type("check", "--format", "sarif", "--json").code == 2
    assert "promises, whatever happens" in terminal.does("check").out
