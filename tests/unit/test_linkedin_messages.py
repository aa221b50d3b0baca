from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from refflow.api import Counterpart, ImportReport, Interaction, Owner, Record
from refflow_linkedin.reader import LinkedInExport

ME, ANA, BEN = (f"https://www.linkedin.com/in/{slug}" for slug in ("me", "ana", "ben"))
M2 = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,"
    "DATE,SUBJECT,CONTENT,FOLDER"
).split(",")
PROFILE = "First Name,Last Name,Headline\nMia,Example,Editor\n"
NOON = "2024-03-01 12:00:00 UTC"


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


def row(**cells: str) -> dict[str, str]:
    """A message from Mia Example to Ana Souza, but for `cells`, whose names have underscores for spaces."""
    whole = {
        "CONVERSATION ID": "c1",
        "FROM": "Mia Example",
        "SENDER PROFILE URL": ME,
        "TO": "Ana Souza",
        "RECIPIENT PROFILE URLS": ANA,
        "DATE": NOON,
        "CONTENT": "hello",
        "FOLDER": "INBOX",
    }
    return whole | {name.replace("_", " "): cell for name, cell in cells.items()}


def reply(**cells: str) -> dict[str, str]:
    back = {"FROM": "Ana Souza", "SENDER_PROFILE_URL": ANA, "TO": "Mia Example", "RECIPIENT_PROFILE_URLS": ME}
    return row(**(back | cells))


def table(rows: list[dict[str, str]], columns: list[str]) -> str:
    quoted = [",".join(f'"{cells.get(column, "")}"' for column in columns) for cells in rows]
    return "\n".join([",".join(columns), *quoted]) + "\n"


def read(
    tmp_path: Path, rows: list[dict[str, str]], columns: list[str] = M2, files: dict[str, str] | None = None
) -> list[Record]:
    return read_with_report(tmp_path, rows, columns, files)[0]


def read_with_report(
    tmp_path: Path, rows: list[dict[str, str]], columns: list[str] = M2, files: dict[str, str] | None = None
) -> tuple[list[Record], ImportReport]:
    """The records of a folder with the messages, and with `files` or else the owner's profile."""
    contents = {"Profile.csv": PROFILE} if files is None else files
    for name, text in (contents | {"messages.csv": table(rows, columns)}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = ImportReport()
    return list(LinkedInExport().read(tmp_path, report)), report


def messages(records: list[Record]) -> list[Interaction]:
    return [record for record in records if isinstance(record, Interaction)]


def skipped(report: ImportReport) -> dict[str, int]:
    return next(dict(entry.skipped) for entry in report.files if entry.use == "messages")


def test_a_message_is_history_without_its_text(tmp_path: Path) -> None:
    (sent, received) = messages(read(tmp_path, [row(CONTENT="one\ntwo"), reply()]))

    assert (sent.line, received.line) == (2, 4)
    assert sent.counterpart == received.counterpart == Counterpart(keys=("linkedin:ana",), name="Ana Souza")
    assert (sent.direction, received.direction) == ("out", "in")
    assert (sent.at, sent.medium, sent.conversation) == (micros(2024, 3, 1, 12), "message", "c1")
    assert "one" not in repr(sent)


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(M2, id="M2"),
        pytest.param([*M2, "IS MESSAGE DRAFT"], id="M3"),
        pytest.param([*M2, "IS MESSAGE DRAFT", "IS CONVERSATION DRAFT"], id="M4"),
        pytest.param([*M2, "ATTACHMENTS"], id="M5"),
        pytest.param([*M2, "ATTACHMENTS", "IS MESSAGE DRAFT"], id="M6"),
        pytest.param([*M2, "IS MESSAGE DRAFT", "IS CONVERSATION ARCHIVED"], id="M7"),
        pytest.param([*reversed(M2)], id="another order"),
        pytest.param([column.title() for column in M2], id="another case"),
    ],
)
def test_every_set_of_columns_since_2024_gives_the_same_messages(tmp_path: Path, columns: list[str]) -> None:
    rows = [row(IS_CONVERSATION_ARCHIVED="Yes"), reply()]
    cased = [cells | {name.title(): cell for name, cell in cells.items()} for cells in rows]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert read(tmp_path / "a", cased, columns) == read(tmp_path / "b", rows)


