"""What is found in a workflow as a whole, and between workflows; and what is left out with a reason."""

from __future__ import annotations

from textwrap import dedent

import pytest

from refflow.events import kinds_with
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Cap
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.proofs.checked import Checked, check_workflows
from refflow.workflows.proofs.report import together_text

HEAD = {
    "refflow": "1",
    "on": "[{manual: true}]",
    "subject": "{contact: event.contact}",
    "steps": "[{exit: done}]",
    "outcomes": "{good: [done]}",
}
ASK = """
anytime: [{event: reply.received, exit: done}]
steps:
  - {id: ask, send: {template: hi}}
  - {id: silence, wait: 5bd}
  - {id: nudge, send: {template: hi}}
  - exit: done
"""


def check(settings: Settings | None = None, **bodies: str) -> Checked:
    """What is found in workflows of which each is given by some of its top keys."""
    texts = {}
    for name, body in bodies.items():
        text = dedent(body).strip("\n") + "\n"
        for key, value in {**HEAD, "workflow": name}.items():
            if f"\n{key}:" not in f"\n{text}":
                text += f"{key}: {value}\n"
        texts[f"{name}.yaml"] = text
    templates = TemplateTexts({"hi": "Hi"})
    return check_workflows(texts, templates, settings or Settings(), kinds_with(), ("eml",))


def found(settings: Settings | None = None, **bodies: str) -> list[str]:
    """The findings: `W202 w.yaml:3:5 ...`."""
    problems = check(settings, **bodies).problems
    return [f"{each.code} {each.file}:{each.line}:{each.column} {each.message}" for each in problems]


# -- conditions


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("contact.referrals > 3 or contact.referrals <= 3", "always"),
        ("contact.referrals > 3 and contact.referrals < 2", "never"),
        ('contact.warmth in ["dormant", "cold", "warm", "close"]', "always"),
        ('contact.warmth == "cold" and contact.warmth == "warm"', "never"),
        ('contact.warmth != "cold" or contact.warmth != "warm"', "always"),
        ("has(contact.title) or not has(contact.title)", "always"),
        ('has(contact.title) and contact.title == "CTO" and contact.title == "CEO"', "never"),
        ("contact.do_not_contact and not contact.do_not_contact", "never"),
        ('active("w", contact) or not active("w", contact)', "always"),
        ("(contact.days_quiet else 5) < 3 and (contact.days_quiet else 5) > 4", "never"),
        ("true", "always"),
    ],
)
def test_a_condition_that_comes_out_one_way_is_told(condition: str, said: str) -> None:
    (problem,) = found(w=f"guard:\n  - '{condition}'")

    assert problem == f"W202 w.yaml:2:5 `{condition}` is {said} true"


@pytest.mark.parametrize(
    "condition",
    [
        "contact.referrals > 3 and contact.referrals < 5",
        'contact.warmth in ["dormant", "cold", "warm"]',
        "has(contact.title) and contact.do_not_contact",
        'has(contact.title) and contact.title != "CTO"',
        'active("w", contact)',
        "(contact.days_quiet else 5) < 3",
        "days_since(now) > 3 or contact.referrals > 2",
        "contact.referrals > contact.messages",
    ],
)
def test_a_condition_that_can_come_out_both_ways_is_not(condition: str) -> None:
    assert found(w=f"guard:\n  - '{condition}'") == []


def test_a_case_that_an_earlier_one_takes_away_is_told() -> None:
    assert found(
        w="""
        steps:
          - id: c
            choose:
              - if: contact.warmth == "warm" or contact.referrals > 2
                do: []
              - if: contact.warmth == "cold"
                do: []
              - if: contact.referrals > 3
                do: []
          - exit: done
        """
    ) == ["W202 w.yaml:8:13 `contact.referrals > 3` is never asked with success: an earlier case takes it"]


def test_an_interrupt_that_an_earlier_one_takes_away_is_told() -> None:
    assert found(
        w="""
        anytime:
          - {event: reply.received, if: event.intent != "later", exit: done}
          - {event: reply.received, do: [{emit: {event: contact.warmed}}]}
          - {event: reply.received, if: event.intent == "declined", exit: done}
          - {event: reply.received, if: event.intent == "later", exit: done}
          - {event: meeting.held, go: block}
          - {event: meeting.held, exit: done}
        blocks: {block: [{exit: done}]}
        """
    ) == ["W202 w.yaml:4:5 this never acts: the interrupt at line 2 always comes first"]


# -- bounds


def caps(*given: Cap) -> Settings:
    return Settings(caps=given)


@pytest.mark.parametrize(
    ("most", "days", "said"),
    [(1, 7, True), (1, 6, False), (2, 365, False)],
)
def test_a_cap_is_compared_with_the_fullest_stretch_of_time(most: int, days: int, said: bool) -> None:
    """Five business days last seven days at least: two messages fall into more than that, not into less."""
    cap = Cap(per="contact", most=most, within=Duration(days, "d"))

    assert (found(caps(cap), w=ASK) != []) == said


