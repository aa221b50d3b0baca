"""A gateway for text messages: a real HTTP server on this machine, which a test can put out of order."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

TOKEN = "t0p-s3cret"


class Gateway(ThreadingHTTPServer):
    """Keeps one message a key. `answer` is the status of every call but None for the right one.

    With `silent` it takes a message and breaks the connection off before it answers.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: dict[str, dict[str, str]] = {}
        self.puts = 0
        self.answer: int | None = None
        self.silent = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_PUT(self) -> None:
        """Take a message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.puts += 1
        if self._refused():
            return
        self.server.messages.setdefault(self.path, body)
        if self.server.silent:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._say(201)

    def do_GET(self) -> None:
        """Tell whether a message is there."""
        if not self._refused():
            self._say(200 if self.path in self.server.messages else 404)

    def log_message(self, format: str, *args: object) -> None:
        """Not in the output of tests."""

    def _refused(self) -> bool:
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._say(401)
        elif self.server.answer is not None:
            self._say(self.server.answer)
        else:
            return False
        return True

    def _say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway, open."""
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
