"""A watch for what a fold must not do: read the clock, draw at random, reach the network, write files.

Python tells of two kinds of call: some raise an audit event, which cannot be missed and is stopped here; the
clock and randomness are functions written in C, which a profile function sees being called.
"""

from __future__ import annotations

import gc
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Any

import msgspec

from refflow.errors import RefflowError

_CALLS = {
    ("datetime", "now"): "clock",
    ("datetime", "utcnow"): "clock",
    ("datetime", "today"): "clock",
    ("date", "today"): "clock",
    ("time", "time"): "clock",
    ("time", "time_ns"): "clock",
    ("time", "monotonic"): "clock",
    ("time", "monotonic_ns"): "clock",
    ("time", "perf_counter"): "clock",
    ("time", "perf_counter_ns"): "clock",
    ("time", "localtime"): "clock",
    ("time", "gmtime"): "clock",
    ("Random", "random"): "randomness",
    ("Random", "getrandbits"): "randomness",
    ("posix", "urandom"): "randomness",
    ("nt", "urandom"): "randomness",
    ("posix", "getrandom"): "randomness",
}
_AUDITED = {
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
    "socket.bind": "network",
    "socket.sendto": "network",
    "subprocess.Popen": "another program",
    "os.system": "another program",
    "os.exec": "another program",
    "os.posix_spawn": "another program",
    "os.fork": "another program",
    "os.remove": "file write",
    "os.rename": "file write",
    "os.mkdir": "file write",
    "os.rmdir": "file write",
    "os.truncate": "file write",
    "os.symlink": "file write",
    "os.link": "file write",
    "sqlite3.connect": "file write",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Impurity(msgspec.Struct, frozen=True, kw_only=True):
    """Something impure that was called: `what` is the kind and the call, `file` and `line` where from."""

    what: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.what}, {self.file}:{self.line}"


class Impure(RefflowError):
    """A fold or a decision did what none may."""


_watching: list[dict[Impurity, None]] = []


@contextmanager
def watch() -> Iterator[dict[Impurity, None]]:
    """Enter into the result what is done that is impure, each place once.

    What can be stopped raises `Impure`.
    """
    _install()
    found: dict[Impurity, None] = {}
    before, collects = sys.getprofile(), gc.isenabled()
    # A collection calls back and finalizes what others left, in the midst of a fold that has no part in it.
    gc.disable()
    _watching.append(found)
    sys.setprofile(_profile)
    try:
        yield found
    finally:
        sys.setprofile(before)
        _watching.pop()
        if collects:
            gc.enable()


@cache
def _install() -> None:
    # An audit hook stays for the life of the process; outside a watch it returns at once.
    sys.addaudithook(_audit)


def _profile(frame: FrameType, event: str, function: Any) -> None:
    if event != "c_call":
        return
    owner = getattr(function, "__self__", None)
    if owner is None:
        return
    name = owner.__name__ if isinstance(owner, type) else getattr(owner, "__name__", type(owner).__name__)
    if isinstance(owner, type):
        # A subclass of `datetime` reads the clock just the same.
        names = [each.__name__ for each in owner.__mro__]
    else:
        names = [name, *(each.__name__ for each in type(owner).__mro__)]
    for each in names:
        kind = _CALLS.get((each, function.__name__))
        if kind is not None:
            _note(f"{kind}: {each}.{function.__name__}", frame)
            return


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watching:
        return
    kind = _AUDITED.get(event)
    if event == "open" and _writes(args):
        kind = "file write"
    if kind is None:
        return
    frame = sys._getframe(1)
    what = f"{kind}: {event}"
    _note(what, frame)
    raise Impure(f"A fold reached for something outside: {what}.")


def _writes(args: tuple[Any, ...]) -> bool:
    _, mode, flags = args
    if isinstance(mode, str):
        return any(each in mode for each in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _note(what: str, frame: FrameType | None) -> None:
    """Note where it came from: the nearest line that is not the standard library's."""
    found = frame
    while found is not None and _standard(found.f_code.co_filename):
        found = found.f_back
    place = found or frame
    if place is not None and _watching:
        seen = Impurity(what=what, file=place.f_code.co_filename, line=place.f_lineno)
        _watching[-1][seen] = None


def _standard(file: str) -> bool:
    return file.startswith("<frozen") or (file.startswith(_LIBRARY) and "site-packages" not in file)


_LIBRARY = f"{sysconfig.get_path('stdlib')}{os.sep}"
