"""What every channel promises, over a real HTTP server, and what is this one's own."""

from __future__ import annotations

import socket
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec
import pytest

import refflow_sms
from refflow.api import NOT_SENT, UNKNOWN, Channel, ChannelContext, ChannelSpec, Permanent, Retryable, Secret
from refflow.testing.channel import outgoing
from refflow.testing.contracts import ChannelContract, PluginContract
from refflow_sms.channel import SmsChannel
from refflow_sms.config import Config

if TYPE_CHECKING:
    from .conftest import Gateway

TOKEN = "t0p-s3cret"


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return refflow_sms


class TestSms(ChannelContract):
    @pytest.fixture(autouse=True)
    def far_end(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def spec(self) -> ChannelSpec:
        (spec,) = refflow_sms.refflow_channels()
        return spec

    def config(self) -> Config:
        numbers = {"ana@example.com": "+34600000001"}
        return Config(url=self.gateway.url, token=Secret(TOKEN), numbers=numbers)

    def delivered(self, outbox: Path) -> list[str]:
        return [message["text"] for message in self.gateway.messages.values()]

    def unreachable(self, outbox: Path) -> Channel:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return _channel(self.config(), url=f"http://127.0.0.1:{port}")

    def silent(self, outbox: Path) -> Channel:
        self.gateway.silent = True
        return self.channel(outbox)

    def refusing(self, outbox: Path) -> Channel:
        self.gateway.answer = 403
        return self.channel(outbox)

    def test_no_answer_can_be_cleared_up_later(self, outbox: Path) -> None:
        with pytest.raises(OSError):  # noqa: PT011  # which, depends on the system
            self.silent(outbox).deliver(outgoing())
        self.gateway.silent = False

        assert self.channel(outbox).was_sent(outgoing()) not in (NOT_SENT, UNKNOWN)
        assert self.gateway.puts == 1

    def test_a_gateway_that_is_out_of_order_leaves_it_open(self, outbox: Path) -> None:
        self.gateway.answer = 503
        channel = self.channel(outbox)

        with pytest.raises(OSError, match="503"):
            channel.deliver(outgoing())
        assert channel.was_sent(outgoing()) is UNKNOWN

    def test_a_busy_gateway_is_asked_again_later(self, outbox: Path) -> None:
        self.gateway.answer = 429
        with pytest.raises(Retryable):
            self.channel(outbox).deliver(outgoing())

    def test_without_a_number_nothing_is_sent(self, outbox: Path) -> None:
        with pytest.raises(Permanent, match="no number"):
            self.channel(outbox).deliver(outgoing(address="bo@example.com"))
        assert self.gateway.puts == 0


def _channel(config: Config, **changes: str) -> SmsChannel:
    return SmsChannel(ChannelContext(folder=Path("unused"), config=msgspec.structs.replace(config, **changes)))
