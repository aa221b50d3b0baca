"""Finding people by what one types, and keeping what is known of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.errors import NotFound, RefflowError, UsageError
from refflow.events.event import micros
from refflow.views.contacts import Contact

if TYPE_CHECKING:
    from tests.conftest import Search


@pytest.fixture
def eva(search: Search) -> Contact:
    return search.add_person(
        "Eva Nilsson-Berg", email="Eva@Example.org", url="https://www.linkedin.com/in/eva-nb", company="Globex"
    )


def edit(search: Search, who: str, **details: Any) -> None:
    api.edit_person(search.workspace, search.contact(who), api.PersonDetails(**details), search.now)


# Finding.


@pytest.mark.parametrize(
    "text",
    [
        "Eva Nilsson-Berg",
        "eva nilsson-berg",
        "EVA",
        "eva nil",
        "eva@example.org",
        "https://www.linkedin.com/in/eva-nb/",
        "linkedin.com/in/Eva-NB?trk=x",
        "linkedin:eva-nb",
        "email:eva@example.org",
    ],
)
def test_a_person_is_found_by_what_people_type(search: Search, eva: Contact, text: str) -> None:
    assert api.find_contact(search.workspace, text).id == eva.id
    assert api.find_contact(search.workspace, eva.id).id == eva.id


def test_an_exact_name_comes_before_one_that_begins_so(search: Search) -> None:
    search.add_person("Ana Lima Costa")

    assert api.find_contact(search.workspace, "ana lima").id == search.contact("Ana Lima").id


def test_accents_and_case_do_not_count(search: Search) -> None:
    made = search.add_person("Łukasz Müller")

    assert api.find_contact(search.workspace, "lukasz muller").id == made.id


def test_a_name_that_several_have_is_asked_back_with_their_companies(search: Search, eva: Contact) -> None:
    other = search.add_person("Eva Lind")

    with pytest.raises(UsageError) as refused:
        api.find_contact(search.workspace, "eva")

    assert str(refused.value) == (
        f"`eva` may be Eva Nilsson-Berg ({eva.id}, Globex); Eva Lind ({other.id}). Use the id."
    )


def test_of_many_only_some_are_named(search: Search) -> None:
    for number in range(10):
        search.add_person(f"Kim {number}")

    with pytest.raises(UsageError, match=r"and 2 more\. Use the id\."):
        api.find_contact(search.workspace, "kim")


def test_a_misspelt_name_is_answered_with_the_nearest(search: Search) -> None:
    ana = search.contact("Ana Lima").id
    with pytest.raises(NotFound, match=rf"Nobody is called `Anna Lma`\. Did you mean Ana Lima \({ana}, Acme\)"):
        api.find_contact(search.workspace, "Anna Lma")
    with pytest.raises(NotFound, match="Add them with `refflow person add`"):
        api.find_contact(search.workspace, "Zoltan")


# Adding and editing.


def test_a_person_added_by_hand_has_all_that_was_said(search: Search) -> None:
    made = search.add_person(
        "Dr. Jo Hale", email="jo@example.org", company="Globex", title="Lead", zone="Asia/Tokyo", channel="eml",
        relation="manager", months=18, warm=True,
    )  # fmt: skip

    assert (made.name, made.first_name, made.source) == ("Dr. Jo Hale", "Jo", "user")
    assert (made.email, made.company, made.title, made.zone, made.channel) == (
        "jo@example.org",
        "globex",
        "Lead",
        "Asia/Tokyo",
        "eml",
    )
    assert (made.relation, made.relation_months) == ("manager", 18)
    assert api.profile(search.workspace, made, search.now).warmth == "warm"


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"name": None}, "A person needs a name"),
        ({"name": "  "}, "A person needs a name"),
        ({"name": "Jo", "email": "jo at example"}, "`jo at example` is not an e-mail address"),
        ({"name": "Jo", "zone": "Tokio"}, "There is no time zone `Tokio`. Did you mean `Asia/Tokyo`?"),
        ({"name": "Jo", "email": "eva@EXAMPLE.org"}, "`eva@example.org` is of Eva Nilsson-Berg (c"),
        ({"name": "Jo", "url": "linkedin.com/in/EVA-nb"}, "`eva-nb` is of Eva Nilsson-Berg (c"),
    ],
)
def test_what_makes_no_person_is_refused_and_nothing_is_written(
    search: Search, eva: Contact, details: dict[str, Any], words: str
) -> None:
    head = search.workspace.log.head()

    with pytest.raises(RefflowError) as refused:
        api.add_person(search.workspace, api.PersonDetails(**details), search.now)

    assert words in str(refused.value)
    assert search.workspace.log.head() == head


def test_editing_changes_what_is_given_and_nothing_else(search: Search, eva: Contact) -> None:
    edit(search, eva.id, title="Head of Data", email="eva@new.example")

    found = search.contact(eva.id)
    assert (found.title, found.company_name, found.name) == ("Head of Data", "Globex", "Eva Nilsson-Berg")
    assert found.email == "eva@new.example"
    for address in ("eva@new.example", "eva@example.org"):  # The old address is still hers.
        assert search.contact(address).id == eva.id


@pytest.mark.parametrize("key", [{"email": "eva@example.org"}, {"url": "linkedin.com/in/eva-nb"}])
def test_what_identifies_one_person_is_not_given_to_another(
    search: Search, eva: Contact, key: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match=rf"is of Eva Nilsson-Berg \({eva.id}\) already"):
        edit(search, "Bo Berg", **key)

    edit(search, eva.id, **key)  # Her own are hers.
    assert search.contact("eva@example.org").id == eva.id


def test_an_edit_of_nothing_is_said_to_be_one(search: Search) -> None:
    with pytest.raises(UsageError, match="Nothing to change was given"):
        edit(search, "Bo Berg")


def test_an_edit_rewrites_a_draft_that_nobody_has_touched(search: Search) -> None:
    search.ask("Ana Lima")
    edit(search, "Ana Lima", first_name="Anita")
    assert (search.message("Ana Lima").body or "").startswith("Hi Anita,")

    search.edit("Ana Lima", "My own words")
    edit(search, "Ana Lima", first_name="Ana")
    assert search.message("Ana Lima").body == "My own words\n"


# What passed between them.


def test_notes_are_kept_with_the_person(search: Search) -> None:
    for text in ("Likes tea", "Has moved"):
        api.note(search.workspace, search.contact("Ana Lima"), text, search.now)

    profile = api.profile(search.workspace, search.contact("Ana Lima"), search.now)
    assert (profile.notes, profile.contact.notes) == (["Likes tea", "Has moved"], 2)


def test_contact_made_elsewhere_warms_a_tie_when_it_came_from_them(search: Search) -> None:
    def warmth() -> str:
        return api.profile(search.workspace, search.contact("Chi Cho"), search.now).warmth

    api.log_contact(search.workspace, search.contact("Chi Cho"), "phone", "", search.now)
    assert warmth() == "cold"
    api.log_contact(search.workspace, search.contact("Chi Cho"), "phone", "", search.now, direction="in")
    assert warmth() == "warm"


@pytest.mark.parametrize("channel", ["met", "meeting"])
def test_a_meeting_is_no_message(search: Search, channel: str) -> None:
    yesterday = datetime(2026, 11, 22, 18, tzinfo=UTC)

    api.log_contact(search.workspace, search.contact("Chi Cho"), channel, "Lunch", search.now, at=yesterday)

    found = search.contact("Chi Cho")
    assert (found.met_at, found.received, found.sent) == (micros(yesterday), 0, 0)


def test_what_is_still_to_come_cannot_have_happened(search: Search) -> None:
    tomorrow = datetime(2026, 11, 24, 9, tzinfo=UTC)
    head = search.workspace.log.head()

    with pytest.raises(UsageError, match="Tomorrow 09:00 is still to come"):
        api.log_contact(search.workspace, search.contact("Chi Cho"), "met", "", search.now, at=tomorrow)
    assert search.workspace.log.head() == head


def test_a_block_is_lifted_once(search: Search) -> None:
    ana = search.contact("Ana Lima")
    with pytest.raises(UsageError, match="is not blocked"):
        api.unblock(search.workspace, ana, search.now)
    api.block(search.workspace, ana, "rude", search.now)
    assert search.contact("Ana Lima").blocked

    api.unblock(search.workspace, search.contact("Ana Lima"), search.now)
    assert not search.contact("Ana Lima").blocked