def test_messages_of_2018_have_their_direction_written_beside_them(tmp_path: Path) -> None:
    columns = ["From", "To", "Date", "Subject", "Content", "Direction", "Folder"]
    rows = [
        ("Mia Example", "Ana Souza", "7/18/18, 9:08 AM", "", "hello", "OUTGOING", "SENT"),
        ("Ben Okri", "Mia Example", "1/8/18, 7:30 AM", "", "hello", "INCOMING", "ARCHIVED"),
    ]
    named = [dict(zip(columns, cells, strict=True)) for cells in rows]
    owner, *history = read(tmp_path, named, columns, files={})

    assert owner == Owner(name="Mia Example")
    assert [(one.direction, one.counterpart, one.at) for one in messages(history)] == [
        ("out", Counterpart(name="Ana Souza"), micros(2018, 7, 18, 16, 8)),
        ("in", Counterpart(name="Ben Okri"), micros(2018, 1, 8, 15, 30)),
    ]


def test_messages_of_2023_know_a_recipient_by_name_alone(tmp_path: Path) -> None:
    columns = [column for column in M2 if column != "RECIPIENT PROFILE URLS"]
    rows = [row(), reply(), row(TO="Ben Okri"), reply(FROM="Ben Okri", SENDER_PROFILE_URL=BEN)]
    owner, *history = read(tmp_path, rows, columns, files={})

    assert owner == Owner(name="Mia Example", keys=("linkedin:me",))
    assert [(one.direction, one.counterpart) for one in messages(history)] == [
        ("out", Counterpart(name="Ana Souza")),
        ("in", Counterpart(keys=("linkedin:ana",), name="Ana Souza")),
        ("out", Counterpart(name="Ben Okri")),
        ("in", Counterpart(keys=("linkedin:ben",), name="Ben Okri")),
    ]


def test_one_busy_correspondent_is_not_taken_for_an_owner_without_profile(tmp_path: Path) -> None:
    columns = [column for column in M2 if column != "RECIPIENT PROFILE URLS"]
    mine = {"SENDER_PROFILE_URL": "", "CONVERSATION_TITLE": "Chat"}
    rows = [*[reply()] * 5, row(**mine), row(TO="Ben Okri", **mine)]
    owner, *history = read(tmp_path, rows, columns, files={})

    assert owner == Owner(name="Mia Example")
    assert [one.direction for one in messages(history)] == ["in"] * 5 + ["out"] * 2


@pytest.mark.parametrize("yes", ["Yes", "true", "TRUE"])
@pytest.mark.parametrize("column", ["IS MESSAGE DRAFT", "IS CONVERSATION DRAFT"])
def test_a_draft_was_never_sent(tmp_path: Path, column: str, yes: str) -> None:
    rows = [row(CONVERSATION_ID="") | {column: yes}, reply() | {column: "No"}]
    records, report = read_with_report(tmp_path, rows, [*M2, column])

    assert [one.direction for one in messages(records)] == ["in"]
    assert skipped(report) == {"draft": 1}


def test_no_folder_means_a_draft_where_no_column_says_so(tmp_path: Path) -> None:
    records, report = read_with_report(tmp_path, [row(FOLDER=""), reply()])

    assert len(messages(records)) == 1
    assert skipped(report) == {"draft": 1}


def test_spam_sponsored_unknown_and_own_notes_are_left_out_each_with_its_reason(tmp_path: Path) -> None:
    rows = [
        reply(FOLDER="SPAM"),
        reply(FROM="A Company", SENDER_PROFILE_URL="", CONVERSATION_TITLE="Learn more"),
        reply(FROM="LinkedIn Member", SENDER_PROFILE_URL=""),
        row(TO="LinkedIn Member", RECIPIENT_PROFILE_URLS=""),
        row(TO="Mia Example", RECIPIENT_PROFILE_URLS=ME),
        row(DATE=""),
        row(FOLDER="ARCHIVE"),
    ]
    records, report = read_with_report(tmp_path, rows)

    assert [one.line for one in messages(records)] == [8]
    assert skipped(report) == {
        "spam": 1,
        "sponsored": 1,
        "unknown person": 2,
        "to oneself": 1,
        "without a date": 1,
    }


def test_a_member_with_a_profile_is_known_by_it_and_has_no_name(tmp_path: Path) -> None:
    (message,) = messages(read(tmp_path, [reply(FROM="LinkedIn Member")]))

    assert message.counterpart == Counterpart(keys=("linkedin:ana",))


def test_a_message_to_a_group_is_one_to_each_by_profile(tmp_path: Path) -> None:
    rows = [row(TO="Ana Souza, MBA, Ben Okri", RECIPIENT_PROFILE_URLS=f"{ANA}, {BEN}")]
    history = messages(read(tmp_path, rows))

    assert [one.counterpart.keys for one in history] == [("linkedin:ana",), ("linkedin:ben",)]
    assert len({one.identity for one in history}) == 2


