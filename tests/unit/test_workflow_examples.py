"""The three workflows of the language's description, and what is said of copies with a mistake in them."""

from __future__ import annotations

import pytest

from refflow.events import kinds_with
from refflow.workflows.language.definition import (
    Branch,
    Exit,
    Go,
    Loop,
    Match,
    Send,
    Task,
    Wait,
    decode,
    encode,
)
from refflow.workflows.language.loader import Loaded, load_workflow
from refflow.workflows.language.problems import render_all
from refflow.workflows.language.templates import TemplateTexts

ASK = """\
refflow: 1
workflow: referral-ask
title: Ask one contact to refer me to one opening

on:
  - event: referral.wanted
subject: {contact: event.contact, opening: event.opening}
mode: single                       # a second request for the same pair is recorded, not run
again: never

params:
  gap:       {type: duration, default: 5bd, min: 3bd}
  followups: {type: number, default: 2, max: 2}

policy:
  exclusive: contact               # one live conversation per person, across all workflows
  timezone: contact                # else the workspace zone
  window: {days: mon-fri, hours: 09:00-17:30}
  gap: 3bd                         # least time between two messages to the same person
  caps: [{per: contact, max: 6, in: 30d}, {per: contact, unanswered: 4}]
  on_cap: defer                    # defer | skip | exit
  approval: first                  # I read the first message; the rest may go alone

guard:
  - not contact.do_not_contact
  - opening.status == "open"
  - contact.warmth in ["warm", "close"]

anytime:
  - {event: contact.opted_out, exit: do_not_contact}
  - {event: opening.closed, exit: opening_closed}
  - {event: referral.given, go: thank}
  - {event: reply.received, go: answered}

steps:
  - id: ask
    send: {template: ask-referral}
  - id: nudges
    repeat:
      max: params.followups
      do:
        - id: silence
          wait: params.gap
        - id: nudge
          send: {template: nudge, thread: ask}
  - id: last-silence
    wait: params.gap
  - id: goodbye
    send: {template: graceful-exit, thread: ask}
  - id: linger
    wait: 20bd                     # a late answer still lands here
  - exit: no_answer

blocks:
  answered:
    - id: intent
      match: event.intent
      cases:
        agreed:
          - id: details
            send: {template: send-details, thread: ask, approval: every}
          - id: promised
            wait: {for: [referral.given], within: 10bd}
            got: [{go: thank}]
            timeout:
              - id: check-in
                send: {template: gentle-check-in, thread: ask}
              - exit: promised
        declined:
          - id: thanks-anyway
            send: {template: thanks-anyway, thread: ask}
          - exit: declined
        later:
          - id: snooze
            wait: {until: event.when else now + 20bd}
          - id: second-ask
            if: opening.status == "open"
            send: {template: ask-again, thread: ask, approval: every}
          - exit: postponed
        refer_on:
          - exit: by_hand
        unclear:
          - id: read-it
            task: {title: "Read {{ contact.first_name }}'s reply and set the intent", within: 3bd}
            done: [{exit: by_hand}]
            skipped: [{exit: by_hand}]
            expired: [{exit: by_hand}]
  thank:
    - id: thanks
      send: {template: thank-referrer, thread: ask, urgent: true}
    - emit: {event: referral.thanked}
    - exit: referred

outcomes:
  good: [referred]
  open: [promised, postponed, by_hand]
  bad: [no_answer, declined, do_not_contact, opening_closed]
"""

