"""A hold: why a message may not leave now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.events.messages import MessageHeld
from refflow.events.runs import TimerSet
from refflow.views.messages import Message
from refflow.views.runs.run import Run

from ..language.library import Accepted
from .turn import Turn


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message may not leave now. `until` is the first instant at which the rule could let it go; `skip`
    when it is not to leave any more.
    """

    rule: str
    detail: str
    until: datetime | None = None
    skip: bool = False


def hold(turn: Turn, accepted: Accepted, run: Run, message: Message, why: Hold) -> None:
    """Keep a message back, and wake when the rule could let it go."""
    turn.record(
        MessageHeld(
            message=message.id,
            run=run.id,
            contact=message.contact,
            rule=why.rule,
            detail=why.detail,
            until=why.until,
        ),
        by=accepted.by,
    )
    if why.until is not None:
        turn.record(TimerSet(run=run.id, step=run.step, due=why.until, rule=why.rule), by=accepted.by)
