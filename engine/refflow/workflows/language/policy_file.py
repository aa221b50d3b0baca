"""Reads how messages may leave: the policy of a workflow, and the parts of it that the settings share."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec

from .definition import Approval, Cap, Late, Policy, Retry, Schedule, Window
from .reading import Reader, pairs
from .yaml_source import Mapping, Node, Scalar, Sequence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]|24):([0-5]\d)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_POLICY = ("exclusive", "priority", "timezone", "window", "gap", "caps", "on_cap", "approval", "retry", "late")


def read_policy(reader: Reader, node: Node) -> Policy:
    """The `policy` of a workflow; what cannot be read stays as the workspace says."""
    found = reader.mapping(node, "a policy", _POLICY)
    return Policy() if found is None else Policy(**_policy_fields(reader, found))


def read_window(reader: Reader, node: Node) -> Window | None:
    """`{days: mon-fri, hours: 09:00-17:30}`; a part that is not given has its default."""
    found = reader.mapping(node, "a window", ("days", "hours", "holidays"))
    if found is None:
        return None
    window = Window()
    if "days" in found.values and (days := _days(reader, found.values["days"])):
        window = msgspec.structs.replace(window, days=days)
    if "hours" in found.values and (hours := _hours(reader, found.values["hours"])):
        window = msgspec.structs.replace(window, opens=hours[0], closes=hours[1])
    if "holidays" in found.values:
        whose: Any = reader.choice(found.values["holidays"], "`holidays`", ("workspace", "contact"))
        window = msgspec.structs.replace(window, holidays=whose or "workspace")
    return window


def read_caps(reader: Reader, node: Node) -> tuple[Cap, ...] | None:
    """A list of `{per: contact, max: 6, in: 30d}` and `{per: contact, unanswered: 3}`."""
    caps = [_cap(reader, item) for item in reader.items(node, "`caps`")]
    return tuple(cap for cap in caps if cap is not None) if isinstance(node, Sequence) else None


def read_approval(reader: Reader, node: Node) -> Any:
    """Which messages wait for a person's word."""
    return reader.choice(node, "`approval`", get_args(Approval))


def read_late(reader: Reader, node: Node) -> Late | None:
    """`{after: 3d, do: ask}`: what becomes of a message that comes too late."""
    found = reader.mapping(node, "`late`", ("after", "do"))
    values = {} if found is None else found.values
    after = reader.duration(values["after"], "`after`") if "after" in values else None
    do: Any = reader.choice(values["do"], "`do`", ("ask", "send", "skip")) if "do" in values else None
    given = {"after": after, "do": do}
    return None if found is None else Late(**{name: each for name, each in given.items() if each is not None})


def read_retry(reader: Reader, node: Node) -> Retry | None:
    """`{attempts: 5, after: 15m, most: 1d}`: how a message is tried again."""
    found = reader.mapping(node, "`retry`", ("attempts", "after", "most"))
    values = {} if found is None else found.values
    given: dict[str, Any] = {
        name: reader.duration(values[name], f"`{name}`") for name in ("after", "most") if name in values
    }
    if "attempts" in values:
        given["attempts"] = reader.whole(values["attempts"], "`attempts`")
    return None if found is None else Retry(**{name: each for name, each in given.items() if each is not None})


def _policy_fields(reader: Reader, policy: Mapping) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, _, value in pairs(policy):
        match name:
            case "exclusive":
                fields[name] = reader.choice(value, "`exclusive`", ("contact",))
            case "timezone":
                fields[name] = reader.choice(value, "`timezone`", ("contact", "workspace"))
            case "window":
                fields[name] = read_window(reader, value)
            case "gap":
                fields[name] = reader.duration(value, "`gap`")
            case "caps":
                fields[name] = read_caps(reader, value)
            case "on_cap":
                fields[name] = reader.choice(value, "`on_cap`", ("defer", "skip", "exit"))
            case "approval":
                fields[name] = read_approval(reader, value)
            case "priority":
                fields[name] = reader.whole(value, "`priority`", 0) or 0
            case "retry":
                fields[name] = read_retry(reader, value)
            case "late":
                fields[name] = read_late(reader, value)
    return fields


