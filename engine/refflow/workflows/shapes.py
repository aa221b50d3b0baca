"""Shapes in JSON Schema: single values as they are written, and how messages may leave."""

from __future__ import annotations

from typing import Any, get_args

from .definition import Approval
from .policy_file import DAYS

Schema = dict[str, Any]


def closed(properties: Schema, *required: str) -> Schema:
    """A mapping with these keys and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def table(value: Schema) -> Schema:
    """A mapping from any names to values of one shape."""
    return {"type": "object", "additionalProperties": value}


def _whole(least: int) -> Schema:
    return {"type": "integer", "minimum": least}


NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"}
DURATION: Schema = {"type": "string", "pattern": "^\\s*\\d{1,5}(m|h|d|bd|w)\\s*$"}
TEXT: Schema = {"type": ["string", "number", "boolean"]}
EXPRESSION = TEXT
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
    "description": "Days and a time: mon 09:00, mon-fri 18:30.",
}


def window() -> Schema:
    """When messages may leave."""
    days = {"type": "string", "pattern": f"^\\s*{_DAYS}\\s*$"}
    hours = f"^\\s*{_CLOCK}\\s*-\\s*({_CLOCK}|24:00)\\s*$"
    return closed(
        {
            "days": {"anyOf": [days, {"type": "array", "items": days}]},
            "hours": {"type": "string", "pattern": hours},
            "holidays": {"enum": ["workspace", "contact"]},
        }
    )


def policy() -> Schema:
    """How the messages of a workflow may leave."""
    per = {"enum": ["contact", "company", "workspace"]}
    caps = [
        closed({"per": per, "max": WHOLE, "in": DURATION}, "per", "max", "in"),
        closed({"per": {"enum": ["contact"]}, "unanswered": WHOLE}, "per", "unanswered"),
    ]
    return closed(
        {
            "exclusive": {"enum": ["contact"]},
            "priority": _whole(0),
            "timezone": {"enum": ["contact", "workspace"]},
            "window": window(),
            "gap": DURATION,
            "caps": {"type": "array", "items": {"anyOf": caps}},
            "on_cap": {"enum": ["defer", "skip", "exit"]},
            "approval": APPROVAL,
            "retry": closed({"attempts": WHOLE, "after": DURATION, "most": DURATION}),
            "late": closed({"after": DURATION, "do": {"enum": ["ask", "send", "skip"]}}),
        }
    )
