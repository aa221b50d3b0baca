"""A made-up LinkedIn data export: a network, its messages and its endorsements, with so many rows in all.

Of ten rows three are connections, six are messages and one is an endorsement. The same number gives the same
bytes but for the times inside the zip.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from .story import FIRST, LAST, TITLES, company

OWNER = "Sam Seeker"
ENDINGS = [f"{first}{second}" for first in ("", *"bdfgklmnprst") for second in ("", *"aeiou")]
"""With them there are some 1,500 first names, as many as in a large network."""
_SITE = "https://www.linkedin.com/in/"
_START = datetime(2015, 1, 5, 9)
_NOTES = 'Notes:\n"Some e-mail addresses are missing: not everybody shows theirs."\n\n'

Table = tuple[str, tuple[str, ...], Iterator[tuple[str, ...]]]
"""The name of a table, its header and its rows."""


def write_export(path: Path, rows: int, *, connections: int | None = None) -> Path:
    """Write an export of so many rows, of which three in ten (or so many as given) are connections."""
    people = rows * 3 // 10 if connections is None else connections
    messages = (rows - people) * 6 // 7
    random = Random(rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as export:
        for name, header, table in (
            ("Profile.csv", ("First Name", "Last Name", "Headline"), iter([(*OWNER.split(), "Engineer")])),
            _connections(random, people),
            _messages(random, people, messages),
            _endorsements(random, people, rows - people - messages),
        ):
            export.writestr(name, (_NOTES if name == "Connections.csv" else "") + _csv(header, table))
    return path


def read_rows(path: Path) -> Iterator[list[str]]:
    """Every row of every table, as `csv` reads it."""
    with zipfile.ZipFile(path) as export:
        for name in export.namelist():
            with export.open(name) as table:
                yield from csv.reader(io.TextIOWrapper(table, encoding="utf-8", newline=""))


def _csv(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _person(number: int) -> tuple[str, str, str]:
    """First name, last name and profile of the person with that number."""
    first = FIRST[number % len(FIRST)] + ENDINGS[number // len(FIRST) % len(ENDINGS)]
    last = LAST[number % len(LAST)] + ENDINGS[number // len(LAST) % len(ENDINGS)]
    return first, last, f"{_SITE}{first}-{last}-{number:x}".lower()


def _connections(random: Random, people: int) -> Table:
    header = ("First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On")

    def rows() -> Iterator[tuple[str, ...]]:
        for number in range(people):
            first, last, url = _person(number)
            email = f"{first}.{number}@example.com".lower() if number % 20 == 0 else ""
            day = date(2015, 1, 1) + timedelta(days=random.randrange(4000))
            works_at = company(random.randrange(1500))
            yield first, last, url, email, works_at, random.choice(TITLES), f"{day:%d %b %Y}"

    return "Connections.csv", header, rows()


def _messages(random: Random, people: int, messages: int) -> Table:
    header = (
        "CONVERSATION ID", "CONVERSATION TITLE", "FROM", "SENDER PROFILE URL", "TO", "RECIPIENT PROFILE URLS",
        "DATE", "SUBJECT", "CONTENT", "FOLDER", "ATTACHMENTS", "IS MESSAGE DRAFT",
    )  # fmt: skip
    me = OWNER, f"{_SITE}sam-seeker"

    def rows() -> Iterator[tuple[str, ...]]:
        for number in range(messages):
            who = random.randrange(people) if number % 4 == 0 else number % people
            first, last, url = _person(who)
            them = f"{first} {last}", url
            sender, recipient = (me, them) if random.random() < 0.5 else (them, me)
            at = _START + timedelta(minutes=number * 17)
            text = (
                f"Number {number}: "
                + "it was good to hear from you, let us talk again. " * random.randrange(1, 8)
            )
            yield (
                f"2-{who:x}==",
                "",
                *sender,
                *recipient,
                f"{at:%Y-%m-%d %H:%M:%S} UTC",
                "",
                text,
                "INBOX",
                "",
                "No",
            )

    return "messages.csv", header, rows()


def _endorsements(random: Random, people: int, endorsements: int) -> Table:
    header = (
        "Endorsement Date", "Skill Name", "Endorser First Name", "Endorser Last Name", "Endorser Public Url",
        "Endorsement Status",
    )  # fmt: skip

    def rows() -> Iterator[tuple[str, ...]]:
        for number in range(endorsements):
            at = _START + timedelta(days=number % 4000)
            yield (
                f"{at:%Y/%m/%d %H:%M:%S} UTC",
                f"Skill {number % 40}",
                *_person(random.randrange(people)),
                "ACCEPTED",
            )

    return "Endorsement_Received_Info.csv", header, rows()
