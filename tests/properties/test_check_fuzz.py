"""A check survives whatever is in the files: it never fails, and every finding can be shown."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow.events import kinds_with
from refflow.workflows.language.codes import codes
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.language.yaml_source import plain_value, read_yaml
from refflow.workflows.proofs.checked import Checked, check_workflows
from refflow.workflows.proofs.report import Format, report

WHOLE = """\
refflow: 1
workflow: whole
title: Everything that the language has
on:
  - {event: referral.wanted, if: contact.warmth == "warm", ok: {I320: others are greeted}}
  - manual: true
subject: {contact: event.contact, opening: event.opening}
key: [contact, opening]
mode: queue
again: {after: 180d, max: 2}
params:
  pause: {type: duration, default: 5bd, min: 3bd}
  rounds: {type: number, default: 2, max: 3}
vars:
  asked: {type: number, default: 0}
  due: {type: time}
policy:
  exclusive: contact
  timezone: contact
  priority: 2
  window: {days: mon-fri, hours: 09:00-17:30}
  gap: 3bd
  caps: [{per: contact, max: 8, in: 30d}, {per: contact, unanswered: 5}]
  on_cap: skip
  approval: first
guard: [not contact.do_not_contact, opening.status == "open"]
anytime:
  - {event: contact.opted_out, exit: stopped}
  - {event: reply.received, if: event.intent != "later", go: answered}
  - {event: meeting.held, do: [{set: {asked: vars.asked + 1}}, {emit: {event: contact.warmed}}]}
steps:
  - {id: ask, send: {template: hi, channel: eml, approval: every}, failed: [{exit: lost}]}
  - id: nudges
    repeat:
      max: params.rounds
      until: contact.referrals > 0
      do:
        - {id: silence, wait: params.pause}
        - {id: nudge, if: loop.index == 1, send: {template: hi, thread: ask, urgent: true}}
  - id: news
    wait: {for: [interview.scheduled, offer.received], within: 20bd, settle: 1d, since: ask}
    got: {interview.scheduled: [], offer.received: [{go: answered}]}
    timeout: []
  - id: other
    start: {workflow: other, subject: {contact: contact}, wait: true}
    got: {done: [], else: [{exit: lost}]}
    refused: []
  - exit: lost
blocks:
  answered:
    - id: intent
      match: opening.status
      cases: {open: [], closed: [{exit: lost}]}
    - id: choice
      choose:
        - {if: has(vars.due) and vars.due > now, do: [{id: later, wait: {until: vars.due else now + 2w}}]}
      else:
        - id: read
          task: {title: "Read {{ contact.name }}", within: 3bd, help: "{{ opening.title }}"}
          done: [{set: {due: now + 5bd}}]
          skipped: []
          expired: []
    - exit: found
outcomes: {good: [found], bad: [lost, stopped]}
"""
OTHER = """\
refflow: 1
workflow: other
on: [{manual: true}]
subject: {contact: event.contact}
steps: [{id: greet, send: {template: hi}}, {exit: done}]
outcomes: {good: [done]}
"""
TEMPLATE = """\
Subject: {{ contact.name }}

{% if contact.title %}{{ contact.title | upper }}{% endif %} {{ me.name }}
"""
KINDS = kinds_with()
TREE: Any = plain_value(read_yaml(WHOLE, "whole.yaml")[0])  # type: ignore[arg-type]


def check(*texts: str, template: str = TEMPLATE) -> Checked:
    files = {f"{number}.yaml": text for number, text in enumerate(texts)}
    return check_workflows(files, TemplateTexts({"hi": template}), Settings(), KINDS, ("eml",))


def paths(tree: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value of a tree."""
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [before, *(path for key, value in below for path in paths(value, (*before, key)))]


