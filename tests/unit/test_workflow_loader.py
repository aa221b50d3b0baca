"""What is accepted in a workflow file, what it compiles to, and what is said of mistakes."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from refflow.events import kinds_with
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import (
    Branch,
    Cap,
    Definition,
    Emit,
    Jump,
    Loop,
    Match,
    Parameter,
    Send,
    Wait,
    Window,
    essence,
)
from refflow.workflows.language.loader import Loaded, load_workflow
from refflow.workflows.language.problems import render_all
from refflow.workflows.language.templates import TemplateTexts

HEAD = {
    "refflow": "1",
    "workflow": "w",
    "on": "[{event: referral.wanted}]",
    "subject": "{contact: event.contact, opening: event.opening}",
    "steps": "[{exit: yes}]",
    "outcomes": "{good: [yes]}",
}
TEMPLATES = TemplateTexts(
    {
        "hi": "Hi {{ contact.first_name }}",
        "broken": "{{ contact.nmae }}",
        "loop": "{{ loop.index }}",
        "empty": "",
    }
)
KINDS = kinds_with()


def load(text: str) -> Loaded:
    return load_workflow(text, "w.yaml", TEMPLATES, KINDS, {"eml", "paste"})


def workflow(**fields: str | None) -> str:
    """A workflow with these top keys; `steps` and others as YAML text, None to leave one out."""
    lines = []
    for key, value in {**HEAD, **fields}.items():
        if value is None:
            continue
        value = dedent(value).strip("\n")
        lines.append(f"{key}: {value}" if "\n" not in value else f"{key}:\n{indent(value, '  ')}")
    return "\n".join(lines) + "\n"


def definition(**fields: str | None) -> Definition:
    text = workflow(**fields)
    loaded = load(text)
    assert render_all(loaded.problems, {"w.yaml": text}) == ""
    assert loaded.definition is not None
    return loaded.definition


def complaints(**fields: str | None) -> list[str]:
    """What is wrong: the code, the place as the text found there, the message and the hint."""
    text = workflow(**fields)
    lines = text.split("\n")
    found = []
    for each in load(text).problems:
        at = lines[each.line - 1][each.column - 1 :] if each.file == "w.yaml" else each.file
        found.append(f"{each.code} at {at[:20]}: {each.message} ({each.help})")
    return found


def complaint(**fields: str | None) -> str:
    (found,) = complaints(**fields)
    return found


# -- the head


def test_everything_of_the_head_is_read() -> None:
    found = definition(
        title="A title",
        about="|\n  Prose.\n",
        on='[{event: referral.wanted, if: contact.warmth == "warm"}, {manual: true}]',
        key="[contact]",
        mode="single",
        again="{after: 180d}",
        params="{gap: {type: duration, default: 5bd, min: 3bd}, polite: {type: bool, default: true}}",
        policy="""
            exclusive: contact
            timezone: workspace
            window: {days: [tue, thu], hours: 10:00-16:00}
            gap: 4bd
            caps: [{per: contact, max: 3, in: 60d}]
            on_cap: skip
            approval: none
            """,
        guard="[not contact.do_not_contact, params.polite]",
        anytime='[{event: reply.received, if: event.intent == "declined", exit: yes}]',
    )

    assert (found.name, found.title, found.about, found.manual) == ("w", "A title", "Prose.\n", True)
    assert (found.key, found.again) == (("contact",), Duration(180, "d"))
    assert found.params["gap"] == Parameter(type="duration", default=Duration(5, "bd"), least=Duration(3, "bd"))
    assert found.params["polite"].default is True
    assert found.policy.window == Window(days=(1, 3), opens=600, closes=960)
    assert found.policy.caps == (Cap(per="contact", most=3, within=Duration(60, "d")),)
    assert (found.policy.exclusive, found.policy.on_cap, found.policy.approval) == ("contact", "skip", "none")
    assert [source.events for source in found.guard] == [(), ()]
    assert found.subject["contact"].events == ("referral.wanted", "run.wanted")
    (interrupt,) = found.anytime
    assert interrupt.condition is not None
    assert interrupt.condition.events == ("reply.received",)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("refflow", "2", "E011 at 2"),
        ("refflow", None, "E006 at workflow: w"),
        ("workflow", "My Flow", "E007 at My Flow"),
        ("workflow", "", "E006 at workflow"),
        ("stpes", "[]", "E003 at stpes"),
        ("mode", "twice", "E011 at twice"),
        ("mode", "sngle", "E011 at sngle"),
        ("again", "sometimes", "E011 at sometimes"),
        ("again", "{after: 180 days}", "E130 at 180 days"),
        ("again", "{after: 180d, max: 0}", "E011 at 0"),
        ("on", "{event: referral.wanted}", "E005 at {event"),
        ("on", "[]", "E006 at []"),
        ("on", "[{event: referral.wantd}]", "E150 at referral.wantd"),
        ("on", '[{every: "mon 09:00"}]', "E006 at {every"),
        ("on", '[{every: "monday", each: contact}]', 'E011 at "monday'),
        ("on", '[{every: "mon 25:00", each: contact}]', 'E011 at "mon 25:00'),
        ("on", "[{if: true}]", "E006 at {if: true}"),
        ("on", "[{manual: true, event: referral.given}]", "E003 at event"),
        ("on", "[{event: referral.wanted, if: contact.name}]", "E123 at contact.name"),
        ("subject", "{contact: event.contact, person: event.contact}", "E003 at person"),
        ("subject", "{contact: event.contcat}", "E121 at contcat"),
        ("subject", "{contact: now}", "E122 at now"),
        ("subject", None, "E006 at refflow: 1"),
        ("key", "[person]", "E011 at person"),
        ("params", "{n: {type: number, default: two}}", "E131 at two"),
        ("params", "{n: {type: number, default: .inf}}", "E131 at .inf"),
        ("params", "{n: {type: number, default: 3, max: 2}}", "E131 at 3"),
        ("params", "{n: {type: duration, default: 2bd, min: 3bd}}", "E131 at 2bd"),
        ("params", "{n: {type: duration, default: 2 days}}", "E130 at 2 days"),
        ("params", "{n: {type: text, default: a, min: 1}}", "E131 at min"),
        ("params", "{n: {type: bool, default: no}}", "E131 at no"),
        ("params", "{n: {type: date, default: 1}}", "E011 at date"),
        ("params", "{n: {type: number}}", "E006 at {type: number}"),
        ("policy", "{window: {days: mon-fri, holidays: mine}}", "E011 at mine"),
        ("policy", "{priority: high}", "E011 at high"),
        ("policy", "{exclusive: opening}", "E011 at opening"),
        ("policy", "{approval: bunch}", "E011 at bunch"),
        ("policy", "{gap: 3}", "E130 at 3"),
        ("guard", "[contact.warmth]", "E123 at contact.warmth"),
        ("guard", '[event.contact == "c1"]', "E120 at event"),
        ("guard", "not contact.do_not_contact", "E005 at not contact"),
        ("anytime", "[{event: opening.closed, exit: no}]", "E230 at no"),
        ("anytime", "[{event: opening.closed, go: away}]", "E152 at away"),
        ("anytime", "[{event: opening.closed}]", "E006 at {event: opening"),
        ("anytime", "[{event: opening.closed, do: [{id: a, wait: 1d}]}]", "E214 at wait"),
        ("anytime", "[{event: message.sent, exit: yes}]", "E151 at message.sent"),
        ("anytime", "[{event: import.finished, exit: yes}]", "E151 at import.finished"),
        ("anytime", "[{event: reply.received, if: event.intnt == 1, exit: yes}]", "E121 at intnt"),
        ("outcomes", "{good: [yes], fine: [ok]}", "E003 at fine"),
        ("outcomes", "{good: [yes], bad: [yes]}", "E008 at yes"),
        ("outcomes", "{good: [yes], bad: [lost]}", "W233 at lost"),
        ("blocks", "{aside: [{exit: yes}]}", "E201 at aside"),
    ],
)
def test_a_mistake_in_the_head_is_told_once(key: str, value: str | None, said: str) -> None:
    assert complaint(**{key: value}).startswith(said)


def test_the_contact_of_the_trigger_is_spoken_of_by_its_own_name() -> None:
    found = complaint(on='[{event: referral.wanted, if: event.contact.warmth == "dormant"}]')

    assert found.startswith("E121 at warmth")
    assert "write `contact.warmth`" in found


def test_outcomes_that_the_engine_gives_need_no_step() -> None:
    assert definition(outcomes="{good: [yes], bad: [do_not_contact, capped]}").outcomes["capped"] == "bad"


def test_a_file_that_is_no_mapping_says_so() -> None:
    (problem,) = load("just words\n").problems

    assert problem.code == "E005"
    assert problem.message == "a workflow is a mapping, `key: value`, not a single value"


# -- steps


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{id: a, sned: {template: hi}}, {exit: yes}]", "E004 at sned: {template: hi}: this step has no verb"),
        ("[{id: a}, {exit: yes}]", "E004 at {id: a}"),
        ("[{id: a, wait: 1d, exit: yes}]", "E004 at exit"),
        ("[{id: a, set: {x: 1}}, {exit: yes}]", "E158 at x"),
        ("[{id: a, start: {workflow: w}}, {exit: yes}]", "E006 at {workflow: w}"),
        ("[{id: a, use: x.y}, {exit: yes}]", "E160 at x.y"),
        ("[wait, {exit: yes}]", "E005 at wait"),
        ("[{wait: 1d}, {exit: yes}]", "E007 at {wait: 1d}"),
        ("[{id: A b, wait: 1d}, {exit: yes}]", "E007 at A b"),
        ("[{id: a, wait: 1d}, {id: a, wait: 1d}, {exit: yes}]", "E008 at a, wait"),
        ("[{id: a, wait: 1d, fi: true}, {exit: yes}]", "E003 at fi"),
        ("[{id: a, wait: 1d, got: []}, {exit: yes}]", "E003 at []"),
        ("[{id: a, send: {template: hii}}, {exit: yes}]", "E140 at hii"),
        ("[{id: a, send: hi}, {exit: yes}]", "E005 at hi"),
        ("[{id: a, send: {template: hi, channel: telegraph}}, {exit: yes}]", "E154 at telegraph"),
        ("[{id: a, send: {template: hi, thread: a}}, {exit: yes}]", "E009 at a}"),
        ("[{id: a, send: {template: hi, thread: b}}, {exit: yes}]", "E009 at b}"),
        ("[{id: a, send: {template: hi, to: x}}, {exit: yes}]", "E120 at x"),
        ("[{id: a, send: {template: hi, urgent: yes}}, {exit: yes}]", "E011 at yes"),
        ("[{id: a, send: {template: broken}}, {exit: yes}]", "E141 at templates/broken.txt"),
        ("[{id: a, send: {template: loop}}, {exit: yes}]", "E141 at templates/loop.txt"),
        ("[{id: a, send: {template: empty}}, {exit: yes}]", "E142 at templates/empty.txt"),
        ("[{id: a, wait: soon}, {exit: yes}]", "E120 at soon"),
        ("[{id: a, wait: 3}, {exit: yes}]", "E130 at 3"),
        ("[{id: a, wait: contact.messages}, {exit: yes}]", "E122 at contact.messages"),
        ("[{id: a, wait: {until: 5bd}}, {exit: yes}]", "E122 at 5bd"),
        ("[{id: a, wait: {until: now + 5bd, within: 1d}}, {exit: yes}]", "E003 at within"),
        ("[{id: a, wait: {}}, {exit: yes}]", "E006 at {}"),
        (
            "[{id: a, task: {title: T, within: 1d, assignee: '{{ me.name }}'}, done: [], skipped: [], expired: []},"
            " {exit: yes}]",
            "E011 at '{{ me.name }}'",
        ),
        (
            "[{id: a, task: {title: T, within: 1d, asignee: coach}, done: [], skipped: [], expired: []}, {exit: yes}]",
            "E003 at asignee",
        ),
        ("[{id: a, wait: 1d}, {id: b, was: a, wait: 1d}, {exit: yes}]", "E008 at a, wait: 1d}"),
        ("[{id: a, was: a, wait: 1d}, {exit: yes}]", "E008 at a, wait: 1d}"),
        ("[{id: a, was: c, wait: 1d}, {id: b, was: c, wait: 1d}, {exit: yes}]", "E008 at c, wait: 1d}, {exit"),
        ("[{id: a, was: Old one, wait: 1d}, {exit: yes}]", "E007 at Old one"),
        ("[{was: a, exit: yes}]", "E006 at was"),
        ("[{id: a, wsa: b, wait: 1d}, {exit: yes}]", "E003 at wsa"),
        (
            "[{id: a, wait: {for: [], within: 1d}, got: [], timeout: []}, {exit: yes}]",
            "E006 at [], within: 1d}, got: `for` names nothing to wait for",
        ),
        (
            "[{id: a, wait: {for: [reply.received], within: 1d, since: nobody}, got: [], timeout: []},"
            " {exit: yes}]",
            "E009 at nobody",
        ),
        (
            "[{id: a, wait: {for: [reply.recieved], within: 1d}, got: [], timeout: []}, {exit: yes}]",
            "E150 at reply.recieved",
        ),
        (
            "[{id: a, wait: {for: [reply.received]}, got: [], timeout: []}, {exit: yes}]",
            "E210 at {for",
        ),
        (
            "[{id: a, wait: {for: [reply.received], within: 1d}, got: []}, {exit: yes}]",
            "E211 at wait: {for: [reply.r: `timeout` is not handled",
        ),
        (
            "[{id: a, wait: {for: [reply.received], within: 1d}, timeout: []}, {exit: yes}]",
            "E211 at wait: {for: [reply.r: `got` is not handled",
        ),
        (
            "[{id: a, wait: {for: reply.received, within: 1d}, got: {reply.received: [], meeting.held: []},"
            " timeout: []}, {exit: yes}]",
            "E213 at meeting.held",
        ),
        (
            "[{id: a, wait: {for: [reply.received, meeting.held], within: 1d}, got: {meeting.held: []},"
            " timeout: []}, {exit: yes}]",
            "E211 at wait: {for: [reply.r: `reply.received` is not handled",
        ),
        ("[{id: a, task: {title: T}, done: [], skipped: [], expired: []}, {exit: yes}]", "E212 at {title: T}"),
        ("[{id: a, task: {title: T, within: 1d}, done: [], skipped: []}, {exit: yes}]", "E211 at task"),
        (
            '[{id: a, task: {title: "See {{ contact.nam }}", within: 1d}, done: [], skipped: [], expired: []},'
            " {exit: yes}]",
            "E141 at nam }}",
        ),
        ("[{id: a, repeat: {do: [{id: b, wait: 1d}]}}, {exit: yes}]", "E220 at {do"),
        ("[{id: a, repeat: {max: 0, do: [{id: b, wait: 1d}]}}, {exit: yes}]", "E220 at 0"),
        ("[{id: a, repeat: {max: loop.index, do: [{id: b, wait: 1d}]}}, {exit: yes}]", "E120 at loop.index"),
        ("[{id: a, choose: [{if: true}]}, {exit: yes}]", "E006 at {if: true}"),
        ("[{id: a, match: opening.status, cases: {open: []}}, {exit: yes}]", "E211 at match"),
        (
            "[{id: a, match: opening.status, cases: {open: [], closd: []}, else: []}, {exit: yes}]",
            "E213 at closd: []}, ",
        ),
        ("[{id: a, match: contact.name, cases: {Ana: []}}, {exit: yes}]", "E211 at match"),
        ("[{id: a, match: contact.title, cases: {CTO: []}, else: []}, {exit: yes}]", "E124 at contact.title"),
        ("[{id: a, match: contact.messages, cases: {1: []}, else: []}, {exit: yes}]", "E122 at contact."),
        ("[{id: a, match: opening.status}, {exit: yes}]", "E006 at match"),
        ("[{emit: {event: contact.warmd}}, {exit: yes}]", "E150 at contact.warmd"),
        ("[{emit: {event: message.sent}}, {exit: yes}]", "E153 at message.sent"),
        ("[{emit: {event: ask.closed}}, {exit: yes}]", "E153 at ask.closed"),
        ("[{emit: {event: contact.warmed, data: {warm: 1}}}, {exit: yes}]", "E153 at warm"),
        ("[{emit: {event: opening.closed, data: {reason: 1}}}, {exit: yes}]", "E122 at 1"),
        ("[{go: nowhere}]", "E152 at nowhere"),
        ("[{exit: maybe}]", "E230 at maybe"),
        ("[{id: a, wait: 1d}]", "E231 at {id: a"),
        ("[]", "E231 at []"),
        ("[{exit: yes}, {id: a, wait: 1d}]", "E201 at {id: a"),
        ('[{exit: yes, if: sent("ask")}, {exit: yes}]', "E009 at ask"),
    ],
)
def test_a_mistake_in_a_step_is_told(text: str, said: str) -> None:
    assert complaints(steps=text)[0].startswith(said)


@pytest.mark.parametrize(
    "written", ["five days", "a week", "Two Business-Days", "half an hour", "5 bd", "1.5h"]
)
def test_a_duration_in_words_leads_to_how_durations_are_written(written: str) -> None:
    for step in (
        f"{{id: a, wait: {written}}}",
        f"{{id: a, wait: {{for: [meeting.held], within: {written}}}, got: [], timeout: []}}",
        f"{{id: a, task: {{title: T, within: {written}}}, done: [], skipped: [], expired: []}}",
    ):
        assert complaint(steps=f"[{step}, {{exit: yes}}]").startswith(f"E130 at {written}")


def test_a_duration_where_a_point_in_time_belongs_leads_to_one() -> None:
    said = complaint(steps="[{id: a, wait: {until: 5d}}, {exit: yes}]")
    assert said == "E122 at 5d}}, {exit: yes}]: `5d` is a duration, not a point in time (write `now + 5d`)"


def test_a_mistake_does_not_bring_others_along() -> None:
    wait = "{id: a, wait: {for: [reply.recieved], within: 1d}, got: [{exit: yes}], timeout: [{exit: yes}]}"
    assert complaint(steps=f"[{wait}]").startswith("E150")
    assert complaint(
        params="{gap: {type: duration, default: 5 days}}", steps="[{id: a, wait: params.gap}, {exit: yes}]"
    ).startswith("E130")
    assert complaint(
        on="[{event: referral.wantd}]", steps="[{exit: yes, if: event.level > 3}, {exit: yes}]"
    ).startswith("E150")
    assert complaint(
        subject="{contcat: event.contact}", steps="[{id: a, send: {template: hi}}, {exit: yes}]"
    ).startswith("E003")


def test_all_independent_mistakes_are_told_in_the_order_of_the_file() -> None:
    found = complaints(
        on="[{event: referral.wantd}]",
        guard="[contact.warmht == 1]",
        steps="""
            - id: a
              send: {template: hii, chanel: eml}
            - id: b
              wait: 20 days
            - id: b
              task: {title: x}
              done: []
            - exit: maybe
            """,
    )

    codes = [each.split(" ")[0] for each in found]
    assert codes == ["E150", "E140", "E003", "E130", "E008", "E211", "E211", "E212", "E230", "E121"]


def test_a_step_that_sends_needs_a_contact() -> None:
    found = complaint(
        subject="{opening: event.opening}", steps="[{id: a, send: {template: hi}}, {exit: yes}]", key=None
    )

    assert found.startswith("E006 at send")


# -- compiled


def test_a_thread_may_follow_a_message_of_another_block() -> None:
    found = definition(
        steps="[{id: a, send: {template: hi}}, {go: later}]",
        blocks="{later: [{id: b, send: {template: hi, thread: a, urgent: true, channel: eml}}, {exit: yes}]}",
    )

    assert found.program[2] == Send(step="b", line=7, template="hi", channel="eml", thread="a", urgent=True)
    assert found.blocks == {"later": 2}
    assert set(found.templates) == {"hi"}


def test_a_message_that_cannot_be_sent_takes_its_own_branch() -> None:
    found = definition(
        steps="[{id: a, send: {template: hi}, failed: [{exit: no}]}, {exit: yes}]",
        outcomes="{good: [yes], bad: [no]}",
    )

    send, jump = found.program[0], found.program[1]
    assert isinstance(send, Send)
    assert isinstance(jump, Jump)
    assert [type(found.program[at]).__name__ for at in (send.failed or 0, jump.to)] == ["Exit", "Exit"]
    assert (send.failed, jump.to) == (2, 3)


def test_choose_tries_its_cases_in_order() -> None:
    found = definition(
        steps="""
            - id: c
              choose:
                - if: opening.status == "closed"
                  do: [{exit: yes}]
                - if: has(opening.url)
                  do: []
              else: [{id: w, wait: 1d}]
            - exit: yes
            """
    )

    first, _, second, jump, wait, _ = found.program
    assert isinstance(first, Branch)
    assert isinstance(second, Branch)
    assert isinstance(jump, Jump)
    assert isinstance(wait, Wait)
    assert (first.otherwise, second.otherwise, jump.to) == (2, 4, 5)


def test_match_goes_to_its_case() -> None:
    found = definition(
        steps="[{id: m, match: opening.status, cases: {open: [], closed: [{exit: yes}]}}, {exit: yes}]"
    )

    match = found.program[0]
    assert isinstance(match, Match)
    assert (match.cases, match.otherwise) == ({"open": 2, "closed": 1}, None)


def test_loops_count_and_nest() -> None:
    found = definition(
        steps="""
            - id: outer
              repeat:
                max: 2
                until: loop.index > 1
                do:
                  - id: inner
                    repeat:
                      max: 3
                      do: [{id: w, wait: 1d}, {id: a, if: loop.index == 2, send: {template: loop}}]
            - exit: yes
            """
    )

    outer, inner = found.program[0], found.program[1]
    assert isinstance(outer, Loop)
    assert isinstance(inner, Loop)
    assert (outer.end, inner.end) == (7, 6)
    assert [each.to for each in found.program if isinstance(each, Jump)] == [1, 0]


def test_what_is_emitted_takes_the_subjects_from_the_run() -> None:
    found = definition(steps='[{emit: {event: ask.closed, data: {outcome: "\\"declined\\""}}}, {exit: yes}]')

    emit = found.program[0]
    assert isinstance(emit, Emit)
    assert (emit.event, emit.data["outcome"].text) == ("ask.closed", '"declined"')


def test_a_step_knows_the_events_that_can_have_led_to_it() -> None:
    found = definition(
        steps="""
            - id: first
              wait: {for: [reply.received, meeting.held], within: 10bd}
              got: []
              timeout: [{exit: yes}]
            - id: intent
              if: has(event.intent) and event.intent == "agreed"
              wait: 1d
            - id: second
              wait: {for: [referral.given], within: 10bd}
              got: {referral.given: [{go: thank}]}
              timeout: []
            - exit: yes
            """,
        blocks="{thank: [{exit: yes, if: event.opening == opening.id}, {exit: yes}]}",
        anytime="[{event: opening.closed, go: thank}]",
    )

    conditions = [each.condition for each in found.program if isinstance(each, Branch)]
    assert [source.events for source in conditions] == [
        ("meeting.held", "reply.received"),
        ("opening.closed", "referral.given"),
    ]
    waits = [each.within for each in found.program if isinstance(each, Wait) and each.within]
    assert [source.events for source in waits] == [("referral.wanted",), ("meeting.held", "reply.received")]


def test_places_and_prose_do_not_count_for_what_a_workflow_is() -> None:
    steps = "[{id: a, wait: 1d}, {exit: yes}]"
    other = "\n\n# a comment\n- {wait: 1d, note: why, id: a}\n- exit: yes\n"

    assert essence(definition(steps=steps)) == essence(definition(steps=other, title="T", about="P"))
    assert essence(definition(steps=steps)) != essence(definition(steps="[{id: a, wait: 2d}, {exit: yes}]"))
