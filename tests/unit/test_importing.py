"""Importing a source into a search that goes on."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from refflow import api, resources
from refflow.api import Counterpart, Employment, Interaction, Owner, Person, SavedOpening, Tie
from refflow.errors import UsageError
from refflow.events.event import micros
from refflow.views.contacts import Contact

if TYPE_CHECKING:
    from tests.conftest import Search, Searching

LATER = date(2026, 11, 22)
EARLIER = date(2026, 11, 1)


def person(name: str = "Eva Nilsson", slug: str | None = "eva", **details: Any) -> Person:
    keys = ((f"linkedin:{slug}",) if slug else ()) + tuple(
        f"email:{each}" for each in details.get("emails", ())
    )
    known: dict[str, Any] = {
        "company": "Globex",
        "title": "Engineer",
        "connected_on": date(2024, 1, 5),
    } | details
    return Person(name=name, keys=keys, **known)


def message(
    at: str, direction: Literal["in", "out"] = "in", *, who: str = "eva", identity: str | None = None
) -> Interaction:
    return Interaction(
        identity=identity or f"{who} {at} {direction}",
        counterpart=Counterpart(keys=(f"linkedin:{who}",)),
        at=micros(datetime.fromisoformat(at).replace(tzinfo=UTC)),
        direction=direction,
        medium="message",
    )


def eva(search: Search) -> Contact:
    return search.contact("linkedin:eva")


# People.


def test_a_new_person_comes_with_all_that_the_source_shows(search: Search) -> None:
    plan = search.import_records([person(emails=("eva@example.org",), url="https://www.linkedin.com/in/eva")])

    assert plan.counts == {"contact.added": 1, "position.observed": 1}
    assert plan.examples == ["Eva Nilsson"]
    found = eva(search)
    assert (found.name, found.company_name, found.title) == ("Eva Nilsson", "Globex", "Engineer")
    assert (found.email, found.connected_on, found.source) == ("eva@example.org", "2024-01-05", "records")


@pytest.mark.parametrize("news", [{"title": "Lead"}, {"company": "Initech"}])
def test_a_later_export_brings_only_a_new_position(search: Search, news: dict[str, str]) -> None:
    search.import_records([person(), person("Jan Vos", "jan")])

    plan = search.import_records([person(**news), person("Jan Vos", "jan")], LATER)

    assert plan.counts == {"position.observed": 1}
    found = eva(search)
    assert news.items() <= {"title": found.title, "company": found.company_name}.items()
    assert found.observed_on == LATER.isoformat()


def test_what_changed_is_seen_in_a_second_export_of_the_same_day(search: Search) -> None:
    """A folder without a date in its name is as old as the newest thing in it."""
    search.import_records([person()])

    assert search.import_records([person(title="Lead")]).counts == {"position.observed": 1}
    assert search.import_records([person(title="Lead")]).counts == {}


def test_an_older_export_takes_nothing_back(search: Search) -> None:
    search.import_records([person(title="Lead"), person("Jan Vos", "jan", connected_on=date(2026, 11, 10))])

    plan = search.import_records([person(title="Engineer")], EARLIER)

    assert plan.counts == {}
    assert eva(search).title == "Lead"
    assert search.contact("linkedin:jan").connected


def test_a_correction_by_hand_stays_until_the_source_itself_changes(search: Search) -> None:
    search.import_records([person()])
    right = api.PersonDetails(name="Eva Nilsson-Berg", company="Hooli")
    api.edit_person(search.workspace, eva(search), right, search.now)
    search.wait("2d")

    assert search.import_records([person()], search.now.date()).counts == {}
    assert (eva(search).name, eva(search).company_name) == ("Eva Nilsson-Berg", "Hooli")

    plan = search.import_records([person("Eva Berg", company="Initech")], search.now.date())
    assert plan.counts == {"contact.changed": 1, "position.observed": 1}
    assert (eva(search).name, eva(search).company_name) == ("Eva Berg", "Initech")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            person(emails=("e@example.org",)),
            person("Eva Berg", "eva-berg", emails=("e@example.org",), connected_on=None),
            id="by the address",
        ),
        pytest.param(person(), person(slug="eva-nilsson-berg"), id="by name and day of connecting"),
        pytest.param(person(slug=None), person(slug="eva"), id="from an export without profiles"),
    ],
)
def test_a_renamed_profile_is_still_the_same_person(search: Search, before: Person, after: Person) -> None:
    search.import_records([before])

    plan = search.import_records([after], LATER)

    assert plan.counts == {"contact.changed": 1}
    assert search.contact(before.keys[0] if before.keys else after.keys[0]) == search.contact(after.keys[0])
    assert search.import_records([after], LATER).counts == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            [person()],
            [person(), person(slug="eva-2")],
            id="a namesake of the same day beside them",
        ),
        pytest.param(
            [person()],
            [person(slug="eva-2"), person("Eva Berg", "eva")],
            id="a namesake of the same day, and they changed their name",
        ),
        pytest.param(
            [person(emails=("office@example.org",))],
            [person("Jan Vos", "jan", emails=("office@example.org",)), person(emails=("office@example.org",))],
            id="an address that two share",
        ),
        pytest.param(
            [person(slug=None)],
            [person(slug=None), person(slug=None, connected_on=date(2024, 1, 6))],
            id="a namesake of another day",
        ),
        pytest.param(
            [person(slug=None), person(slug=None, company="Hooli")],
            [person(slug=None), person(slug=None, company="Hooli")],
            id="two namesakes of one day",
        ),
        pytest.param(
            [person(slug=None, connected_on=None)],
            [person(slug=None, connected_on=None, company="Hooli")],
            id="nothing but a name in common",
        ),
    ],
)
def test_two_people_are_never_merged(search: Search, before: list[Person], after: list[Person]) -> None:
    search.import_records(before, whole=False)
    search.import_records(after, LATER, whole=False)

    everybody = {each.id for each in search.workspace.views.find(Contact) if each.source == "records"}
    assert len(everybody) == 2
    assert search.import_records(after, LATER, whole=False).counts == {}


def test_a_person_added_by_hand_is_recognised_by_their_profile_and_never_by_name(search: Search) -> None:
    search.add_person("Eva Nilsson")
    search.add_person("Jan Vos", url="https://www.linkedin.com/in/jan")

    plan = search.import_records([person(), person("Jan Vos", "jan")])

    assert plan.counts == {"contact.added": 1, "position.observed": 2}


def test_a_key_that_is_somebodys_cannot_be_given_to_another(search: Search) -> None:
    search.import_records([person()])

    with pytest.raises(UsageError, match=rf"`eva` is of Eva Nilsson \({eva(search).id}\) already"):
        api.edit_person(search.workspace, search.contact("Ana Lima"), api.PersonDetails(url="eva"), search.now)


def test_whoever_vanished_from_the_connections_is_disconnected_until_they_are_back(search: Search) -> None:
    both = [person(), person("Jan Vos", "jan")]
    search.import_records(both)

    assert search.import_records([person("Jan Vos", "jan")], LATER).counts == {"contact.disconnected": 1}
    assert not eva(search).connected
    assert search.import_records([person("Jan Vos", "jan")], LATER).counts == {}

    assert search.import_records(both, LATER).counts == {"contact.changed": 1}
    assert eva(search).connected


@pytest.mark.parametrize(
    ("exported_on", "whole"),
    [pytest.param(LATER, False, id="a part"), pytest.param(EARLIER, True, id="an old export")],
)
def test_who_is_missing_from_less_than_the_whole_network_stays(
    search: Search, exported_on: date, whole: bool
) -> None:
    search.import_records([person(connected_on=date(2026, 11, 10)), person("Jan Vos", "jan")])

    assert search.import_records([person("Jan Vos", "jan")], exported_on, whole=whole).counts == {}
    assert search.contact("Ana Lima").connected


def test_the_owner_and_two_jobs_begun_in_one_month_are_read_once(search: Search) -> None:
    records: list[Any] = [
        Owner(name="Maya Okafor", keys=("linkedin:maya",)),
        Employment(company="Globex", title="Engineer", started=date(2020, 3, 1)),
        Employment(company="Globex", title="Lead", started=date(2020, 3, 1)),
    ]

    assert search.import_records(records).counts == {"employment.observed": 1, "owner.identified": 1}
    assert search.import_records(records).counts == {}


# History.


def test_messages_and_invitations_become_history(search: Search) -> None:
    invitation = Interaction(
        identity="i",
        counterpart=Counterpart(keys=("linkedin:eva",)),
        at=1,
        direction="out",
        medium="invitation",
    )
    records: list[Any] = [person(), message("2026-10-01"), message("2026-10-02", "out"), invitation]

    plan = search.import_records(records)

    assert plan.counts["interaction.observed"] == 3
    assert (eva(search).received, eva(search).sent) == (1, 1)
    assert eva(search).last_in == micros(datetime(2026, 10, 1, tzinfo=UTC))
    assert api.profile(search.workspace, eva(search), search.now).warmth == "warm"


def test_a_name_alone_stands_for_the_only_one_who_has_it(search: Search) -> None:
    def from_(name: str) -> Interaction:
        return Interaction(
            identity=name, counterpart=Counterpart(name=name), at=1, direction="in", medium="message"
        )

    namesakes = [person("Jan Vos", "jan"), person("Jan Vos", "jan-2")]
    search.import_records([person(), *namesakes])
    news = [person(emails=("eva@example.org",)), *namesakes]

    plan = search.import_records([*news, from_("Eva Nilsson"), from_("Jan Vos"), from_("Nobody")], LATER)

    assert plan.counts == {"contact.changed": 1, "interaction.observed": 1}
    assert plan.unmatched == {"messages": 2}


def test_evidence_of_a_tie_is_noted_when_there_is_more_of_it(search: Search) -> None:
    def endorsed(count: int) -> Tie:
        return Tie(counterpart=Counterpart(keys=("linkedin:eva",)), evidence="endorsed_me", count=count)

    assert search.import_records([person(), endorsed(2)]).counts["tie.observed"] == 1
    assert search.import_records([person(), endorsed(2)]).counts == {}
    assert search.import_records([person(), endorsed(3)]).counts == {"tie.observed": 1}
    assert eva(search).endorsements == 3


# Openings.


def test_saved_openings_wait_to_be_pursued_and_an_application_finds_its_opening(search: Search) -> None:
    saved = SavedOpening(company="Globex", title="Editor", url="https://jobs.example/1")
    twin = SavedOpening(company="Globex", title="Editor", url="https://jobs.example/2")
    applied = SavedOpening(company="Globex Inc.", title="editor", applied_at=1_700_000_000_000_000)

    plan = search.import_records([saved, twin, applied])

    assert plan.counts == {"application.submitted": 1, "opening.added": 2}
    assert search.opening("https://jobs.example/1").applied == "applied"
    assert search.opening("https://jobs.example/1").interest == "saved"
    assert search.import_records([saved, twin, applied]).counts == {}


def test_an_imported_application_lets_the_referrer_know(search: Search) -> None:
    search.refer("Ana Lima")
    at = micros(search.now)

    search.import_records([SavedOpening(company="Acme", title="Engineer", applied_at=at)])

    assert "keep-referrer-updated" in search.runs()
    assert search.owed() == ["thanks", "update"]


# Answers.


@pytest.fixture
def asked(search: Search) -> Search:
    """Eva was asked on Monday at half past nine; a week of silence is to follow."""
    search.import_records([person(company="Acme"), message("2026-11-02")])
    search.ask("linkedin:eva")
    search.send("linkedin:eva")
    return search


def heard(search: Search, *messages: Interaction) -> api.Plan:
    return search.import_records([person(company="Acme"), *messages], LATER)


def test_an_answer_in_an_export_stops_what_was_to_follow(asked: Search) -> None:
    asked.at("2026-11-26 10:00")

    plan = heard(asked, message("2026-11-25 18:00"))

    assert plan.counts == {"interaction.observed": 1, "reply.received": 1}
    assert asked.run("referral-ask").step == "meaning"
    assert asked.ask_of("linkedin:eva").answered_at == micros(datetime(2026, 11, 25, 18, tzinfo=UTC))
    assert [step.do for step in api.agenda(asked.workspace, asked.now).steps] == ["read"]
    asked.wait("30d")
    assert asked.messages("linkedin:eva") == ["ask sent"]


def test_several_messages_in_a_row_are_one_answer(asked: Search) -> None:
    asked.at("2026-11-26 10:00")

    plan = heard(asked, message("2026-11-25 18:05"), message("2026-11-25 18:00"), message("2026-11-25 18:01"))

    assert plan.counts == {"interaction.observed": 3, "reply.received": 1}
    assert asked.events("reply.received")[0].occurred_at == micros(datetime(2026, 11, 25, 18, tzinfo=UTC))
    assert asked.run("referral-ask").step == "meaning"


def test_an_answer_drops_the_reminder_that_waits_for_approval(asked: Search) -> None:
    asked.at("2026-12-02 10:00")
    assert asked.messages("linkedin:eva") == ["ask sent", "nudge drafted"]

    heard(asked, message("2026-12-02 09:00"))

    assert asked.messages("linkedin:eva") == ["ask sent", "nudge skipped"]


def test_an_answer_to_the_first_message_counts_after_the_second(asked: Search) -> None:
    asked.at("2026-12-02 10:00")
    asked.send("linkedin:eva")
    asked.at("2026-12-04 10:00")

    assert heard(asked, message("2026-11-25 18:00")).counts["reply.received"] == 1
    assert asked.run("referral-ask").step == "meaning"


def test_an_answer_that_came_before_the_sending_was_confirmed_counts(search: Search) -> None:
    search.import_records([person(company="Acme"), message("2026-11-02")])
    search.ask("linkedin:eva")
    search.approve("linkedin:eva")
    search.at("2026-11-23 15:00")
    search.confirm("linkedin:eva")

    assert heard(search, message("2026-11-23 11:00")).counts["reply.received"] == 1


def test_what_they_wrote_before_they_were_asked_is_history_only(asked: Search) -> None:
    assert heard(asked, message("2026-11-23 09:29")).counts == {"interaction.observed": 1}
    assert asked.run("referral-ask").step == "silence"


def test_an_answer_that_was_noted_by_hand_is_not_noted_again(asked: Search) -> None:
    asked.at("2026-11-25 18:30")
    asked.reply("linkedin:eva", "agreed")

    assert heard(asked, message("2026-11-25 18:00")).counts == {"interaction.observed": 1}
    assert asked.run("referral-ask").step == "details"


def test_an_import_about_others_leaves_a_run_as_it_waits(asked: Search) -> None:
    before = asked.run("referral-ask")

    asked.import_records([person(company="Acme"), person("Jan Vos", "jan"), message("2026-11-23", who="jan")])

    assert asked.run("referral-ask") == before


@pytest.mark.parametrize("answered", ["2026-11-26 10:00", "2026-12-03 10:00"])
def test_nothing_is_sent_to_whoever_answered_before_the_export_was_read(
    searching: Searching, answered: str
) -> None:
    """The computer was off when the reminder fell due; the answer came before that, or after."""
    with searching(unattended=True) as search:
        search.import_records([person(company="Acme"), message("2026-11-02")])
        channel = api.PersonDetails(channel="post")
        api.edit_person(search.workspace, eva(search), channel, search.now)
        search.ask("linkedin:eva")
        assert search.messages("linkedin:eva") == ["ask sent"]
        search.now = datetime(2026, 12, 4, 10, tzinfo=UTC)

        heard(search, message(answered))

        assert len(search.post.sent) == 1
        assert search.run("referral-ask").step == "meaning"


# Sources.


def test_a_source_that_is_none_or_has_no_importer_is_refused(search: Search) -> None:
    odd = search.folder.path / "notes.txt"
    odd.write_text("milk, eggs")

    with pytest.raises(UsageError, match=r"nowhere\.zip does not exist"):
        search.import_path(search.folder.path / "nowhere.zip")
    with pytest.raises(UsageError, match="nothing that can be imported"):
        search.import_path(odd)
    with pytest.raises(UsageError, match=r"no importer `fax`\. There are: linkedin, records"):
        api.import_source(search.workspace, odd, search.now, source="fax")


def test_the_sample_export_is_read_once_and_every_row_of_it_is_accounted_for(search: Search) -> None:
    plan = search.import_path(resources.sample_export())

    assert plan.counts["contact.added"] == 30
    assert all(each.rows == each.imported + sum(each.skipped.values()) for each in plan.report.files)
    assert sum(each.rows for each in plan.report.files) == 64
    again = search.import_path(resources.sample_export())
    assert (again.counts, again.applied) == ({}, False)


def test_the_order_of_the_files_in_a_zip_makes_no_difference(search: Search) -> None:
    files = {
        "Connections.csv": "First Name,Last Name,URL,Connected On\nEva,Berg,linkedin.com/in/eva,05 Jan 2024\n",
        "messages.csv": "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT\n"
        "1,Eva Berg,linkedin.com/in/eva,Maya Okafor,linkedin.com/in/me,2026-10-01 12:00:00 UTC,Hi\n",
        "Profile.csv": "First Name,Last Name\nMaya,Okafor\n",
    }
    plans = []
    for number, names in enumerate(permutations(files)):
        archive = search.folder.path / f"{number}.zip"
        with zipfile.ZipFile(archive, "w") as members:
            for name in names:
                members.writestr(name, files[name])
        plans.append(search.import_path(archive, apply=False))

    assert plans[0].counts == {"contact.added": 1, "interaction.observed": 1, "owner.identified": 1}
    assert all(plan == plans[0] for plan in plans)


def test_a_later_export_of_one_account_brings_only_the_changes(search: Search, tmp_path: Path) -> None:
    header = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"

    def export(day: str, *rows: str) -> Path:
        folder = tmp_path / f"Basic_LinkedInDataExport_{day}"
        folder.mkdir()
        (folder / "Connections.csv").write_text(header + "".join(f"{row}\n" for row in rows))
        return folder

    search.import_path(
        export(
            "10-01-2026",
            "Eva,Berg,https://www.linkedin.com/in/eva,,Globex,Engineer,05 Jan 2024",
            "Jan,Vos,https://www.linkedin.com/in/jan,,Initech,Writer,04 Jan 2024",
            "Kim,Lee,https://www.linkedin.com/in/kim,,Initech,Writer,03 Jan 2024",
        )
    )
    later = export(
        "11-01-2026",
        "Liv,Dahl,https://www.linkedin.com/in/liv,,Hooli,Lead,20 Oct 2026",
        "Eva,Berg,https://www.linkedin.com/in/eva,,Globex,Lead,05 Jan 2024",
        "Jan,Vos,https://www.linkedin.com/in/jan-vos,,Initech,Writer,04 Jan 2024",
    )

    assert search.import_path(later).counts == {
        "contact.added": 1,  # Liv
        "contact.changed": 1,  # Jan renamed his profile
        "contact.disconnected": 1,  # Kim
        "position.observed": 2,  # Eva was promoted; where Liv works
    }