def test_a_message_from_a_group_is_from_its_sender_alone(tmp_path: Path) -> None:
    group = {"TO": "Mia Example, Ben Okri", "RECIPIENT_PROFILE_URLS": f"{ME},{BEN}"}
    (message,) = messages(read(tmp_path, [reply(**group)]))

    assert message.counterpart.keys == ("linkedin:ana",)


def test_a_comma_in_a_name_makes_no_second_recipient(tmp_path: Path) -> None:
    (message,) = messages(read(tmp_path, [row(TO="Souza, Ana")]))

    assert message.counterpart == Counterpart(keys=("linkedin:ana",), name="Souza, Ana")


def test_the_owner_is_whoever_is_in_most_messages(tmp_path: Path) -> None:
    rows = [reply(), reply(FROM="Ben Okri", SENDER_PROFILE_URL=BEN), row()]
    records = read(tmp_path, rows, files={})

    assert records[0] == Owner(name="Mia Example", keys=("linkedin:me",))
    assert [one.direction for one in messages(records)] == ["in", "in", "out"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Profile", PROFILE),
        ("Invitations", f"From,To,Sent At,Direction,inviterProfileUrl\nMia Example,X,,OUTGOING,{ME}\n"),
        ("Connections", f"First Name,Last Name,URL\nAna,Souza,{ANA}\n"),
    ],
)
def test_other_tables_tell_the_owner_from_an_only_correspondent(tmp_path: Path, name: str, text: str) -> None:
    history = messages(read(tmp_path, [row(), reply()], files={f"{name}.csv": text}))

    assert [one.direction for one in history if one.medium == "message"] == ["out", "in"]


def test_nothing_is_guessed_when_two_could_be_the_owner(tmp_path: Path) -> None:
    records, report = read_with_report(tmp_path, [row(), reply()], files={})

    assert records == []
    assert skipped(report) == {"unclear whose message it is": 2}


def test_a_namesake_of_the_owner_is_somebody_else(tmp_path: Path) -> None:
    namesake = {"FROM": "Mia Example", "SENDER_PROFILE_URL": "https://www.linkedin.com/in/mia-2"}
    history = messages(read(tmp_path, [row(), row(), reply(**namesake)]))

    assert history[-1].direction == "in"
    assert history[-1].counterpart.keys == ("linkedin:mia-2",)


def test_equal_rows_have_identities_of_their_own_that_stay_the_same(tmp_path: Path) -> None:
    others = [row(CONTENT=""), row(DATE="2024-03-01 12:00:01 UTC"), row(CONVERSATION_ID="c2"), reply()]
    rows = [row(), row(), *others]
    first = [one.identity for one in messages(read(tmp_path, rows))]

    assert len(set(first)) == len(rows)
    assert [one.identity for one in messages(read(tmp_path, rows))] == first


def test_a_message_is_known_again_in_a_later_export(tmp_path: Path) -> None:
    """More messages, other columns, another name and slug for the person, other line ends."""
    (old,) = messages(read(tmp_path, [reply(CONTENT="one\ntwo")]))
    renamed = {"FROM": "Ana Lima", "SENDER_PROFILE_URL": "https://www.linkedin.com/in/ana-lima"}
    later = [row(DATE="2024-04-01 12:00:00 UTC"), reply(CONTENT="one\r\ntwo", **renamed)]

    history = messages(read(tmp_path, later, [*M2, "ATTACHMENTS", "IS MESSAGE DRAFT"]))

    assert history[-1].identity == old.identity


@pytest.mark.parametrize(
    "name", ["coach_messages", "guide_messages", "learning_coach_messages", "learning_role_play_messages"]
)
def test_chats_with_a_machine_are_told_by_the_name_of_their_file(tmp_path: Path, name: str) -> None:
    records, report = read_with_report(
        tmp_path, [row()], files={"Profile.csv": PROFILE, f"{name}.csv": table([reply()], M2)}
    )

    assert len(messages(records)) == 1
    assert {entry.name: entry.use for entry in report.files}[
        f"{name}.csv"
    ] == "not imported: chats with a machine"


def test_a_date_of_no_known_form_is_a_problem_that_does_not_quote_it(tmp_path: Path) -> None:
    records, report = read_with_report(tmp_path, [row(DATE="some secret"), reply()])

    assert [one.line for one in messages(records)] == [3]
    assert [(problem.file, problem.line) for problem in report.problems] == [("messages.csv", 2)]
    assert "secret" not in report.problems[0].text


def test_dates_without_zone_or_seconds_are_utc(tmp_path: Path) -> None:
    rows = [row(DATE="2024-03-01 12:00:00"), row(DATE="2024-03-01 12:00 UTC")]

    assert [one.at for one in messages(read(tmp_path, rows))] == [micros(2024, 3, 1, 12)] * 2
