"""The smaller tables: own profile and jobs, ties, invitations, openings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from refflow.api import (
    Counterpart,
    Employment,
    ImportReport,
    Interaction,
    Owner,
    Record,
    SavedOpening,
    Tie,
)
from refflow_linkedin.reader import LinkedInExport

PROFILE = 'First Name,Last Name,Maiden Name,Address,Birth Date\nMia,Example,,1 Secret Street,"Feb 17, 1998"\n'


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


def read_with_report(tmp_path: Path, files: dict[str, str]) -> tuple[list[Record], ImportReport]:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = ImportReport()
    return list(LinkedInExport().read(tmp_path, report)), report


def read(tmp_path: Path, files: dict[str, str]) -> list[Record]:
    return read_with_report(tmp_path, files)[0]


def test_the_owner_has_a_name_and_confirmed_addresses_the_primary_one_first(tmp_path: Path) -> None:
    addresses = (
        "Email Address,Confirmed,Primary,Updated On\n"
        'old@example.org,Yes,No,"5/19/15, 10:16 AM"\n'
        "not-mine@example.org,No,No,Not Available\n"
        "mia@example.org,Yes,Yes,Not Available\n"
    )

    assert read(tmp_path, {"Profile.csv": PROFILE, "Email Addresses.csv": addresses}) == [
        Owner(name="Mia Example", keys=("email:mia@example.org", "email:old@example.org"))
    ]


def test_own_jobs_have_their_months_and_the_present_one_no_end(tmp_path: Path) -> None:
    positions = (
        "Company Name,Title,Description,Location,Started On,Finished On\n"
        'Acme,Editor,"two\nlines",,May 2018,\n'
        "Globex,,,,2015,Jul 2018\n"
        ",Nobody's,,,,\n"
    )
    records, report = read_with_report(tmp_path, {"Positions.csv": positions})

    assert records == [
        Employment(line=2, company="Acme", title="Editor", started=date(2018, 5, 1)),
        Employment(line=4, company="Globex", started=date(2015, 1, 1), finished=date(2018, 7, 1)),
    ]
    assert report.files[0].skipped == {"without a company": 1}


def test_recommendations_are_ties_by_name(tmp_path: Path) -> None:
    header = "First Name,Last Name,Company,Job Title,Text,Creation Date,Status\n"
    received = header + 'Ana,Souza,Acme,,"A long\ntext.","3/4/18, 10:35 AM",VISIBLE\n'
    received += 'Ana,Souza,,,,"3/5/18, 10:35 AM",\n'
    given = header + "Ana,Souza,,,,22 Mar 2020,VISIBLE\n,,,,,,\n"
    files = {"Recommendations_Received.csv": received, "Recommendations_Given.csv": given}
    records, report = read_with_report(tmp_path, files)

    ana = Counterpart(name="Ana Souza")
    assert records == [
        Tie(line=2, counterpart=ana, evidence="recommended_me", count=2, last=date(2018, 3, 5)),
        Tie(line=2, counterpart=ana, evidence="recommended_by_me", last=date(2020, 3, 22)),
    ]
    assert {entry.name: dict(entry.skipped) for entry in report.files} == {
        "Recommendations_Given.csv": {"unknown person": 1},
        "Recommendations_Received.csv": {},
    }


def test_endorsements_are_counted_by_profile_or_by_name_where_there_is_none(tmp_path: Path) -> None:
    received = (
        "Endorsement Date,Skill Name,Endorser First Name,Endorser Last Name,"
        "Endorser Public Url,Endorsement Status\n"
        "2020/01/02 10:00:00 UTC,Writing,Ana,Souza,www.linkedin.com/in/ana,ACCEPTED\n"
        "2021/01/02 10:00:00 UTC,Speaking,Ana,Souza,www.linkedin.com/in/ana,ACCEPTED\n"
        "2019/01/02 10:00:00 UTC,Writing,Ana,Souza,www.linkedin.com/in/ana-2,ACCEPTED\n"
    )
    given = (
        "Endorsement Date,Skill Name,Endorsee First Name,Endorsee Last Name,Endorsement Status\n"
        "2020/01/02 10:00:00 UTC,Writing,Ana,Souza,ACCEPTED\n"
    )
    files = {"Endorsement_Received_Info.csv": received, "Endorsement_Given_Info.csv": given}

    assert read(tmp_path, files) == [
        Tie(
            line=2,
            counterpart=Counterpart(keys=("linkedin:ana",), name="Ana Souza"),
            evidence="endorsed_me",
            count=2,
            last=date(2021, 1, 2),
        ),
        Tie(
            line=4,
            counterpart=Counterpart(keys=("linkedin:ana-2",), name="Ana Souza"),
            evidence="endorsed_me",
            last=date(2019, 1, 2),
        ),
        Tie(
            line=2, counterpart=Counterpart(name="Ana Souza"), evidence="endorsed_by_me", last=date(2020, 1, 2)
        ),
    ]


INVITATIONS = [
    pytest.param(
        "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
        'Mia Example,Ana Souza,"7/18/18, 9:08 AM",hello,OUTGOING,linkedin.com/in/me,linkedin.com/in/ana\n'
        'Ben Okri,Mia Example,"1/8/18, 7:30 AM",,INCOMING,linkedin.com/in/ben,linkedin.com/in/me\n',
        [("linkedin:ana",), ("linkedin:ben",)],
        id="with profiles",
    ),
    pytest.param(
        "From,To,Sent At,Message,Direction,inviterProfileUrn,inviteeProfileUrn\n"
        'Mia Example,Ana Souza,"7/18/18, 9:08 AM",hello,OUTGOING,urn:li:member:1,urn:li:member:2\n'
        'Ben Okri,Mia Example,"1/8/18, 7:30 AM",,INCOMING,urn:li:member:3,urn:li:member:1\n',
        [(), ()],
        id="with URNs",
    ),
    pytest.param(
        "From,To,Sent At,Message,Direction\n"
        'Mia Example,Ana Souza,"7/18/18, 9:08 AM",hello,OUTGOING\n'
        'Ben Okri,Mia Example,"1/8/18, 7:30 AM",,INCOMING\n',
        [(), ()],
        id="by name",
    ),
    pytest.param(
        "From,To,Sent At,Message\n"
        'Mia Example,Ana Souza,"7/18/18, 9:08 AM",hello\n'
        'Ben Okri,Mia Example,"1/8/18, 7:30 AM",\n',
        [(), ()],
        id="without direction",
    ),
]


@pytest.mark.parametrize(("table", "keys"), INVITATIONS)
def test_an_invitation_has_its_other_side_and_direction(
    tmp_path: Path, table: str, keys: list[tuple[str, ...]]
) -> None:
    records = read(tmp_path, {"Invitations.csv": table, "Profile.csv": PROFILE})
    history = [record for record in records if isinstance(record, Interaction)]

    assert [one.counterpart for one in history] == [
        Counterpart(keys=keys[0], name="Ana Souza"),
        Counterpart(keys=keys[1], name="Ben Okri"),
    ]
    assert [(one.direction, one.medium, one.at) for one in history] == [
        ("out", "invitation", micros(2018, 7, 18, 16, 8)),
        ("in", "invitation", micros(2018, 1, 8, 15, 30)),
    ]


def test_invitations_that_say_too_little_are_counted_by_reason(tmp_path: Path) -> None:
    header = "From,To,Sent At,Message,Direction\n"
    rows = "LinkedIn Member,,1/8/18,,INCOMING\nBen Okri,,,,INCOMING\nBen Okri,Ana Souza,1/8/18,,\n"
    records, report = read_with_report(tmp_path, {"Invitations.csv": header + rows})

    assert [record for record in records if isinstance(record, Interaction)] == []
    assert report.files[0].skipped == {
        "unknown person": 1,
        "without a date": 1,
        "unclear whose invitation it is": 1,
    }


def test_saved_jobs_and_applications_are_openings_without_contact_data(tmp_path: Path) -> None:
    saved = "Saved Date,Job Url,Job Title,Company Name\n"
    saved += '"6/4/18, 5:30 AM",http://www.linkedin.com/jobs/view/1,Editor,Acme\n,,,Acme\n'
    applied = (
        "Application Date,Contact Email,Contact Phone Number,"
        "Company Name,Job Title,Job Url,Resume Name,Question And Answers\n"
        '"1/8/18, 7:30 AM",me@example.org,555,Globex,Writer,,cv.pdf,secret\n'
    )
    records, report = read_with_report(tmp_path, {"Saved Jobs.csv": saved, "Job Applications.csv": applied})

    assert records == [
        SavedOpening(
            line=2,
            company="Acme",
            title="Editor",
            url="http://www.linkedin.com/jobs/view/1",
            saved_at=micros(2018, 6, 4, 12, 30),
        ),
        SavedOpening(line=2, company="Globex", title="Writer", applied_at=micros(2018, 1, 8, 15, 30)),
    ]
    assert [dict(entry.skipped) for entry in report.files] == [{}, {"without a company or job title": 1}]
