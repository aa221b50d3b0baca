"""A made-up job search as events: a network that was imported, and asks that ran their course.

The mix is that of a long search: eight events of ten come from imports (people, where they work, that messages
passed), two from asks, messages and runs. The same arguments give the same events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from refflow.events import messages as m
from refflow.events import openings as o
from refflow.events import people as p
from refflow.events import runs as r
from refflow.events.event import instant, micros

START = micros(datetime(2024, 1, 1, 9, tzinfo=UTC))
HOUR = 3_600_000_000

FIRST = (
    "Aiko Amara Ben Carla Chidi Dana Elif Farid Grace Hana Igor Jonas Kofi Lena Mei Nadia Omar Priya Quinn Rosa"
).split()
LAST = (
    "Abe Bauer Costa Diallo Evans Ferrari Garcia Haddad Ivanov Jansen Kim Lopez Mbeki Novak Okafor Park Rossi"
).split()
WORDS = "Acme Borealis Cobalt Delta Ember Fjord Granite Harbour Indigo Juniper Krypton Lumen Meridian Nimbus".split()
FORMS = ("Inc.", "GmbH", "Labs", "Ltd", "AG", "Systems, Inc.", "Group", "Software")
TITLES = (
    "Software Engineer",
    "Senior Data Engineer",
    "Product Manager",
    "Recruiter",
    "Head of Platform",
    "Designer",
)

Happening = tuple[Any, int]
"""A payload, and when it occurred in microseconds since 1970 UTC."""


def company(number: int) -> str:
    """The name of the company with that number."""
    return f"{WORDS[number % len(WORDS)]} {WORDS[number // 14 % 14]} {FORMS[number // 196 % 8]}"


def story(events: int, contacts: int, asks: int | None = None) -> Iterator[Happening]:
    """That many events about that many contacts, in the order of their recording. After `asks` asks, if given,
    only messages follow.
    """
    random = Random(2026)
    at = START
    told = 0
    for happening in _people(random, contacts):
        if told == events:
            return
        told += 1
        yield happening
    for number in count():
        asks_now = number % 16 == 0 and (asks is None or number < 16 * asks)
        part = _ask if asks_now else _messages
        for happening in part(random, number, contacts, at):
            if told == events:
                return
            told += 1
            yield happening
        at += HOUR // 20


def _people(random: Random, contacts: int) -> Iterator[Happening]:
    yield (
        p.OwnerIdentified(name="Sam Seeker", keys=("linkedin:sam-seeker",), emails=("sam@example.org",)),
        START,
    )
    for number in range(contacts):
        first, last = random.choice(FIRST), random.choice(LAST)
        slug = f"{first}-{last}-{number:x}".lower()
        connected = date(2015, 1, 1) + timedelta(days=random.randrange(3200))
        contact = f"c{number}"
        yield (
            p.ContactAdded(
                contact=contact,
                source="linkedin",
                name=f"{first} {last}",
                first_name=first,
                last_name=last,
                keys=(f"linkedin:{slug}",),
                url=f"https://www.linkedin.com/in/{slug}",
                connected_on=connected,
            ),
            START,
        )
        observed = p.PositionObserved(
            contact=contact,
            observed_on=date(2024, 1, 1),
            company=company(random.randrange(1500)),
            title=random.choice(TITLES),
        )
        yield observed, START


def _messages(random: Random, number: int, contacts: int, at: int) -> Iterator[Happening]:
    """A conversation as the next export shows it; now and then somebody has changed jobs."""
    contact = f"c{random.randrange(contacts)}"
    for index in range(random.randrange(1, 8)):
        yield (
            p.InteractionObserved(
                contact=contact,
                identity=f"linkedin:{number:08x}{index:04x}{random.getrandbits(64):016x}",
                direction="out" if index % 2 else "in",
                medium="message" if random.random() < 0.95 else "invitation",
            ),
            at - random.randrange(400 * 24) * HOUR,
        )
    if random.random() < 0.1:
        day = instant(at).date()
        new = company(random.randrange(1500))
        yield p.PositionObserved(contact=contact, observed_on=day, company=new, title=random.choice(TITLES)), at


def _ask(random: Random, number: int, contacts: int, at: int) -> Iterator[Happening]:
    """One ask from the opening to its end: the message, the wait, a task, and for half of them the referral."""
    contact, opening, run, message = f"c{random.randrange(contacts)}", f"o{number}", f"r{number}", f"m{number}"
    person: dict[str, Any] = {"run": run, "contact": contact}
    due = instant(at + 72 * HOUR)
    yield (
        o.OpeningAdded(
            opening=opening, company=company(number % 1500), title=random.choice(TITLES), source="user"
        ),
        at,
    )
    yield o.ReferralWanted(contact=contact, opening=opening), at
    yield (
        r.RunStarted(
            run=run, workflow="referral-ask", hash="5f1c9be0a4d27736", trigger=1, kind="referral.wanted",
            event={"contact": contact, "opening": opening}, contact=contact, opening=opening,
        ),
        at,
    )  # fmt: skip
    yield o.AskOpened(contact=contact, opening=opening, run=run), at
    yield r.StepEntered(run=run, step="ask", at=3), at
    yield (
        m.MessageDrafted(
            message=message, step="ask", channel="linkedin", template="ask", opening=opening, digest="9d3e51aa",
            subject="A question about an opening", body="Dear friend, I saw the opening and thought of you. " * 6,
            **person,
        ),
        at,
    )  # fmt: skip
    yield m.MessageApproved(message=message, digest="9d3e51aa", **person), at + HOUR
    yield (
        m.SendRequested(message=message, channel="linkedin", message_id=f"<{message}@refflow>", **person),
        at + HOUR,
    )
    yield (
        m.MessagePrepared(message=message, reference=f"outbox/{message}.txt", mode="assist", **person),
        at + HOUR,
    )
    yield m.MessageSent(message=message, opening=opening, **person), at + 2 * HOUR
    yield r.StepEntered(run=run, step="answer", at=4), at + 2 * HOUR
    yield r.TimerSet(run=run, step="answer", due=due, rule="3 business days"), at + 2 * HOUR
    if number % 32:
        yield r.TimerFired(run=run, due=due), at + 72 * HOUR
        yield o.AskClosed(contact=contact, opening=opening, outcome="no_answer"), at + 72 * HOUR
        if number % 512 != 16:
            yield o.OpeningClosed(opening=opening, reason="gone"), at + 72 * HOUR
    else:
        yield from _referral(contact, opening, run, at + 30 * HOUR)
    yield (
        r.RunExited(workflow="referral-ask", outcome="done", ending="good", opening=opening, **person),
        at + 90 * HOUR,
    )


def _referral(contact: str, opening: str, run: str, at: int) -> Iterator[Happening]:
    task = f"t{run}"
    yield (
        o.ReplyReceived(contact=contact, intent="agreed", channel="linkedin", opening=opening, text="Gladly."),
        at,
    )
    yield (
        r.EventMatched(run=run, step="answer", position=1, kind="reply.received", event={"intent": "agreed"}),
        at,
    )
    yield (
        r.TaskOpened(task=task, run=run, step="pack", due=instant(at), contact=contact, title="Send your CV"),
        at,
    )
    yield r.TaskClosed(task=task, run=run, outcome="done", contact=contact), at + HOUR
    yield o.ReferralGiven(contact=contact, opening=opening), at + 5 * HOUR
    yield o.ApplicationSubmitted(opening=opening, referrer=contact), at + 6 * HOUR
    yield o.ReferralThanked(contact=contact, opening=opening), at + 8 * HOUR
    yield o.HelperUpdated(contact=contact, opening=opening), at + 9 * HOUR
