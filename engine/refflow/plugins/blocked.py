"""Releases of plugins that are known to damage data: they are listed, named and never imported."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from .origin import Origin


class Blocked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All releases of `distribution` below the version `below`, and why."""

    distribution: str
    below: str
    reason: str

    def covers(self, origin: Origin) -> bool:
        """Whether the plugin of `origin` is one of these releases."""
        mine = origin.source == "installed" and origin.is_package(self.distribution)
        return mine and _release(origin.version) < _release(self.below)

    def refusal(self) -> str:
        """Why it is not used, and what to do about it."""
        return f"{self.reason}; {self.distribution} {self.below} or later is safe: install that"


@cache
def blocked_releases() -> tuple[Blocked, ...]:
    """The list that came with this refflow."""
    text = Path(__file__).with_name("blocked.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[Blocked, ...])


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a release; what marks a pre-release counts for nothing."""
    found = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [int(each) for each in found[1].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
