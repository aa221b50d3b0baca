from __future__ import annotations

import pytest

from refflow_linkedin.recognition import sniff

NOTES = b'Notes:\n"When exporting your connection data ..."\n\n'
CONNECTIONS = b"First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("Basic_LinkedInDataExport_01-31-2024.zip", b"PK\x03\x04"),
        ("export.zip", b"PK\x03\x04\x14\0\0\0\x08\0" + b"Connections.csv"),
        ("export.zip", b"PK\x03\x04\x14\0\0\0\x08\0" + b"Ad_Targeting.csv"),
        ("anything.csv", NOTES + CONNECTIONS),
        ("anything.csv", b"\xef\xbb\xbf" + CONNECTIONS.replace(b",", b";")),
        ("anything.csv", CONNECTIONS.decode().encode("utf-16")),
        ("anything.csv", b"CONVERSATION ID,FROM,SENDER PROFILE URL,TO,DATE,SUBJECT,CONTENT,FOLDER\n"),
        ("anything.csv", b"From,To,Sent At,Message,Direction\n"),
        ("Complete_LinkedInDataExport_01-31-2024", b""),
    ],
)
def test_an_export_is_recognised_by_name_or_content(name: str, head: bytes) -> None:
    assert sniff(name, head) >= 0.9


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("photos.zip", b"PK\x03\x04\x14\0\0\0\x08\0" + b"one.jpg"),
        ("contacts.csv", b"Name,Given Name,Family Name,E-mail 1 - Value\n"),
        ("book.xlsx", b"PK\x03\x04" + b"[Content_Types].xml"),
        ("card.vcf", b"BEGIN:VCARD\n"),
        ("Documents", b""),
        ("", b"\xff\xfe\x00"),
    ],
)
def test_other_sources_are_left_to_others(name: str, head: bytes) -> None:
    assert sniff(name, head) < 0.3


def test_a_name_alone_leaves_room_for_doubt() -> None:
    assert 0.3 < sniff("Connections.csv", b"Name,Mail\n") < 0.9
