"""Compares what a workflow can want to send with the caps, and looks for answers that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..language.definition import AnyInstruction, Cap, Send
from ..language.problems import Problem
from ..language.settings import Settings
from .lengths import CLOCK_CHANGE, Lengths, in_common
from .promise import ANSWER, Bound, Proof, shown_path, unless_answered
from .written import Spot, Written

_ON_CAP = {"defer": "hold some back", "skip": "skip some", "exit": "end the run"}
_WORK = 200_000
"""Steps of the search for the fullest stretch of time; beyond it, all messages are taken to fall into one."""


def contact_problems(written: Written, settings: Settings) -> Iterator[Problem]:
    """What a person would get too much of, and what they might say in vain."""
    proof = written.proof
    if proof is None:
        yield written.problem(
            "E223",
            "the loops multiply to more rounds than can be looked through",
            written.spot("steps"),
            "lower `max`",
        )
        return
    yield from _closed(written, proof, settings)
    yield from _nearer(written, settings)
    own = written.definition.policy.caps or ()
    shared = [cap for cap in settings.caps if not any(_as_strict(each, cap) for each in own)]
    for at, cap in enumerate((*own, *shared)):
        spot = written.spot("policy", "caps", at) if at < len(own) else None
        yield from _row(written, proof, cap, spot, settings)
        yield from _within(written, proof, cap, spot, settings)
    yield from _unheard(written, proof)


def _closed(written: Written, proof: Proof, settings: Settings) -> Iterator[Problem]:
    """E157: a message that can never leave."""
    lengths = Lengths(frozenset(settings.holidays))
    shared = written.definition.policy.window
    told = set()
    for step in proof.steps:
        window = (step.window or shared) if isinstance(step, Send) else None
        if (
            window is not None
            and window not in told
            and lengths.closed(in_common(window, settings.window)) is None
        ):
            told.add(window)
            own = isinstance(step, Send) and step.window is not None
            spot = written.word(step.line, "send") if own else written.spot("policy", "window")
            message = "this window and that of the workspace are never open together"
            help = "a contact whose time zone nobody knows is written to in both"
            yield written.problem("E157", message, spot, help)


def _nearer(written: Written, settings: Settings) -> Iterator[Problem]:
    """W304: a gap that is never longer than that of the workspace, which holds all the same."""
    own = written.definition.policy.gap
    if own is None or own == settings.gap:
        return
    if Lengths(frozenset(settings.holidays)).most(own) <= settings.gap.least_days():
        message = (
            f"this gap is not kept to: that of the workspace, {settings.gap.in_words()}, is longer and holds"
        )
        help = "take it out, or write a longer one; `urgent` is for a message that cannot wait"
        yield written.problem("W304", message, written.spot("policy", "gap"), help)


def _as_strict(cap: Cap, other: Cap) -> bool:
    """Whether `cap` never lets pass what `other` holds."""
    if cap.per != other.per or cap.within != other.within:
        return False
    if cap.unanswered is not None:
        return other.unanswered is not None and cap.unanswered <= other.unanswered
    return cap.most is not None and other.most is not None and cap.most <= other.most


def _row(written: Written, proof: Proof, cap: Cap, spot: Spot | None, settings: Settings) -> Iterator[Problem]:
    """E302, W302: more messages without an answer than are allowed."""
    if cap.unanswered is None:
        return
    bound = proof.longest_row(unless_answered)
    if bound.amount <= cap.unanswered:
        return
    message = f"up to {bound.amount:g} messages in a row without an answer; the limit is {cap.unanswered}"
    code, on_cap = "W302", written.definition.policy.on_cap or settings.on_cap
    if on_cap == "defer":  # nothing lets the run go on but a person
        code, message = "E302", f"{message}, and there it would stand"
    yield written.problem(
        code, message, spot or _last(written, bound), f"as on this way: {shown_path(bound.witness)}"
    )


def _within(
    written: Written, proof: Proof, cap: Cap, spot: Spot | None, settings: Settings
) -> Iterator[Problem]:
    """W301: more messages within a time than are allowed."""
    if cap.most is None or cap.within is None:
        return
    if proof.whole.amount <= cap.most:
        return
    bound = most_within(proof, Lengths(frozenset(settings.holidays)).most(cap.within) + CLOCK_CHANGE)
    if bound.amount > cap.most:
        who = "one contact" if cap.per == "contact" else f"one {cap.per}"
        message = f"a run can want {bound.amount:g} messages to {who} within {cap.within.in_words()}"
        message += (
            f"; the cap of {cap.most} will {_ON_CAP[written.definition.policy.on_cap or settings.on_cap]}"
        )
        yield written.problem(
            "W301", message, spot or _last(written, bound), f"as on this way: {shown_path(bound.witness)}"
        )


def most_within(proof: Proof, days: float) -> Bound:
    """The most messages on a path in any stretch of so many days, when everything goes as fast as it can."""
    whole = proof.whole
    sends = [place for place, step in enumerate(proof.steps) if isinstance(step, Send)]
    if len(sends) * len(proof.steps) > _WORK:
        return whole
    leaving = proof.paths.leaving
    best = Bound(amount=0)
    for first in sends:
        # The least time to each place, by the number of messages until there.
        least: dict[int, dict[int, float]] = {first: {1: 0.0}}
        for place in range(first, len(proof.steps)):
            for count, elapsed in least.get(place, {}).items():
                if count > best.amount and isinstance(proof.steps[place], Send):
                    best = Bound(amount=count)
                for move in leaving[place]:
                    later = elapsed + proof.least_days(move)
                    if later < days:
                        counts = least.setdefault(move.to, {})
                        reached = count + isinstance(proof.steps[move.to], Send)
                        counts[reached] = min(later, counts.get(reached, later))
    return best if best.amount < whole.amount else whole


def _unheard(written: Written, proof: Proof) -> Iterator[Problem]:
    """W310: the workflow writes again, and reads no answer to what it wrote before."""
    definition = written.definition
    heard = any(each.event == ANSWER for each in definition.anytime) or any(
        ANSWER in getattr(step, "events", ()) for step in proof.steps
    )
    bound = proof.whole
    if not heard and bound.amount > 1:
        message = "nobody here reads an answer: it would hold the next message until you approve it"
        help = f"add `anytime: [{{event: {ANSWER}, exit: ...}}]`"
        stop = bound.witness[1]
        yield written.problem("W310", message, written.word(stop.line, "send"), help)
        return
    for to in dict.fromkeys(step.to.text for step in proof.steps if isinstance(step, Send) and step.to):
        bound = proof.most_messages(counted=partial(_goes_to, to=to))
        if bound.amount > 1:
            message = f"a run reads no answer of `{to}`: it would hold the next message until you approve it"
            help = f"let a workflow of their own write to them: `start: {{..., subject: {{contact: {to}}}}}`"
            yield written.problem("W310", message, written.word(bound.witness[1].line, "send"), help)


def _goes_to(step: AnyInstruction, to: str) -> bool:
    return isinstance(step, Send) and step.to is not None and step.to.text == to


def _last(written: Written, bound: Bound) -> Spot:
    if not bound.witness:
        return written.spot("steps")
    return written.word(bound.witness[-1].line, "send")
