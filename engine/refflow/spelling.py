"""Spelling: what somebody who mistyped a name probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def near(word: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The known words that `word` was probably meant to be, at most so many; those with just its letters come first."""
    known = list(known)
    shuffled = [each for each in known if sorted(each) == sorted(word)]
    if shuffled:
        return shuffled[:most]
    from difflib import get_close_matches  # every command would wait for it

    return get_close_matches(word, known, n=most, cutoff=0.7)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None when none is near."""
    return next(iter(near(word, known)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the known word nearest to `word`, or None when none is near."""
    found = nearest(word, known)
    return f"did you mean `{found}`?" if found else None
