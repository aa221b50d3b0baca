"""People as the tables of an export name them: by the address of a profile, or by name alone."""

from __future__ import annotations

from functools import lru_cache

from refflow.api import Counterpart, email_key, linkedin_slug

# The same names and addresses come again and again in one export.
_remembered = lru_cache(maxsize=1 << 16)
# Stands for everybody who closed the account or cannot be seen.
_UNKNOWN = "linkedin member"


@_remembered
def slug_of(url: str) -> str | None:
    """The slug of the profile at an address, or None."""
    return linkedin_slug(url) if url else None


def keys_of(slug: str | None, address: str = "") -> tuple[str, ...]:
    """The identity keys of a person, strongest first."""
    profile = (f"linkedin:{slug}",) if slug else ()
    email = email_key(address) if address else None
    return (*profile, f"email:{email}") if email else profile


@_remembered
def folded(name: str) -> str:
    """A name for comparing within one export, where it is always spelt the same."""
    return " ".join(name.split()).casefold()


@_remembered
def is_unknown(name: str) -> bool:
    """Whether `name` is what LinkedIn writes for somebody it does not name, or for several of them."""
    return bool(name) and all(folded(one) in ("", _UNKNOWN) for one in name.split(","))


@_remembered
def counterpart(slug: str | None, name: str) -> Counterpart:
    """The other side of a row; without a slug it is known by name alone."""
    known = None if is_unknown(name) else name or None
    return Counterpart(keys=keys_of(slug), name=known)
