"""Whose export it is: no column of it says so.

The owner is on one side of every message, so theirs is the profile in most rows; the invitations, whose
direction stands beside both profiles, and the name in `Profile.csv` have the last word. Where messages show
no profiles of their recipients, the same is asked of names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection

import msgspec

from .profiles import folded, is_unknown


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The owner as far as the export shows: slug of the profile, and name as written."""

    slug: str | None = None
    name: str | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.slug or self.name)

    def is_called(self, name: str) -> bool:
        return self.name is not None and folded(name) == folded(self.name)


class Sightings:
    """How often each profile and name is met, and which of them are the owner's beyond doubt."""

    def __init__(self) -> None:
        self._slugs: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._called: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._own_slugs: Counter[str] = Counter()
        self._own_names: Counter[str] = Counter()

    def saw_message(self, name: str, slug: str | None, to: str, recipients: Collection[str]) -> None:
        """A message from a name and slug to names, in one text, and slugs."""
        for one in {name, to}:
            if one and not is_unknown(one):
                self._names[one] += 1
        if slug:
            self._called[slug][name] += 1
        if len(recipients) == 1:
            self._called[next(iter(recipients))][to] += 1
        if slug and recipients:
            for one in {slug, *recipients}:
                self._slugs[one] += 1

    def saw_owner(self, name: str, slug: str | None) -> None:
        """The side of a row that it says to be the owner's."""
        if name and not is_unknown(name):
            self._own_names[name] += 1
        if slug:
            self._own_slugs[slug] += 1
            self._called[slug][name] += 1

    def owner(self, profile_name: str | None, connected: Collection[str]) -> Identity:
        """The owner, given the name in the profile and the slugs of connections, none of which is theirs."""
        name = profile_name or _leader(self._own_names)
        slug = _leader(self._own_slugs) or self._slug_of(name) or self._slug_in_most_rows(connected)
        if not name and not self._slugs:
            name = _leader(self._names)
            slug = slug or self._slug_of(name)
        return Identity(slug=slug, name=name or (_leader(self._called[slug]) if slug else None))

    def _slug_of(self, name: str | None) -> str | None:
        """The slug that goes most often by the name."""
        wanted = folded(name or "")
        return _leader(
            Counter(
                {
                    slug: sum(names.values())
                    for slug, names in self._called.items()
                    if wanted and any(folded(one) == wanted for one in names)
                }
            )
        )

    def _slug_in_most_rows(self, connected: Collection[str]) -> str | None:
        others = {slug: rows for slug, rows in self._slugs.items() if slug not in connected}
        return _leader(self._slugs) or _leader(Counter(others))


def _leader(counts: Counter[str]) -> str | None:
    """What is counted more often than anything else; None when nothing leads."""
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first or None if most > next_most else None
