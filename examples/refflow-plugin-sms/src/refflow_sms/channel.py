"""The channel: it hands a message to the gateway under a key of its own, and can ask for it by that key."""

from __future__ import annotations

import json
from http.client import HTTPException
from socket import gaierror
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from refflow.api import NOT_SENT, UNKNOWN, ChannelContext, Delivery, Outgoing, Permanent, Retryable, Unfound

from .config import Config


class SmsChannel:
    """Puts each message to the gateway once, however often it is delivered."""

    def __init__(self, context: ChannelContext) -> None:
        assert isinstance(context.config, Config), "the spec names this struct"
        self._config = context.config

    def deliver(self, outgoing: Outgoing) -> Delivery:
        """Send the message. Whatever leaves it open whether it went is raised as it came."""
        number = self._config.numbers.get(outgoing.address or "")
        if number is None:
            raise Permanent(
                f"no number of theirs stands in refflow.yaml, under plugins.sms.numbers ({outgoing.message})"
            )
        try:
            self._call("PUT", outgoing, {"to": number, "text": outgoing.body})
        except HTTPError as error:
            with error:
                if error.code == 429:
                    raise Retryable("the gateway asks to wait") from error
                if error.code < 500:
                    raise Permanent(f"the gateway refused it: {error.code} {error.reason}") from error
                raise  # it may have taken the message before it failed
        except URLError as error:
            if isinstance(error.reason, ConnectionRefusedError | gaierror):
                raise Retryable(f"the gateway cannot be reached: {error.reason}") from error
            raise  # the connection broke while it was handed over
        return _delivery(outgoing)

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        """Whether the gateway has the message."""
        try:
            self._call("GET", outgoing)
        except HTTPError as error:
            with error:
                return NOT_SENT if error.code == 404 else UNKNOWN
        except (OSError, HTTPException):
            return UNKNOWN
        return _delivery(outgoing)

    def _call(self, method: str, outgoing: Outgoing, body: dict[str, Any] | None = None) -> None:
        url = f"{self._config.url.rstrip('/')}/messages/{quote(outgoing.key, safe='')}"
        headers = {"Authorization": f"Bearer {self._config.token.reveal()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data=data, headers=headers, method=method)
        with urlopen(request, timeout=self._config.seconds) as answer:
            answer.read()


def _delivery(outgoing: Outgoing) -> Delivery:
    return Delivery(reference=outgoing.key, note="The gateway has the message")
