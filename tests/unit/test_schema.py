"""The schema for editors is draft-07, takes every workflow that the loader takes, and refuses what nobody means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from refflow import api, resources
from refflow.workflows import header
from refflow.workflows.verbs import VERBS
from refflow.workflows.yaml_source import plain_value, read_yaml

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = ("declined", "keep-referrer-updated", "reconnect", "referral-ask", "thank")


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with api.init(tmp_path_factory.mktemp("schema") / "w", NOW, name="Maya Okafor") as made:
        yield api.schema(made)


def shipped(name: str) -> str:
    return (resources.workflows() / f"{name}.yaml").read_text()


def valid(schema: dict[str, Any], text: str) -> bool:
    root, problems = read_yaml(text, "flow.yaml")
    assert root is not None, problems
    return not list(Draft7Validator(schema).iter_errors(plain_value(root)))


def test_it_is_a_draft_07_schema(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name", SHIPPED)
def test_it_takes_the_workflows_that_ship(schema: dict[str, Any], name: str) -> None:
    assert valid(schema, shipped(name))


def test_it_has_every_key_and_verb_of_the_language(schema: dict[str, Any]) -> None:
    assert set(schema["properties"]) == set(header._KEYS)
    verbs = [
        {key for key in each["properties"] if key in VERBS} for each in schema["definitions"]["step"]["oneOf"]
    ]
    assert set.union(*verbs) == set(VERBS)


def test_it_offers_what_is_installed(schema: dict[str, Any]) -> None:
    assert "reply.received" in schema["definitions"]["event"]["enum"]
    send = next(each for each in schema["definitions"]["step"]["oneOf"] if "send" in each["properties"])
    assert {"eml", "paste"} <= set(send["properties"]["send"]["properties"]["channel"]["enum"])
    assert "nudge" in send["properties"]["send"]["properties"]["template"]["enum"]


MISTAKES = {
    "a misspelt verb": ("send: {template: nudge", "sned: {template: nudge"),
    "two verbs": ("send: {template: nudge, thread: ask}", "send: {template: nudge}\n    wait: 3bd"),
    "no such template": ("template: nudge", "template: nugde"),
    "no such event": ("event: opening.closed", "event: opening.closd"),
    "a wait without end": (", within: 10bd", ""),
    "a step without id": ("  - id: nudge\n    send", "  - send"),
    "an unknown key": ("again: never", "agian: never"),
    "no such approval": ("approval: every", "approval: sometimes"),
    "no outcomes": ("outcomes:\n", "outcoms:\n"),
    "a flag that is a word": ("urgent: true", "urgent: yes"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_refuses_a_mistake(schema: dict[str, Any], mistake: str) -> None:
    old, new = MISTAKES[mistake]
    text = shipped("referral-ask")
    assert old in text

    assert not valid(schema, text.replace(old, new, 1))


def mappings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all mappings whose keys are closed."""
    if isinstance(value, dict):
        if not path or path[-1] not in ("params", "blocks", "cases", "got", "data"):
            yield path
        for key, each in value.items():
            yield from mappings(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from mappings(each, (*path, number))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SHIPPED), st.data())
def test_an_unknown_key_is_refused_wherever_it_stands(
    schema: dict[str, Any], name: str, data: st.DataObject
) -> None:
    root, _ = read_yaml(shipped(name), "flow.yaml")
    assert root is not None
    plain = plain_value(root)
    place = data.draw(st.sampled_from(list(mappings(plain))))
    target = plain
    for part in place:
        target = target[part]
    target["no-such-key"] = 1

    assert list(Draft7Validator(schema).iter_errors(plain))


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from msgspec import json

    from refflow.cli import run

    with api.init(tmp_path / "w", NOW, name="Maya Okafor") as made:
        expected = api.schema(made)
    assert run(["--workspace", str(tmp_path / "w"), "workflow", "schema"]) == 0

    assert json.decode(capsys.readouterr().out) == expected
