"""A function, a condition, a filter or an action of a plugin that is gone blocks who uses it, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.plugins.test_isolation import INIT, MONDAY, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

STAR = """
import msgspec
from refflow.api import ActionSpec, ConditionSpec, EventTypeSpec, FilterSpec, FunctionSpec, hookimpl

class Starred(msgspec.Struct, frozen=True, kw_only=True):
    contact: str | None

class Nothing(msgspec.Struct, frozen=True):
    pass

def initials(text: str) -> str:
    return "".join(word[0] for word in text.split())

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="star.contact.starred", summary="-", version=1, payload=Starred)

@hookimpl
def refflow_functions():
    yield FunctionSpec(name="star_initials", summary="-", call=initials, returns=str)

@hookimpl
def refflow_template_filters():
    yield FilterSpec(name="star_shout", summary="-", call=str.upper)

@hookimpl
def refflow_actions():
    yield ActionSpec(
        name="give", summary="-", params=Nothing, plan=lambda params, facts: [Starred(contact=facts.contact.id)]
    )
"""
WORKFLOW = """
refflow: 1
workflow: {name}
title: Greet whoever comes
on:
  - event: contact.added
    if: {condition}
subject: {{contact: event.contact}}
{more}
steps:
{steps}  - id: greet
    task: {{title: "{title}", within: 2bd}}
    done: []
    skipped: []
    expired: []
  - exit: done
outcomes:
  good: [done]
"""
USING = {
    "a trigger": {"condition": 'star_initials(contact.name) != ""'},
    "a guard": {"more": """guard: ['star_initials(contact.name) != ""']"""},
    "a template": {"title": "Greet {{ contact.name | star_shout }}"},
    "an action": {"steps": "  - use: star.give\n"},
}


def workflow(name: str, **parts: str) -> str:
    return WORKFLOW.format(
        **{"name": name, "condition": "true", "more": "", "title": "Greet", "steps": "", **parts}
    )


@pytest.mark.parametrize("used", USING)
@pytest.mark.parametrize("broken", ["", "1 / 0"], ids=["gone", "broken"])
def test_whoever_uses_it_is_blocked_and_the_others_go_on(
    site: Site, tmp_path: Path, used: str, broken: str
) -> None:
    folder = tmp_path / "search"
    site.add("star", STAR)
    texts = json.dumps({"using": workflow("using", **USING[used]), "plain": workflow("plain")})
    problems: Any = run(
        site,
        folder,
        INIT
        + f"for name, text in json.loads({texts!r}).items():\n"
        + "    (folder / 'workflows' / (name + '.yaml')).write_text(text)\n"
        + "with api.open_workspace(folder) as w:\n    api.synchronise(w, now)\n"
        + "    print(json.dumps([str(each) for each in api.check(w).problems if each.severity == 'error']))",
    )
    assert problems == []
    site.remove("star")
    if broken:
        site.add("star", broken, version="1.1")

    where = ("--workspace", str(folder), "--now", MONDAY)
    added = site.refflow("person", "add", "Ana Lima", "--relation", "friend", *where)
    runs = run(
        site,
        folder,
        "from refflow.views.runs.run import Run\n"
        "with api.open_workspace(folder) as w:\n"
        "    print(json.dumps({r.workflow: r.status for r in w.views.find(Run)}))",
    )
    assert runs["plain"] in ("live", "exited")
    assert runs.get("using") in (None, "stuck")
    assert added.returncode == (0 if used == "a template" else 3), added.stderr
