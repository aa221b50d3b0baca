"""What every key of the language means, in a line. Editors show it beside the key (`refflow workflow schema`), and the
reference is made of it (`docs/workflow-language.md`).
"""

from __future__ import annotations

from collections.abc import Mapping

_NOTE = "For whoever reads the file; refflow does not."
_OK = "Findings of `check` that are meant, each code with the reason."
_HOLIDAYS = "Whose holidays count: `workspace`, or `contact`, those that `calendars` has for their zone."

KEYS: Mapping[str, Mapping[str, str]] = {
    "workflow": {
        "refflow": "The version of the language.",
        "workflow": "Its name. The file is called the same, by custom.",
        "title": "What it does, in a line.",
        "about": "Why it does it so.",
        "from": "The packaged workflow it is made from, and the version that you have read: `std/thank@3f9c0a1b2c4d`.",
        "on": "What starts a run. Any one of them does.",
        "subject": "Whom and what a run is about, found in the event that starts it.",
        "key": "Which subjects tell one run from another.",
        "mode": "What a second start with the same key does while the first still runs: it is noted and ignored"
        " (`single`), ends the first (`restart`), waits for its end (`queue`), or runs beside it (`parallel`).",
        "again": "Whether another run with the same key may follow one that has ended, and after how long.",
        "params": "Values that whoever uses the workflow may set; read as `params.name`. With `from`: their new"
        " values.",
        "vars": "Values that each run keeps and `set` changes; read as `vars.name`.",
        "policy": "How its messages may leave. What is not given is as in `refflow.yaml`.",
        "guard": "All must hold, or no run starts. They are asked again before every message.",
        "anytime": "What interrupts a run, wherever it stands: the first that ends or moves it, and each `do` before.",
        "steps": "What is done, one after the other.",
        "blocks": "Parts with a name, which `go` leads to.",
        "outcomes": "Every way in which a run can end, sorted for your statistics.",
        "ok": _OK,
    },
    "trigger": {
        "event": "The event that starts a run.",
        "if": "Only when this holds.",
        "manual": "`true`: you start it yourself, with `refflow start`.",
        "every": "A time of the week on your own clock: `mon 09:00`, `mon-fri 18:30`.",
        "each": "With `every`: a run for each contact, or each opening, for which `if` holds.",
        "ok": _OK,
    },
    "subject": {
        "contact": "The person.",
        "opening": "The job opening.",
    },
    "again": {
        "after": "How long after the end of the last run.",
        "max": "How many runs with the same key there are at most.",
    },
    "parameter": {
        "type": "What kind of value it is.",
        "default": "The value when nobody sets another.",
        "min": "The least it may be set to: numbers and durations.",
        "max": "The most it may be set to: numbers and durations.",
        "note": _NOTE,
    },
    "variable": {
        "type": "What kind of value it is.",
        "default": "The value at first. A `time` has none: ask `has(vars.name)`.",
        "note": _NOTE,
    },
    "policy": {
        "exclusive": "`contact`: one conversation with a person at a time, across all workflows. Others wait in"
        " the queue.",
        "priority": "Whose turn is next in the queue: the highest.",
        "timezone": "Whose clock the window is read by. Else the contact's, where it is known.",
        "window": "When messages may leave.",
        "gap": "The least time between two messages to somebody who has not written in between.",
        "caps": "Limits on messages, on top of those in `refflow.yaml`.",
        "on_cap": "What a message does that a cap holds back: it waits (`defer`), is left out (`skip`), or ends the"
        " run with outcome `capped` (`exit`).",
        "approval": "Which messages wait for your word: each (`every`), each, read together (`batch`), the first of a"
        " run (`first`), none. The more careful of this and `refflow.yaml` counts.",
        "retry": "How a message is tried again after a failure that may pass.",
        "late": "What becomes of a message that comes too late.",
    },
    "window": {
        "days": "Days of the week: `mon-fri`, `[mon, wed]`.",
        "hours": "From when to when, of one day.",
        "holidays": _HOLIDAYS,
    },
    "cap": {
        "per": "What is counted together: messages to one contact, to one company, or all.",
        "max": "At most so many messages ...",
        "in": "... within so long.",
        "unanswered": "Or: at most so many in a row without an answer. Thanks and updates that are owed do not count.",
    },
    "retry": {
        "attempts": "How often in all.",
        "after": "How long after the first failure; each further wait is twice as long.",
        "most": "The longest wait.",
    },
    "late": {
        "after": "How much later than it was due is too late.",
        "do": "Ask you, send it all the same, or skip it.",
    },
    "interrupt": {
        "event": "What is listened for.",
        "if": "Only when this holds.",
        "exit": "End the run with this outcome.",
        "go": "Go on in this block. Only from `steps`, and once.",
        "do": "Do these steps, none of which takes time, and stay where the run stands.",
        "ok": _OK,
    },
    "outcomes": {
        "good": "Ends you wish for.",
        "open": "Ends that are neither.",
        "bad": "Ends you do not wish for.",
    },
    "step": {
        "id": "Its name, for messages, tests and `refflow why`. Live runs are brought over to a changed file by it.",
        "was": "Its id in an earlier version, for live runs that are brought over.",
        "if": "The step is left out unless this holds.",
        "note": _NOTE,
        "ok": _OK,
    },
    "verb": {
        "send": "Write a message and send it, as soon as you and the guard rails let it go.",
        "wait": "Wait for a time, or for something to happen within a time.",
        "task": "Ask you, or somebody else, to do something.",
        "choose": "Take the first case whose condition holds.",
        "match": "Take the case of a value: of an enum all must be there, or an `else`.",
        "repeat": "Do steps again and again, at most `max` times; `loop.index` counts from 1.",
        "set": "Give variables new values, all at once.",
        "emit": "Record that something happened. Other workflows may start by it.",
        "use": "Do what a plugin's action says.",
        "start": "Start a run of another workflow.",
        "go": "Go on in a block, and do not come back.",
        "exit": "End with an outcome.",
    },
    "send": {
        "template": "The text: a file in `templates/`, without `.txt`.",
        "channel": "By which way. A thread keeps its own; else the contact's, `eml` to an address, `paste` without.",
        "to": "Whom it goes to, when that is not the contact of the run.",
        "thread": "The `send` step whose message it follows: it is a reply in the same thread.",
        "approval": "As in `policy`, for this message alone.",
        "urgent": "`true`: `gap` does not hold it back. Caps, hours and your approval still do.",
        "window": "As in `policy`, for this message alone.",
        "data": "Further names that the text can speak of: `{{ data.name }}`.",
    },
    "beside send": {
        "failed": "What to do when it cannot be delivered. Without it the run is stuck until you look at it.",
    },
    "wait": {
        "until": "A point in time: `event.when else now + 20bd`.",
        "for": "The event, or events, to wait for.",
        "within": "How long at most; required with `for`.",
        "settle": "Go on only when no more of them has come for so long: three slots in a day make one piece of news.",
        "since": "Look at what has come since this step. Else since the event that was taken up last.",
    },
    "beside wait": {
        "got": "What to do when it came: one list, or one for each event.",
        "timeout": "What to do when it did not. `[]` goes on below.",
    },
    "task": {
        "title": "What to do, in a line. May have `{{ contact.first_name }}` and the like.",
        "within": "How long you have.",
        "assignee": "Who is to do it, when that is not you: `coach`.",
        "help": "How to do it, or why.",
    },
    "beside task": {
        "done": "What follows when you did it. `[]` goes on below.",
        "skipped": "What follows when you left it out.",
        "expired": "What follows when its time has passed.",
    },
    "case": {
        "if": "The condition.",
        "do": "The steps to do when it holds.",
        "ok": _OK,
    },
    "beside choose": {
        "else": "What to do when no condition holds. Without it, nothing.",
    },
    "beside match": {
        "cases": "The steps for each value.",
        "else": "The steps for all other values.",
    },
    "repeat": {
        "max": "How often at most.",
        "until": "Stop before a round when this holds.",
        "do": "The steps of a round.",
    },
    "emit": {
        "event": "The kind of event. Its contact and opening are those of the run.",
        "data": "Its other fields.",
    },
    "beside use": {
        "with": "The values that the action asks for.",
    },
    "start": {
        "workflow": "Its name.",
        "subject": "Whom and what that run is about.",
        "wait": "`true`: go on only when it has ended.",
    },
    "beside start": {
        "got": "With `wait: true`: what follows when it has ended; one list, or one for each outcome, and `else`.",
        "refused": "With `wait: true`: what follows when it may not start.",
    },
    "settings": {
        "name": "Your name, as it stands under messages.",
        "email": "Your address: drafts come from it.",
        "zone": "Your time zone, as Europe/Lisbon.",
        "holidays": "Days without messages, as 2026-12-25.",
        "calendars": "The holidays of the zones of others: `{America/New_York: [2026-11-26]}`.",
        "window": "When messages may leave.",
        "gap": "The least time between two messages to somebody who has not written in between.",
        "caps": "Limits on messages, for all workflows together.",
        "open_asks": "How many asks may be open at once.",
        "cooldown": "How long nobody is asked again who said no.",
        "approval": "Which messages wait for your word. A workflow can ask for more care, never for less.",
        "on_cap": "What a message does that a cap holds back.",
        "late": "What becomes of a message that comes too late.",
        "retry": "How a message is tried again after a failure that may pass.",
        "max_stale": "Nothing leaves by itself when an inbox was last looked at longer ago.",
        "anytime": "What ends a run of any workflow, wherever it stands: `{event: contact.opted_out, exit: stopped}`.",
        "pace": "Messages that come late leave at least so far apart.",
        "live": "`false`: nothing leaves at all.",
        "plugins": "The plugins that may act, each with its settings.",
    },
    "open_asks": {
        "per_company": "At one company.",
        "in_all": "Altogether.",
    },
    "test": {
        "test": "What it shows, in a line.",
        "workflow": "The workflow, for the reader: it is the one beside which the file lies.",
        "start": "How the story begins.",
        "owner": "What you do in it.",
        "events": "What happens, each some time after the start.",
        "expect": "What is expected, in this order.",
    },
    "test start": {
        "at": "When: `2026-03-02T10:00 Europe/Berlin`. Else that Monday at ten, UTC.",
        "by": "By what, when that is not to be the first trigger that can: an event, `every` or `manual`.",
        "contact": "With whom: `{warmth: dormant, zone: America/New_York}`.",
        "opening": "About what: `{status: closed}`, or `none`.",
        "with": "What the event that starts it says: `{outcome: no_answer}`.",
    },
    "test owner": {
        "approves": "How long you take to release a message.",
        "does": "How long you take for a task.",
        "tasks": "What becomes of tasks: `done`, `skipped` or `expired`.",
        "skips": "Steps whose messages you leave out.",
        "refused": "Steps whose messages cannot be delivered.",
    },
    "test event": {
        "after": "How long after the start.",
        "event": "The event. Its fields stand beside it: `intent: agreed`.",
        "task": "Or: the step of a task that is closed then.",
        "outcome": "With `task`: `done` or `skipped`.",
    },
    "expectation": {
        "at": "How long after the start: the day, or with `m` and `h` the minute.",
        "send": "A message left: its step or its template.",
        "task": "A task came up: its step.",
        "event": "Something was recorded.",
        "held": "A guard rail held a message back: its name.",
        "refused": "The run did not start: the reason.",
        "outcome": "The run ended so.",
        "never": "None of it: a step, a template, an event or an outcome.",
    },
}
"""The meaning of each key, by the place where it may stand. `beside send` has what stands beside the verb."""

