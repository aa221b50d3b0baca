"""How far something long has got: a line on stderr that stays away when it is quick, or nobody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType

PATIENCE = 0.5
"""Seconds before anything shows."""
_EVERY = 0.1


class Progress:
    """Call it with how many more events were handled. `total` is how many there are, when that is known."""

    def __init__(self, doing: str, total: int | None = None, *, shown: bool = True) -> None:
        self._doing = doing
        self._total = total
        self._shown = shown and sys.stderr.isatty()
        self._count = 0
        self._started = time.monotonic()
        self._next = self._started + PATIENCE
        self._drawn = False

    def __call__(self, more: int) -> None:
        self._count += more
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next, self._drawn = now + _EVERY, True
            sys.stderr.write(f"\r{self._line(now - self._started)}\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _line(self, seconds: float) -> str:
        rate = self._count / seconds
        line = f"{self._doing}: {self._count:,} events, {rate:,.0f} a second"
        if self._total and self._count < self._total:
            line += f", {self._count / self._total:.0%}, {(self._total - self._count) / rate:.0f} s to go"
        return line
