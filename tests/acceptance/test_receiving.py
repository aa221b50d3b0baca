"""Answers that come in over a network: the channel of a plugin, a real server at its far end, the real command."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from refflow.plugins.channel import Channel, ChannelContext
from refflow.plugins.specs import ChannelSpec
from refflow.testing.channel import ChannelContract

MAILBOX = Path(__file__).with_name("mailbox.py")
REFFLOW = Path(sysconfig.get_path("scripts")) / "refflow"
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


def load() -> Any:
    """The module of the plugin, as nobody's package."""
    spec = importlib.util.spec_from_file_location("mailbox_of_tests", MAILBOX)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLUGIN = load()


@pytest.fixture
def far_end() -> Iterator[Any]:
    with PLUGIN.FarEnd() as end:
        yield end


class TestMailbox(ChannelContract):
    """The contract, kept by a channel that receives."""

    @pytest.fixture(autouse=True)
    def server(self, far_end: Any) -> None:
        self.far_end = far_end

    def spec(self) -> ChannelSpec:
        spec: ChannelSpec = PLUGIN.SPEC
        return spec

    def channel(self, outbox: Path) -> Channel:
        return self._at(self.far_end.url, outbox)

    def unreachable(self, outbox: Path) -> Channel:
        self.far_end.open = False
        return self.channel(outbox)

    def delivered(self, outbox: Path) -> list[str]:
        return [path.read_text("utf-8") for path in sorted(outbox.glob("*.note"))] if outbox.is_dir() else []

    def arrive(self, outbox: Path, text: str) -> None:
        self.far_end.comes("ana@example.com", MONDAY)

    def _at(self, url: str, outbox: Path) -> Channel:
        made: Channel = PLUGIN.Mailbox(ChannelContext(folder=outbox, config=PLUGIN.Config(url=url)))
        return made


