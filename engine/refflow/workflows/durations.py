"""Lengths of time as a workflow writes them: `30m`, `4h`, `5d`, `5bd`, `2w`."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Unit = Literal["m", "h", "d", "bd", "w"]

_WRITTEN = re.compile(r"(\d{1,5})(m|h|d|bd|w)")

_NAMES: dict[str, str] = {"m": "minute", "h": "hour", "d": "day", "bd": "business day", "w": "week"}


class Duration(msgspec.Struct, frozen=True):
    """`amount` of `unit`. Minutes and hours are exact; days and weeks keep the local time of day; business
    days skip the weekends and holidays of a calendar. How long it lasts depends on where it starts.
    """

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    def in_words(self) -> str:
        """The duration as a person says it: `5 business days`."""
        return f"{self.amount} {_NAMES[self.unit]}{'' if self.amount == 1 else 's'}"

    def least_days(self) -> float:
        """The shortest time it can last, in days, over every possible start (5bd: 5 days; 8bd: 10)."""
        match self.unit:
            case "m":
                return self.amount / 1440
            case "h":
                return self.amount / 24
            case "w":
                return 7.0 * self.amount
            case "bd":
                weeks, rest = divmod(self.amount, 5)
                return 7.0 * weeks + rest
            case _:
                return float(self.amount)


def parse_duration(text: str) -> Duration | None:
    """The duration written as `text`, or None when it is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    unit: Unit = found.group(2)  # type: ignore[assignment]  # the pattern admits units only
    return Duration(int(found.group(1)), unit)
