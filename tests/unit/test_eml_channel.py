from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refflow.plugins.channel import (
    NOT_SENT,
    UNKNOWN,
    ChannelContext,
    Delivery,
    Outgoing,
    Permanent,
    Retryable,
)
from refflow.plugins.outbox import Outbox
from refflow.testing.channel import outgoing
from refflow_email.addresses import ascii_address
from refflow_email.eml import EmlChannel
from refflow_email.message import compose

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)
IDS = st.lists(st.integers(0, 10**90), max_size=40, unique=True).map(
    lambda numbers: [f"<{number}@example.com>" for number in numbers]
)


def parsed(message: Outgoing) -> EmailMessage:
    found = BytesParser(policy=policy.default).parsebytes(compose(message))
    assert isinstance(found, EmailMessage)
    assert not found.defects
    assert not [defect for header in found.values() for defect in header.defects]
    return found


def mailbox(message: EmailMessage, header: str) -> tuple[str, str]:
    """The decoded name, and the address. Python 3.11 reads a name of several encoded words with spaces
    between them, which RFC 2047 (6.2) says are to be ignored; its older functions do so."""
    phrase, address = parseaddr(dict(message.raw_items())[header])
    return str(make_header(decode_header(phrase))), address


@given(text=TEXT)
@example("From here on\n.\n..\n")
@example("trailing space \n\ttab\t\nno line end")
@example("x" * 5000)
def test_every_text_survives_the_way_into_a_file_and_back(text: str) -> None:
    content = parsed(outgoing(body=text)).get_content().replace("\r\n", "\n")

    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    assert content == (unix if unix.endswith("\n") else f"{unix}\n")


@given(subject=LINE)
@example("Re: A question about Acme")
@example("=?utf-8?q?not_encoded?=")
@example("two  spaces and " + "x" * 1500)
def test_every_subject_survives(subject: str) -> None:
    assert parsed(outgoing(subject=subject))["Subject"] == subject


@given(name=LINE)
@example('Pérez, "Ana" (she/her) <ana>')
@example("O'Neil \\ Sons, Ltd.")
@example("=?utf-8?q?Ana?=")
def test_every_name_survives_with_its_spaces_evened_out(name: str) -> None:
    message = parsed(outgoing(contact_name=name, sender_name=name))

    for header, address in (("To", "ana@example.com"), ("From", "sam@example.org")):
        assert mailbox(message, header) == (" ".join(name.split()), address)
        assert [each.addr_spec for each in message[header].addresses] == [address]


@given(ids=IDS)
def test_a_thread_keeps_its_first_message_and_the_latest_nineteen(ids: list[str]) -> None:
    message = parsed(outgoing(references=tuple(ids), in_reply_to=ids[-1] if ids else None))

    written = (message["References"] or "").split()
    assert written == (ids if len(ids) <= 20 else [ids[0], *ids[-19:]])
    assert message["In-Reply-To"] == (ids[-1] if ids else None)


@given(subject=LINE, name=LINE, text=TEXT, ids=IDS)
def test_every_line_is_ascii_ends_in_crlf_and_keeps_to_the_limit(
    subject: str, name: str, text: str, ids: list[str]
) -> None:
    raw = compose(outgoing(subject=subject, contact_name=name, body=text, references=tuple(ids)))

    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert lines.pop() == b""
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    body = lines[lines.index(b"") :]
    assert all(len(line) <= 78 for line in body)
    assert all(len(line) <= 998 for line in lines)


def test_a_draft_has_the_headers_of_a_proper_message() -> None:
    at = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    message = parsed(outgoing(at=at))

    assert message["Date"].datetime == at
    assert message["Message-ID"] == "<m-1@example.org>"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "text/plain"
    assert message["Content-Transfer-Encoding"] == "quoted-printable"
    assert message["In-Reply-To"] is None
    assert message["References"] is None


def test_a_parent_that_its_references_lack_is_added_to_them() -> None:
    message = parsed(outgoing(references=("<a@x.org>", "<b@x.org>"), in_reply_to="<c@x.org>"))

    assert message["References"] == "<a@x.org> <b@x.org> <c@x.org>"


def test_a_broken_id_from_somebody_elses_mail_is_left_out() -> None:
    message = parsed(outgoing(references=("no brackets", "<a@x.org>", "<b c@x.org>"), in_reply_to="garbage"))

    assert message["References"] == "<a@x.org>"
    assert message["In-Reply-To"] is None


def test_a_message_without_a_subject_has_no_subject_header() -> None:
    assert parsed(outgoing(subject=None))["Subject"] is None


