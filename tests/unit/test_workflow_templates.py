"""Message templates: their form, what they may speak of, what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from refflow.errors import RefflowError
from refflow.events import kinds_with
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Template
from refflow.workflows.language.facts import PRIVATE, AskFacts, OpeningFacts, OwnerFacts
from refflow.workflows.language.templates import (
    check_template,
    parse_template,
    placeholders_in,
    render,
    render_text,
)
from refflow.workflows.language.vocabulary import scope_for

SCOPE = scope_for(("reply.received",), {}, kinds_with(), ("contact", "opening"))


def opening(**fields: Any) -> OpeningFacts:
    given = dict.fromkeys(OpeningFacts.__struct_fields__)
    given |= {"id": "acme", "title": "SRE", "company": "Acme", "status": "open"}
    return OpeningFacts(**{**given, **fields})


def env(**fields: Any) -> dict[str, Any]:
    return {
        "opening": opening(),
        "ask": AskFacts(line=None, stage="ready"),
        "me": OwnerFacts(name="Ada", first_name="Ada", email=None),
        "params": {"gap": Duration(5, "bd")},
        "event": {"intent": "agreed", "when": datetime(2026, 3, 2, tzinfo=UTC)},
        "now": datetime(2026, 3, 1, 9, tzinfo=UTC),
        "active": lambda workflow, contact: True,
        **fields,
    }


def body(text: str, **fields: Any) -> str:
    return render(Template(subject=None, body=text), env(**fields)).body


def complaints(text: str) -> list[str]:
    problems = check_template("ask", text, SCOPE)
    return [f"{each.line}:{each.column} {each.code} {each.message} ({each.help})" for each in problems]


def test_a_first_line_is_the_subject() -> None:
    template, problems = parse_template("ask", "\ufeffSubject: A word?\r\n\r\nHi!\r\n\r\nAda\r\n")

    assert problems == ()
    assert template == Template(subject="A word?", body="Hi!\n\nAda")


def test_without_such_a_line_there_is_no_subject() -> None:
    template, _ = parse_template("note", "Hi!\nSubject: matter\n")

    assert template == Template(subject=None, body="Hi!\nSubject: matter")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Subject: A\nHi!", "2:1: E142 a blank line belongs"),
        ("Subject:\n\nHi!", "1:1: E142 the subject is empty"),
        ("Subject: A\n\n\n", "1:1: E142 the template is empty"),
        ("", "1:1: E142 the template is empty"),
        ("H\ufffd", "1:2: E142 a character"),
    ],
)
def test_a_malformed_file_is_told_with_its_place(text: str, said: str) -> None:
    template, (problem,) = parse_template("ask", text)

    assert template is None
    assert said in str(problem)
    assert problem.file == "templates/ask.txt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi\n{{ contact.frist_name }}", "2:12 E141 `contact` has no field `frist_name` (did you mean"),
        ("Subject: {{ opening.titel }}\n\nHi", "1:21 E141 `opening` has no field `titel`"),
        ("Subject: A\n\n{{ contcat.name }}", "3:4 E141 there is no `contcat` here (did you mean `contact`?)"),
        ("{% if opening.submitt %}x{% endif %}", "1:15 E141"),
        ("{{ contact.name.first }}", "1:17 E141 `contact.name` is a text and has no fields"),
        ("{{ contact }}", "1:4 E141 `contact` is a contact: name one of its fields"),
        ("{{ event.text }}", "1:10 E141 `event` has no field `text`"),
        ("{{ contact['nam'] | upper }}", "1:1 E141 `contact` has no field `nam`"),
        ("{{ contact.name | uper }}", "1:19 E142 there is no filter `uper` (did you mean `upper`?)"),
        ("{{ contact.name | random }}", "1:19 E142 there is no filter `random`"),
        ("{% if me.name is evn %}{% endif %}", "1:18 E142 there is no test `evn` (did you mean `even`?)"),
        ("{{ contact.name.upper() }}", "1:17 E142 a template calls no functions"),
        ("{% include 'x' %}", "1:1 E142 a template stands alone"),
        ("a\n{{ contact.name", "2:1 E142 the template cannot be read"),
        ("{% if x %}", "1:1 E142"),
        ("{{ " + "(" * 5000, "1:1 E142"),
        ("{{ " + "1+" * 5000 + "1 }}", "1:1 E142"),
        ("{{ " + "9" * 5000 + " }}", "1:1 E142"),
        ("{{ active }}", "1:4 E141"),
    ],
)
def test_a_name_that_does_not_exist_is_found_before_anything_is_sent(text: str, said: str) -> None:
    assert [each[: len(said)] for each in complaints(text)] == [said]


def test_a_templates_own_names_are_known() -> None:
    text = (
        "{% set who = contact.first_name %}{% macro hi(name) %}Hi {{ name }}{% endmacro %}"
        "{{ hi(who) }}{% for n in range(2) %}{{ loop.index }}{{ n }}{% endfor %}"
        "{{ opening.submit or opening.url | default('soon') }}"
    )

    assert complaints(text) == []


def test_facts_are_filled_in() -> None:
    rendered = render(
        Template(subject="{{ opening.title }} at {{ opening.company }}", body="Hi,\n{{ me.first_name }}"), env()
    )

    assert (rendered.subject, rendered.body, rendered.missing) == ("SRE at Acme", "Hi,\nAda", ())


def test_what_is_missing_is_marked_and_listed_once() -> None:
    rendered = render(
        Template(subject="A", body="{{ opening.submit }} {{ ask.line }} {{ opening.submit }}"), env()
    )

    assert rendered.body == "[missing: opening.submit] [missing: ask.line] [missing: opening.submit]"
    assert rendered.missing == ("opening.submit", "ask.line")
    assert placeholders_in(rendered.body) == rendered.missing


def test_a_question_about_a_missing_fact_is_no_print() -> None:
    rendered = render(
        Template(subject=None, body="{% if opening.submit %}{{ opening.submit }}{% else %}a{% endif %}"), env()
    )

    assert (rendered.body, rendered.missing) == ("a", ())
    assert body("{{ opening.submit or 'the form' }}{{ opening.url | default('!') }}") == "the form!"


def test_a_filter_on_a_missing_fact_still_lists_it() -> None:
    rendered = render(Template(subject=None, body="{{ opening.submit | upper }}"), env())

    assert rendered.missing == ("opening.submit",)
    assert placeholders_in(rendered.body) == ("opening.submit",)


def test_a_subject_of_the_run_that_is_missing_marks_its_fields() -> None:
    rendered = render(Template(subject=None, body="{{ opening.title }}"), env(opening=None))

    assert rendered.missing == ("opening.title",)


def test_dates_and_durations_are_printed_for_people() -> None:
    assert body("{{ event.when }}, {{ params.gap }}") == "2 March 2026, 5 business days"


def test_a_text_without_expressions_stays_as_it_is() -> None:
    assert render_text("Look at {this}", {}) == "Look at {this}"
    assert render_text("Ask {{ me.name }} & co", env()) == "Ask Ada & co"


@pytest.mark.parametrize("between", ["\n", "\r", "\r\n"])
def test_a_subject_of_two_lines_is_refused(between: str) -> None:
    # With it a fact could add a header of its own to the message.
    with pytest.raises(RefflowError, match="line break"):
        render(
            Template(subject="{{ opening.title }}", body="Hi"),
            env(opening=opening(title=f"SRE{between}Bcc: all@example.org")),
        )


@pytest.mark.parametrize(
    "text",
    [
        "{{ now.now() }}",
        "{{ me.__class__ }}",
        "{{ me._record }}",
        "{{ opening.__init__ }}",
        "{{ active('x', 'y') }}",
        "{{ nobody }}",
        "{{ opening.nothing }}",
        "{{ 1 / 0 }}",
        "{{ opening.submit + 1 }}",
        "{{ lipsum() }}",
        "{{ contact.name | random }}",
        "{% include 'x' %}",
        "{{",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    ],
)
def test_what_cannot_be_filled_in_is_an_error_and_not_a_message(text: str) -> None:
    with pytest.raises(RefflowError):
        body(text)


def test_placeholders_are_found_in_edited_text() -> None:
    assert placeholders_in("a [missing: ask.line] b [MISSING: ask.line] [missing] [missing: x") == ("ask.line",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{% if contact.warmth == "hot" %}x{% endif %}', "E143 `contact.warmth` is never `hot`"),
        (
            "{% if contact.referrals == 'two' %}x{% endif %}",
            "E143 `contact.referrals`: a number never equals a text",
        ),
        ("{% if contact.days_quiet > 3 %}x{% endif %}", "E143 `contact.days_quiet` may be missing"),
        (
            "{% if contact.name > 3 %}x{% endif %}",
            "E143 `contact.name` is a text, not to be compared with a number",
        ),
        ("{% if contact.days_quiet + 1 > 3 %}x{% endif %}", "E143 `contact.days_quiet` may be missing"),
        ("{% for each in contact.name %}x{% endfor %}", "E143 `contact.name` is a text, not a list"),
        ("{{ 'x' if contact.warmth == 'wram' }}", "E143 `contact.warmth` is never `wram`"),
    ],
)
def test_a_template_is_checked_against_the_types_of_what_it_speaks_of(text: str, said: str) -> None:
    (problem,) = check_template("t", text, SCOPE)

    assert f"{problem.code} {problem.message}".startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "{% if contact.days_quiet and contact.days_quiet > 3 %}x{% endif %}",
        "{% if contact.days_quiet is defined %}{% set more = contact.days_quiet + 1 %}{% endif %}",
        "{% if not contact.days_quiet %}new{% elif contact.days_quiet > 3 %}x{% endif %}",
        "{% if not contact.days_quiet or contact.days_quiet > 3 %}x{% endif %}",
        "{{ 'days' if contact.days_quiet and contact.days_quiet + 1 > 3 else 'none' }}",
        "{% if contact.warmth == 'close' %}x{% endif %}",
        "{% for each in range(3) %}{{ each + 1 }}{% endfor %}",
        "{{ contact.title | upper }}",
        "{% if contact.title == 'CTO' %}x{% endif %}",
    ],
)
def test_what_can_work_in_a_template_is_accepted(text: str) -> None:
    assert check_template("t", text, SCOPE) == ()


@pytest.mark.parametrize("path", sorted(PRIVATE))
def test_what_is_kept_about_somebody_may_be_asked_for_and_not_told(path: str) -> None:
    def found(text: str) -> list[str]:
        return [f"{each.line}:{each.column} {each.code}" for each in check_template("t", text, SCOPE)]

    column = len("Subject: {{ ") + len(path.split(".")[0]) + 2
    assert found(f"Subject: {{{{ {path} }}}}\n\nHello") == [f"1:{column} W144"]
    assert found(f"Hello\nyou {{{{ ({path} ~ '!') | upper }}}}") == [f"2:{column - len('Subj')} W144"]
    assert found(f"{{{{ {path} if me.email else '' }}}}") == [f"1:{column - len('Subject: ')} W144"]
    assert found(f"{{% if {path} %}}Hello{{% endif %}}{{{{ 'x' if {path} else 'y' }}}}") == []
    assert found(f"{{{{ {path} == {path} }}}}{{{{ {path} is defined }}}}") == []


def test_an_escape_that_no_text_has_is_told() -> None:
    (problem,) = check_template("t", "Hi {{ contact.name | replace('a', '\\.') }}", SCOPE)

    assert problem.code == "E142"
    assert "invalid escape" in problem.message
