from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from refflow.api import ImportReport, Person
from refflow_linkedin.reader import LinkedInExport

HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
ROW = "Ana,Souza,https://www.linkedin.com/in/ana,,Acme,Engineer,05 Jan 2024\n"
NOTES = 'Notes:\n"When exporting, you may notice that some e-mail addresses are missing."\n\n'


def read(tmp_path: Path, content: str | bytes) -> tuple[list[Person], ImportReport]:
    path = tmp_path / "Connections.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    report = ImportReport()
    return [record for record in LinkedInExport().read(path, report) if isinstance(record, Person)], report


def test_a_connection_has_all_that_its_row_shows(tmp_path: Path) -> None:
    row = ' ana ,"Souza, MBA",https://www.linkedin.com/in/Ana-S%C3%A3o/,'
    row += 'Ana@Example.ORG,"Acme, Inc.",Engineer,05 Jan 2024\n'

    assert read(tmp_path, HEADER + row)[0] == [
        Person(
            line=2,
            keys=("linkedin:ana-são", "email:ana@example.org"),
            name="ana Souza, MBA",
            first_name="Ana",
            last_name="Souza, MBA",
            emails=("Ana@Example.ORG",),
            url="https://www.linkedin.com/in/Ana-S%C3%A3o/",
            company="Acme, Inc.",
            title="Engineer",
            connected_on=date(2024, 1, 5),
        )
    ]


@pytest.mark.parametrize(
    ("preamble", "line"),
    [
        ("", 2),
        ("Notes:\n", 3),
        (NOTES, 5),
        ("Notes:\nThis is a sample.\nAll of it is made up, by hand.\n\n", 6),
        ("Notes:\n\n\n\n\n\n\n\n\n", 11),
        ('Notes:,,,,,,\n"A paragraph",,,,,,\n,,,,,,\n', 5),
    ],
)
def test_the_header_is_found_below_any_notes(tmp_path: Path, preamble: str, line: int) -> None:
    people, report = read(tmp_path, preamble + HEADER + ROW)

    assert [(person.name, person.line) for person in people] == [("Ana Souza", line)]
    assert report.files[0].rows == 1


@pytest.mark.parametrize(
    ("header", "row", "keys"),
    [
        pytest.param(
            "First Name,Last Name,Email Address,Company,Position,Connected On",
            'Ana,Souza,ana@example.org,Acme,Engineer,"1/5/24, 6:14 PM"',
            ("email:ana@example.org",),
            id="C1",
        ),
        pytest.param(
            "First Name,Last Name,Address,Email Address,Company,Position,Connected On,Websites,Messengers",
            'Ana,Souza,,ana@example.org,Acme,Engineer,"01/05/24, 6:14 PM",,',
            ("email:ana@example.org",),
            id="C1b",
        ),
        pytest.param(
            "First Name,Last Name,Email Address,Company,Position,Connected On,URL",
            "Ana,Souza,,Acme,Engineer,05 Jan 2024,linkedin.com/in/ana",
            ("linkedin:ana",),
            id="C4 with the address last",
        ),
        pytest.param(
            "FirstName,LastName,EmailAddress,Company,Position,ConnectedOn",
            "Ana,Souza,,Acme,Engineer,2024-01-05",
            (),
            id="C4 with joined names",
        ),
        pytest.param(
            "First Name;Last Name;Company;Position;Connected On",
            "Ana;Souza;Acme;Engineer;5-Jan-24",
            (),
            id="semicolons",
        ),
        pytest.param(
            "First Name\tLast Name\tURL\tCompany\tPosition\tConnected On",
            "Ana\tSouza\thttps://www.linkedin.com/in/ana?trk=x\tAcme\tEngineer\t01/05/2024",
            ("linkedin:ana",),
            id="tabs",
        ),
        pytest.param(
            "first name,LAST NAME,Url,Company,position,connected on,Anything Else",
            "Ana,Souza,https://linkedin.com/in/ana,Acme,Engineer,05 Jan 2024,more",
            ("linkedin:ana",),
            id="other case and one column more",
        ),
    ],
)
def test_every_known_header_names_the_same_person(
    tmp_path: Path, header: str, row: str, keys: tuple[str, ...]
) -> None:
    (person,), report = read(tmp_path, f"{header}\n{row}\n")

    shown = (person.name, person.company, person.title, person.connected_on, person.keys)
    assert shown == ("Ana Souza", "Acme", "Engineer", date(2024, 1, 5), keys)
    assert report.problems == []


def test_a_list_without_last_names_is_read(tmp_path: Path) -> None:
    (person,), _ = read(tmp_path, "First Name;Company;Position;Connected On\nAna;Acme;Engineer;5-Jan-24\n")

    assert (person.name, person.last_name, person.company) == ("Ana", None, "Acme")


