"""A workflow that sends by it, as a user has it: installed, and named in the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refflow import api
from refflow.testing.fixtures import MONDAY

if TYPE_CHECKING:
    from .conftest import Gateway

WORKFLOW = """
refflow: 1
workflow: say-hello
title: Say hello by text message
on:
  - manual: true
subject: {contact: event.contact}
steps:
  - id: hello
    send: {template: hello, channel: sms}
  - exit: done
outcomes:
  good: [done]
"""
SETTINGS = """
name: Sam Seeker
email: sam@example.org
approval: none
window: {days: mon-sun, hours: 00:00-23:59}
plugins:
  sms:
    url: %s
    token: {$env: SMS_TOKEN}
    numbers: {ana@example.com: "+34600000001"}
"""


def test_a_workflow_sends_one_text_message(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_TOKEN", "t0p-s3cret")
    folder = tmp_path / "search"
    with api.init(folder, MONDAY, name="Sam Seeker") as workspace:
        (folder / "refflow.yaml").write_text(SETTINGS % gateway.url)
        (folder / "templates" / "hello.txt").write_text("Hello {{ contact.first_name }}.")
        (folder / "workflows" / "say-hello.yaml").write_text(WORKFLOW)
        api.synchronise(workspace, MONDAY)
    with api.open_workspace(folder) as workspace:
        assert api.check(workspace).problems == ()
        details = api.PersonDetails(name="Ana Pérez", relation="friend", email="ana@example.com")
        ana = api.find_contact(workspace, api.add_person(workspace, details, MONDAY))
        api.start(workspace, "say-hello", ana, None, MONDAY)
        kinds = [event.kind for event in api.events(workspace)]
        log = "".join(map(repr, api.events(workspace)))

    assert [message["text"] for message in gateway.messages.values()] == ["Hello Ana."]
    assert kinds.count("message.sent") == 1
    assert "t0p-s3cret" not in log
