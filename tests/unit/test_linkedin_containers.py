from __future__ import annotations

import stat
import zipfile
from datetime import date
from pathlib import Path

import pytest

from refflow.api import ImportReport, Person, Record, RefflowError, SavedOpening
from refflow_linkedin.reader import LinkedInExport

HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
ANA = "Ana,Souza,https://www.linkedin.com/in/ana,,Acme,Engineer,05 Jan 2024\n"
BEN = "Ben,Okri,https://www.linkedin.com/in/ben,,Globex,Writer,06 Jan 2024\n"
SAVED = "Saved Date,Job Url,Job Title,Company Name\n"


def read(path: Path) -> tuple[list[Record], ImportReport]:
    report = ImportReport()
    return list(LinkedInExport().read(path, report)), report


def names(records: list[Record]) -> list[str]:
    return [record.name for record in records if isinstance(record, Person)]


def zipped(path: Path, files: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpacked(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "name",
    [
        "Connections.csv",
        "connections.csv",
        "CONNECTIONS.CSV",
        "Basic_LinkedInDataExport_01-31-2024/Connections.csv",
        "export/Anything/Connections.csv",
        "Connections_1.csv",
        "Connections_997361.csv",
        "Connections (1).csv",
        "my network.csv",
        "ana_Connections.csv",
    ],
)
def test_a_table_is_found_wherever_it_lies_and_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    records, report = read(zipped(tmp_path / "export.zip", {name: HEADER + ANA}))

    assert names(records) == ["Ana Souza"]
    assert [(file.name, file.use, file.imported) for file in report.files] == [(name, "connections", 1)]


def test_zip_folder_and_single_table_give_the_same_people(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "export.zip", {"Connections.csv": HEADER + ANA + BEN})
    folder = unpacked(tmp_path / "export", {"Connections.csv": HEADER + ANA + BEN})

    assert read(archive)[0] == read(folder)[0] == read(folder / "Connections.csv")[0]


def test_the_parts_of_a_table_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    files = {
        f"Jobs/Saved Jobs{part}.csv": f'{SAVED}"1/2/24, 7:18 AM",,Writer,Company{part}\n'
        for part in ("_10", "_2", "")
    }
    records, _ = read(unpacked(tmp_path, files))

    assert [record.company for record in records if isinstance(record, SavedOpening)] == [
        "Company",
        "Company_2",
        "Company_10",
    ]


def test_a_second_copy_of_a_table_is_named_and_left(tmp_path: Path) -> None:
    files = {"Connections.csv": HEADER + ANA, "old/Connections.csv": HEADER + BEN, "mine.csv": HEADER + BEN}
    records, report = read(unpacked(tmp_path, files))

    assert names(records) == ["Ana Souza"]
    left = [file.use for file in report.files if file.name != "Connections.csv"]
    assert left == ["not imported: the export has its connections in another file as well"] * 2


def test_every_file_is_in_the_report_with_what_became_of_it(tmp_path: Path) -> None:
    files = {
        "Connections.csv": HEADER + ANA,
        "Imported Contacts.csv": "First Name,Last Name,Companies,Email Address\nEve,Adams,,eve@example.org\n",
        "Contacts.csv": "Source,FirstName,LastName,Companies,Title,Emails,CreatedAt\n",
        "coach_messages.csv": "CONVERSATION ID,FROM,TO,DATE,CONTENT,FOLDER\n",
        "Reactions.csv": "Date,Type,Link\n",
        "Articles/Articles/one.html": "<p>",
        "__MACOSX/._Connections.csv": "\0\5",
    }
    records, report = read(zipped(tmp_path / "export.zip", dict(files)))

    assert names(records) == ["Ana Souza"]
    assert {file.name: file.use for file in report.files} == {
        "Connections.csv": "connections",
        "Imported Contacts.csv": "not imported: an address book, not the network",
        "Contacts.csv": "not imported: an address book, not the network",
        "coach_messages.csv": "not imported: chats with a machine",
        "Reactions.csv": "not imported: nothing in it that refflow uses",
        "Articles/Articles/one.html": "not imported: not a table",
        "__MACOSX/._Connections.csv": "not imported: not a table",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../Connections.csv",
        "a/../../Connections.csv",
        "/tmp/Connections.csv",
        "C:/Connections.csv",
        "Jobs\\Connections.csv",
    ],
)
def test_a_zip_with_a_name_that_leads_out_of_it_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefflowError, match="leads out of it"):
        read(zipped(tmp_path / "export.zip", {name: HEADER + ANA}))


