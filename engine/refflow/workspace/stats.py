"""Figures about the search: the funnel, and how often people answered, with what can be said from so few."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Literal

import msgspec

from refflow.views.messages import Message
from refflow.views.pipeline import Ask, Funnel
from refflow.views.runs.run import Run

from .workspace import Workspace

FUNNEL = ("ready", "asked", "answered", "agreed", "referred", "applied", "interview", "offer")
FEW = 10
"""Below so many, a rate says next to nothing."""
_Z = 1.96

By = Literal["template", "channel", "workflow"]


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` of `of`, with the Wilson score interval at 95 % (Wilson 1927). `few`: too few to tell."""

    name: str
    hits: int
    of: int
    low: float
    high: float
    few: bool


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """How many asks ever reached each stage; the rate from each stage to the next; answers by group.

    `hours_to_answer` is the median over asks that were answered, or None.
    """

    reached: dict[str, int]
    steps: list[Rate]
    answers: list[Rate]
    hours_to_answer: float | None


def stats(workspace: Workspace, by: By = "template") -> Stats:
    """The figures of a workspace; answers to asks are grouped by the template, channel or workflow that asked."""
    reached = dict.fromkeys(FUNNEL, 0) | {
        row.stage: row.asks for row in workspace.views.find(Funnel) if row.stage in FUNNEL
    }
    steps = [
        wilson(f"{before} to {after}", min(reached[after], reached[before]), reached[before])
        for before, after in pairwise(FUNNEL)
    ]
    asks = [ask for ask in workspace.views.find(Ask) if ask.asked_at is not None]
    waits = sorted((ask.answered_at or 0) - (ask.asked_at or 0) for ask in asks if ask.answered_at is not None)
    return Stats(
        reached=reached,
        steps=steps,
        answers=_answers(workspace, asks, by),
        hours_to_answer=round(waits[len(waits) // 2] / 3_600_000_000, 1) if waits else None,
    )


def wilson(name: str, hits: int, of: int) -> Rate:
    """The rate `hits` of `of` with its interval; with none of anything it may be all or nothing."""
    if of == 0:
        return Rate(name=name, hits=0, of=0, low=0.0, high=1.0, few=True)
    p, z2 = hits / of, _Z * _Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(name=name, hits=hits, of=of, low=round(low, 3), high=round(high, 3), few=of < FEW)


def _answers(workspace: Workspace, asks: list[Ask], by: By) -> list[Rate]:
    """Answered with a yes or a pointer to somebody else, of all asked: a rate that `please stop` does not raise."""
    groups: dict[str, list[Ask]] = {}
    for ask in asks:
        sent = [each for each in workspace.views.find(Message, run=ask.run) if each.sent_at is not None]
        if sent:
            first = min(sent, key=lambda each: each.sent_at or 0)
            group = {"template": first.template, "channel": first.channel}.get(by)
            groups.setdefault(group or _workflow(workspace, ask), []).append(ask)
    return [
        wilson(name, sum(ask.intent in ("agreed", "refer_on") for ask in of), len(of))
        for name, of in sorted(groups.items())
    ]


def _workflow(workspace: Workspace, ask: Ask) -> str:
    run = workspace.views.get(Run, ask.run)
    return run.workflow if run else "unknown"
