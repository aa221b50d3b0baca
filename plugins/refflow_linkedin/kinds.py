"""The tables of an export that are read, and how to tell them: by file name and header, never by folder."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from .table import plain

FIRST_NAME = ("firstname", "givenname", "given")
LAST_NAME = ("lastname", "familyname", "surname", "family")
URL = ("url", "profileurl", "linkedinurl", "publicprofileurl")
EMAIL = ("emailaddress", "email")
COMPANY = ("company", "companyname", "organization")
TITLE = ("position", "jobtitle", "title")
CONNECTED_ON = ("connectedon", "connectiondate", "dateconnected")

KindName = Literal[
    "profile",
    "email addresses",
    "positions",
    "connections",
    "recommendations received",
    "recommendations given",
    "endorsements received",
    "endorsements given",
    "messages",
    "invitations",
    "saved jobs",
    "job applications",
]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of table.

    files     its file names, without case, spaces and signs
    needs     its header has one column of each group
    marks     with these columns as well it is known under any file name; without any, only by its own
    """

    name: KindName
    files: frozenset[str]
    needs: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[str, ...], ...] = ()

    def fits(self, columns: frozenset[str]) -> bool:
        """Whether a header of the columns is one of this kind, in a file of its name."""
        return _have_each(columns, self.needs)

    def marked(self, columns: frozenset[str]) -> bool:
        """Whether a header of the columns is one of this kind, whatever its file is called."""
        return bool(self.marks) and self.fits(columns) and _have_each(columns, self.marks)

    @property
    def wanted(self) -> str:
        """The columns it needs, for a person."""
        return ", ".join("/".join(group) for group in self.needs)


KINDS = (
    Kind(
        name="profile",
        files=frozenset({"profile"}),
        needs=(FIRST_NAME, LAST_NAME),
    ),
    Kind(
        name="email addresses",
        files=frozenset({"emailaddresses"}),
        needs=(("emailaddress",),),
        marks=(("confirmed",), ("primary",)),
    ),
    Kind(
        name="positions",
        files=frozenset({"positions"}),
        needs=(COMPANY, ("title",)),
        marks=(("startedon",), ("finishedon",)),
    ),
    Kind(
        name="connections",
        files=frozenset({"connections", "linkedinconnectionsexportmicrosoftoutlook"}),
        needs=(FIRST_NAME, (*LAST_NAME, *URL, *COMPANY)),
        marks=(CONNECTED_ON,),
    ),
    Kind(
        name="recommendations received",
        files=frozenset({"recommendationsreceived"}),
        needs=(FIRST_NAME, LAST_NAME),
    ),
    Kind(
        name="recommendations given",
        files=frozenset({"recommendationsgiven"}),
        needs=(FIRST_NAME, LAST_NAME),
    ),
    Kind(
        name="endorsements received",
        files=frozenset({"endorsementreceivedinfo"}),
        needs=(("endorserfirstname",), ("endorserlastname",)),
        marks=(("endorsementdate",),),
    ),
    Kind(
        name="endorsements given",
        files=frozenset({"endorsementgiveninfo"}),
        needs=(("endorseefirstname",), ("endorseelastname",)),
        marks=(("endorsementdate",),),
    ),
    Kind(
        name="messages",
        files=frozenset({"messages"}),
        needs=(("from",), ("to",), ("date",)),
        marks=(("content",), ("conversationid", "direction")),
    ),
    Kind(
        name="invitations",
        files=frozenset({"invitations"}),
        needs=(("from",), ("to",), ("sentat",)),
        marks=(("direction", "inviterprofileurl", "inviterprofileurn"),),
    ),
    Kind(
        name="saved jobs",
        files=frozenset({"savedjobs"}),
        needs=(("companyname",), ("jobtitle",)),
        marks=(("saveddate",), ("joburl",)),
    ),
    Kind(
        name="job applications",
        files=frozenset({"jobapplications"}),
        needs=(("companyname",), ("jobtitle",)),
        marks=(("applicationdate",),),
    ),
)

_PART_OR_COPY = re.compile(r"(?:[\s_-]+\d+|\s*\(\d+\)|[\s_-]+copy)+$", re.I)
_BOT_CHAT = re.compile(r".*(coach|guide|roleplay|assistant|learning).*messages|aimessages")
_ADDRESS_BOOK = frozenset({"contacts", "importedcontacts"})


def stem(name: str) -> str:
    """A file's name without folders, extension, the number of a part and signs: `jobapplications` of
    `Jobs/Job Applications_2.csv`.
    """
    return plain(_PART_OR_COPY.sub("", _base(name)))


def part(name: str) -> int:
    """The number of a part, `2` of `Jobs/Job Applications_2.csv`; 0 without one, and for a copy of a file."""
    found = re.search(r"_(\d+)$", _base(name))
    return int(found.group(1)) if found else 0


def reason_to_leave(name: str) -> str | None:
    """Why a file is not imported, when its name is enough to tell."""
    called = stem(name)
    if not name.lower().endswith((".csv", ".txt", ".tsv")) or _base(name).startswith("."):
        return "not a table"
    if called in _ADDRESS_BOOK:
        return "an address book, not the network"
    if _BOT_CHAT.fullmatch(called):
        return "chats with a machine"
    return None


def _base(name: str) -> str:
    return re.sub(r"\.\w{1,4}$", "", name.rpartition("/")[2])


def _have_each(columns: frozenset[str], groups: tuple[tuple[str, ...], ...]) -> bool:
    return all(not columns.isdisjoint(group) for group in groups)
