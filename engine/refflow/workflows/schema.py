"""The shape of a workflow file as JSON Schema, draft-07: what editors complete and underline while one types.

It knows the events, verbs, channels and templates that are installed. It describes shapes only: whether an
expression makes sense, or a path ends, is for the loader to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from refflow.events.kinds import Kinds

from .compiler import STEP_KEYS
from .policy_file import DAYS
from .verbs import VERBS
from .vocabulary import SUBJECTS

DRAFT = "http://json-schema.org/draft-07/schema#"

Schema = dict[str, Any]

_NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"}
_DURATION: Schema = {"type": "string", "pattern": "^\\s*\\d{1,5}(m|h|d|bd|w)\\s*$"}
_EXPRESSION: Schema = {"type": ["string", "number", "boolean"]}
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_WHOLE: Schema = {"type": "integer", "minimum": 1}
_STEPS: Schema = {"$ref": "#/definitions/steps"}
_EVENT: Schema = {"$ref": "#/definitions/event"}
_APPROVAL: Schema = {"enum": ["every", "first", "none"]}


def workflow_schema(kinds: Kinds, channels: Collection[str], templates: Collection[str]) -> Schema:
    """The schema of a workflow that may use these events, channels and templates."""
    properties: Schema = {
        "refflow": {"const": 1, "description": "The version of the language."},
        "workflow": {**_NAME, "description": "Its name."},
        "title": {**_TEXT, "description": "What it does, in a line."},
        "about": {**_TEXT, "description": "Why it does it so."},
        "on": {"type": "array", "minItems": 1, "items": _trigger(), "description": "What starts a run."},
        "subject": {
            **_closed(dict.fromkeys(SUBJECTS, _EXPRESSION)),
            "minProperties": 1,
            "description": "Whom and what a run is about: expressions over the starting event.",
        },
        "key": {"type": "array", "minItems": 1, "items": {"enum": list(SUBJECTS)}},
        "mode": {"enum": ["single"]},
        "again": {"anyOf": [{"enum": ["never", "always"]}, _closed({"after": _DURATION}, "after")]},
        "params": {"type": "object", "additionalProperties": _parameter()},
        "policy": _policy(),
        "guard": {"type": "array", "items": _EXPRESSION, "description": "All must hold, or no run starts."},
        "anytime": {"type": "array", "items": _interrupt(), "description": "What interrupts a run anywhere."},
        "steps": _STEPS,
        "blocks": {"type": "object", "additionalProperties": _STEPS},
        "outcomes": _closed({kind: {"type": "array", "items": _NAME} for kind in ("good", "open", "bad")}),
    }
    return {
        "$schema": DRAFT,
        "title": "A refflow workflow",
        **_closed(properties, "refflow", "workflow", "on", "subject", "steps", "outcomes"),
        "definitions": {
            "event": {"enum": sorted(kinds.by_name())},
            "steps": {"type": "array", "items": {"$ref": "#/definitions/step"}},
            "step": {"type": "object", "oneOf": _verbs(channels, templates)},
        },
    }


def _closed(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _trigger() -> Schema:
    by_event = _closed({"event": _EVENT, "if": _EXPRESSION}, "event")
    return {"anyOf": [by_event, _closed({"manual": {"type": "boolean"}}, "manual")]}


def _interrupt() -> Schema:
    shared = {"event": _EVENT, "if": _EXPRESSION}
    return {"anyOf": [_closed({**shared, way: _NAME}, "event", way) for way in ("exit", "go")]}


def _parameter() -> Schema:
    bound = {"anyOf": [_DURATION, {"type": "number"}]}
    fields = {
        "type": {"enum": ["duration", "number", "text", "bool"]},
        "default": {"type": ["string", "number", "boolean"]},
        "min": bound,
        "max": bound,
        "note": _TEXT,
    }
    return _closed(fields, "type", "default")


def _policy() -> Schema:
    day = "|".join(DAYS)
    days = {"type": "string", "pattern": f"^({day})(\\s*-\\s*({day}))?$"}
    window = _closed(
        {
            "days": {"anyOf": [days, {"type": "array", "items": days}]},
            "hours": {"type": "string", "pattern": "^\\s*\\d{1,2}:\\d{2}\\s*-\\s*\\d{1,2}:\\d{2}\\s*$"},
        }
    )
    per = {"enum": ["contact", "company", "workspace"]}
    caps = [
        _closed({"per": per, "max": _WHOLE, "in": _DURATION}, "per", "max", "in"),
        _closed({"per": {"enum": ["contact"]}, "unanswered": _WHOLE}, "per", "unanswered"),
    ]
    return _closed(
        {
            "exclusive": {"enum": ["contact"]},
            "timezone": {"enum": ["contact", "workspace"]},
            "window": window,
            "gap": _DURATION,
            "caps": {"type": "array", "items": {"anyOf": caps}},
            "on_cap": {"enum": ["defer", "skip", "exit"]},
            "approval": _APPROVAL,
        }
    )


def _verbs(channels: Collection[str], templates: Collection[str]) -> list[Schema]:
    """A step of each verb. One that is not described here may have any value, so that nothing right is refused."""
    values = _values(channels, templates)
    found = []
    for name, verb in VERBS.items():
        common: Schema = dict.fromkeys(STEP_KEYS, _EXPRESSION)
        beside = {key: _BESIDE.get(key, {}) for key in verb.beside}
        required = [name, "id"] if verb.named else [name]
        found.append(_closed({**common, "id": _NAME, **beside, name: values.get(name, {})}, *required))
    return found


_BESIDE: Mapping[str, Schema] = {
    "got": {"anyOf": [_STEPS, {"type": "object", "additionalProperties": _STEPS}]},
    "cases": {"type": "object", "additionalProperties": _STEPS},
    **dict.fromkeys(("timeout", "done", "skipped", "expired", "failed", "else"), _STEPS),
}


def _values(channels: Collection[str], templates: Collection[str]) -> Mapping[str, Schema]:
    events = {"anyOf": [_EVENT, {"type": "array", "minItems": 1, "items": _EVENT}]}
    send = {
        "template": {"enum": sorted(templates)},
        "channel": {"enum": sorted(channels)},
        "thread": _NAME,
        "approval": _APPROVAL,
        "urgent": {"type": "boolean"},
    }
    waits = [
        {"type": "string", "description": "A duration: 30m, 4h, 5d, 5bd or 2w."},
        _closed({"until": _EXPRESSION}, "until"),
        _closed({"for": events, "within": _EXPRESSION}, "for", "within"),
    ]
    task = {"title": _TEXT, "within": _EXPRESSION, "help": _TEXT}
    case = _closed({"if": _EXPRESSION, "do": _STEPS}, "if", "do")
    data = {"type": "object", "additionalProperties": _EXPRESSION}
    return {
        "send": {**_closed(send, "template"), "description": "Write a message and send it."},
        "wait": {"anyOf": waits, "description": "Wait for a time, or for something to happen."},
        "task": {**_closed(task, "title", "within"), "description": "Ask the owner to do something."},
        "choose": {"type": "array", "items": case, "description": "Take the first case whose condition holds."},
        "match": {**_EXPRESSION, "description": "Take the case of a value."},
        "repeat": {
            **_closed({"max": _EXPRESSION, "until": _EXPRESSION, "do": _STEPS}, "max", "do"),
            "description": "Do steps again and again, at most `max` times.",
        },
        "emit": {
            **_closed({"event": _EVENT, "data": data}, "event"),
            "description": "Record that something happened.",
        },
        "go": {**_NAME, "description": "Go on in a block."},
        "exit": {**_NAME, "description": "End with an outcome."},
    }
