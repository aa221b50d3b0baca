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
    WHOLE,
    Schema,
    closed,
    policy,
    table,
    window,
)
from .verbs import VERBS
from .vocabulary import SUBJECTS

DRAFT = "http://json-schema.org/draft-07/schema#"

_STEPS: Schema = {"$ref": "#/definitions/steps"}
_EVENT: Schema = {"$ref": "#/definitions/event"}
_OK: Schema = {"$ref": "#/definitions/ok"}
_NOTE: Schema = {"description": "For whoever reads the file."}
_VALUES = table(EXPRESSION)
_SUBJECT = closed(dict.fromkeys(SUBJECTS, EXPRESSION))


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
        **closed(_top(), "refflow", "workflow"),
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
    again = [{"enum": ["never", "always"]}, closed({"after": DURATION, "max": WHOLE}, "after")]
    package = f"^[^@]+@[0-9a-f]{{{LEAST_HASH},64}}$"
    return {
        "refflow": {"enum": [1, "1"], "description": "The version of the language."},
        "workflow": {**NAME, "description": "Its name."},
        "title": {**TEXT, "description": "What it does, in a line."},
        "about": {**TEXT, "description": "Why it does it so."},
        "from": {"type": "string", "pattern": package, "description": "The packaged workflow it is made from."},
        "on": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": _triggers()},
            "description": "What starts a run.",
        },
        "subject": {
            **_SUBJECT,
            "minProperties": 1,
            "description": "Whom and what a run is about: expressions over the starting event.",
        },
        "key": {"type": "array", "minItems": 1, "items": {"enum": list(SUBJECTS)}},
        "mode": {
            "enum": ["single", "restart", "queue", "parallel"],
            "description": "What a second run is to do while one with the same key lives.",
        },
        "again": {"anyOf": again, "description": "Whether another run may follow one that has ended."},
        "params": {"type": "object", "description": "Values that the user of the workflow may set."},
        "vars": {
            "propertyNames": NAME,
            **table({"anyOf": _variables()}),
            "description": "Values that each run keeps, and `set` changes.",
        },
        "policy": {**policy(), "description": "How its messages may leave."},
        "guard": {"type": "array", "items": EXPRESSION, "description": "All must hold, or no run starts."},
        "anytime": {
            "type": "array",
            "items": {"anyOf": _interrupts()},
            "description": "What interrupts a run anywhere.",
        },
        "steps": _STEPS,
        "blocks": {"propertyNames": NAME, **table(_STEPS)},
        "outcomes": closed({kind: {"type": "array", "items": NAME} for kind in ("good", "open", "bad")}),
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
    return {**closed(found), "description": "Findings that are meant, each with the reason."}


def _triggers() -> list[Schema]:
    shared = {"if": EXPRESSION, "ok": _OK}
    each = {"enum": list(SUBJECTS), "description": "A run for each that meets the condition."}
    return [
        closed({"event": _EVENT, **shared}, "event"),
        closed({"every": SCHEDULE, "each": each, **shared}, "every", "each"),
        closed({"manual": FLAG, "ok": _OK}, "manual"),
    ]


def _interrupts() -> list[Schema]:
    shared = {"event": _EVENT, "if": EXPRESSION, "ok": _OK}
    ways = {"exit": NAME, "go": NAME, "do": _STEPS}
    return [closed({**shared, way: value}, "event", way) for way, value in ways.items()]


def _parameter() -> Schema:
    bound = {"anyOf": [DURATION, {"type": "number"}]}
    types = {"enum": ["duration", "number", "text", "bool"]}
    fields = {"type": types, "default": TEXT, "min": bound, "max": bound, "note": _NOTE}
    return closed(fields, "type", "default")


def _variables() -> list[Schema]:
    types = {"enum": ["duration", "number", "text", "bool"]}
    return [
        closed({"type": types, "default": TEXT, "note": _NOTE}, "type", "default"),
        closed({"type": {"enum": ["time"]}, "note": _NOTE}, "type"),
    ]