PATHS = paths(TREE)[1:]
WORDS = sorted(
    {str(key) for path in PATHS for key in path} | {"", "ok", "use", "from", "every", "was", "1d", "no"}
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**19), st.floats(), st.sampled_from(WORDS), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def misshapen(draw: st.DrawFn) -> str:
    """The whole workflow with a few parts missing, doubled, renamed, of another shape, or from elsewhere."""
    tree = json.loads(json.dumps(TREE))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(PATHS))
        elsewhere = _at(tree, draw(st.sampled_from(PATHS)))
        parent = _at(tree, tuple(way))
        if not isinstance(parent, dict | list) or (
            isinstance(parent, list) and not 0 <= _number(last) < len(parent)
        ):
            continue
        match draw(st.sampled_from(["drop", "replace", "move", "rename", "double"])):
            case "drop":
                parent.pop(last, None) if isinstance(parent, dict) else parent.pop(last)
            case "replace":
                parent[last] = draw(values)
            case "move" if elsewhere is not parent:
                parent[last] = json.loads(json.dumps(elsewhere))
            case "rename" if isinstance(parent, dict):
                parent[draw(st.sampled_from(WORDS))] = parent.pop(last, None)
            case "double" if isinstance(parent, list):
                parent.append(json.loads(json.dumps(parent[last])))
    return json.dumps(tree, indent=draw(st.sampled_from([None, 1])))


def _number(key: Any) -> int:
    return key if isinstance(key, int) else -1


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        if isinstance(tree, dict):
            tree = tree.get(key)
        elif isinstance(tree, list) and 0 <= _number(key) < len(tree):
            tree = tree[key]
        else:
            return None
    return tree


pieces = st.sampled_from(
    [*"ab1 -?:,[]{}\"'|>#&*!%@`\n\t=<~.$\\/é東", "\n  ", "\n- ", ": ", " #", "{{", "%}", "else"]
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """`text` with a few places overwritten and lines lost."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        markup = "".join(draw(st.lists(pieces, max_size=12)))
        text = text[:at] + markup + text[at + draw(st.integers(0, 12)) :]
    lines = text.split("\n")
    lost = draw(st.sets(st.integers(0, len(lines) - 1), max_size=2))
    return "\n".join(line for at, line in enumerate(lines) if at not in lost)


def shown(checked: Checked) -> None:
    """Everything that was found can be shown in every format, and is where it says."""
    for format in get_args(Format):
        text = report(checked, format)
        assert "\x1b" not in text
        if format in ("json", "sarif"):
            json.loads(text)
    for problem in checked.problems:
        assert problem.code in codes()
        assert min(problem.line, problem.column, problem.length) >= 1
        text = checked.texts.get(problem.file, "")
        lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert not text or problem.line <= len(lines) + 1


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_whole_is_right() -> None:
    found = check(WHOLE, OTHER)

    assert found.problems == ()
    assert len(found.promises) == 2
    shown(found)


@FUZZ
@given(damaged(WHOLE), damaged(TEMPLATE))
def test_a_damaged_text_is_never_too_much(text: str, template: str) -> None:
    shown(check(text, OTHER, template=template))


@FUZZ
@given(misshapen(), st.one_of(st.just(OTHER), misshapen()))
def test_a_misshapen_tree_is_never_too_much(text: str, other: str) -> None:
    shown(check(text, other))


@FUZZ
@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("utf-8", errors="surrogateescape"))))
def test_any_text_at_all_is_never_too_much(text: str) -> None:
    shown(check(text, template=text))


TYPED = [found.span() for found in re.finditer(r"[A-Za-z_]{3,}", WHOLE)]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(TYPED))
def test_a_misspelt_word_is_told_once(place: tuple[int, int]) -> None:
    word = WHOLE[slice(*place)]
    typed = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else f"{word}x"
    found = check(WHOLE[: place[0]] + typed + WHOLE[place[1] :], OTHER)

    # Of a variable that is misspelt where it is declared, `set` and expressions speak each in their way.
    assert len(found.problems) <= (2 if word == "due" else 1), found.problems
