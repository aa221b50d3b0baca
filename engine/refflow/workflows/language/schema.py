"""The shape of a workflow file as JSON Schema, draft-07: what editors complete and underline while one types.

It knows the events, verbs, channels and templates that are installed. It describes shapes only: whether an
expression makes sense, or a path ends, is for the loader to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from refflow.events.kinds import Kinds

from .codes import codes
from .instances import KEYS, LEAST_HASH
from .shapes import (
    APPROVAL,
    DURATION,
    EXPRESSION,
    FLAG,
    NAME,
    SCHEDULE,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    closed,
    policy,
    table,
    told,
    window,
)
from .verbs import VERBS
from .vocabulary import SUBJECTS

DRAFT = "http://json-schema.org/draft-07/schema#"

_STEPS: Schema = {"$ref": "#/definitions/steps"}
_EVENT: Schema = {"$ref": "#/definitions/event"}
_OK: Schema = {"$ref": "#/definitions/ok"}
_NOTE: Schema = {}
_VALUES = table(EXPRESSION)
_SUBJECT = closed(told("subject", dict.fromkeys(SUBJECTS, EXPRESSION)))


def workflow_schema(kinds: Kinds, channels: Collection[str], templates: Collection[str]) -> Schema:
    """The schema of a workflow that may use these events, channels and templates."""
    made = {
        "required": ["from"],
        "propertyNames": {"enum": list(KEYS)},
        "properties": {"params": table({"type": ["string", "number", "boolean"]})},
    }
    written = {
        "required": ["on", "subject", "steps", "outcomes"],
        "properties": {"params": {"propertyNames": NAME, **table(_parameter())}},
    }
    return {
        "$schema": DRAFT,
        "title": "A refflow workflow",
        **closed(told("workflow", _top()), "refflow", "workflow"),
        "if": {"required": ["from"]},
        "then": made,
        "else": written,
        "definitions": {
            "event": {"enum": sorted(kinds.by_name())},
            "ok": _answers(),
            "steps": {"type": "array", "items": {"$ref": "#/definitions/step"}},
            "step": {"type": "object", "oneOf": list(_steps(channels, templates))},
        },
    }


def _top() -> Schema:
    since = closed(told("again", {"after": DURATION, "max": WHOLE}), "after")
    package = f"^[^@]+@[0-9a-f]{{{LEAST_HASH},64}}$"
    outcomes = {kind: {"type": "array", "items": NAME} for kind in ("good", "open", "bad")}
    return {
        "refflow": {"enum": [1, "1"]},
        "workflow": NAME,
        "title": TEXT,
        "about": TEXT,
        "from": {"type": "string", "pattern": package},
        "on": {"type": "array", "minItems": 1, "items": {"anyOf": _triggers()}},
        "subject": {**_SUBJECT, "minProperties": 1},
        "key": {"type": "array", "minItems": 1, "items": {"enum": list(SUBJECTS)}},
        "mode": {"enum": ["single", "restart", "queue", "parallel"]},
        "again": {"anyOf": [{"enum": ["never", "always"]}, since]},
        "params": {"type": "object"},
        "vars": {"propertyNames": NAME, **table({"anyOf": _variables()})},
        "policy": policy(),
        "guard": {"type": "array", "items": EXPRESSION},
        "anytime": {"type": "array", "items": {"anyOf": _interrupts()}},
        "steps": _STEPS,
        "blocks": {"propertyNames": NAME, **table(_STEPS)},
        "outcomes": closed(told("outcomes", outcomes)),
        "ok": _OK,
    }


def _answers() -> Schema:
    """Which findings are meant, and why."""
    reason = {**TEXT, "pattern": "\\S"}
    found = {
        code: {**reason, "description": each.title}
        for code, each in codes().items()
        if each.severity != "error"
    }
    return closed(found)


def _triggers() -> list[Schema]:
    shared = {"if": EXPRESSION, "ok": _OK}
    timed = {"every": SCHEDULE, "each": {"enum": list(SUBJECTS)}, **shared}
    return [
        closed(told("trigger", {"event": _EVENT, **shared}), "event"),
        closed(told("trigger", timed), "every", "each"),
        closed(told("trigger", {"manual": FLAG, "ok": _OK}), "manual"),
    ]


def _interrupts() -> list[Schema]:
    shared = {"event": _EVENT, "if": EXPRESSION, "ok": _OK}
    ways = {"exit": NAME, "go": NAME, "do": _STEPS}
    return [closed(told("interrupt", {**shared, way: value}), "event", way) for way, value in ways.items()]


def _parameter() -> Schema:
    bound = {"anyOf": [DURATION, {"type": "number"}]}
    types = {"enum": ["duration", "number", "text", "bool"]}
    fields = {"type": types, "default": TEXT, "min": bound, "max": bound, "note": _NOTE}
    return closed(told("parameter", fields), "type", "default")


def _variables() -> list[Schema]:
    types = {"enum": ["duration", "number", "text", "bool"]}
    return [
        closed(told("variable", {"type": types, "default": TEXT, "note": _NOTE}), "type", "default"),
        closed(told("variable", {"type": {"enum": ["time"]}, "note": _NOTE}), "type"),
    ]


def _steps(channels: Collection[str], templates: Collection[str]) -> Iterator[Schema]:
    """A step of each verb; one that is written in several ways is there once for each."""
    send = {
        "template": {"enum": sorted(templates)},
        "channel": {"enum": sorted(channels)},
        "to": EXPRESSION,
        "thread": NAME,
        "approval": APPROVAL,
        "urgent": FLAG,
        "window": window(),
        "data": _VALUES,
    }
    yield _step("send", closed(told("send", send), "template"), may={"failed": _STEPS})
    yield from _waits()
    answers = dict.fromkeys(("done", "skipped", "expired"), _STEPS)
    task = {"title": TEXT, "within": TIME, "assignee": TEXT, "help": TEXT}
    yield _step("task", closed(told("task", task), "title", "within"), answers)
    case = closed(told("case", {"if": EXPRESSION, "do": _STEPS, "ok": _OK}), "if", "do")
    yield _step("choose", {"type": "array", "items": case}, may={"else": _STEPS})
    yield _step("match", EXPRESSION, {"cases": table(_STEPS)}, {"else": _STEPS})
    repeat = {"max": EXPRESSION, "until": EXPRESSION, "do": _STEPS}
    yield _step("repeat", closed(told("repeat", repeat), "max", "do"))
    yield _step("set", {**_VALUES, "propertyNames": NAME, "minProperties": 1})
    yield _step("emit", closed(told("emit", {"event": _EVENT, "data": _VALUES}), "event"))
    yield _step("use", {"type": "string"}, may={"with": _VALUES})
    yield from _starts()
    yield _step("go", NAME)
    yield _step("exit", NAME)


def _waits() -> Iterator[Schema]:
    until = closed(told("wait", {"until": EXPRESSION}), "until")
    yield _step("wait", {"anyOf": [{"type": "string", "$comment": "duration or expression"}, until]})
    events = {"anyOf": [_EVENT, {"type": "array", "minItems": 1, "items": _EVENT}]}
    awaited = {"for": events, "within": TIME, "settle": TIME, "since": NAME}
    branches = {
        "got": {"anyOf": [_STEPS, {"propertyNames": _EVENT, **table(_STEPS)}]},
        "timeout": _STEPS,
    }
    yield _step("wait", closed(told("wait", awaited), "for", "within"), branches)


def _starts() -> Iterator[Schema]:
    start = {"workflow": NAME, "subject": _SUBJECT}
    aside = {**start, "wait": {"enum": [False, "false"]}}
    yield _step("start", closed(told("start", aside), *start))
    waited = {**start, "wait": {"enum": [True, "true"]}}
    branches = {"got": {"anyOf": [_STEPS, {**table(_STEPS), "required": ["else"]}]}, "refused": _STEPS}
    yield _step("start", closed(told("start", waited), *start, "wait"), branches)


def _step(verb: str, value: Schema, must: Schema | None = None, may: Schema | None = None) -> Schema:
    """A step of `verb`, with the keys that must and may stand beside it."""
    common = {"id": NAME, "was": NAME, "if": EXPRESSION, "note": _NOTE, "ok": _OK}
    required = ("id",) if VERBS[verb].named else ()
    must, may = must or {}, may or {}
    beside = {**must, **may}
    properties = {
        **told("step", common),
        **told("verb", {verb: value}),
        **(told(f"beside {verb}", beside) if beside else {}),
    }
    return closed(properties, verb, *required, *must)