def test_a_cap_of_the_workspace_that_the_workflow_keeps_itself_is_not_told_twice() -> None:
    body = "policy: {caps: [{per: contact, max: 1, in: 30d}]}\n" + ASK.lstrip("\n")
    problems = found(caps(Cap(per="contact", most=1, within=Duration(30, "d"))), w=body)

    (problem,) = problems
    assert problem.startswith("W301 w.yaml:1:17 a run can want 2 messages to one contact within 30 days")


def test_an_answer_ends_the_row() -> None:
    body = """
    steps:
      - {id: ask, send: {template: hi}}
      - id: answer
        wait: {for: [reply.received], within: 5bd}
        got: []
        timeout: [{exit: done}]
      - {id: thanks, send: {template: hi}}
      - exit: done
    """

    assert found(caps(Cap(per="contact", unanswered=1)), w=body) == []
    assert found(caps(Cap(per="contact", unanswered=1)), w=ASK) == [
        "E302 w.yaml:5:17 up to 2 messages in a row without an answer; the limit is 1, and there it would stand"
    ]


# -- between workflows


def test_two_files_with_one_workflow_are_told() -> None:
    assert found(w="", other="workflow: w") == ["E008 other.yaml:1:11 a second workflow `w`"]


def test_a_circle_that_needs_somebody_to_act_is_none() -> None:
    silent = """
    on: [{event: contact.warmed}]
    again: always
    steps:
      - id: answer
        wait: {for: [reply.received], within: 5bd}
        got: [{emit: {event: contact.warmed}}]
        timeout: []
      - exit: done
    """

    assert found(w=silent) == []
    assert found(w=silent.replace("timeout: []", "timeout: [{emit: {event: contact.warmed}}]")) == [
        "W222 w.yaml:7:16 these set each other off again and again, 6.9 days apart at least: w -> w"
    ]


def test_a_circle_of_three_is_told_once() -> None:
    ring = "again: always\nsteps: [{id: s, start: {workflow: NEXT, subject: {contact: contact}}}, {exit: done}]"
    problems = found(
        None, **{name: ring.replace("NEXT", to) for name, to in {"a": "b", "b": "c", "c": "a"}.items()}
    )

    assert problems == ["E222 a.yaml:2:17 these set each other off without end: a -> b -> c -> a"]
    assert found(a=ring.replace("NEXT", "b"), b=ring.replace("NEXT", "a").replace("always", "never")) == []


def test_an_outcome_that_the_started_workflow_does_not_have_is_told() -> None:
    body = """
    steps:
      - id: s
        start: {workflow: other, subject: {contact: contact}, wait: true}
        got: {dnoe: [], else: []}
        refused: []
      - exit: done
    """

    (problem,) = check(w=body, other="").problems
    assert (problem.code, problem.help) == ("E213", "did you mean `done`?")
    assert found(w=body.replace("dnoe", "cancelled"), other="") == []


def test_values_for_which_an_event_starts_nothing_are_told() -> None:
    one = """
    on: [{event: meeting.held, if: contact.warmth == "warm"}]
    guard: [contact.referrals > 0]
    """
    other = 'on: [{event: meeting.held, if: contact.warmth == "cold" or contact.warmth == "close"}]'

    assert found(one=one, other=other) == [
        "I320 one.yaml:1:32 `meeting.held` starts nothing when `contact.warmth` is dormant"
    ]
    assert found(one=one, other="on: [{event: meeting.held}]") == []


def test_behind_a_file_with_errors_nothing_is_said_of_the_whole() -> None:
    start = "steps: [{id: s, start: {workflow: other, subject: {contact: contact}}}, {exit: done}]"

    assert [each.split(" ")[0] for each in found(w=start, other="steps: []")] == ["E231"]


# -- answered in place


def test_a_warning_is_answered_at_its_step_or_for_the_whole_file() -> None:
    body = """
    steps:
      - {id: a, if: true, wait: 1d, ok: {W202: for now}}
      - {id: b, if: true, wait: 1d}
      - exit: done
    """

    assert found(w=body) == ["W202 w.yaml:3:17 `true` is always true"]
    assert found(w=dedent(body) + "ok: {W202: for now}") == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("{W202: }", "E012 w.yaml:5:10 say why W202 is meant"),
        ('{W202: " "}', "E012 w.yaml:5:10 say why W202 is meant"),
        ("[W202]", "E005 w.yaml:5:9 `ok` is a mapping, `key: value`, not a list"),
        ("{W202: meant, E211: never mind}", "E012 w.yaml:5:23 E211 is an error: it has to be mended"),
        ("{W202: meant, W999: never mind}", "E012 w.yaml:5:23 there is no code W999"),
        ("{W202: meant, W310: never mind}", "W013 w.yaml:5:23 there is no W310 here to answer"),
    ],
)
def test_an_answer_that_cannot_count_is_told(answer: str, said: str) -> None:
    problems = found(
        w=f"""
        steps:
          - id: a
            if: true
            wait: 1d
            ok: {answer}
          - exit: done
        """
    )

    assert [each for each in problems if not each.startswith("W202")] == [said]
    assert len(problems) == (2 if answer == "[W202]" else 1)