NAMES: Mapping[str, Mapping[str, str]] = {
    "contact": {
        "id": "Its id.",
        "name": "The whole name.",
        "first_name": "How to greet them.",
        "company": "Where they work.",
        "title": "What they do there.",
        "warmth": "How the tie stands: `close`, `warm`, `dormant` (two years of silence), `cold` (never more than a"
        " link).",
        "relation": "How you know them.",
        "do_not_contact": "Whether they asked for no messages, or you blocked them.",
        "has_email": "Whether you have an address.",
        "days_quiet": "Days since the last sign of life from them.",
        "messages": "How many messages went back and forth.",
        "referrals": "How often they referred you.",
    },
    "opening": {
        "id": "Its id.",
        "title": "The job.",
        "company": "Where.",
        "status": "Whether it is still open.",
        "url": "The posting.",
        "submit": "How a referral is handed in.",
        "programme": "What the employer's referral programme asks for.",
        "requisition": "The employer's number for it.",
        "location": "Where the work is.",
        "applied": "How far your application got.",
        "deadline": "When the last day to apply begins: `wait: {until: (opening.deadline else now + 2w) - 3bd}`.",
    },
    "ask": {
        "line": "The sentence that says why you ask just them.",
        "stage": "How far the ask got.",
    },
    "me": {
        "name": "Your name.",
        "first_name": "Its first word.",
        "email": "Your address.",
    },
}
"""What an expression or a template can read of whom and what a run is about."""

