"""Invitations to connect, sent and received. The note that goes with one is not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from refflow.api import Interaction

from .identity import Identities
from .owner import Identity, Sightings
from .profiles import counterpart, folded, is_unknown, slug_of
from .table import Table

# In some exports the profiles are URNs, in columns of other names: they name nobody to anybody else.
_COLUMNS = ("from", "to", "sentat", "direction", "inviterprofileurl", "inviteeprofileurl")
_DIRECTIONS: dict[str, Literal["in", "out"]] = {"outgoing": "out", "incoming": "in"}


def sight(table: Table, sightings: Sightings) -> None:
    """Note which side of the invitations is the owner's."""
    for _, (sender, to, _, direction, inviter, invitee) in table.rows(*_COLUMNS):
        if direction.lower() == "outgoing":
            sightings.saw_owner(sender, slug_of(inviter))
        elif direction.lower() == "incoming":
            sightings.saw_owner(to, slug_of(invitee))


def interactions(tables: Iterable[Table], owner: Identity) -> Iterator[Interaction]:
    """One interaction an invitation."""
    identities = Identities()
    for table in tables:
        for line, (sender, to, sent, named, inviter, invitee) in table.rows(*_COLUMNS):
            direction = _DIRECTIONS.get(named.lower()) or _direction(owner, sender, slug_of(inviter))
            if direction is None:
                table.skip("unclear whose invitation it is")
                continue
            slug, name = (slug_of(invitee), to) if direction == "out" else (slug_of(inviter), sender)
            if not slug and (not name or is_unknown(name)):
                table.skip("unknown person")
                continue
            at = table.instant(line, sent)
            if at is None:
                table.skip("without a date")
                continue
            table.report.imported += 1
            yield Interaction(
                line=line,
                identity=identities.of("invitation", direction, str(at), slug or folded(name)),
                counterpart=counterpart(slug, name),
                at=at,
                direction=direction,
                medium="invitation",
            )


def _direction(owner: Identity, name: str, slug: str | None) -> Literal["in", "out"] | None:
    if not owner.is_known:
        return None
    if slug and owner.slug:
        return "out" if slug == owner.slug else "in"
    return "out" if owner.is_called(name) else "in"
