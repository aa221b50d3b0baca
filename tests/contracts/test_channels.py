"""The bundled channels keep the promises that any channel makes."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from refflow.plugins.channel import Channel, ChannelContext, Delivery, Outgoing
from refflow.plugins.host import Host
from refflow.plugins.specs import ChannelSpec
from refflow.testing.channel import ChannelContract
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
