from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from refflow.api import ImportReport, Interaction, Person, Record, RefflowError
from refflow_linkedin.reader import LinkedInExport

PEOPLE = ["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"]
MESSAGES = [
    "CONVERSATION ID",
    "CONVERSATION TITLE",
    "FROM",
    "SENDER PROFILE URL",
    "TO",
    "RECIPIENT PROFILE URLS",
    "DATE",
    "CONTENT",
    "FOLDER",
    "IS MESSAGE DRAFT",
]
ME = "https://www.linkedin.com/in/me"
PROFILE = "First Name,Last Name\nMia,Example\n"

words = st.text("abzÀß王 ,;\"'\n\r\t\0\ufeff", max_size=6)
slugs = st.sampled_from(["ana", "ben", "zo%C3%AB"]).map("https://www.linkedin.com/in/{}".format)
days = st.sampled_from(["05 Jan 2024", "1/5/24, 6:14 PM", "2024-01-05", "soon", ""])
people = st.lists(
    st.tuples(
        words, words, st.one_of(slugs, words), st.one_of(st.just("a@example.org"), words), words, words, days
    ),
    max_size=6,
)
stamps = st.sampled_from(["2024-03-01 12:00:00 UTC", "2024-03-01 12:00:01 UTC", "1/5/24, 6:14 PM", "", "soon"])


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, ...]:
    """A row from or to the owner, now and then of somebody unknown, or a draft."""
    url, name = draw(slugs), draw(words)
    sides = [(name, url), ("Mia Example", ME)]
    sender, recipient = sides if draw(st.booleans()) else sides[::-1]
    folder, draft = draw(st.sampled_from(["INBOX", "SPAM"])), draw(st.sampled_from(["No", "Yes"]))
    conversation, content = draw(st.sampled_from(["1", "2", ""])), draw(words)
    return (conversation, draw(words), *sender, *recipient, draw(stamps), content, folder, draft)


histories = st.lists(messages(), max_size=6)


def table(columns: list[str], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue().encode()


def read(files: dict[str, bytes]) -> tuple[list[Record], ImportReport]:
    """The records of a folder with the files, or those before the error that ends them."""
    report, records = ImportReport(), []
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            for record in LinkedInExport().read(Path(folder), report):
                records.append(record)
        except RefflowError:
            pass
    return records, report


def export(network: list[tuple[str, ...]], history: list[tuple[str, ...]]) -> dict[str, bytes]:
    return {
        "Profile.csv": PROFILE.encode(),
        "Connections.csv": table(PEOPLE, network),
        "messages.csv": table(MESSAGES, history),
    }


@given(people, histories)
def test_reading_twice_gives_equal_records_and_reports(
    network: list[tuple[str, ...]], history: list[tuple[str, ...]]
) -> None:
    assert read(export(network, history)) == read(export(network, history))


@given(people, histories)
def test_every_row_is_either_imported_or_skipped_for_a_reason(
    network: list[tuple[str, ...]], history: list[tuple[str, ...]]
) -> None:
    _, report = read(export(network, history))

    for entry in report.files:
        assert entry.rows == entry.imported + sum(entry.skipped.values())


@given(histories)
def test_identities_differ_from_row_to_row(history: list[tuple[str, ...]]) -> None:
    found = [one.identity for one in read(export([], history))[0] if isinstance(one, Interaction)]

    assert len(set(found)) == len(found)


@given(people, histories, st.permutations(range(len(PEOPLE))), st.permutations(range(len(MESSAGES))))
def test_the_order_of_columns_makes_no_difference(
    network: list[tuple[str, ...]], history: list[tuple[str, ...]], one: list[int], other: list[int]
) -> None:
    def shuffled(columns: list[str], rows: list[tuple[str, ...]], order: list[int]) -> bytes:
        return table(
            [columns[place] for place in order], [tuple(row[place] for place in order) for row in rows]
        )

    files = export(network, history)
    moved = {
        "Connections.csv": shuffled(PEOPLE, network, one),
        "messages.csv": shuffled(MESSAGES, history, other),
    }

    assert read(files | moved)[0] == read(files)[0]


@given(people, histories, st.data())
def test_a_cut_table_gives_the_first_of_its_records(
    network: list[tuple[str, ...]], history: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """All but that of the row which the cut went through, of which a date may be left and look whole."""
    for name, kind in (("Connections.csv", Person), ("messages.csv", Interaction)):
        files = export(network, history)
        whole = [record for record in read(files)[0] if isinstance(record, kind)]
        cut = data.draw(st.integers(0, len(files[name])))

        records, report = read(files | {name: files[name][:cut]})
        got = [record for record in records if isinstance(record, kind)]
        rows = next(entry.rows for entry in report.files if entry.name == name)

        assert got[:-1] == whole[: len(got[:-1])]
        assert len(got) <= rows


@given(people, histories, st.data())
def test_a_cut_zip_is_refused_and_nothing_of_it_read(
    network: list[tuple[str, ...]], history: list[tuple[str, ...]], data: st.DataObject
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, content in export(network, history).items():
            members.writestr(name, content)
    raw = archive.getvalue()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
        try:
            next(LinkedInExport().read(path, ImportReport()), None)
        except RefflowError:
            return
    raise AssertionError("a zip without its end was read")


@given(
    st.binary(max_size=200),
    st.sampled_from(["Connections.csv", "messages.csv", "unknown.csv", "Invitations.csv"]),
)
@example(b"PK\x03\x04", "Connections.csv")
@example(b"\xff\xfe\x00", "Connections.csv")
@example(b"First Name,Last Name\n\xff\xfe,\x81\n", "Connections.csv")
def test_no_bytes_whatever_raise_an_error_of_another_kind(content: bytes, name: str) -> None:
    records, report = read({"Profile.csv": PROFILE.encode(), name: content})

    assert name in {entry.name for entry in report.files}
    assert len(records) >= 1


@given(
    st.lists(
        st.lists(st.sampled_from(["", "secret", "secret\n", '"secret', "secret" * 20_000]), max_size=9),
        max_size=6,
    ),
    st.sampled_from(
        ["Connections", "messages", "Invitations", "Positions", "Endorsement_Received_Info", "Saved Jobs"]
    ),
    st.booleans(),
)
def test_no_report_quotes_a_cell(rows: list[list[str]], name: str, headed: bool) -> None:
    headers = {
        "Connections": PEOPLE,
        "messages": MESSAGES,
        "Invitations": ["From", "To", "Sent At", "Message", "Direction"],
        "Positions": ["Company Name", "Title", "Started On", "Finished On"],
        "Endorsement_Received_Info": ["Endorsement Date", "Endorser First Name", "Endorser Last Name"],
        "Saved Jobs": ["Saved Date", "Job Url", "Job Title", "Company Name"],
    }
    text = "\n".join(",".join(row) for row in [headers[name] if headed else [], *rows])
    _, report = read({f"{name}.csv": text.encode()})

    said = [problem.text for problem in report.problems]
    said += [reason for entry in report.files for reason in (entry.use, *entry.skipped)]
    assert not any("secret" in text for text in said)