class TestTheContract:
    """It would be worth little if a careless channel passed."""

    @pytest.mark.parametrize(
        ("breaks", "case"),
        [
            ("forgets", "test_a_look_changes_nothing_so_the_next_one_tells_the_same"),
            ("numbers", "test_every_message_has_an_identity_of_its_own"),
            ("swallows", "test_an_inbox_that_cannot_be_looked_into_is_not_an_empty_one"),
            ("lacks", "test_what_came_in_is_told_with_who_wrote_it_and_without_its_text"),
        ],
    )
    def test_a_careless_channel_fails_it(
        self, far_end: Any, tmp_path: Path, breaks: str, case: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = PLUGIN.Mailbox.receive

        def forgets(self: Any, since: datetime) -> list[Any]:
            found = list(whole(self, since))
            far_end.messages.clear()
            return found

        def numbers(self: Any, since: datetime) -> list[Any]:
            from msgspec.structs import replace

            return [replace(each, identity="1") for each in whole(self, since)]

        def swallows(self: Any, since: datetime) -> list[Any]:
            try:
                return list(whole(self, since))
            except OSError:
                return []

        careless = {"forgets": forgets, "numbers": numbers, "swallows": swallows}
        if breaks == "lacks":
            monkeypatch.delattr(PLUGIN.Mailbox, "receive")
        else:
            monkeypatch.setattr(PLUGIN.Mailbox, "receive", careless[breaks])
        contract = TestMailbox()
        contract.far_end = far_end
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            getattr(contract, case)(tmp_path / "outbox")


class Seeker:
    """Maya, whose answers come in by `mailbox`."""

    def __init__(self, folder: Path, far_end: Any) -> None:
        self.folder = folder
        self.far_end = far_end
        self.now = MONDAY
        self.types("init", "--name", "Maya Okafor", "--email", "maya@example.org", "--zone", "UTC")
        settings = folder / "refflow.yaml"
        plugins = {"local": [str(MAILBOX)], "mailbox": {"url": far_end.url}}
        text = settings.read_text("utf-8").replace("approval: every", "approval: none")
        settings.write_text(f"{text}\nplugins: {json.dumps(plugins)}\n", "utf-8")
        workflow = folder / "workflows" / "hello.yaml"
        workflow.write_text(HELLO, "utf-8")
        details = ["--email", "ana@acme.example", "--channel", "mailbox", "--relation", "friend"]
        self.types("person", "add", "Ana Lima", *details)

    def types(self, *words: str, ends_with: int = 0) -> str:
        """What a command prints."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("REFFLOW")}
        done = subprocess.run(
            [REFFLOW, "--workspace", self.folder, "--now", self.now.isoformat(), *words],
            capture_output=True,
            encoding="utf-8",
            env=clean | {"PYTHONWARNINGS": "error", "NO_COLOR": "1"},
            check=False,
        )
        assert done.returncode == ends_with, f"{words}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def asks(self, *words: str, ends_with: int = 0) -> Any:
        """The result of a command."""
        clean = self.types(*words, "--json", "-q", ends_with=ends_with)
        return json.loads(clean.splitlines()[0])["result"]

    def waits(self, days: int) -> None:
        self.now += timedelta(days=days)


HELLO = """\
refflow: 1
workflow: hello
title: Say hello, and once more
on: [{manual: true}]
subject: {contact: event.contact}
policy: {approval: none}
steps:
  - id: hello
    send: {template: reconnect-hello}
  - id: answer
    wait: {for: [reply.received], within: 5bd}
    got: [{exit: answered}]
    timeout: []
  - id: again
    send: {template: reconnect-once-more, thread: hello}
  - exit: silent
outcomes: {good: [answered], bad: [silent]}
"""


@pytest.fixture
def maya(tmp_path: Path, far_end: Any) -> Seeker:
    return Seeker(tmp_path / "search", far_end)


def test_a_week_with_the_laptop_shut(maya: Seeker) -> None:
    """The answer came on the third day; the follow-up was due on the seventh; on the tenth the laptop is opened."""
    maya.types("start", "hello", "Ana Lima")
    (message,) = maya.asks("next")["steps"]
    maya.types("do", message["id"], "sent")
    maya.far_end.comes("ana@acme.example", maya.now + timedelta(days=2))
    maya.far_end.comes("somebody@else.example", maya.now + timedelta(days=3))
    maya.waits(10)

    said = maya.types("next")

    assert "They answered" in said
    assert "again" not in said
    events = [json.loads(line) for line in maya.types("events", "--json", "-q").splitlines()]
    replies = [event for event in events if event["kind"] == "reply.received"]
    assert [(each["by"], each["payload"]["channel"]) for each in replies] == [("channel:mailbox", "mailbox")]
    assert "else.example" not in (maya.folder / "refflow.db").read_bytes().decode("latin-1")
    assert maya.asks("replay", "--verify")["differing"] == []
    (again,) = maya.asks("receive")["value"]
    assert (again["channel"], again["new"], again["failed"]) == ("mailbox", 0, None)


def test_a_far_end_that_is_out_of_order_holds_what_would_leave(maya: Seeker) -> None:
    maya.types("start", "hello", "Ana Lima")
    (message,) = maya.asks("next")["steps"]
    maya.types("do", message["id"], "sent")
    maya.far_end.open = False
    maya.waits(10)

    said = maya.types("next")
    assert "Held by a rule" in said
    assert "The inbox of mailbox has to be looked at first" in said
    assert "Not looked into" in said
    assert "HTTP Error 503" in said
    assert "503" in maya.types("receive", ends_with=1)

    maya.far_end.open = True
    said = maya.types("receive", "mailbox")
    assert "looked into" in said
    assert "Not looked into" not in maya.types("next")
    assert [step["do"] for step in maya.asks("next")["steps"]] == ["send"]


def test_what_does_not_receive_is_said_so(maya: Seeker) -> None:
    assert "There are: mailbox." in maya.types("receive", "eml", ends_with=2)
    assert "still receives" in maya.types("receive", "mailbox", "--close", ends_with=2)
    assert "Which one?" in maya.types("receive", "--close", ends_with=2)