WARM_UP = """\
refflow: 1
workflow: warm-up
title: Reconnect with a dormant contact before any ask

on:
  - event: referral.wanted
    if: contact.warmth == "dormant"
subject: {contact: event.contact, opening: event.opening}
key: [contact]                     # one warm-up per person, however many openings
mode: single
again: {after: 180d}

policy:
  exclusive: contact               # one live conversation per person, across all workflows
  timezone: contact
  window: {days: tue-thu, hours: 10:00-16:00}
  gap: 4bd
  caps: [{per: contact, max: 3, in: 60d}]
  on_cap: exit
  approval: every

guard:
  - not contact.do_not_contact
  - not active("referral-ask", contact)

anytime:
  - {event: contact.opted_out, exit: do_not_contact}
  - {event: meeting.held, go: warm}
  - {event: reply.received, go: talking}

steps:
  - id: engage
    task: {title: "Comment on something {{ contact.first_name }} published", within: 4bd}
    done: []                       # continue below
    skipped: []
    expired: []
  - id: breathe
    wait: 2bd
  - id: hello
    send: {template: reconnect-hello}
  - id: hello-silence
    wait: 7bd
  - id: useful
    if: has(contact.title)
    send: {template: share-something-useful, thread: hello}
  - id: useful-silence
    wait: 10bd
  - exit: still_cold

blocks:
  talking:
    - id: chat-ask
      choose:
        - if: event.intent == "declined"
          do: [{exit: not_now}]
      else:
        - id: offer-chat
          send: {template: ask-for-a-chat, thread: hello}
    - id: chat
      wait: {for: [meeting.held], within: 15bd}
      got: [{go: warm}]
      timeout: [{exit: still_cold}]
  warm:
    - emit: {event: contact.warmed}
    - id: next
      choose:
        - if: has(opening) and opening.status == "open"
          do: [{exit: asked}]
      else: [{exit: warmed}]

outcomes:
  good: [asked, warmed]
  open: [not_now]
  bad: [still_cold, do_not_contact]
"""

KEEP_UPDATED = """\
refflow: 1
workflow: keep-referrer-updated
title: Tell the person who referred me what happens next

on:
  - event: application.submitted
    if: has(event.referrer)
subject: {contact: event.referrer, opening: event.opening}
mode: single
again: never

policy:
  timezone: contact
  window: {days: mon-fri, hours: 09:00-18:00}
  gap: 8bd                         # fold faster news into one message
  caps: [{per: contact, max: 4, in: 30d}]
  on_cap: skip                     # an old update is worth nothing
  approval: first

anytime:
  - {event: contact.opted_out, exit: do_not_contact}

steps:
  - id: applied
    send: {template: update-applied}
  - id: stages
    repeat:
      max: 6
      do:
        - id: news
          wait:
            for: [interview.scheduled, offer.received, application.rejected, application.withdrawn]
            within: 30bd
          got:
            interview.scheduled:
              - id: interview
                send: {template: update-interview, thread: applied}
            offer.received: [{go: offer}]
            application.rejected: [{go: rejected}]
            application.withdrawn: [{exit: withdrawn}]
          timeout:
            - id: still-waiting
              send: {template: update-still-waiting, thread: applied}
            - exit: lost_track
  - exit: lost_track

blocks:
  offer:
    - id: good-news
      send: {template: update-offer, thread: applied, urgent: true}
    - id: return-favour
      task: {title: "Offer {{ contact.first_name }} something in return", within: 10bd}
      done: []
      skipped: []
      expired: []
    - exit: offer
  rejected:
    - id: let-it-sink-in
      wait: 1bd
    - id: bad-news
      send: {template: update-rejected, thread: applied}
    - emit: {event: helper.updated}
    - exit: rejected

outcomes:
  good: [offer]
  open: [lost_track, withdrawn]
  bad: [rejected, do_not_contact]
"""

BODY = "Subject: {{ contact.company }}\n\nHi {{ contact.first_name }}!\n"
NAMES = (
    "ask-referral nudge graceful-exit send-details gentle-check-in thanks-anyway ask-again thank-referrer "
    "reconnect-hello share-something-useful ask-for-a-chat "
    "update-applied update-interview update-still-waiting update-offer update-rejected"
).split()
KINDS = kinds_with()


def load(text: str) -> Loaded:
    templates = TemplateTexts(dict.fromkeys(NAMES, BODY))
    return load_workflow(text, "flow.yaml", templates, KINDS, {"eml", "paste"})


@pytest.mark.parametrize("text", [ASK, WARM_UP, KEEP_UPDATED], ids=["ask", "warm-up", "keep-updated"])
def test_the_examples_have_no_problems(text: str) -> None:
    loaded = load(text)

    assert render_all(loaded.problems, {"flow.yaml": text}) == ""
    assert loaded.definition is not None
    assert decode(encode(loaded.definition)) == loaded.definition


