"""How strong a tie is: from the owner's own history, never from what somebody looks like."""

from __future__ import annotations

from typing import Literal

import msgspec

Warmth = Literal["close", "warm", "dormant", "cold"]

DAY = 86_400_000_000
DORMANT_AFTER = 730 * DAY
"""Two years without contact (dormant ties are worth renewing: Levin, Walter, Murnighan 2011)."""
CLOSE_WITHIN = 180 * DAY
CLOSE_MESSAGES = 10
ALWAYS_CLOSE = frozenset({"friend", "family"})


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a tie. `last_contact` is the last sign of life from their side (microseconds since
    1970 UTC): a message of theirs, a meeting. `received` and `sent` count messages.
    """

    relation: str | None = None
    last_contact: int | None = None
    received: int = 0
    sent: int = 0
    recommendations: int = 0


def warmth(tie: Tie, now: int) -> Warmth:
    """What the tie is like at `now`: `close`, `warm`, `dormant` (gone quiet), `cold` (never more than a link)."""
    if tie.relation in ALWAYS_CLOSE:
        return "close"
    if tie.last_contact is not None:
        age = now - tie.last_contact
        if age <= CLOSE_WITHIN and min(tie.received, tie.sent) >= CLOSE_MESSAGES:
            return "close"
        if age <= DORMANT_AFTER:
            return "warm"
        return "dormant"
    return "dormant" if tie.relation is not None or tie.recommendations else "cold"
