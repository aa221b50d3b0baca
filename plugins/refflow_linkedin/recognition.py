"""Whether a source looks like a LinkedIn data export, from its name and first bytes."""

from __future__ import annotations

import re

_ARCHIVE = b"PK\x03\x04"
_TABLES = r"connections|messages|invitations|positions|saved ?jobs|job ?applications|(?:endorse|recommend)\w+_"
# The first members of a whole export; the tables that are read may come after what is seen of it.
_FIRST = "account status|ad_targeting|company follows|email addresses"
_NAMED = re.compile(rf"(?:^|[/\W_])(?:{_TABLES})[^/]*\.csv", re.I)
_MEMBERS = re.compile(rf"(?:{_TABLES}|{_FIRST})[^/]{{0,24}}\.csv".encode(), re.I)
# Columns that together are found in no other program's tables.
_HEADERS = (
    ("firstname", "connectedon"),
    ("conversationid", "from", "content"),
    ("from", "sentat", "direction"),
    ("from", "content", "direction", "folder"),
    ("endorsementdate", "skillname"),
    ("applicationdate", "joburl"),
    ("saveddate", "joburl"),
    ("companyname", "startedon", "finishedon"),
)


def sniff(name: str, head: bytes) -> float:
    """How sure it is, 0 to 1, that the source of this name and beginning is an export or a table of one.

    `head` is empty for a folder.
    """
    by_name = 0.9 if re.search(r"linked_?in", name, re.I) else 0.5 if _NAMED.search(name) else 0.0
    if head.startswith(_ARCHIVE):
        return max(by_name, 0.9 if _MEMBERS.search(head) else 0.1)
    if not head:
        return max(by_name, 0.2)
    columns = re.sub(r"[\W_]+", "", _text(head).lower())
    return 0.95 if any(all(column in columns for column in header) for header in _HEADERS) else by_name


def _text(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return head.decode(encoding, "replace")