def test_the_outlook_form_of_2017_is_read(tmp_path: Path) -> None:
    path = tmp_path / "linkedin_connections_export_microsoft_outlook.csv"
    header = "Title,Given Name,Surname,E-mail Address,Company,Job Title\n"
    path.write_text(header + ",Ana,Souza,ana@example.org,Acme,Engineer\n", encoding="utf-8")
    (person,) = LinkedInExport().read(path, ImportReport())

    assert isinstance(person, Person)
    assert (person.name, person.title, person.emails) == ("Ana Souza", "Engineer", ("ana@example.org",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_names_survive_every_encoding_and_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    text = (HEADER + ROW.replace("Souza", "Müller-Ñúñez")).replace("\n", end)
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""

    (person,), report = read(tmp_path, (mark + text).encode(encoding))

    assert (person.name, person.line) == ("Ana Müller-Ñúñez", 2)
    assert report.problems == []


def test_a_table_of_2018_in_utf_16_with_tabs_is_read(tmp_path: Path) -> None:
    text = 'First Name\t"Last Name"\t"URL"\t"Connected On"\r\n'
    text += '"Ana"\t"Souza"\t"linkedin.com/in/ana"\t"05 Jan 2024"\r\n'

    assert [person.keys for person in read(tmp_path, text.encode("utf-16"))[0]] == [("linkedin:ana",)]


def test_one_byte_that_is_not_utf_8_spoils_no_other_name(tmp_path: Path) -> None:
    stray = ROW.replace("/ana", "/bea").encode().replace(b"Ana", b"B\xe9a")
    raw = (HEADER + ROW.replace("Ana", "Zoë")).encode() + stray

    assert [person.first_name for person in read(tmp_path, raw)[0]] == ["Zoë", "Béa"]


def test_who_left_linkedin_is_counted_and_is_nobody(tmp_path: Path) -> None:
    people, report = read(tmp_path, HEADER + ROW + ",,,,,,04 Jan 2024\n" + "\n" + ",,,,,,\n")

    assert len(people) == 1
    assert (report.files[0].rows, report.files[0].imported) == (3, 1)
    assert report.files[0].skipped == {"left LinkedIn": 2}
    assert report.problems == []


def test_people_of_the_same_name_stay_apart_and_the_same_profile_counts_once(tmp_path: Path) -> None:
    namesake, again = ROW.replace("in/ana", "in/ana-2"), ROW.replace("in/ana", "in/ANA/")
    people, report = read(tmp_path, HEADER + ROW + namesake + again)

    assert [person.keys for person in people] == [("linkedin:ana",), ("linkedin:ana-2",)]
    assert report.files[0].skipped == {"the same person again": 1}


def test_people_without_address_and_profile_are_kept_even_when_they_look_alike(tmp_path: Path) -> None:
    header = "First Name,Last Name,Email Address,Company,Position,Connected On\n"
    people, _ = read(tmp_path, header + "Ana,Souza,,Acme,,05 Jan 2024\n" * 2)

    assert [person.keys for person in people] == [(), ()]


def test_rows_that_cannot_be_read_are_named_by_line_and_the_others_go_in(tmp_path: Path) -> None:
    bad = ',,https://www.linkedin.com/in/x,,,,\n"Eve\nand more",Adams,,,,,,,\n'
    rows = "Ben\n" + ROW + bad + ROW.replace("/ana", "/bea")
    people, report = read(tmp_path, NOTES + HEADER + rows)

    assert [person.line for person in people] == [6, 10]
    assert [(problem.line, problem.text) for problem in report.problems] == [
        (5, "the row has 1 cells, the header 7"),
        (7, "the row names nobody"),
        (8, "the row has 9 cells, the header 7 and runs to line 9; is a quotation mark missing?"),
    ]
    assert report.files[0].skipped == {"could not be read": 3}
    assert (report.files[0].rows, report.files[0].imported) == (5, 2)


def test_a_date_of_no_known_form_costs_the_date_and_not_the_person(tmp_path: Path) -> None:
    people, report = read(tmp_path, HEADER + ROW.replace("05 Jan 2024", "31/12/2024"))

    assert [(person.name, person.connected_on) for person in people] == [("Ana Souza", None)]
    assert [(problem.line, problem.file) for problem in report.problems] == [(2, "Connections.csv")]
    assert report.complete_network


@pytest.mark.parametrize("size", [64 * 1024 + 1, 200_000])
def test_a_cell_of_more_than_64_kb_costs_its_row(tmp_path: Path, size: int) -> None:
    people, report = read(tmp_path, HEADER + ROW.replace("Acme", "x" * size) + ROW)

    assert [person.line for person in people] == [3]
    assert [problem.line for problem in report.problems] == [2]


def test_a_line_without_end_is_not_taken_into_memory(tmp_path: Path) -> None:
    people, report = read(tmp_path, HEADER + ROW + "x" * 3_000_000)

    assert len(people) == 1
    assert [problem.line for problem in report.problems] == [3]


@pytest.mark.parametrize("content", ["", "Name,Mail\nsecret,secret\n", "\n" * 10 + HEADER + ROW])
def test_a_table_without_header_is_refused_with_the_columns_it_needs(tmp_path: Path, content: str) -> None:
    people, report = read(tmp_path, content)

    assert people == []
    (problem,) = report.problems
    assert "firstname" in problem.text
    assert "secret" not in problem.text
    assert report.files[0].use == "not imported: it could not be read"
