"""The reference of the language of workflows: the page `language.md`, with what the code says filled in.

A place to fill is written `<!-- keys: policy -->`. The samples of the page are the YAML blocks of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from refflow.events import kinds_with, messages, openings, people, runs
from refflow.events.kinds import EventKind
from refflow.workflows.durations import Duration
from refflow.workflows.expressions.functions import Function
from refflow.workflows.expressions.syntax import POWER
from refflow.workflows.expressions.types import Basic, Enum, List, Optional_, Record, Type
from refflow.workflows.language.codes import codes
from refflow.workflows.language.definition import Cap, Definition, Late, Policy, Retry, Window
from refflow.workflows.language.loader import BY_ITSELF
from refflow.workflows.language.meanings import KEYS, NAMES, RAILS, REFUSALS, WORDS
from refflow.workflows.language.policy_file import DAYS
from refflow.workflows.language.schema import workflow_schema
from refflow.workflows.language.settings import OpenAsks, Settings
from refflow.workflows.language.shapes import DURATION, NAME, WHOLE, Schema, policy
from refflow.workflows.language.verbs import VERBS
from refflow.workflows.language.vocabulary import event_type, scope_for
from refflow.workflows.stories import tests_file

PAGE = Path(__file__).parents[2] / "docs" / "workflow-language.md"
TEXT = Path(__file__).with_name("language.md").read_text(encoding="utf-8")
KINDS = kinds_with(())
SCHEMA = workflow_schema(KINDS, ["eml", "paste"], ["hello", "nudge"])
SCOPE = scope_for((), {}, KINDS, ("contact", "opening"))
OPERATORS = ["or", "and", "not", *(each for each in POWER if each not in ("or", "and"))]
TESTS = {
    "test": tests_file._KEYS,
    "test start": tests_file._START,
    "test owner": tests_file._OWNER,
    "test event": ("after", *tests_file._HAPPENS, "outcome"),
    "expectation": ("at", *tests_file._EXPECTED),
}
"""The keys of a file of tests, which has no schema."""
STRUCTS: Mapping[str, type[msgspec.Struct]] = {
    "workflow": Definition,
    "policy": Policy,
    "window": Window,
    "late": Late,
    "retry": Retry,
    "open_asks": OpenAsks,
    "settings": Settings,
}
"""Where the defaults of a place are."""
DEFAULTS = {
    ("workflow", "key"): "all of `subject`",
    ("workflow", "title"): "its name",
    ("workflow", "policy"): "as the settings say",
}
"""Defaults that no field has."""
INSTALLED = {("send", "template"): "name of a file", ("send", "channel"): "name of a channel"}
"""What a key takes where the schema lists what there is."""

HEADINGS = set(re.findall(r"^### `(\w+)`$", TEXT, re.MULTILINE))
"""Keys that have a part of the page to themselves."""
LINKING = ("workflow", "policy", "send", "settings")

_TO_FILL = re.compile(r"<!-- (?P<what>\w+)(?:: (?P<of>[\w ]+))? -->")
_SECTION = re.compile(r"^### (?P<verb>[a-z]+)\n.*?^```yaml\n(?P<steps>.*?)^```", re.MULTILINE | re.DOTALL)


def page() -> str:
    """The whole page."""
    return _TO_FILL.sub(lambda found: FILLED[found["what"]](*filter(None, [found["of"]])), TEXT)


def places_on_the_page() -> set[str]:
    """The places whose keys the page tells."""
    return {found["of"] for found in _TO_FILL.finditer(TEXT) if found["what"] == "keys"}


def sample(first: str) -> str:
    """The YAML block of the page that begins with `first`."""
    (found,) = re.findall(rf"^```yaml\n({re.escape(first)}.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def everything() -> str:
    """A workflow that has every key, of the samples of the page."""
    steps = {found["verb"]: found["steps"] for found in _SECTION.finditer(TEXT)}
    assert list(steps) == list(VERBS)
    ending = steps.pop("exit")
    return (
        sample("refflow: 1")
        .replace("steps: []    # see below\n", "steps:\n" + _indented("".join(steps.values()), 2))
        .replace("blocks: {}\n", "blocks:\n  closing:\n" + _indented(ending, 4))
    )


def places() -> dict[str, Schema]:
    """The keys of each place in a workflow with their shapes, as the schema has them; what is written in several
    ways is put together. A key that must be there in each of them is in `required`.
    """
    top, step = SCHEMA["properties"], _together(SCHEMA["definitions"]["step"]["oneOf"])
    beside = {key for verb in VERBS.values() for key in verb.beside}
    found = {
        "workflow": {**SCHEMA, "required": [*SCHEMA["required"], *SCHEMA["else"]["required"]]},
        "trigger": _together(top["on"]["items"]["anyOf"]),
        "subject": top["subject"],
        "again": top["again"]["anyOf"][1],
        "parameter": SCHEMA["else"]["properties"]["params"]["additionalProperties"],
        "variable": _together(top["vars"]["additionalProperties"]["anyOf"]),
        "policy": top["policy"],
        "window": top["policy"]["properties"]["window"],
        "cap": _together(top["policy"]["properties"]["caps"]["items"]["anyOf"]),
        "retry": top["policy"]["properties"]["retry"],
        "late": top["policy"]["properties"]["late"],
        "interrupt": _together(top["anytime"]["items"]["anyOf"]),
        "outcomes": top["outcomes"],
        "step": _only(step, set(step["properties"]) - set(VERBS) - beside),
        "verb": _only(step, set(VERBS)),
        "case": step["properties"]["choose"]["items"],
    }
    for verb, known in VERBS.items():
        steps = [each for each in SCHEMA["definitions"]["step"]["oneOf"] if verb in each["properties"]]
        values = [each["properties"][verb] for each in steps]
        inside = [each for value in values for each in (value, *value.get("anyOf", ())) if "properties" in each]
        if inside:
            found[verb] = _together(inside)
        if known.beside:
            found[f"beside {verb}"] = _only(_together(steps), set(known.beside))
    return found


def _only(schema: Schema, keys: set[str]) -> Schema:
    return {
        "properties": {key: each for key, each in schema["properties"].items() if key in keys},
        "required": [key for key in schema["required"] if key in keys],
    }


def _together(shapes: Sequence[Schema]) -> Schema:
    properties: Schema = {}
    for each in shapes:
        for key, shape in each["properties"].items():
            if shape not in (known := properties.setdefault(key, [])):
                known.append(shape)
    merged = {key: known[0] if len(known) == 1 else {"anyOf": known} for key, known in properties.items()}
    needed = [set(each.get("required", ())) for each in shapes]
    return {"properties": merged, "required": sorted(set.intersection(*needed))}


def taken(shape: Schema) -> str:
    """What a key takes, in words."""
    plain = {key: value for key, value in shape.items() if key != "description"}
    if "$comment" in plain:
        return str(plain["$comment"])
    if "$ref" in plain:
        return {"steps": "steps", "event": "event", "ok": "codes"}[plain["$ref"].rpartition("/")[2]]
    if "anyOf" in plain:
        ways = plain["anyOf"]
        if all("enum" in each for each in ways):
            return taken({"enum": [value for each in ways for value in each["enum"]]})
        return " or ".join(dict.fromkeys(taken(each) for each in ways))
    if "enum" in plain:
        values = dict.fromkeys(str(each) for each in plain["enum"])
        return "true or false" if "True" in values else ", ".join(f"`{each}`" for each in values)
    for known, words in ((NAME, "name"), (DURATION, "duration"), (WHOLE, "whole number")):
        if plain == known:
            return words
    match plain.get("type"):
        case "integer":
            return "whole number"
        case "number":
            return "number"
        case "array":
            inner = taken(plain["items"])
            return "list" if inner == "keys" else f"list of: {inner}"
        case "object" if "properties" in plain:
            return "keys"
        case "object" if "additionalProperties" in plain:
            return f"names, each with: {taken(plain['additionalProperties'])}"
        case "object":
            return "names"
    return "text"


def _keys(place: str) -> str:
    """The keys that may stand at a place."""
    if place in TESTS:
        return _table(["key", "what it means"], ([f"`{key}`", _meaning(place, key)] for key in TESTS[place]))
    return _table(["key", "takes", "default", "what it means"], _rows(place))


def _rows(place: str) -> Iterator[list[str]]:
    shapes, hints = policy()["properties"], get_type_hints(STRUCTS.get(place, Settings))
    if place in ("settings", "open_asks"):
        for name in STRUCTS[place].__struct_fields__:
            takes = taken(shapes[name]) if name in shapes else _annotated(hints[name])
            yield [_key(place, name), takes, _default(place, name), _meaning(place, name)]
        return
    known = places()[place]
    for key, shape in known["properties"].items():
        takes = INSTALLED.get((place, key)) or taken(shape)
        default = "required" if key in known.get("required", ()) else _default(place, key)
        yield [_key(place, key), takes, default, _meaning(place, key)]


def _key(place: str, key: str) -> str:
    linked = place in LINKING and key in HEADINGS and (place, key) != ("settings", "anytime")
    return f"[`{key}`](#{key})" if linked else f"`{key}`"


def _meaning(place: str, key: str) -> str:
    return KEYS[place].get(key, "")


def _default(place: str, key: str) -> str:
    if (place, key) in DEFAULTS:
        return DEFAULTS[place, key]
    if place == "window" and key in ("days", "hours"):
        return f"`{_days(Window()) if key == 'days' else _hours(Window())}`"
    for field in msgspec.structs.fields(STRUCTS[place]) if place in STRUCTS else ():
        if field.name == key:
            made = field.default_factory
            shown = _shown(field.default if made is msgspec.NODEFAULT else made())
            return f"`{shown}`" if shown else ""
    return ""


def _shown(value: Any) -> str:
    """A default as one would write it."""
    match value:
        case Window():
            return f"{{days: {_days(value)}, hours: {_hours(value)}}}"
        case Cap(unanswered=int(count)):
            return f"{{per: {value.per}, unanswered: {count}}}"
        case Cap():
            return f"{{per: {value.per}, max: {value.most}, in: {value.within}}}"
        case bool():
            return str(value).lower()
        case Duration() | str() | int():
            return str(value)
        case msgspec.Struct():
            fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return "{" + ", ".join(f"{name}: {_shown(each)}" for name, each in fields) + "}"
        case tuple() if value:
            return "[" + ", ".join(map(_shown, value)) + "]"
    return ""


def _days(window: Window) -> str:
    return f"{DAYS[window.days[0]]}-{DAYS[window.days[-1]]}"


def _hours(window: Window) -> str:
    return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (window.opens, window.closes))


def _annotated(annotation: Any) -> str:
    known: Mapping[Any, str] = {
        str: "text",
        str | None: "text",
        int: "whole number",
        bool: "true or false",
        Duration: "duration",
        tuple[date, ...]: "list of days",
        dict[str, tuple[date, ...]]: "zones, each with a list of days",
        dict[str, Any]: "names, each with settings",
        OpenAsks: "keys",
    }
    return known.get(annotation, "list")


def _verbs() -> str:
    return _table(
        ["verb", "what it does", "`id`", "in `anytime: do`"],
        (
            [
                f"[`{verb}`](#{verb})",
                _meaning("verb", verb),
                "required" if known.named else "",
                "yes" if known.aside else "",
            ]
            for verb, known in VERBS.items()
        ),
    )


def _functions() -> str:
    return _table(
        ["function", "gives", "what it means"],
        ([_call(name, SCOPE.function(name)), *_given(name)] for name in SCOPE.function_names()),
    )


def _call(name: str, function: Function | None) -> str:
    given = "path" if function is None else ", ".join(_type(each) for each in function.parameters)
    return f"`{name}({given})`"


def _given(name: str) -> list[str]:
    function = SCOPE.function(name)
    return [_type(function.returns) if function else "true or false", WORDS.get(name, "")]


def _fields(name: str) -> str:
    record = SCOPE.names[name]
    assert isinstance(record, Record)
    return _table(
        ["field", "is", "what it means"],
        (
            [f"`{name}.{field}`", _type(found), NAMES[name].get(field, "")]
            for field, found in record.fields.items()
        ),
    )


def _type(found: Type) -> str:
    match found:
        case Optional_(inner=inner):
            return f"{_type(inner)}, may be missing"
        case Enum(values=values):
            return ", ".join(f'`"{value}"`' for value in values)
        case List():
            return "list"
        case Record(name=name):
            return name
        case Basic(name=name):
            return {"bool": "true or false", "instant": "time", "any": "value"}.get(name, name)


def _events() -> str:
    kinds = sorted((*people.KINDS, *openings.KINDS), key=lambda each: each.name)
    return _table(
        ["event", "what happened", "fields", "can be waited for"],
        (
            [
                f"`{kind.name}`",
                " ".join((inspect.getdoc(kind.payload) or "").split()),
                _payload(kind),
                "yes" if _is_about_a_run(kind) else "",
            ]
            for kind in kinds
        ),
    )


def _payload(kind: EventKind) -> str:
    record = event_type([kind])
    assert isinstance(record, Record)
    written = []
    for name, found in record.fields.items():
        inner = found.inner if isinstance(found, Optional_) else found
        among = f" ({', '.join(inner.values)})" if isinstance(inner, Enum) else ""
        written.append(f"`{name}`{'?' if isinstance(found, Optional_) else ''}{among}")
    return ", ".join(written)


def _is_about_a_run(kind: EventKind) -> bool:
    fields = set(kind.payload.__struct_fields__)
    return "run" not in fields and bool(fields & {"contact", "referrer", "opening"})


def _told(head: str, meaning: str, told: Mapping[str, str], names: Iterable[str] | None = None) -> str:
    return _table([head, meaning], ([f"`{name}`", told.get(name, "")] for name in names or told))


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


FILLED: Mapping[str, Callable[..., str]] = {
    "keys": _keys,
    "verbs": _verbs,
    "verb": lambda verb: _meaning("verb", verb),
    "ends": lambda: _listed(BY_ITSELF),
    "operators": lambda: _told("operator", "what it means", WORDS, OPERATORS),
    "functions": _functions,
    "fields": _fields,
    "events": _events,
    "records": lambda: _listed(sorted(kind.name for kind in (*messages.KINDS, *runs.KINDS))),
    "rails": lambda: _told("rule", "why a message is held", RAILS),
    "refusals": lambda: _told("reason", "why a run does not start", REFUSALS),
    "codes": lambda: _table(
        ["code", "what is wrong"],
        ([f"[{code}](codes/{code}.md)", found.title] for code, found in sorted(codes().items())),
    ),
}
"""What is filled in, by the name of the place."""