def test_a_zip_with_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("Connections.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(RefflowError, match="symbolic link"):
        read(tmp_path / "export.zip")


def test_a_zip_with_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("Connections.csv", HEADER + ANA)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("Connections.csv", HEADER + BEN)

    with pytest.raises(RefflowError, match="two of its files"):
        read(tmp_path / "export.zip")


def test_a_zip_bomb_is_refused_though_nothing_in_it_would_be_read(tmp_path: Path) -> None:
    with pytest.raises(RefflowError, match="over 100 times its size"):
        read(zipped(tmp_path / "export.zip", {"Connections.csv": HEADER + ANA, "bomb.txt": b"0" * 1_000_000}))


def test_a_damaged_table_gives_the_rows_before_the_damage_and_a_problem(tmp_path: Path) -> None:
    rows = "".join(ANA.replace("in/ana", f"in/ana{number}") for number in range(2000))
    path = zipped(tmp_path / "export.zip", {"Connections.csv": HEADER + rows}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[100_000] ^= 1
    path.write_bytes(raw)

    records, report = read(path)

    assert len(names(records)) > 1000
    assert ["damaged here" in problem.text for problem in report.problems] == [True]
    assert not report.complete_network


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 but no more", b"nonsense"])
def test_what_is_no_zip_is_refused_in_words(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "export.zip").write_bytes(raw)

    with pytest.raises(RefflowError, match="not a whole zip file"):
        read(tmp_path / "export.zip")


def test_what_holds_no_table_of_linkedins_is_refused_and_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RefflowError, match=r"no LinkedIn data export.*Give the zip"):
        read(zipped(tmp_path / "export.zip", {"readme.txt": "hello"}))
    with pytest.raises(RefflowError, match="no LinkedIn data export"):
        read(unpacked(tmp_path / "folder", {"prices.csv": "Item,Price\nTea,2\n"}))
    with pytest.raises(RefflowError, match="does not exist"):
        read(tmp_path / "missing.zip")


@pytest.mark.parametrize("name", ["Connections.csv", "Reactions.csv"])
def test_a_workbook_that_calls_itself_csv_is_named_as_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04\x14\x00")

    records, report = read(tmp_path)

    assert records == []
    assert [(problem.file, "Excel workbook" in problem.text) for problem in report.problems] == [(name, True)]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Complete_LinkedInDataExport_01-31-2024.zip", date(2024, 1, 31)),
        ("Basic_LinkedInDataExport_01-31-2024 (1).zip", date(2024, 1, 31)),
        ("export_99-99-2024.zip", date(2024, 1, 6)),
        ("export.zip", date(2024, 1, 6)),
    ],
)
def test_an_export_is_of_the_day_in_its_name_or_its_newest_date(tmp_path: Path, name: str, day: date) -> None:
    _, report = read(zipped(tmp_path / name, {"Connections.csv": HEADER + BEN + ANA}))

    assert report.exported_on == day


def test_a_table_of_an_unpacked_export_is_of_the_day_of_its_folder(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "Basic_LinkedInDataExport_01-31-2024", {"Connections.csv": HEADER + ANA})

    assert read(folder)[1].exported_on == read(folder / "Connections.csv")[1].exported_on == date(2024, 1, 31)


def test_messages_date_an_export_without_connections(tmp_path: Path) -> None:
    header = "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,DATE,CONTENT\n"
    _, report = read(unpacked(tmp_path, {"messages.csv": header + "1,,A,,B,2024-03-02 10:00:00 UTC,hi\n"}))

    assert report.exported_on == date(2024, 3, 2)
    assert not report.complete_network


def test_the_network_is_complete_when_every_row_of_it_was_read(tmp_path: Path) -> None:
    whole = unpacked(tmp_path / "a", {"Connections.csv": HEADER + ANA})
    broken = unpacked(tmp_path / "b", {"Connections.csv": HEADER + ANA + "Ben,Okri\n"})
    refused = unpacked(tmp_path / "c", {"Connections.csv": HEADER + ANA, "Connections_1.csv": "nothing\n"})

    assert [read(folder)[1].complete_network for folder in (whole, broken, refused)] == [True, False, False]
