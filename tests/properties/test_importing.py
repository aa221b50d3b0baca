"""Laws of importing, over random sources: what is read is kept, once, whoever comes first."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.api import Counterpart, Employment, Interaction, Person, SavedOpening, Tie
from refflow.events.event import micros
from refflow.views.contacts import Contact, Identity
from refflow.views.openings import Opening

if TYPE_CHECKING:
    from tests.conftest import Search, Searching

LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.sampled_from(["Ana Souza", "Ben Ode", "Ben  Odé"])
slugs = st.sampled_from(["ana", "ana-souza", "ben", "ben-2", None])
addresses = st.sampled_from(["a@example.org", "office@example.org", None, None])
companies = st.sampled_from(["Globex", "Globex Inc.", "Initech", None])
titles = st.sampled_from(["Engineer", "Writer", None])
days = st.sampled_from([date(2024, 1, 5), date(2024, 1, 6), None])


@st.composite
def people(draw: st.DrawFn) -> Person:
    slug, address = draw(slugs), draw(addresses)
    keys = ([f"linkedin:{slug}"] if slug else []) + ([f"email:{address}"] if address else [])
    return Person(
        name=draw(names),
        keys=tuple(keys),
        emails=(address,) if address else (),
        company=draw(companies),
        title=draw(titles),
        connected_on=draw(days),
    )


def _slug(person: Person) -> str | Person:
    """What no export has twice: a profile."""
    return next((key for key in person.keys if key.startswith("linkedin:")), person)


networks = st.lists(people(), max_size=5, unique_by=_slug)
others = st.builds(Counterpart, keys=slugs.map(lambda slug: (f"linkedin:{slug}",) if slug else ()), name=names)
interactions = st.lists(
    st.builds(
        Interaction,
        identity=st.sampled_from("abcdefgh"),
        counterpart=others,
        at=st.integers(1, 3).map(lambda day: micros(datetime(2026, 11, day, 9, tzinfo=UTC))),
        direction=st.sampled_from(["in", "out"]),
        medium=st.sampled_from(["message", "invitation"]),
    ),
    max_size=5,
    unique_by=lambda each: each.identity,
)
jobs = st.lists(
    st.builds(
        Employment,
        company=st.sampled_from(["Globex", "Initech"]),
        title=titles,
        started=st.sampled_from([date(2020, 3, 1), None]),
    ),
    max_size=3,
)
ties = st.lists(
    st.builds(
        Tie,
        counterpart=others,
        evidence=st.sampled_from(["recommended_me", "recommended_by_me", "endorsed_me"]),
        count=st.integers(1, 3),
    ),
    max_size=3,
)
openings = st.lists(
    st.builds(
        SavedOpening,
        company=st.sampled_from(["Globex", "Initech"]),
        title=st.sampled_from(["Engineer", "Writer"]),
        url=st.sampled_from(["https://jobs.example/1", "https://jobs.example/2", None]),
        applied_at=st.one_of(st.none(), st.just(1_700_000_000_000_000)),
    ),
    max_size=4,
)


@st.composite
def records(draw: st.DrawFn) -> list[Any]:
    parts: tuple[st.SearchStrategy[list[Any]], ...] = (networks, interactions, jobs, ties, openings)
    return [record for part in parts for record in draw(part)]


def imported(search: Search) -> list[Contact]:
    return [each for each in search.workspace.views.find(Contact) if each.source == "records"]


def known(search: Search) -> tuple[list[str], list[str]]:
    """Everything an import brought, whatever the ids are."""
    find = search.workspace.views.find
    contacts = [
        repr((
            sorted(each.key for each in find(Identity, contact=contact.id)),
            contact.name, contact.company, contact.title, contact.connected_on, contact.connected, contact.email,
            contact.received, contact.sent, contact.recommendations, contact.endorsements, contact.last_in,
        ))
        for contact in imported(search)
    ]  # fmt: skip
    jobs = [repr((each.company, each.title, each.url, each.applied)) for each in find(Opening)]
    return sorted(contacts), sorted(jobs)


@LAWS
@given(records=records())
def test_a_plan_says_what_applying_it_does_and_writes_nothing(searching: Searching, records: list[Any]) -> None:
    with searching() as search:
        before = search.workspace.log.head()
        planned = search.import_records(records, apply=False)

        assert search.workspace.log.head() == before
        assert not planned.applied

        done = search.import_records(records)
        written = Counter(event.kind for event in search.events() if event.position > before)

        assert (done.counts, done.unmatched) == (planned.counts, planned.unmatched)
        assert written - Counter({"import.finished": 1}) == Counter(planned.counts)


@LAWS
@given(records=records())
def test_a_second_import_of_a_source_adds_nothing(searching: Searching, records: list[Any]) -> None:
    with searching() as search:
        search.import_records(records)
        head = search.workspace.log.head()

        again = search.import_records(records)

        assert (again.counts, again.applied) == ({}, False)
        assert search.workspace.log.head() == head


@LAWS
@given(network=networks, history=interactions, data=st.data())
def test_the_order_of_what_is_read_makes_no_difference(
    searching: Searching, network: list[Any], history: list[Any], data: st.DataObject
) -> None:
    read = [*network, *history]
    with searching() as one, searching() as other:
        one.import_records(read)
        other.import_records(data.draw(st.permutations(read)))

        assert known(one) == known(other)


@LAWS
@given(first=networks, second=networks)
def test_everybody_in_a_whole_network_is_somebody_of_their_own(
    searching: Searching, first: list[Person], second: list[Person]
) -> None:
    """However much names, addresses and days are alike: nobody is merged, and who is gone is not connected."""
    with searching() as search:
        search.import_records(first, date(2026, 11, 19))
        assert len([each for each in imported(search) if each.connected]) == len(first)

        assume(second)  # An empty list of connections is no list of connections.
        search.import_records(second, date(2026, 11, 20))
        assert len([each for each in imported(search) if each.connected]) == len(second)


def ana(*keys: str) -> Person:
    """One of those who differ by their keys only."""
    emails = tuple(key.removeprefix("email:") for key in keys if key.startswith("email:"))
    return Person(line=0, keys=keys, name="Ana Souza", emails=emails, connected_on=date(2024, 1, 5))


@LAWS
@given(first=networks, second=networks)
@example(
    first=[ana("linkedin:ana", "email:a@example.org"), ana("linkedin:as", "email:office@example.org")],
    second=[ana("linkedin:ana", "email:office@example.org"), ana("linkedin:as"), ana("email:a@example.org")],
)
def test_two_overlapping_exports_that_say_nothing_of_the_rest_lose_nobody(
    searching: Searching, first: list[Person], second: list[Person]
) -> None:
    with searching() as search:
        for part in (first, second, first, second):
            search.import_records(part, whole=False)
        settled = known(search)

        assert all(each.connected for each in imported(search))
        assert {key for each in (*first, *second) for key in each.keys if key.startswith("linkedin:")} <= {
            each.key for each in search.workspace.views.find(Identity)
        }
        search.import_records(second, whole=False)
        assert known(search) == settled


@LAWS
@given(records=records())
def test_every_interaction_read_is_in_the_history_or_counted_as_a_strangers(
    searching: Searching, records: list[Any]
) -> None:
    with searching() as search:
        plan = search.import_records(records)

        read = sum(isinstance(record, Interaction) for record in records)
        strangers = plan.unmatched.get("messages", 0) + plan.unmatched.get("invitations", 0)
        assert plan.counts.get("interaction.observed", 0) + strangers == read


@LAWS
@given(first=records(), second=records())
def test_imported_views_are_those_that_the_log_says(
    searching: Searching, first: list[Any], second: list[Any]
) -> None:
    with searching() as search:
        search.import_records(first, date(2026, 11, 19))
        search.ask("Ana Lima")
        search.import_records(second, date(2026, 11, 20))

        assert [each for each in api.replay_check(search.workspace) if each.differing] == []
        assert api.redecide(search.workspace).differing == []
