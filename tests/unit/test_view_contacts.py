"""The contacts view: who is in the network, and what is known of each tie."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow.contacts.companies import company_key
from refflow.events.messages import MessageSent
from refflow.events.openings import ReferralGiven, ReplyReceived
from refflow.events.people import (
    ContactAdded,
    ContactBlocked,
    ContactChanged,
    ContactDisconnected,
    ContactNoted,
    ContactOptedOut,
    ContactUnblocked,
    ContactWarmed,
    EmploymentObserved,
    InteractionLogged,
    InteractionObserved,
    MeetingHeld,
    OwnerIdentified,
    PositionObserved,
    RelationStated,
    TieObserved,
)
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.contacts import CONTACTS, Contact, Employer, Identity, Owner, Seen, day_start
from refflow.views.rows import Rows

ADDED = sample(ContactAdded)


def rows_after(*payloads: Any) -> Rows:
    return folded([CONTACTS], told(*payloads))


def contact_after(*payloads: Any) -> Contact:
    """Ana, after she was added and `payloads`, one each hour."""
    contact = rows_after(ADDED, *payloads).get(Contact, "c1")
    assert contact is not None
    return contact


def test_a_contact_is_what_the_source_says() -> None:
    contact = contact_after(sample(PositionObserved))

    assert contact == Contact(
        id="c1", name="Ana Pérez", first_name="Ana", last_name="Pérez", email="ana@example.com",
        url="https://www.linkedin.com/in/ana-perez", slug="ana-perez", source="linkedin",
        connected_on="2019-05-04", company=company_key("Acme Inc."), company_name="Acme Inc.",
        title="Head of Data", observed_on="2026-03-02",
    )  # fmt: skip


def test_what_changed_replaces_what_was_and_the_rest_stays() -> None:
    contact = contact_after(ContactChanged(contact="c1", name="Ana Gómez", zone="Europe/Madrid"))

    assert (contact.name, contact.first_name, contact.zone) == ("Ana Gómez", "Ana", "Europe/Madrid")


def test_keys_are_added_and_all_lead_to_the_contact() -> None:
    rows = rows_after(ADDED, ContactChanged(contact="c1", keys=("linkedin:ana-p", "email:a@example.org")))
    contact = rows.get(Contact, "c1")

    assert contact is not None
    assert contact.slug == "ana-p"
    assert [each.key for each in rows.find(Identity, contact="c1")] == [
        "email:a@example.org",
        "email:ana@example.com",
        "linkedin:ana-p",
        "linkedin:ana-perez",
    ]


@pytest.mark.parametrize(
    ("seen", "now"),
    [
        (["2026-03-02", "2026-04-01"], "company 1"),
        (["2026-04-01", "2026-03-02"], "company 0"),
        (["2026-03-02", "2026-03-02"], "company 1"),
    ],
    ids=["newer", "older", "same-day"],
)
def test_where_somebody_works_is_what_was_observed_last_by_its_date(seen: list[str], now: str) -> None:
    contact = contact_after(
        *(
            sample(PositionObserved, observed_on=date.fromisoformat(day), company=f"company {number}")
            for number, day in enumerate(seen)
        )
    )

    assert contact.company_name == now


def test_somebody_without_a_job_has_no_company() -> None:
    contact = contact_after(
        sample(PositionObserved),
        sample(PositionObserved, company=None, title=None, observed_on=date(2026, 5, 1)),
    )

    assert (contact.company, contact.company_name, contact.title) == (None, None, None)


@pytest.mark.parametrize(
    ("payload", "received", "sent"),
    [
        (sample(InteractionObserved, direction="in"), 1, 0),
        (sample(InteractionObserved, direction="out"), 0, 1),
        (sample(InteractionObserved, medium="invitation"), 0, 0),
        (sample(InteractionLogged, direction="in"), 1, 0),
        (sample(InteractionLogged, direction="out"), 0, 1),
        (sample(ReplyReceived), 1, 0),
        (sample(MessageSent), 0, 1),
        (sample(MeetingHeld), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, int) else "",
)
def test_what_passed_is_counted_by_direction_and_year(payload: Any, received: int, sent: int) -> None:
    contact = contact_after(payload)
    at = AT + HOUR

    assert (contact.received, contact.sent) == (received, sent)
    assert (contact.last_in, contact.last_out) == (at if received else None, at if sent else None)
    assert contact.years == ({"2026": (received, sent)} if received or sent else {})


def test_an_old_message_that_is_heard_of_late_is_not_the_last() -> None:
    old = told(sample(InteractionObserved), start=day_start("2021-07-01"))
    contact = folded([CONTACTS], [*told(ADDED, sample(ReplyReceived)), *old]).get(Contact, "c1")

    assert contact is not None
    assert contact.last_in == AT + HOUR
    assert contact.years == {"2021": (1, 0), "2026": (1, 0)}


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([sample(ContactNoted), sample(ContactNoted)], {"notes": 2}),
        ([sample(ContactWarmed)], {"warmed_at": AT + HOUR}),
        ([sample(MeetingHeld), sample(MeetingHeld)], {"met_at": AT + 2 * HOUR}),
        ([sample(ReferralGiven), sample(ReferralGiven)], {"referrals": 2}),
        ([sample(ReplyReceived, intent="declined")], {"declined_at": AT + HOUR, "received": 1}),
        ([sample(ReplyReceived, intent="agreed")], {"declined_at": None}),
        ([sample(ContactDisconnected)], {"connected": False}),
        ([sample(ContactDisconnected), sample(ContactChanged)], {"connected": True}),
        ([sample(ContactBlocked)], {"blocked": True, "opted_out": False}),
        ([sample(ContactBlocked), sample(ContactUnblocked)], {"blocked": False}),
        ([sample(ContactOptedOut), sample(ContactUnblocked)], {"opted_out": True, "blocked": False}),
        (
            [RelationStated(contact="c1", relation="manager", months=18), sample(RelationStated, months=None)],
            {"relation": "colleague", "relation_months": 18},
        ),
        (
            [
                TieObserved(contact="c1", evidence="recommended_me", count=3),
                TieObserved(contact="c1", evidence="recommended_by_me", count=1),
                TieObserved(contact="c1", evidence="endorsed_me", count=7),
            ],
            {"recommendations": 3, "endorsements": 7},
        ),
    ],
    ids=lambda value: "-".join(type(each).__name__ for each in value) if isinstance(value, list) else "",
)
def test_what_is_known_of_a_tie(payloads: list[Any], expected: dict[str, object]) -> None:
    contact = contact_after(*payloads)

    assert {name: getattr(contact, name) for name in expected} == expected


def test_of_somebody_who_was_never_added_nothing_is_kept() -> None:
    rows = rows_after(
        sample(ContactChanged), sample(PositionObserved), sample(ReplyReceived), sample(ContactBlocked)
    )

    assert rows.find(Contact) == []


def test_an_interaction_is_known_by_its_identity() -> None:
    (seen,) = rows_after(ADDED, sample(InteractionObserved)).find(Seen)

    assert (seen.identity, seen.contact) == ("linkedin:4be1", "c1")


def test_the_owner_is_known_by_every_key_that_was_ever_seen() -> None:
    rows = rows_after(
        OwnerIdentified(name="Sam", keys=("linkedin:sam",), emails=("sam@example.org",)),
        OwnerIdentified(keys=("linkedin:sam-2", "linkedin:sam")),
        OwnerIdentified(name="Sam Seeker"),
    )

    assert rows.find(Owner) == [
        Owner(
            id="owner", name="Sam Seeker", keys=["linkedin:sam", "linkedin:sam-2"], emails=["sam@example.org"]
        )
    ]


def test_a_job_of_the_owners_is_one_row_by_company_and_start() -> None:
    job = sample(EmploymentObserved)
    ended = sample(EmploymentObserved, company="Borealis", finished=date(2026, 1, 31))
    again = sample(EmploymentObserved, started=date(2026, 3, 1))
    jobs = rows_after(job, ended, again).find(Employer)

    assert [(each.company_name, each.started, each.finished) for each in jobs] == [
        ("Borealis", "2021-04-01", "2026-01-31"),
        ("Borealis GmbH", "2026-03-01", None),
    ]


# One message that is heard of twice.

DAYS = 24 * HOUR
SHOWN = {way: sample(InteractionObserved, direction=way, medium="message") for way in ("in", "out")}
NOTED = {"in": sample(ReplyReceived, intent="agreed"), "out": sample(MessageSent)}


def counted(*happened: tuple[Any, int]) -> tuple[int, int]:
    """How many messages of Ana's and to her are counted, when these were recorded in this order at these times."""
    events = told(ADDED, *(payload for payload, _ in happened))
    moved = [
        msgspec.structs.replace(event, occurred_at=AT + at)
        for event, (_, at) in zip(events[1:], happened, strict=True)
    ]
    contact = folded([CONTACTS], [events[0], *moved]).get(Contact, "c1")
    assert contact is not None
    assert contact.years == {"2026": (contact.received, contact.sent)} or not happened
    return contact.received, contact.sent


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("later", [0, HOUR, 2 * DAYS - 1])
def test_what_was_noted_and_what_a_source_shows_count_once_whichever_comes_first(way: str, later: int) -> None:
    noted, shown = (NOTED[way], 30 * DAYS + later), (SHOWN[way], 30 * DAYS)

    assert sum(counted(noted, shown)) == sum(counted(shown, noted)) == 1


