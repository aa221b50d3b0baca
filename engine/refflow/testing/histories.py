"""Made-up searches for property tests: whatever happens in them, what you claim has to hold.

Nothing happens before what it needs: a message that is approved was drafted, by a run that had started. There
are facts and the decisions that follow, a kind whose plugin is gone, and mistakes that are taken back. Events of
your own are strewn in when you say how they are made:

    stars = st.builds(StarGiven, contact=st.sampled_from(CONTACTS), stars=st.integers(1, 5))

    @given(histories(stars))
    def test_nobody_has_more_than_five_stars(history: list[Commit]) -> None:
        events = stored(history, kinds_with(MY_KINDS))
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, product
from typing import Any

from hypothesis import strategies as st

from refflow.events.event import Commit

from .search import ACTIONS, Search, Step
from .search import CONTACTS as CONTACTS
from .search import OPENINGS as OPENINGS

STEPS = tuple(Step(*each) for each in product(sorted(ACTIONS), range(3), range(2), range(12)))
"""Every step there is."""


def histories(own: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[list[Commit]]:
    """Searches among `CONTACTS` and `OPENINGS`; `own` makes payloads to strew in. Shrinking takes steps away."""
    # One draw a step, and lists of lists, which come out longer: a search has to get somewhere.
    steps: st.SearchStrategy[Any] = st.integers(0, len(STEPS) - 1).map(STEPS.__getitem__)
    if own is not None:
        steps = st.one_of(steps, steps, own)
    return st.lists(st.lists(steps, max_size=10), max_size=6).map(chain.from_iterable).map(tell)


def tell(steps: Iterable[Any]) -> list[Commit]:
    """The history in which `steps` are taken, one after the other; what is no `Step` is a payload to record."""
    search = Search()
    for step in steps:
        if isinstance(step, Step):
            search.take(step)
        else:
            search.strew(step)
    return search.commits
