"""The schema for editors is draft-07, takes every workflow that the loader takes, and refuses what nobody means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from refflow import api, resources
from refflow.events import kinds_with
from refflow.workflows.language import header, instances
from refflow.workflows.language.compiler import STEP_KEYS
from refflow.workflows.language.extensions import Action, Extensions
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.schema import workflow_schema
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.language.verbs import VERBS
from refflow.workflows.language.yaml_source import plain_value, read_yaml

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = (
    "declined", "explore", "give-back", "grow", "keep-referrer-updated", "reconnect", "referral-ask", "thank",
)  # fmt: skip


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
    assert set(schema["properties"]) == {*header._KEYS, *instances.KEYS}
    verbs = [
        {key for key in each["properties"] if key in VERBS} for each in schema["definitions"]["step"]["oneOf"]
    ]
    assert set.union(*verbs) == set(VERBS)
    assert {len(each) for each in verbs} == {1}
    for each in schema["definitions"]["step"]["oneOf"]:
        assert set(STEP_KEYS) < set(each["properties"])
    beside = {verb: set(found.beside) for verb, found in VERBS.items()}
    for each in schema["definitions"]["step"]["oneOf"]:
        (verb,) = set(each["properties"]) & set(VERBS)
        beside[verb] -= set(each["properties"])
    assert not any(beside.values())


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


FIELDS = {
    "on": (
        "[{manual: true}]",
        "[{every: 'mon 09:00', each: contact, if: not contact.do_not_contact}]",
        "[{every: ' Mon - FRI  8:05 ', each: contact, ok: {W013: why}}, {manual: 'true'}]",
        "[{event: contact.warmed, if: now > now, ok: {W202: why}}]",
    ),
    "mode": ("single", "restart", "queue", "parallel"),
    "again": ("never", "always", "{after: 180d}", "{after: ' 2w ', max: 2}"),
    "params": ("{patience: {type: duration, default: 5bd, min: 1bd, max: 9bd, note: [how, long]}}",),
    "vars": (
        "{tries: {type: number, default: 0, note: how often}, last: {type: time}}",
        "{tries: {type: number, default: 1.5}, last: {type: time, note: [when]}, word: {type: text, default: true}}",
    ),
    "policy": (
        "{}",
        "{priority: 0, retry: {}, late: {}, window: {}, approval: batch}",
        "{priority: 7, retry: {attempts: 5, after: 15m, most: 1d}, late: {after: 3d, do: skip}, on_cap: exit}",
        "{window: {days: [mon, wed], hours: '9:00 - 24:00', holidays: contact}, exclusive: contact, approval: none}",
        "{window: {days: SAT-tue}, caps: [{per: contact, unanswered: 3}, {per: company, max: 2, in: 30d}], gap: 3bd}",
    ),
    "anytime": (
        "[]",
        "[{event: contact.opted_out, exit: no, ok: {W013: why}}, {event: meeting.held, do: [{set: {tries: 1}}]}]",
        "[{event: meeting.held, if: vars.tries > 1, do: []}, {event: reply.received, go: answered}]",
    ),
    "ok": ("{}", "{W233: '`maybe` is for later', I320: 7}"),
    "title": ("x", "7", "true"),
}
STEPS = (
    "{set: {tries: vars.tries + 1, last: now}, note: [a, b]}",
    "{emit: {event: contact.warmed}, if: vars.tries > 1, ok: {W202: why}}",
    "{id: ID, wait: params.patience}",
    "{id: ID, wait: {until: now + 3d}}",
    "{id: ID, wait: {for: meeting.held, within: 5d}, got: [], timeout: []}",
    "{id: ID, wait: {for: [meeting.held, reply.received], within: 5d, settle: 1d, since: ID},"
    " got: {meeting.held: [], reply.received: [{exit: no}]}, timeout: []}",
    "{id: ID, send: {template: hi, to: contact, channel: mail, approval: batch, urgent: 'false',"
    " window: {holidays: workspace}, data: {word: '\"x\"'}}, failed: [{exit: no}]}",
    "{id: ID, was: was-ID, task: {title: Call, within: 2bd, help: By phone, assignee: coach}, done: [],"
    " skipped: [], expired: [{exit: no}]}",
    "{id: ID, start: {workflow: other, subject: {contact: contact}}}",
    "{id: ID, start: {workflow: other, subject: {contact: contact}, wait: false}}",
    "{id: ID, start: {workflow: other, subject: {contact: contact}, wait: true}, got: [], refused: []}",
    "{id: ID, start: {workflow: other, subject: {contact: contact}, wait: true},"
    " got: {fine: [], else: [{exit: no}]}, refused: []}",
    "{use: letter.print, with: {copies: vars.tries}, if: vars.tries > 1}",
    "{id: ID, choose: [{if: vars.tries > 1, do: [{exit: no}], ok: {W202: why}}], else: []}",
    "{id: ID, match: contact.warmth, cases: {warm: [], cold: [{exit: no}]}, else: []}",
    "{id: ID, repeat: {max: 3, until: vars.tries > 2, do: [{set: {tries: vars.tries + 1}}]}}",
)


class Print(msgspec.Struct):
    copies: int = 1


LETTER = Extensions(
    actions={
        "letter.print": Action(
            name="letter.print", params=Print, plan=lambda values, facts: (), prefix="letter."
        )
    }
)


def written(fields: dict[str, str], steps: list[str]) -> str:
    lines = [f"{key}: {value}" for key, value in fields.items()]
    body = [f"  - {each.replace('ID', f's{number}')}" for number, each in enumerate(steps)]
    return "\n".join(
        [
            "refflow: 1",
            "workflow: w",
            "subject: {contact: event.contact}",
            *lines,
            "steps:",
            *body,
            "  - {exit: yes}",
            "blocks: {answered: [{exit: maybe}]}",
            "outcomes: {good: [yes], open: [maybe], bad: [no]}",
        ]
    )


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({key: st.sampled_from(values) for key, values in FIELDS.items()}),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=4),
)
def test_it_takes_what_the_loader_takes(fields: dict[str, str], steps: list[str]) -> None:
    text = written(fields, [*steps, "{id: ID, choose: [{if: vars.tries > 1, do: [{go: answered}]}]}"])
    kinds, channels = kinds_with(()), ("mail",)
    templates = TemplateTexts({"hi": "Subject: Hi\n\nHi {{ contact.first_name }}."})
    loaded = load_workflow(text, "w.yaml", templates, kinds, channels, extensions=LETTER)

    assert loaded.definition is not None, loaded.problems
    assert valid(workflow_schema(kinds, channels, ["hi"]), text)


def test_it_takes_a_workflow_that_is_made_from_another(schema: dict[str, Any]) -> None:
    made = "refflow: 1\nworkflow: mine\nfrom: std/referral-ask@0123456789ab\nparams: {patience: 9bd}\nok: {}\n"

    assert valid(schema, made)
    assert not valid(schema, made + "steps: []\n")
    assert not valid(schema, made.replace("@0123456789ab", ""))
    assert not valid(schema, made.replace("9bd", "{type: duration, default: 9bd}"))
    assert not valid(schema, made.replace("from", "title"))


WRONG_STEPS = {
    "a wait for an event without `timeout`": "{id: a, wait: {for: meeting.held, within: 5d}, got: []}",
    "answers to a plain wait": "{id: a, wait: 5d, got: [], timeout: []}",
    "settling without an event": "{id: a, wait: {until: now + 3d, settle: 1d}}",
    "a task whose end is open": "{id: a, task: {title: Call, within: 2bd}, done: [], skipped: []}",
    "a start that waits and is not answered": "{id: a, start: {workflow: o, subject: {}, wait: true}}",
    "other outcomes not handled": (
        "{id: a, start: {workflow: o, subject: {}, wait: true}, got: {fine: []}, refused: []}"
    ),
    "answers to a start that does not wait": "{id: a, start: {workflow: o, subject: {}}, refused: []}",
    "a start without an id": "{start: {workflow: o, subject: {}}}",
    "nothing set": "{set: {}}",
    "an error that is meant": "{set: {a: 1}, ok: {E201: why}}",
    "no reason": "{set: {a: 1}, ok: {W202: ' '}}",
    "no such holidays": "{id: a, send: {template: nudge, window: {holidays: mine}}}",
    "`with` without `use`": "{set: {a: 1}, with: {b: 1}}",
}
WRONG_FIELDS = {
    "no such day": ("on", "[{every: 'mom 09:00', each: contact}]"),
    "a time without days": ("on", "[{every: '09:00', each: contact}]"),
    "no such hour": ("on", "[{every: 'mon 24:00', each: contact}]"),
    "a time for nobody": ("on", "[{every: 'mon 09:00'}]"),
    "a time and an event": ("on", "[{every: 'mon 09:00', each: contact, event: meeting.held}]"),
    "no such mode": ("mode", "twice"),
    "again without `after`": ("again", "{max: 2}"),
    "a time with a default": ("vars", "{last: {type: time, default: now}}"),
    "a variable without a default": ("vars", "{tries: {type: number}}"),
    "two ways of an interrupt": ("anytime", "[{event: meeting.held, do: [], exit: no}]"),
    "less than no priority": ("policy", "{priority: -1}"),
    "no such answer to lateness": ("policy", "{late: {do: wait}}"),
    "no such code": ("ok", "{W999: why}"),
}


@pytest.mark.parametrize("mistake", WRONG_STEPS)
def test_it_refuses_a_wrong_step(schema: dict[str, Any], mistake: str) -> None:
    assert valid(schema, written({"on": "[{manual: true}]"}, ["{set: {a: 1}}"]))
    assert not valid(schema, written({"on": "[{manual: true}]"}, [WRONG_STEPS[mistake]]))


@pytest.mark.parametrize("mistake", WRONG_FIELDS)
def test_it_refuses_a_wrong_field(schema: dict[str, Any], mistake: str) -> None:
    key, value = WRONG_FIELDS[mistake]

    assert not valid(schema, written({"on": "[{manual: true}]", key: value}, ["{set: {a: 1}}"]))


def mappings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all mappings whose keys are closed."""
    if isinstance(value, dict):
        if not path or path[-1] not in ("params", "vars", "set", "blocks", "cases", "got", "data"):
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
