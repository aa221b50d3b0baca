"""Openings and applications: tracked once, told once, and one company by all of its names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.errors import NotFound, UsageError
from refflow.views.companies import Company
from refflow.views.openings import Opening

if TYPE_CHECKING:
    from tests.conftest import Search


def add(search: Search, **details: Any) -> Opening:
    return search.opening(api.add_opening(search.workspace, api.OpeningDetails(**details), search.now))


# Adding.


def test_an_opening_has_all_that_was_said(search: Search) -> None:
    made = add(
        search, company="Globex Inc.", title=" Writer ", url="https://globex.example/7", requisition="R-7",
        location="Porto", submit="by mail", programme="before applying", deadline=date(2026, 12, 1),
    )  # fmt: skip

    assert (made.company, made.company_name, made.title) == ("globex", "Globex Inc.", "Writer")
    assert (made.requisition, made.location, made.submit, made.programme, made.deadline) == (
        "R-7",
        "Porto",
        "by mail",
        "before applying",
        "2026-12-01",
    )
    assert (made.status, made.interest, made.applied) == ("open", "pursued", None)


def test_the_company_is_guessed_from_the_link(search: Search) -> None:
    made = add(search, title="Writer", url="https://boards.greenhouse.io/tidewater-robotics/jobs/7")

    assert made.company == "tidewater-robotics"


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"title": "Writer"}, "Which company is it?"),
        ({"title": "Writer", "company": "?"}, "Which company is it?"),
        ({"company": "Globex"}, "What is the job called?"),
        ({"company": "Globex", "title": "  "}, "What is the job called?"),
        ({"company": "Acme", "title": "X", "url": "https://acme.example/Engineer"}, "is this opening already"),
    ],
)
def test_what_is_no_opening_or_is_one_already_is_refused(
    search: Search, details: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as refused:
        add(search, **details)

    assert words in str(refused.value)


def test_an_opening_that_was_only_saved_is_pursued_from_now_on(search: Search) -> None:
    url = "https://jobs.example/1"
    search.import_records([api.SavedOpening(company="Globex", title="Writer", url=url)])
    saved = search.opening(url)
    assert saved.interest == "saved"

    made = add(search, company="Globex", title="Senior Writer", url=url, submit="form")

    assert (made.id, made.interest, made.title, made.submit) == (saved.id, "pursued", "Senior Writer", "form")


# Finding.


def test_an_opening_is_found_by_id_link_and_words(search: Search) -> None:
    engineer = search.opening("Engineer")
    texts = (engineer.id, engineer.url, "engineer", "ACME engin")

    assert {api.find_opening(search.workspace, text or "").id for text in texts} == {engineer.id}
    with pytest.raises(NotFound, match="No opening matches `pilot`"):
        api.find_opening(search.workspace, "pilot")


def test_words_that_fit_several_are_asked_back_and_those_that_are_over_do_not_count(search: Search) -> None:
    with pytest.raises(UsageError, match=r"may be o\d+ Engineer, Acme; o\d+ Designer, Acme\. Use the id"):
        api.find_opening(search.workspace, "acme")

    api.close_opening(search.workspace, search.opening("Designer"), None, search.now)

    assert api.find_opening(search.workspace, "acme").title == "Engineer"


# Changing and closing.


def test_a_change_rewrites_the_drafts_that_speak_of_it(search: Search) -> None:
    search.ask("Ana Lima")

    changed = api.OpeningDetails(title="Staff Engineer")
    api.edit_opening(search.workspace, search.opening("Engineer"), changed, search.now)

    assert search.message("Ana Lima").subject == "Staff Engineer at Acme"
    with pytest.raises(UsageError, match="Nothing to change was given"):
        api.edit_opening(search.workspace, search.opening("Engineer"), api.OpeningDetails(), search.now)


def test_an_opening_is_closed_once(search: Search) -> None:
    api.close_opening(search.workspace, search.opening("Engineer"), "filled", search.now)

    assert search.opening("Engineer").status == "closed"
    with pytest.raises(UsageError, match="is closed already"):
        api.close_opening(search.workspace, search.opening("Engineer"), None, search.now)


# Companies.


def test_an_alias_of_an_alias_is_one_company(search: Search) -> None:
    search.add_person("Dee Dow", company="Acme Robotics")
    api.alias_company(search.workspace, "Acme Robotics", "ACME", search.now)
    api.alias_company(search.workspace, "Roboacme", "Acme Robotics", search.now)

    rows = search.workspace.views.find(Company)
    assert {row.key: row.alias_of for row in rows if row.alias_of} == {
        "acme-robotics": "acme",
        "roboacme": "acme",
    }


@pytest.mark.parametrize(
    ("alias", "company", "error", "words"),
    [
        ("Acme", "ACME, Inc.", UsageError, "are one company already"),
        ("Acme", "Acme Robotics", UsageError, "are one company already"),
        ("?", "Acme", UsageError, "needs a letter or a digit"),
        ("Acme", "Nowhere", NotFound, "No contact or opening is at `Nowhere`"),
    ],
)
def test_an_alias_that_makes_no_sense_is_refused(
    search: Search, alias: str, company: str, error: type[Exception], words: str
) -> None:
    api.alias_company(search.workspace, "Acme Robotics", "Acme", search.now)

    with pytest.raises(error, match=words):
        api.alias_company(search.workspace, alias, company, search.now)


# Applications.


def test_an_application_goes_forward_once_a_stage(search: Search) -> None:
    when = datetime(2026, 12, 1, 14, tzinfo=UTC)
    stages = []
    for news, at in (("applied", None), ("interview", when), ("interview", None), ("offer", None)):
        search.news(news, when=at)
        stages.append(search.opening("Engineer").applied)

    assert stages == ["applied", "interview", "interview", "offer"]
    assert [event.payload.when for event in search.events("interview.scheduled")] == [when, None]


@pytest.mark.parametrize(
    ("before", "news", "details", "words"),
    [
        ([], "offer", {}, "was not applied to yet"),
        (["applied"], "applied", {}, "was applied to already; it stands at `applied`"),
        (["applied", "rejected"], "interview", {}, "has ended: rejected"),
        (["applied", "withdrawn"], "withdrawn", {}, "has ended: withdrawn"),
        (["applied"], "offer", {"when": datetime(2026, 12, 1, tzinfo=UTC)}, "Only an interview has a date"),
    ],
)
def test_news_that_cannot_be_is_refused(
    search: Search, before: list[str], news: str, details: dict[str, Any], words: str
) -> None:
    for each in before:
        search.news(each)

    with pytest.raises(UsageError) as refused:
        search.news(news, **details)

    assert words in str(refused.value)