def _steps(channels: Collection[str], templates: Collection[str]) -> Iterator[Schema]:
    """A step of each verb; one that is written in several ways is there once for each."""
    send = {
        "template": {"enum": sorted(templates)},
        "channel": {"enum": sorted(channels)},
        "to": {**EXPRESSION, "description": "Whom it goes to, when that is not the contact of the run."},
        "thread": NAME,
        "approval": APPROVAL,
        "urgent": FLAG,
        "window": window(),
        "data": {**_VALUES, "description": "Further names that the template can speak of."},
    }
    yield _step("send", closed(send, "template"), "Write a message and send it.", may={"failed": _STEPS})
    yield from _waits()
    answers = dict.fromkeys(("done", "skipped", "expired"), _STEPS)
    task = closed({"title": TEXT, "within": EXPRESSION, "assignee": TEXT, "help": TEXT}, "title", "within")
    yield _step("task", task, "Ask somebody to do something: the owner, or `assignee`.", answers)
    case = closed({"if": EXPRESSION, "do": _STEPS, "ok": _OK}, "if", "do")
    cases = {"type": "array", "items": case}
    yield _step("choose", cases, "Take the first case whose condition holds.", may={"else": _STEPS})
    branches = {"cases": table(_STEPS)}
    yield _step("match", EXPRESSION, "Take the case of a value.", branches, {"else": _STEPS})
    repeat = closed({"max": EXPRESSION, "until": EXPRESSION, "do": _STEPS}, "max", "do")
    yield _step("repeat", repeat, "Do steps again and again, at most `max` times.")
    changes = {**_VALUES, "propertyNames": NAME, "minProperties": 1}
    yield _step("set", changes, "Give variables new values.")
    emit = closed({"event": _EVENT, "data": _VALUES}, "event")
    yield _step("emit", emit, "Record that something happened.")
    yield _step("use", {"type": "string"}, "Do what a plugin's action says.", may={"with": _VALUES})
    yield from _starts()
    yield _step("go", NAME, "Go on in a block.")
    yield _step("exit", NAME, "End with an outcome.")


def _waits() -> Iterator[Schema]:
    time = {"anyOf": [{"type": "string"}, closed({"until": EXPRESSION}, "until")]}
    yield _step("wait", time, "Wait for a time: 30m, 4h, 5d, 5bd or 2w, or `until` one.")
    events = {"anyOf": [_EVENT, {"type": "array", "minItems": 1, "items": _EVENT}]}
    awaited = {"for": events, "within": EXPRESSION, "settle": EXPRESSION, "since": NAME}
    branches = {
        "got": {"anyOf": [_STEPS, {"propertyNames": _EVENT, **table(_STEPS)}]},
        "timeout": _STEPS,
    }
    yield _step("wait", closed(awaited, "for", "within"), "Wait for something to happen.", branches)


def _starts() -> Iterator[Schema]:
    start = {"workflow": NAME, "subject": _SUBJECT}
    aside = closed({**start, "wait": {"enum": [False, "false"]}}, *start)
    yield _step("start", aside, "Start a run of another workflow.")
    waited = closed({**start, "wait": {"enum": [True, "true"]}}, *start, "wait")
    branches = {"got": {"anyOf": [_STEPS, {**table(_STEPS), "required": ["else"]}]}, "refused": _STEPS}
    yield _step("start", waited, "Start a run of another workflow, and wait for its end.", branches)


def _step(
    verb: str, value: Schema, description: str, must: Schema | None = None, may: Schema | None = None
) -> Schema:
    """A step of `verb`, with the keys that must and may stand beside it."""
    was = {**NAME, "description": "Its id in an earlier version, for runs that are brought over."}
    common = {"id": NAME, "was": was, "if": EXPRESSION, "note": _NOTE, "ok": _OK}
    required = ("id",) if VERBS[verb].named else ()
    must, may = must or {}, may or {}
    own = {verb: {**value, "description": description}}
    return closed({**common, **own, **must, **may}, verb, *required, *must)