def _days(reader: Reader, node: Node) -> tuple[int, ...]:
    """`mon-fri`, `[mon, wed]`, `sat`; a range may go over the end of the week."""
    parts = node.items if isinstance(node, Sequence) else (node,)
    days: set[int] = set()
    for part in parts:
        found = reader.scalar(part, "`days`")
        if found is not None:
            days |= _range(reader, found, found.text)
    return tuple(sorted(days))


def read_schedule(reader: Reader, node: Node) -> Schedule | None:
    """`mon 09:00`, `mon-fri 18:30`: a time of the week."""
    found = reader.scalar(node, "`every`")
    if found is None:
        return None
    days, _, clock = found.text.strip().rpartition(" ")
    written = _CLOCK.fullmatch(clock)
    if written is None or not days:
        reader.wrong(
            "E011", f"`every` cannot be `{found.text}`", found, "write days and a time, as `mon 09:00`"
        )
        return None
    read = _range(reader, found, days)
    return Schedule(days=tuple(sorted(read)), at=int(written[1]) * 60 + int(written[2])) if read else None


def schedule_text(schedule: Schedule) -> str:
    """A time of the week as `read_schedule` reads it."""
    return f"{days_text(schedule.days)} {clock_text(schedule.at)}"


def days_text(days: tuple[int, ...]) -> str:
    """Days of the week as `_days` reads them."""
    first = next((day for day in days if (day - 1) % 7 not in days), 0)
    last = (first + len(days) - 1) % 7
    if set(days) != {(first + each) % 7 for each in range(len(days))}:
        return f"[{', '.join(DAYS[day] for day in days)}]"
    return DAYS[first] if len(days) == 1 else f"{DAYS[first]}-{DAYS[last]}"


def clock_text(minutes: int) -> str:
    """A time of the day, from the minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _range(reader: Reader, node: Scalar, text: str) -> set[int]:
    ends = [end.strip() for end in text.lower().split("-")]
    if len(ends) > 2 or not set(ends) <= set(DAYS):
        help = "write mon-fri, or a list such as [mon, wed]; the days are " + " ".join(DAYS)
        reader.wrong("E011", f"`days` cannot be `{node.text}`", node, help)
        return set()
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return {day % 7 for day in range(first, (last if last >= first else last + 7) + 1)}


def _hours(reader: Reader, node: Node) -> tuple[int, int] | None:
    found = reader.scalar(node, "`hours`")
    if found is None:
        return None
    written = _HOURS.fullmatch(found.text.strip())
    if written is not None:
        opens, closes = (int(written[at]) * 60 + int(written[at + 1]) for at in (1, 3))
        if opens < closes <= 24 * 60:
            return opens, closes
    help = "write two times of one day, the earlier first, as 09:00-17:30"
    reader.wrong("E011", f"`hours` cannot be `{found.text}`", found, help)
    return None


def _cap(reader: Reader, node: Node) -> Cap | None:
    found = reader.mapping(node, "a cap", ("per", "max", "in", "unanswered"), required=("per",))
    if found is None or "per" not in found.values:
        return None
    per: Any = reader.choice(found.values["per"], "`per`", ("contact", "company", "workspace"))
    written = set(found.values) & {"max", "in", "unanswered"}
    if written == {"unanswered"}:
        if per not in (None, "contact"):
            reader.wrong("E011", "`unanswered` counts per contact", found.values["per"])
        unanswered = reader.whole(found.values["unanswered"], "`unanswered`")
        return Cap(per=per, unanswered=unanswered) if unanswered and per else None
    if written == {"max", "in"}:
        most = reader.whole(found.values["max"], "`max`")
        within = reader.duration(found.values["in"], "`in`")
        return Cap(per=per, most=most, within=within) if most and within and per else None
    reader.wrong("E006", "a cap has either `max` and `in`, or `unanswered`", found)
    return None
