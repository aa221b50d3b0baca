"""Shapes in JSON Schema: single values as they are written, and how messages may leave."""

from __future__ import annotations

from typing import Any, get_args

from .definition import Approval
from .meanings import KEYS
from .policy_file import DAYS

Schema = dict[str, Any]


def closed(properties: Schema, *required: str) -> Schema:
    """A mapping with these keys and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def told(place: str, properties: Schema) -> Schema:
    """Keys that may stand at a place, each with what it means there."""
    meanings = KEYS[place]
    return {
        key: {**shape, "description": meanings[key]} if key in meanings else shape
        for key, shape in properties.items()
    }


def table(value: Schema) -> Schema:
    """A mapping from any names to values of one shape."""
    return {"type": "object", "additionalProperties": value}


def _whole(least: int) -> Schema:
    return {"type": "integer", "minimum": least}


NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"}
DURATION: Schema = {"type": "string", "pattern": "^\\s*\\d{1,5}(m|h|d|bd|w)\\s*$"}
TEXT: Schema = {"type": ["string", "number", "boolean"]}
EXPRESSION: Schema = {**TEXT, "$comment": "expression"}
TIME: Schema = {**TEXT, "$comment": "duration or expression"}
FLAG: Schema = {"enum": [True, False, "true", "false"]}
WHOLE = _whole(1)
APPROVAL: Schema = {"enum": list(get_args(Approval))}

# Days may be written in capitals, and a pattern of a schema has no switch for that.
_DAY = "({})".format("|".join("".join(f"[{each}{each.upper()}]" for each in day) for day in DAYS))
_DAYS = f"{_DAY}(\\s*-\\s*{_DAY})?"
_CLOCK = "([01]?\\d|2[0-3]):[0-5]\\d"

SCHEDULE: Schema = {
    "type": "string",
    "pattern": f"^\\s*{_DAYS}\\s+{_CLOCK}\\s*$",
    "$comment": "time of the week",
}


def window() -> Schema:
    """When messages may leave."""
    days = {"type": "string", "pattern": f"^\\s*{_DAYS}\\s*$", "$comment": "days"}
    hours = f"^\\s*{_CLOCK}\\s*-\\s*({_CLOCK}|24:00)\\s*$"
    fields = {
        "days": {"anyOf": [days, {"type": "array", "items": days}]},
        "hours": {"type": "string", "pattern": hours, "$comment": "hours"},
        "holidays": {"enum": ["workspace", "contact"]},
    }
    return closed(told("window", fields))


def policy() -> Schema:
    """How the messages of a workflow may leave."""
    per = {"enum": ["contact", "company", "workspace"]}
    counted = {"per": per, "max": WHOLE, "in": DURATION}
    in_a_row = {"per": {"enum": ["contact"]}, "unanswered": WHOLE}
    caps = [
        closed(told("cap", counted), "per", "max", "in"),
        closed(told("cap", in_a_row), "per", "unanswered"),
    ]
    retry = {"attempts": WHOLE, "after": DURATION, "most": DURATION}
    late = {"after": DURATION, "do": {"enum": ["ask", "send", "skip"]}}
    fields = {
        "exclusive": {"enum": ["contact"]},
        "priority": _whole(0),
        "timezone": {"enum": ["contact", "workspace"]},
        "window": window(),
        "gap": DURATION,
        "caps": {"type": "array", "items": {"anyOf": caps}},
        "on_cap": {"enum": ["defer", "skip", "exit"]},
        "approval": APPROVAL,
        "retry": closed(told("retry", retry)),
        "late": closed(told("late", late)),
    }
    return closed(told("policy", fields))