@pytest.mark.parametrize(
    ("written", "ascii_form"),
    [
        ("ana@example.com", "ana@example.com"),
        (" ana+jobs@Example.COM ", "ana+jobs@example.com"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("ana@例え。テスト", "ana@xn--r8jz45g.xn--zckzah"),
        ("ana@ΒΌΛΟΣ.com", "ana@xn--nxasmq6b.com"),
        ("ana@ｅｘａｍｐｌｅ.com", "ana@example.com"),
        ("ana..b@example.jp", '"ana..b"@example.jp'),
        ('"ana b"@example.com', '"ana b"@example.com'),
    ],
)
def test_an_address_is_written_in_ascii(written: str, ascii_form: str) -> None:
    assert ascii_address(written) == ascii_form


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.com",
        "ana@",
        "añа@example.com",
        "ana@exa mple.com",
        "ana@-x.com",
        "ana@.com",
        "ana@example..com",
        "ana@[127.0.0.1]",
        "ana@☃.net",
        "ana@\u0301x.de",
        "ana@" + "ü" * 63 + ".de",
        "a" * 250 + "@example.com",
    ],
)
def test_an_address_that_no_server_takes_is_refused_by_name(address: str) -> None:
    with pytest.raises(Permanent) as refused:
        ascii_address(address)

    assert repr(address) in refused.value.reason


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"address": None}, "No mail address of Ana Pérez is known"),
        ({"sender_address": None}, "Your own mail address"),
        ({"subject": "Hello\r\nBcc: all@example.com"}, "The subject has a line break"),
        ({"contact_name": "Ana\nBcc: all@example.com"}, "The name of the contact has a line break"),
        ({"sender_name": "Sam\rBcc: all@example.com"}, "Your name has a line break"),
        ({"address": "ana@example.com\nBcc: all@example.com"}, "A mail address has a line break"),
        ({"references": ("<a@x.org>\r\nBcc: all@example.com",)}, "A Message-ID of the thread has a line break"),
        ({"message_id": "m-1@example.org"}, "is not a Message-ID"),
        ({"message_id": "<m-1@example.org>\r\nBcc: all@example.com"}, "is not a Message-ID"),
        ({"body": "half \ud83d"}, "half a character"),
    ],
)
def test_what_makes_no_correct_message_is_refused_with_the_reason(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Permanent) as refused:
        compose(outgoing(**changes))

    assert says in refused.value.reason


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def channel(outbox: Path) -> EmlChannel:
    return EmlChannel(ChannelContext(folder=outbox))


def test_the_file_is_named_after_the_message_and_the_contact(channel: EmlChannel, outbox: Path) -> None:
    delivery = channel.deliver(outgoing())

    assert [path.name for path in outbox.iterdir()] == ["m-1--Ana-Pérez.eml"]
    assert "m-1--Ana-Pérez.eml" in delivery.note
    assert b"X-Unsent: 1\r\n" in (outbox / "m-1--Ana-Pérez.eml").read_bytes()


@given(message=st.text(max_size=300), name=st.text(max_size=300))
@example("../../etc/passwd", "../..")
@example("CON", "a/b\\c:d")
def test_every_id_and_name_makes_a_safe_file_name(
    tmp_path_factory: pytest.TempPathFactory, message: str, name: str
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("outbox"), ".eml")
    path = outbox.write(message, name, b"x")

    assert path.parent == outbox.folder
    assert outbox.find(message) == path
    assert len(os.fsencode(path.name)) <= 255
    assert not set(path.name) & set('/\\:*?"<>|\n\0')
    assert not path.name.startswith(".")


@given(one=st.text(max_size=20), other=st.text(max_size=20))
@example("A", "a")
@example("m", "m-1")
@example("m-", "m")
def test_two_messages_never_share_a_file_even_where_case_does_not_count(
    tmp_path_factory: pytest.TempPathFactory, one: str, other: str
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("outbox"), ".eml")
    path = outbox.write(one, "Ana", b"x")

    if one != other:
        assert outbox.find(other) is None
        assert outbox.write(other, "Ana", b"y").name.casefold() != path.name.casefold()


def test_a_draft_that_you_edited_is_left_alone(channel: EmlChannel, outbox: Path) -> None:
    channel.deliver(outgoing())
    (path,) = outbox.iterdir()
    edited = path.read_bytes().replace(b"how are you?", b"how do you do?")
    path.write_bytes(edited)

    assert isinstance(channel.deliver(outgoing()), Delivery)
    assert path.read_bytes() == edited


def test_a_file_with_another_message_id_leaves_it_open_and_is_not_replaced(
    channel: EmlChannel, outbox: Path
) -> None:
    channel.deliver(outgoing())
    (path,) = outbox.iterdir()
    saved_anew = path.read_bytes().replace(b"<m-1@example.org>", b"<other@mail.example>")
    path.write_bytes(saved_anew)

    assert channel.was_sent(outgoing()) is UNKNOWN
    with pytest.raises(Permanent, match="in the way"):
        channel.deliver(outgoing())
    assert path.read_bytes() == saved_anew


def test_an_outbox_that_does_not_exist_has_no_drafts(channel: EmlChannel) -> None:
    assert channel.was_sent(outgoing()) is NOT_SENT


def test_an_outbox_that_cannot_be_read_leaves_it_open(channel: EmlChannel, outbox: Path) -> None:
    outbox.write_text("a file")

    assert channel.was_sent(outgoing()) is UNKNOWN
    with pytest.raises(Retryable) as refused:
        channel.deliver(outgoing())
    assert str(outbox) in str(refused.value)


def test_a_write_that_fails_leaves_nothing_behind(
    channel: EmlChannel, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Retryable, match="No space left on device"):
        channel.deliver(outgoing())

    assert list(outbox.iterdir()) == []
    assert channel.was_sent(outgoing()) is NOT_SENT


def test_what_a_crash_left_half_written_is_no_draft(channel: EmlChannel, outbox: Path) -> None:
    outbox.mkdir()
    (outbox / ".m-1--Ana.eml.tmp").write_bytes(b"From: S")

    assert channel.was_sent(outgoing()) is NOT_SENT


def test_the_time_of_a_message_is_the_one_it_was_given(channel: EmlChannel, outbox: Path) -> None:
    channel.deliver(outgoing(at=datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC)))

    (path,) = outbox.iterdir()
    assert b"Date: Sat, 29 Feb 2020 23:59:59 +0000\r\n" in path.read_bytes()