@pytest.mark.parametrize("way", ["in", "out"])
def test_what_is_too_far_apart_is_two_messages(way: str) -> None:
    for noted in (30 * DAYS + 8 * DAYS, 30 * DAYS - 2 * DAYS):
        assert sum(counted((NOTED[way], noted), (SHOWN[way], 30 * DAYS))) == 2
        assert sum(counted((SHOWN[way], 30 * DAYS), (NOTED[way], noted))) == 2


def test_an_import_after_a_whole_conversation_adds_nothing() -> None:
    conversation = [
        (NOTED["out"], 0),
        (NOTED["out"], 7 * DAYS),
        (NOTED["in"], 9 * DAYS),
        (NOTED["out"], 10 * DAYS),
    ]
    shown = [
        (SHOWN["out"], -HOUR),
        (SHOWN["out"], 7 * DAYS),
        (SHOWN["in"], 8 * DAYS),
        (SHOWN["out"], 10 * DAYS),
    ]

    assert counted(*conversation, *shown) == (1, 3)
    assert counted(*shown, *conversation[-2:]) == (1, 3)


def test_an_answer_whose_meaning_is_said_later_counts_once() -> None:
    unclear = sample(ReplyReceived, intent="unclear")
    shown = [(SHOWN["in"], 0), (unclear, 0)]

    assert counted(*shown) == (1, 0)
    assert counted(*shown, (NOTED["in"], 20 * DAYS)) == (1, 0)
    assert counted(*shown, (NOTED["in"], DAYS), (NOTED["in"], 20 * DAYS)) == (2, 0)
    assert counted((unclear, 0), (unclear, DAYS)) == (2, 0)


def test_a_message_before_our_last_one_is_not_the_answer_to_it() -> None:
    assert counted((SHOWN["in"], 0), (NOTED["out"], 3 * DAYS), (NOTED["in"], 4 * DAYS)) == (2, 1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*SHOWN.values(), *NOTED.values()]), st.integers(0, 400).map(lambda h: h * HOUR)
        ),
        max_size=12,
    )
)
def test_a_message_counts_at_least_once_and_never_more_than_it_was_heard_of(
    happened: list[tuple[Any, int]],
) -> None:
    received, sent = counted(*happened)
    for way, found in (("in", received), ("out", sent)):
        shown = sum(payload is SHOWN[way] for payload, _ in happened)
        noted = sum(payload is NOTED[way] for payload, _ in happened)

        assert max(shown, noted) <= found <= shown + noted
