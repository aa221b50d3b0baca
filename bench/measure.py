"""Measuring: two contestants take turns, and a figure is the median of its turns."""

from __future__ import annotations

import gc
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable
from statistics import median

import msgspec

Contestant = Callable[[], float]
"""Does its work once and returns the seconds it took."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of refflow's beside another of the same unit. `met` is None where nothing is promised.

    `ratio` is how many times refflow's figure is the other: more is better for a rate, worse for a time or size.
    """

    section: str
    what: str
    unit: str
    ours: float
    against: str
    theirs: float
    ratio: float
    budget: str = ""
    met: bool | None = None


def timed(work: Callable[[], object]) -> Contestant:
    """A contestant of which all is measured."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run


def turns(ours: Contestant, theirs: Contestant, repeat: int) -> list[tuple[float, float]]:
    """The seconds of both, round by round; each round the other one begins.

    A machine is slower at one minute than at the next. Who takes turns is slowed alike.
    """
    found = []
    for turn in range(repeat):
        seconds = {}
        for contestant in (ours, theirs) if turn % 2 else (theirs, ours):
            gc.collect()
            seconds[contestant] = contestant()
        found.append((seconds[ours], seconds[theirs]))
    return found


def rate(
    section: str,
    what: str,
    amount: int,
    ours: Contestant,
    against: str,
    theirs: Contestant,
    *,
    repeat: int,
    least: float | None = None,
    per_second: float | None = None,
) -> Line:
    """How many of `amount` a second each gets through. `least` is the ratio that is promised, `per_second` the rate."""
    found = turns(ours, theirs, repeat)
    ratio = median(other / own for own, other in found)
    ours_per_second = amount / median(own for own, _ in found)
    budget, met = "", None
    if least is not None:
        budget, met = f">= {least:.2g}", ratio >= least
    elif per_second is not None:
        budget, met = f">= {per_second:,.0f} /s", ours_per_second >= per_second
    return Line(
        section=section,
        what=what,
        unit="/s",
        ours=ours_per_second,
        against=against,
        theirs=amount / median(other for _, other in found),
        ratio=ratio,
        budget=budget,
        met=met,
    )


def duration(
    section: str,
    what: str,
    ours: Contestant,
    against: str,
    theirs: Contestant,
    *,
    repeat: int,
    most: float | None = None,
    unit: str = "ms",
) -> Line:
    """How long each takes. `most` is the time that is promised, in `unit`."""
    scale = {"ms": 1000, "s": 1}[unit]
    found = turns(ours, theirs, repeat)
    took = scale * median(own for own, _ in found)
    return Line(
        section=section,
        what=what,
        unit=unit,
        ours=took,
        against=against,
        theirs=scale * median(other for _, other in found),
        ratio=median(own / other for own, other in found),
        budget="" if most is None else f"<= {most:g} {unit}",
        met=None if most is None else took <= most,
    )


def machine() -> str:
    """What it is measured on, and how busy that is."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {sys.platform}{load}),"
        f" {platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
        f" msgspec {msgspec.__version__}"
    )