WORDS: Mapping[str, str] = {
    "or": "Either holds.",
    "and": "Both hold.",
    "not": "It does not hold.",
    "==": "Equal.",
    "!=": "Not equal.",
    "<": "Less, or earlier.",
    "<=": "At most.",
    ">": "More, or later.",
    ">=": "At least.",
    "in": 'One of a list: `contact.warmth in ["warm", "close"]`.',
    "not in": "None of a list.",
    "contains": 'A list or a text has it: `contact.title contains "Engineer"`.',
    "else": "The value, or this when it is missing: `event.when else now + 20bd`.",
    "+": "The sum; a point in time and a duration: `now + 5bd`.",
    "-": "The difference; a point in time less a duration.",
    "*": "The product.",
    "/": "The quotient; missing when divided by zero.",
    "has": "Whether something is there that may be missing. Behind `has(x) and`, `x` can be used.",
    "size": "How many a list has.",
    "any_of": "Whether two lists have anything in common.",
    "days_since": "Whole days since a point in time.",
    "lower": "A text in small letters.",
    "active": 'Whether a run of a workflow with a contact lives: `active("referral-ask", contact)`.',
    "sent": 'Whether the message of a step of this run left: `sent("thanks")`.',
}
"""The operators and functions of expressions."""

RAILS: Mapping[str, str] = {
    "do_not_contact": "They asked for no messages, or you blocked them.",
    "guard": "A line of `guard` no longer holds.",
    "packet": "An ask lacks the link, how to hand in a referral, or your own sentence.",
    "unfilled": "The text still has a `[missing: ...]`.",
    "one_open_ask": "Somebody else is being asked about the same opening.",
    "exclusive": "Another run is in conversation with whom the message goes to.",
    "answered": "They wrote in the meantime, and nobody has read it: approve if it still fits.",
    "not_live": "`live: false`.",
    "paused": "You paused the run, the person, the workflow or everything.",
    "plugin": "The plugin of the channel failed, or is not here.",
    "channel": "The channel does not let refflow in.",
    "late": "It comes later than `late` allows.",
    "inbox_stale": "An inbox was not looked at for `max_stale`: an answer may lie there.",
    "cap": "A limit on messages is reached.",
    "gap": "Too soon after the last message.",
    "window": "Outside the hours, on a weekend or a holiday.",
    "pace": "Late messages leave one after the other.",
    "retry": "The channel could not take it; it is tried again.",
}
"""The guard rails by name, in the order in which a message meets them."""

REFUSALS: Mapping[str, str] = {
    "do_not_contact": "They asked for no messages, or you blocked them.",
    "not_eligible": "A line of `guard` does not hold.",
    "running": "A run with the same key still lives (`mode: single`).",
    "queued": "It waits for its turn already.",
    "again": "It ran before, and `again` forbids another.",
    "opening_closed": "An ask: the opening is closed.",
    "cooldown": "An ask: they said no, and `cooldown` has not passed.",
    "one_open_ask": "An ask: somebody else is being asked about the same opening.",
    "open_asks": "An ask: too many are open, by `open_asks`.",
    "cycle": "Workflows start each other without end.",
    "blocked": "What its conditions ask a plugin failed, or is no longer there.",
    "no_workflow": "There is no workflow of this name.",
    "not_startable": "The workflow has no `manual: true`, or lacks somebody or something it is about.",
}
"""Why a run does not start, by name."""
