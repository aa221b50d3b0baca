"""How many messages one person can get from all workflows of a workspace together, and what sees to it.

There are three answers. When every workflow runs a limited number of times with one person, it is the sum of what
they promise. Else nobody can say before how often they run, and the cap of the workspace holds what is too much; until
the person writes, the gap may let fewer pass than the cap does. Or there is nothing of the kind, and that is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor
from typing import Literal

import msgspec

from ..durations import Duration
from ..language.definition import Cap, Send
from ..language.problems import Problem
from ..language.settings import Settings
from .lengths import CLOCK_CHANGE, Lengths
from .written import Written


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """At most `messages` to one person from `workflows`: in all when `runs` see to it, within `within` when the
    `cap` does, or the `gap` as long as the person does not write; None when nothing does.
    """

    workflows: tuple[str, ...]
    by: Literal["runs", "gap", "cap", "nothing"]
    messages: float | None = None
    within: Duration | None = None


def together(workflows: Sequence[Written], settings: Settings) -> Together:
    """What all of `workflows` come to for one person."""
    sending = [each for each in workflows if _sends(each)]
    names = tuple(each.definition.name for each in sending)
    totals = [_in_all(each) for each in sending]
    if None not in totals:
        return Together(workflows=names, by="runs", messages=sum(each or 0 for each in totals))
    caps = [cap for cap in settings.caps if _counts_a_person(cap) and cap.most and cap.within]
    if not caps:
        return Together(workflows=names, by="nothing")
    lengths = Lengths(frozenset(settings.holidays))
    cap = min(caps, key=lambda cap: (cap.most or 0) / lengths.most(cap.within or settings.gap))
    assert cap.most is not None
    assert cap.within is not None
    apart = settings.gap.least_days() - CLOCK_CHANGE
    urgent = any(isinstance(step, Send) and step.urgent for each in sending for step in each.definition.program)
    spaced = None if urgent or apart <= 0 else floor((lengths.most(cap.within) + CLOCK_CHANGE) / apart) + 1
    if spaced is not None and spaced < cap.most:
        return Together(workflows=names, by="gap", messages=spaced, within=cap.within)
    return Together(workflows=names, by="cap", messages=cap.most, within=cap.within)


def unlimited(workflow: Written, settings: Settings) -> Iterator[Problem]:
    """W303: nothing limits what one person gets from all runs of a workflow."""
    if not _sends(workflow) or _in_all(workflow) is not None:
        return
    caps = (*(workflow.definition.policy.caps or ()), *settings.caps)
    if not any(_counts_a_person(cap) and cap.most for cap in caps):
        message = "nothing limits how many messages one person gets from all runs together"
        help = "add `{per: contact, max: 6, in: 30d}` to `caps`, here or in the settings"
        yield workflow.problem("W303", message, workflow.spot("subject"), help)


def _sends(workflow: Written) -> bool:
    return workflow.proof is not None and workflow.proof.whole.amount > 0


def _in_all(workflow: Written) -> float | None:
    return None if workflow.proof is None else workflow.proof.in_all


def _counts_a_person(cap: Cap) -> bool:
    """A colleague's messages count against the company, so one person gets no more than all of them."""
    return cap.per in ("contact", "company")