def test_a_block_or_a_case_may_be_called_ok() -> None:
    assert found(w="steps: [{go: ok}]\nblocks: {ok: [{exit: ok}]}\noutcomes: {good: [ok]}") == []


# -- what every workflow inherits


def inheriting(text: str) -> Settings:
    settings, problems = load_settings(f"anytime: {text}", "refflow.yaml")
    assert settings is not None, problems
    return settings


def test_an_answer_that_every_workflow_acts_on_is_read() -> None:
    silent = ASK.replace("anytime: [{event: reply.received, exit: done}]", "")

    assert [each[:4] for each in found(w=silent)] == ["W310"]
    assert found(inheriting("[{event: reply.received, exit: done}]"), w=silent) == []


def test_an_outcome_that_only_an_inherited_interrupt_leads_to_happens() -> None:
    body = "outcomes: {good: [done], open: [met]}"

    assert [each[:4] for each in found(w=body)] == ["W233"]
    assert found(inheriting("[{event: meeting.held, exit: met}]"), w=body) == []


def test_what_is_inherited_is_no_finding_of_the_workflow() -> None:
    settings = inheriting("[{event: meeting.held, exit: met}, {event: meeting.held, if: now > now, exit: met}]")

    assert found(settings, w=ASK) == []


# -- all workflows together


ONCE = ASK + "key: [contact]\nagain: never\n"
AGAIN = ASK + "again: always\n"
NO_CAPS = {"caps": ()}


def totalled(settings: Settings, **bodies: str) -> str:
    total = check(settings, **bodies).together
    assert total is not None
    return together_text(total).removeprefix("All workflows together: ")


@pytest.mark.parametrize(
    ("bodies", "settings", "said"),
    [
        ({"a": ONCE, "b": ONCE}, {}, "at most 4 messages to one person, whatever happens."),
        ({"a": ONCE, "quiet": ""}, NO_CAPS, "at most 2 messages to one person, whatever happens."),
        (
            {"a": ONCE, "b": AGAIN},
            {},
            "at most 6 messages to one person within 30 days: the cap of the workspace sees to that.",
        ),
        (
            {"a": ONCE, "b": AGAIN},
            {"gap": Duration(2, "w")},
            "at most 3 messages to one person within 30 days, unless they write in between: the gap of the workspace"
            " sees to that.",
        ),
        (
            {"a": ONCE, "b": AGAIN.replace("template: hi}", "template: hi, urgent: true}")},
            {"gap": Duration(2, "w")},
            "at most 6 messages to one person within 30 days: the cap of the workspace sees to that.",
        ),
        ({"a": ONCE, "b": AGAIN}, NO_CAPS, "nothing limits the messages to one person."),
    ],
    ids=["runs", "one is silent", "cap", "gap", "urgent", "nothing"],
)
def test_what_limits_the_messages_of_all_workflows_to_one_person(
    bodies: dict[str, str], settings: dict[str, object], said: str
) -> None:
    assert totalled(Settings(**settings), **bodies) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "caps", "codes"),
    [
        (AGAIN, (), ["W303"]),
        (AGAIN, (Cap(per="workspace", most=9, within=Duration(1, "d")),), ["W303"]),
        (AGAIN, (Cap(per="contact", unanswered=3),), ["W303"]),
        (AGAIN, (Cap(per="contact", most=9, within=Duration(9, "d")),), []),
        (AGAIN, (Cap(per="company", most=9, within=Duration(9, "d")),), []),
        (AGAIN + "policy: {caps: [{per: contact, max: 9, in: 9d}]}\n", (), []),
        (ONCE, (), []),
        (ONCE.replace("never", "{after: 9d, max: 2}"), (), []),
        (ONCE.replace("never", "{after: 9d}"), (), ["W303"]),
        (ONCE.replace("template: hi}}\n  - exit", "template: hi, to: contact}}\n  - exit"), (), ["W303"]),
        ("again: always", (), []),
    ],
)
def test_a_workflow_that_nothing_holds_back_is_found(
    body: str, caps: tuple[Cap, ...], codes: list[str]
) -> None:
    assert [each[:4] for each in found(Settings(caps=caps), w=body)] == codes
