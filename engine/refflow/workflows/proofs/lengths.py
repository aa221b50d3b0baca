"""How long things last at least and at most, in days, wherever in the week and among the holidays they begin.

Days are those of the wall clock: a wait of `5d` lasts five, also when the clocks change meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import cached_property

import msgspec

from ..durations import Duration
from ..expressions import ExpressionErrors
from ..expressions.parser import parse
from ..expressions.syntax import Arithmetic, Constant, Default, Node, Path
from ..language.definition import Parameter, Source, Window

CLOCK_CHANGE = 2 / 24
"""The most that a change of the clocks adds to or takes from a length of time, in days."""

_DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True):
    """Between `least` and `most` days; `most` is None when nothing that is known here limits it."""

    least: float
    most: float | None


NOTHING = Span(0, 0)
ENDLESS = Span(0, None)


class Lengths(msgspec.Struct, frozen=True, dict=True):
    """Lengths of time under a calendar with these holidays."""

    holidays: frozenset[date] = frozenset()

    def most(self, duration: Duration) -> float:
        """The longest that `duration` can last: holidays stretch business days, and nothing else."""
        if duration.unit == "bd":
            return self._most_business_days(duration.amount)
        return duration.least_days()

    def span(self, source: Source, parameters: Mapping[str, Parameter]) -> Span:
        """How long a wait lasts that `source` limits, be it a duration or a point in time."""
        try:
            tree, _ = parse(source.text)
        except ExpressionErrors:
            return ENDLESS
        return self._span(tree, parameters)

    def closed(self, window: Window) -> float | None:
        """The longest that a message can wait for `window` to open, or None when it never does."""
        if not window.days or window.opens >= window.closes:
            return None
        first = min(self.holidays, default=date(2024, 1, 1)) - 8 * _DAY
        last = max(self.holidays, default=date(2024, 1, 1)) + 8 * _DAY
        days, longest, row = (last - first).days, 0, 0
        for day in (first + n * _DAY for n in range(days + 1)):
            row = 0 if day.weekday() in window.days and day not in self.holidays else row + 1
            longest = max(longest, row)
        return longest + 1 - (window.closes - window.opens) / 1440

    def _span(self, tree: Node, parameters: Mapping[str, Parameter]) -> Span:
        match tree:
            case Constant(value=Duration() as duration):
                return Span(duration.least_days(), self.most(duration))
            case Path(parts=("params", str(name))) if name in parameters:
                default = parameters[name].default
                if isinstance(default, Duration):
                    return Span(default.least_days(), self.most(default))
            case Path(parts=("now",)):
                return NOTHING
            case Arithmetic(operator="+", left=left, right=right):
                start, added = self._span(left, parameters), self._span(right, parameters)
                most = None if start.most is None or added.most is None else start.most + added.most
                return Span(start.least + added.least, most)
            case Arithmetic(operator="-", left=left):
                return Span(0, self._span(left, parameters).most)
            case Default(value=value, default=default):
                one, other = self._span(value, parameters), self._span(default, parameters)
                most = None if one.most is None or other.most is None else max(one.most, other.most)
                return Span(min(one.least, other.least), most)
        return ENDLESS

    def _most_business_days(self, count: int) -> float:
        """Every holiday on the way is one business day more to count."""
        days = _weekdays(count)
        while (longer := _weekdays(count + self._most_within(days))) > days:
            days = longer
        return days

    def _most_within(self, days: float) -> int:
        """The most holidays, on weekdays, that fall into so many days in a row."""
        found = self._on_weekdays
        return max((bisect_right(found, day + days) - at for at, day in enumerate(found)), default=0)

    @cached_property
    def _on_weekdays(self) -> list[int]:
        return sorted(day.toordinal() for day in self.holidays if day.weekday() < 5)


def in_common(window: Window, other: Window) -> Window:
    """The window that is open when both are."""
    return Window(
        days=tuple(sorted(_common(window.days, other.days))),
        opens=max(window.opens, other.opens),
        closes=min(window.closes, other.closes),
    )


def _common(one: Collection[int], other: Collection[int]) -> set[int]:
    return set(one) & set(other)


def _weekdays(count: int) -> float:
    """The most days that `count` business days last without holidays: `1bd` from a Friday, say."""
    weeks, rest = divmod(count, 5)
    return 7 * weeks + (rest + 2 if rest or not weeks else 0)
