"""The reference of the language says what the code says, and leaves out nothing. Write it anew with
`REFFLOW_WRITE_DOCS=1 pytest tests/docs`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from importlib import util
from pathlib import Path
from typing import Any

import msgspec
import pytest

import refflow.workflows
from refflow import resources
from refflow.events import openings, people
from refflow.workflows.expressions.types import Record
from refflow.workflows.language.extensions import Action, Extensions
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.meanings import KEYS, NAMES, RAILS, REFUSALS, WORDS
from refflow.workflows.language.reading import Reader
from refflow.workflows.language.settings import OpenAsks, Settings
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.stories.tests_file import load_tests

_SPEC = util.spec_from_file_location("language", Path(__file__).with_name("language.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
language = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(language)

WORKFLOWS = Path(refflow.workflows.__file__ or "").parent


class Letter(msgspec.Struct):
    copies: int = 1


EXTENSIONS = Extensions(
    actions={"letter.print": Action(name="letter.print", params=Letter, plan=lambda *_: (), prefix="letter.")}
)
TEXTS = TemplateTexts({"hello": "Hi {{ contact.first_name }}, {{ data.days }} days", "nudge": "Hi again."})


def load() -> Any:
    return load_workflow(
        language.everything(), "everything.yaml", TEXTS, language.KINDS, ("eml", "paste"), extensions=EXTENSIONS
    )


def test_the_page_says_what_the_code_says() -> None:
    made = language.page()
    if os.environ.get("REFFLOW_WRITE_DOCS"):
        language.PAGE.write_text(made, encoding="utf-8")

    assert language.PAGE.read_text(encoding="utf-8") == made


def test_the_samples_of_the_page_are_right() -> None:
    loaded = load()
    assert loaded.definition is not None, loaded.problems

    settings, problems = load_settings(language.sample("name: "), "refflow.yaml")
    assert settings is not None, problems

    shipped = resources.workflows()
    texts = TemplateTexts({each.stem: each.read_text() for each in (shipped / "templates").glob("*.txt")})
    text = (shipped / "referral-ask.yaml").read_text()
    ask = load_workflow(text, "referral-ask.yaml", texts, language.KINDS, ("eml", "paste")).definition
    assert ask is not None
    _, problems = load_tests(language.sample("- test: "), "referral-ask.test.yaml", ask, language.KINDS)
    assert not problems


def in_the_code() -> dict[str, set[str]]:
    """Every key that the code reads, by its place."""
    return {
        **{place: set(found["properties"]) for place, found in language.places().items()},
        **{place: set(keys) for place, keys in language.TESTS.items()},
        "settings": set(Settings.__struct_fields__),
        "open_asks": set(OpenAsks.__struct_fields__),
    }


def test_every_key_has_a_meaning_and_nothing_else_has() -> None:
    """Whoever adds a key to the language gives it a line in `meanings.py`."""
    lacking = {
        f"{place}: {key}" for place, keys in in_the_code().items() for key in keys - set(KEYS.get(place, ()))
    }
    idle = {
        f"{place}: {key}" for place, keys in KEYS.items() for key in set(keys) - in_the_code().get(place, set())
    }

    assert not lacking, "keys without a meaning"
    assert not idle, "meanings of keys that nothing reads"


def test_every_key_is_on_the_page() -> None:
    assert language.places_on_the_page() == set(KEYS) - {"verb"}


CALLED = {
    "a workflow": "workflow",
    "a trigger": "trigger",
    "`subject`": "subject",
    "`again`": "again",
    "parameter": "parameter",
    "variable": "variable",
    "a policy": "policy",
    "a window": "window",
    "a cap": "cap",
    "`retry`": "retry",
    "`late`": "late",
    "an interrupt": "interrupt",
    "`outcomes`": "outcomes",
    "`send`": "send",
    "`wait`": "wait",
    "`task`": "task",
    "a case": "case",
    "`repeat`": "repeat",
    "`emit`": "emit",
    "`start`": "start",
    "a settings file": "settings",
    "`open_asks`": "open_asks",
}
"""How the loader calls what it reads, and the place that the reference calls so."""


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The closed sets of keys that are read, by what the loader calls them."""
    seen: dict[str, set[str]] = {}
    closed = Reader.closed

    def spy(self: Reader, node: Any, what: str, keys: Collection[str]) -> None:
        seen.setdefault(re.sub(r"(parameter|variable) `.*", r"\1", what), set()).update(keys)
        closed(self, node, what, keys)

    monkeypatch.setattr(Reader, "closed", spy)
    return seen


def test_the_loader_reads_the_keys_of_the_schema(read: dict[str, set[str]]) -> None:
    """What an editor offers is what the loader takes, wherever it stands."""
    assert load().definition is not None
    load_settings(language.sample("name: "), "refflow.yaml")
    known = in_the_code()
    assert read.pop("an interrupt of every workflow") <= known["interrupt"]

    steps = {what: keys for what, keys in read.items() if what.endswith("` step")}
    assert {
        what: place for what, place in CALLED.items() if read[what] - {"from"} != known[place] - {"from"}
    } == {}
    assert set(read) - set(steps) == set(CALLED)
    for what, keys in steps.items():
        verb = what.split("`")[1]
        assert keys == known["step"] | {verb} | known.get(f"beside {verb}", set())
    assert len(steps) == len(language.VERBS)


def test_a_file_of_tests_has_the_keys_of_the_reference(read: dict[str, set[str]]) -> None:
    definition = load().definition
    load_tests(language.sample("- test: "), "everything.test.yaml", definition, language.KINDS)

    assert read["a test"] == set(KEYS["test"])
    assert read["`start`"] >= set(KEYS["test start"])
    assert read["`owner`"] == set(KEYS["test owner"])
    assert read["an expectation"] == set(KEYS["expectation"])


def test_an_editor_shows_the_meaning_of_every_key() -> None:
    bare = []

    def look(shape: Any, path: str) -> None:
        if isinstance(shape, dict):
            for key, each in shape.get("properties", {}).items():
                if shape.get("additionalProperties") is False and "description" not in each and path != "ok":
                    bare.append(f"{path}/{key}")
            for key, each in shape.items():
                look(each, key)
        elif isinstance(shape, list):
            for each in shape:
                look(each, path)

    look(language.SCHEMA, "")
    assert not bare


def test_every_name_and_word_of_an_expression_is_told() -> None:
    scope = language.SCOPE
    for name, meanings in NAMES.items():
        record = scope.names[name]
        assert isinstance(record, Record)
        assert set(meanings) == set(record.fields), name
    assert set(WORDS) == {*language.OPERATORS, *scope.function_names()}


def test_every_guard_rail_and_refusal_is_told() -> None:
    code = "".join(path.read_text() for path in (WORKFLOWS / "runs").glob("*.py"))

    assert set(re.findall(r'Hold\(\s*rule="(\w+)"', code)) == set(RAILS)
    assert set(re.findall(r'Refusal\(\s*reason="(\w+)"', code)) == set(REFUSALS)


def test_every_event_says_what_happened() -> None:
    assert [kind.name for kind in (*people.KINDS, *openings.KINDS) if not kind.payload.__doc__] == []
