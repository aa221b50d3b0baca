"""The bundled channels keep the promises that any channel makes."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from refflow.plugins.channel import UNKNOWN, Channel, ChannelContext, Delivery, Outgoing
from refflow.plugins.host import Host
from refflow.plugins.specs import ChannelSpec
from refflow.testing.channel import ChannelContract, outgoing
from refflow_email.eml import EmlChannel


class TestEml(ChannelContract):
    def spec(self) -> ChannelSpec:
        return Host.load().effects.channel("eml").spec

    def delivered(self, outbox: Path) -> list[str]:
        return [_text(path.read_bytes()) for path in sorted(outbox.glob("*.eml"))] if outbox.is_dir() else []


class TestPaste(ChannelContract):
    def spec(self) -> ChannelSpec:
        return ChannelSpec(
            name="paste",
            summary="Lays out each LinkedIn message in the outbox for you to paste",
            factory="refflow_linkedin.paste:PasteChannel",
            mode="assist",
            can=frozenset({"draft", "reconcile"}),
            idempotent=True,
            subject=False,
        )

    def delivered(self, outbox: Path) -> list[str]:
        return [path.read_text("utf-8") for path in sorted(outbox.glob("*.txt"))] if outbox.is_dir() else []

    def test_the_text_comes_with_the_link_to_the_profile(self, outbox: Path) -> None:
        self.channel(outbox).deliver(outgoing(profile_url="https://www.linkedin.com/in/ana"))

        assert "https://www.linkedin.com/in/ana\n" in self.delivered(outbox)[0]

    def test_without_a_link_it_says_whom_to_look_for(self, outbox: Path) -> None:
        self.channel(outbox).deliver(outgoing(profile_url=None))

        assert "not known; look for Ana Pérez" in self.delivered(outbox)[0]

    def test_a_file_that_is_not_of_the_message_leaves_it_open(self, outbox: Path) -> None:
        self.channel(outbox).deliver(outgoing(body="Message: m-1"))
        (path,) = outbox.iterdir()
        path.write_text(path.read_text("utf-8").replace("Message: m-1", "Message: m-9", 1), "utf-8")

        assert self.channel(outbox).was_sent(outgoing()) is UNKNOWN


class TestTheContract:
    """It would be worth little if a careless channel passed."""

    def test_a_channel_that_delivers_one_key_twice_fails_it(self, tmp_path: Path) -> None:
        with pytest.raises(AssertionError):
            Careless().test_the_same_key_twice_is_one_delivery(tmp_path)

    def test_a_channel_that_forgets_its_deliveries_fails_it(self, tmp_path: Path) -> None:
        with pytest.raises(AssertionError):
            Careless().test_what_was_delivered_is_found_again(tmp_path)


class Careless(TestEml):
    """A channel that never looks whether it delivered before."""

    __test__ = False

    def channel(self, outbox: Path) -> Channel:
        return Forgetful(ChannelContext(folder=outbox))


class Forgetful(EmlChannel):
    def deliver(self, outgoing: Outgoing) -> Delivery:
        name = f"{len(list(self._outbox.folder.iterdir()))}.eml"
        (self._outbox.folder / name).write_bytes(b"Subject: again\r\n\r\nagain")
        return Delivery(reference=name, note="again")


def _text(raw: bytes) -> str:
    content: str = BytesParser(policy=policy.default).parsebytes(raw).get_content()
    return content.replace("\r\n", "\n")