def test_the_first_example_compiles_to_a_flat_program() -> None:
    definition = load(ASK).definition

    assert definition is not None
    shape = [(type(each).__name__, each.step) for each in definition.program[:9]]
    assert shape == [
        ("Send", "ask"),
        ("Loop", "nudges"),
        ("Wait", "silence"),
        ("Send", "nudge"),
        ("Jump", "nudges"),
        ("Wait", "last-silence"),
        ("Send", "goodbye"),
        ("Wait", "linger"),
        ("Exit", "exit:no_answer"),
    ]
    loop = definition.program[1]
    assert isinstance(loop, Loop)
    assert (loop.most.text, loop.end) == ("params.followups", 5)
    assert definition.blocks["answered"] == 9
    assert [definition.block_of(at) for at in (0, 8, 9)] == [None, None, "answered"]


def test_after_an_interrupt_a_block_speaks_of_the_events_that_lead_to_it() -> None:
    definition = load(ASK).definition

    assert definition is not None
    intent = definition.program[definition.blocks["answered"]]
    assert isinstance(intent, Match)
    assert intent.value.events == ("reply.received",)
    assert definition.subject["contact"].events == ("referral.wanted",)


def test_a_wait_sends_each_event_to_its_branch() -> None:
    definition = load(KEEP_UPDATED).definition

    assert definition is not None
    news = next(each for each in definition.program if isinstance(each, Wait) and each.events)
    at = {event: definition.program[address] for event, address in news.got.items()}
    assert isinstance(at["interview.scheduled"], Send)
    assert at["offer.received"] == Go(step="go:offer", line=38, block="offer")
    assert at["application.withdrawn"] == Exit(step="exit:withdrawn", line=40, outcome="withdrawn")


def test_an_empty_branch_goes_on_after_the_step() -> None:
    definition = load(WARM_UP).definition

    assert definition is not None
    engage = definition.program[0]
    assert isinstance(engage, Task)
    assert (engage.done, engage.skipped, engage.expired) == (1, 1, 1)


def test_a_condition_on_a_step_branches_around_it() -> None:
    definition = load(WARM_UP).definition

    assert definition is not None
    at = next(at for at, each in enumerate(definition.program) if isinstance(each, Branch))
    branch = definition.program[at]
    assert isinstance(branch, Branch)
    assert (branch.step, branch.condition.text, branch.otherwise) == ("useful", "has(contact.title)", at + 2)


BROKEN = {
    "a misspelt field": ("contact.warmth in", "contact.warmht in", "27:13 E121", "did you mean `warmth`?"),
    "a misspelt verb": ("send: {template: nudge", "sned: {template: nudge", "45:11 E004", "mean `send`?"),
    "no such template": ("graceful-exit", "gracefull-exit", "49:22 E140", "did you mean `graceful-exit`?"),
    "a wait without end": (", within: 10bd", "", "63:19 E210", "within"),
    "a path without outcome": ("  - exit: no_answer\n", "", "50:5 E231", "exit: <outcome>"),
    "an answer not handled": (
        "        refer_on:\n          - exit: by_hand\n",
        "",
        "57:7 E211",
        "event.intent can also be refer_on",
    ),
    "a loop without end": ("      max: params.followups\n", "", "40:7 E220", "max: 3"),
    "a step after the end": ("no_answer\n", "no_answer\n  - exit: declined\n", "53:5 E201", "line 52"),
    "a circle of blocks": ("got: [{go: thank}]", "got: [{go: answered}]", "64:24 E221", "`repeat` with `max`"),
    "no such outcome": ("exit: postponed", "exit: posponed", "79:19 E230", "did you mean `postponed`?"),
    "one equals sign": ('status == "open"\n  - contact', 'status = "open"\n  - contact', "26:20 E110", "`==`"),
    "a key twice": ("again: never", "mode: single", "9:1 E002", "first at line 8"),
    "an outcome of a task": ("            expired: [{exit: by_hand}]\n", "", "84:13 E211", "add `expired: []`"),
    "no duration": ("wait: 20bd", "wait: 20 days", "51:11 E130", "30m, 4h, 5d, 5bd or 2w"),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_is_found_where_it_is_and_nothing_else(mistake: str) -> None:
    old, new, where, hint = BROKEN[mistake]
    assert ASK.count(old) == 1

    loaded = load(ASK.replace(old, new))

    assert loaded.definition is None
    errors = [each for each in loaded.problems if each.severity == "error"]
    assert [f"{each.line}:{each.column} {each.code}" for each in errors] == [where]
    assert hint in f"{errors[0].message} {errors[0].help}"
