"""A plugin with a real far end: a channel that leaves drafts in a folder, and gets what came in over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

import msgspec

from refflow import api
from refflow.api import NOT_SENT, ChannelContext, Counterpart, Delivery, Interaction, Outbox, Outgoing, Unfound


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` is where the messages are, `timeout` how many seconds an answer may take."""

    url: str
    timeout: float = 5.0


class Mailbox:
    """The channel `mailbox`."""

    def __init__(self, context: ChannelContext) -> None:
        assert isinstance(context.config, Config)
        self._config = context.config
        self._outbox = Outbox(context.folder, ".note")

    def deliver(self, outgoing: Outgoing) -> Delivery:
        earlier = self.was_sent(outgoing)
        if isinstance(earlier, Delivery):
            return earlier
        for what in ("contact_name", "sender_name", "subject"):
            api.single_line(what, getattr(outgoing, what) or "")
        text = f"{outgoing.contact_name}\n{outgoing.subject}\n{outgoing.body}"
        self._outbox.write(outgoing.message, outgoing.contact_name, text.encode())
        return Delivery(reference=outgoing.message, note="A note is in the outbox")

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        try:
            found = self._outbox.find(outgoing.message)
        except OSError:
            return api.UNKNOWN
        return (
            NOT_SENT if found is None else Delivery(reference=outgoing.message, note="A note is in the outbox")
        )

    def receive(self, since: datetime) -> Iterator[Interaction]:
        url = f"{self._config.url}/messages?since={quote(since.isoformat())}"
        with urlopen(url, timeout=self._config.timeout) as answer:
            for each in json.load(answer):
                yield Interaction(
                    identity=each["id"],
                    counterpart=Counterpart(keys=(f"email:{each['from']}",)),
                    at=each["at"],
                    direction="in",
                    medium="message",
                    answers=tuple(each["answers"]),
                )


SPEC = api.ChannelSpec(
    name="mailbox",
    summary="Leaves notes, and gets what came in over HTTP",
    factory=f"{__name__}:Mailbox",
    mode="draft",
    can=frozenset({"draft", "reconcile", "receive"}),
    idempotent=True,
    config=Config,
)


@api.hookimpl
def refflow_channels() -> Iterator[api.ChannelSpec]:
    """The one channel."""
    yield SPEC


class FarEnd:
    """The server, on this machine. It has `messages`; one that is not `open` says that it is out of order."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.open = True
        self.asked: list[str] = []
        end = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                since = parse_qs(urlsplit(self.path).query)["since"][0]
                end.asked.append(since)
                earliest = datetime.fromisoformat(since).timestamp() * 1_000_000
                self.send_response(200 if end.open else 503)
                self.end_headers()
                found = [each for each in end.messages if each["at"] >= earliest]
                self.wfile.write(json.dumps(found).encode() if end.open else b"out of order")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def comes(self, sender: str, at: datetime, *answers: str) -> None:
        """A message comes in."""
        number = len(self.messages) + 1
        moment = int(at.timestamp() * 1_000_000)
        self.messages.append(
            {"id": f"<{number}@mailbox>", "from": sender, "at": moment, "answers": list(answers)}
        )
