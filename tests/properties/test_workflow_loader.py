"""Laws of reading files that people write: no text breaks the loader, both YAML parsers read the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refflow.events import kinds_with
from refflow.workflows.language.definition import Definition, Exit, decode, encode
from refflow.workflows.language.flow import onward
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.problems import Problem, has_errors, render_all
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts, check_template, parse_template
from refflow.workflows.language.vocabulary import scope_for
from refflow.workflows.language.yaml_source import Mapping, Node, Scalar, Sequence, read_yaml

SAMPLE = """\
refflow: 1
workflow: follow-up
on:
  - {event: referral.wanted, if: contact.warmth == "warm"}
  - manual: true
subject: {contact: event.contact, opening: event.opening}
again: {after: 180d}
params:
  gap: {type: duration, default: 5bd, min: 3bd}
policy: {window: {days: mon-fri, hours: 09:00-17:30}, caps: [{per: contact, max: 6, in: 30d}]}
guard: [not contact.do_not_contact]
anytime:
  - {event: reply.received, go: answered}
steps:
  - id: ask
    send: {template: ask}
  - id: nudges
    repeat:
      max: 2
      do:
        - {id: silence, wait: params.gap}
        - {id: nudge, if: loop.index > 1, send: {template: ask, thread: ask}}
  - exit: no_answer
blocks:
  answered:
    - id: intent
      match: event.intent
      cases: {declined: [{exit: declined}]}
      else:
        - id: read
          task: {title: "Read {{ contact.name }}", within: 3bd}
          done: []
          skipped: []
          expired: []
        - id: more
          wait: {for: [referral.given], within: 10bd}
          got: []
          timeout: [{exit: declined}]
        - emit: {event: referral.thanked}
        - exit: referred
outcomes: {good: [referred], bad: [no_answer, declined]}
"""

KINDS = kinds_with()
TEMPLATES = TemplateTexts({"ask": "Subject: Hi\n\n{{ contact.name }}, {{ opening.title }}\n"})
PIECES = st.sampled_from(
    [*"ab1 -?:,[]{}\"'|>#&*!%@`\n\t=<~.$\\/é東", "\n  ", "\n- ", ": ", " #", "''", "---\n", "<<"]
)
MARKUP = st.lists(PIECES, max_size=25).map("".join)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """`text` with a few places overwritten, some lines lost."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(MARKUP) + text[at + draw(st.integers(0, 12)) :]
    lines = text.split("\n")
    lost = draw(st.sets(st.integers(0, len(lines) - 1), max_size=2))
    return "\n".join(line for at, line in enumerate(lines) if at not in lost)


ANY_TEXT = st.one_of(
    st.text(),
    st.binary().map(lambda data: data.decode("utf-8", errors="replace")),
    st.binary().map(lambda data: data.decode("utf-8", errors="surrogateescape")),
    MARKUP,
    damaged(SAMPLE),
)


def load(text: str) -> tuple[Definition | None, tuple[Problem, ...]]:
    loaded = load_workflow(text, "f.yaml", TEMPLATES, KINDS, {"eml"})
    return loaded.definition, loaded.problems


def shape(node: Node) -> Any:
    match node:
        case Mapping(values=values):
            places = {key: (written.line, written.column) for key, written in node.keys.items()}
            return {(key, *places[key]): shape(each) for key, each in values.items()}
        case Sequence(items=items):
            return [shape(item) for item in items]
        case Scalar(kind="null"):
            return None
        case Scalar():
            return node.text, node.kind, node.line, node.column
    raise TypeError(node)


def test_the_sample_is_right() -> None:
    definition, problems = load(SAMPLE)

    assert problems == ()
    assert definition is not None


@settings(max_examples=400)
@given(ANY_TEXT)
def test_every_text_is_either_a_definition_or_has_errors_that_can_be_shown(text: str) -> None:
    definition, problems = load(text)

    assert (definition is None) == has_errors(problems)
    assert all(each.line >= 1 and each.column >= 1 and each.length >= 1 for each in problems)
    assert render_all(problems, {"f.yaml": text}).count("\x1b") == 0


@settings(max_examples=300)
@given(ANY_TEXT)
def test_both_yaml_parsers_accept_and_read_the_same(text: str) -> None:
    fast, said = read_yaml(text, "f.yaml")
    slow, said_slowly = read_yaml(text, "f.yaml", pure=True)

    assert (fast is None) == (slow is None)
    if fast is not None and slow is not None:
        assert shape(fast) == shape(slow)
        assert said == said_slowly


@settings(max_examples=200)
@given(damaged(SAMPLE))
def test_every_address_of_a_program_leads_to_an_exit(text: str) -> None:
    definition, _ = load(text)
    if definition is None:
        return
    program, blocks = definition.program, definition.blocks
    ends = {at for at, each in enumerate(program) if isinstance(each, Exit)}
    while True:
        before = len(ends)
        ends |= {at for at in range(len(program)) if any(to in ends for to, _ in onward(program, blocks, at))}
        if len(ends) == before:
            break
    assert ends == set(range(len(program)))
    assert all(each.outcome in definition.outcomes for each in program if isinstance(each, Exit))
    assert decode(encode(definition)) == definition


@given(ANY_TEXT)
def test_every_text_is_either_settings_or_has_errors(text: str) -> None:
    found, problems = load_settings(text, "refflow.yaml")

    assert (found is None) == has_errors(problems)


JINJA = st.sampled_from(
    ["{{", "}}", "{%", "%}", " if ", " for ", "contact", ".", "name", " x ", "|", "upper", "\n", "(", ")", "'"]
)


@given(st.one_of(ANY_TEXT, damaged(TEMPLATES.texts["ask"]), st.lists(JINJA).map("".join)))
def test_every_text_is_a_template_or_is_told_why_not(text: str) -> None:
    scope = scope_for((), {}, KINDS, ("contact", "opening"))
    template, problems = parse_template("ask", text)

    assert (template is None) == bool(problems)
    assert all(each.line >= 1 and each.column >= 1 for each in check_template("ask", text, scope))
