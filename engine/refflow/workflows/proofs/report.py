"""What a check found, as text: for people, for programs (JSON, SARIF 2.1.0) and for GitHub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from pathlib import PurePath
from typing import Any, Literal

import msgspec

from refflow import __version__

from ..language.codes import codes
from ..language.problems import Problem, in_order, render_all
from .checked import Checked
from .promise import Promise, Stop, shown_path
from .together import Together

Format = Literal["text", "json", "sarif", "github"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_IN_TEXT, _IN_FIELD = "%\r\n", "%\r\n:,"
"""What has a meaning of its own in a command, and is escaped."""
_COMPARABLE = 0.01
"""Days below which a difference is one of rounding."""


def report(checked: Checked, format: Format = "text") -> str:
    """What `checked` holds, in one of the formats."""
    return _FORMATS[format](checked)


def as_text(checked: Checked) -> str:
    """Each problem with its line and a caret, then what each workflow promises."""
    shown = [render_all(checked.problems, checked.sources)] if checked.problems else []
    shown += [promise_text(promise, file) for file, promise in checked.promises.items()]
    if checked.together is not None and len(checked.together.workflows) > 1:
        shown.append(together_text(checked.together))
    return "\n\n".join(shown)


def promise_text(promise: Promise, file: str) -> str:
    """A promise for people, each part with the path that comes to it."""
    lines = [f"{promise.workflow} ({file}) promises, whatever happens:"]
    if promise.messages.amount:
        most, row = promise.messages, promise.unanswered
        lines += [
            f"  at most {_messages(most.amount)} to one person in a run{_way(most.witness)}",
            f"  at most {row.amount:g} in a row without an answer{_way(row.witness)}",
            f"  {_in_all(promise)}",
            f"  {_apart(promise)}",
        ]
    else:
        lines.append("  no message to anybody")
    lines.append(f"  {_over(promise)}{_way(promise.days.witness)}")
    if promise.starts:
        lines.append(f"  it starts {', '.join(promise.starts)}: see there")
    return "\n".join(lines)


def together_text(found: Together) -> str:
    """What several workflows come to for one person, and what sees to it."""
    if found.messages is None:
        return "All workflows together: nothing limits the messages to one person."
    most = f"All workflows together: at most {_messages(found.messages)} to one person"
    if found.within is None:
        return f"{most}, whatever happens."
    by = f"the {found.by} of the workspace sees to that"
    unless = ", unless they write in between" if found.by == "gap" else ""
    return f"{most} within {found.within.in_words()}{unless}: {by}."


def as_json(checked: Checked) -> str:
    """`{"problems": [...], "promises": {file: ...}, "together": ...}`, in the shapes of `Problem`, `Promise` and
    `Together`.
    """
    problems = [{**msgspec.to_builtins(each), "severity": each.severity} for each in checked.problems]
    whole = {"problems": problems, "promises": checked.promises, "together": checked.together}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def as_sarif(checked: Checked) -> str:
    """A SARIF 2.1.0 log with one run. The promises are properties of the run."""
    found = dict.fromkeys(problem.code for problem in checked.problems)
    rules = [_rule(code) for code in found]
    places = {code: at for at, code in enumerate(found)}
    run = {
        "tool": {"driver": {"name": "refflow", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, places[each.code]) for each in checked.problems],
        "properties": {"promises": msgspec.to_builtins(checked.promises)},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()


def as_github(checked: Checked) -> str:
    """A workflow command for each problem, which GitHub shows beside the line."""
    return "\n".join(_command(each) for each in in_order(checked.problems))


def _rule(code: str) -> dict[str, Any]:
    page = codes().get(code)
    rule: dict[str, Any] = {"id": code}
    if page is not None:
        rule["shortDescription"] = {"text": page.title}
        rule["help"] = {"text": page.page, "markdown": page.page}
        rule["defaultConfiguration"] = {"level": page.severity}
    return rule


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    text = problem.message if problem.help is None else f"{problem.message} ({problem.help})"
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endColumn": problem.column + problem.length,
    }
    location = {"artifactLocation": {"uri": _uri(problem.file)}, "region": region}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _uri(file: str) -> str:
    from urllib.parse import quote

    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _command(problem: Problem) -> str:
    text = problem.message if problem.help is None else f"{problem.message}\n{problem.help}"
    fields = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.column + problem.length,
        "title": problem.code,
    }
    given = ",".join(f"{name}={_escaped(str(value), _IN_FIELD)}" for name, value in fields.items())
    return f"::{_COMMANDS[problem.severity]} {given}::{_escaped(text, _IN_TEXT)}"


def _escaped(text: str, characters: str) -> str:
    return "".join(f"%{ord(each):02X}" if each in characters else each for each in text)


def _messages(amount: float) -> str:
    return f"{amount:g} message{'' if amount == 1 else 's'}"


def _way(stops: tuple[Stop, ...]) -> str:
    return f": {shown_path(stops)}" if stops else ""


def _in_all(promise: Promise) -> str:
    if promise.in_all is not None:
        return f"at most {_messages(promise.in_all)} to one person in all runs together"
    return "in all runs together as many as the caps of the workspace let pass"


def _apart(promise: Promise) -> str:
    apart = f"never two within {promise.gap.in_words()}, unless they wrote in between"
    return f"{apart}; not held back: {shown_path(promise.urgent)}" if promise.urgent else apart


def _over(promise: Promise) -> str:
    days = ceil(promise.days.amount - _COMPARABLE)
    over = f"over after {days} day{'' if days == 1 else 's'} at most" if days else "over at once"
    for source in promise.open_ended:
        over += f", and until `{source.text}` (line {source.line})"
    if promise.waits_for:
        over += f", and the runs of {', '.join(promise.waits_for)} that it waits for"
    return f"{over}, not counting the time a message waits for you"


_FORMATS: Mapping[Format, Callable[[Checked], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
