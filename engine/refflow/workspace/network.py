"""Who is who: the people a source shows, held against those the workspace knows.

a profile or address      the contact it belongs to
the same name and day     the contact who connected that day, when no other could be meant
of connecting
a name alone              nobody
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from refflow.contacts.companies import company_key
from refflow.contacts.names import fold
from refflow.contacts.records import Counterpart, Person
from refflow.views.contacts import Contact, Identity, iso
from refflow.views.rows import Source

# A name is looked at several times.
_folded = lru_cache(maxsize=1 << 16)(fold)

_Called = tuple[str, str | None]
"""A name for comparing, and the day of connecting."""


class Network:
    """The contacts of a workspace and those an import adds. `met` are those that the source shows."""

    def __init__(self, rows: Source, source: str) -> None:
        self.contacts = {each.id: each for each in rows.find(Contact)}
        self.met: set[str] = set()
        self._source = source
        self._by_key = {each.key: each.contact for each in rows.find(Identity)}
        self._by_name: dict[str, tuple[str, ...]] = {}
        for contact in self.contacts.values():
            self._call(contact.id, contact.name)

    def recognised(self, people: Iterable[Person]) -> list[tuple[Person, Contact | None]]:
        """Each person, with keys that are theirs alone, and the contact they are, if they are one.

        What is surer is settled first, so the order of the people does not matter.
        """
        own = _without_shared_addresses(list(people))
        called = [_on_day(person) for person in own]
        same_day = Counter(called)
        left = list(range(len(own)))
        found: dict[int, str] = {}
        taken: set[str] = set()

        def settle(rule: Callable[[int], str | None]) -> None:
            nonlocal left
            found.update((place, contact) for place in left if (contact := rule(place)) is not None)
            left = [place for place in left if place not in found]
            taken.update(found.values())

        settle(lambda place: self._by_surest_key(own[place]))
        keyed = self._keyed(own, called, taken)
        settle(lambda place: self._by_surest_key(keyed[place]))
        settle(lambda place: self._by_lesser_key(keyed[place], taken))
        settle(
            lambda place: self._by_name_and_day(*called[place], taken) if same_day[called[place]] == 1 else None
        )
        return [
            (person, self.contacts[found[place]] if place in found else None)
            for place, person in enumerate(keyed)
        ]

    def counterpart(self, other: Counterpart) -> Contact | None:
        """The other side of an interaction: by key, or by a name that only one contact has."""
        for key in other.keys:
            if key in self._by_key:
                return self.contacts[self._by_key[key]]
        if other.keys or not other.name:
            return None
        same = self._by_name.get(_folded(other.name), ())
        return self.contacts[same[0]] if len(same) == 1 else None

    def new_keys(self, person: Person) -> tuple[str, ...]:
        """The keys of a person that nobody has yet: what somebody has is not taken from them."""
        return tuple(key for key in person.keys if key not in self._by_key)

    def meet(self, contact: Contact, name: str, keys: tuple[str, ...]) -> None:
        """Note that the source shows a contact, under a name and with keys new to them."""
        self.contacts[contact.id] = contact
        self.met.add(contact.id)
        self._call(contact.id, name)
        for key in keys:
            self._by_key[key] = contact.id

    def _call(self, contact: str, name: str) -> None:
        folded = _folded(name)
        same = self._by_name.get(folded, ())
        if contact not in same:
            self._by_name[folded] = (*same, contact)

    def _keyed(self, people: Sequence[Person], called: Sequence[_Called], taken: set[str]) -> list[Person]:
        """Who is left without a key gets one made of what is known of them; those who cannot be told apart by it
        are numbered. The address of a contact who is `taken` is a key of nobody else.
        """
        own = [
            person
            if person.keys and not _is_address(person.keys[0])
            else _with_keys(person, (key for key in person.keys if self._by_key.get(key) not in taken))
            for person in people
        ]
        namesakes = Counter(each for person, each in zip(own, called, strict=True) if not person.keys)
        written: Counter[str] = Counter()
        keyed = []
        for person, (name, day) in zip(own, called, strict=True):
            if not person.keys:
                key = f"{self._source}-name:{name}|{day or ''}"
                if day is None or namesakes[name, day] > 1:
                    key += "|".join(
                        ("", company_key(person.company or ""), _folded(person.title or ""), *person.emails)
                    )
                written[key] += 1
                person = _with_keys(person, (key if written[key] == 1 else f"{key}|{written[key]}",))
            keyed.append(person)
        return keyed

    def _by_surest_key(self, person: Person) -> str | None:
        surest = person.keys[0] if person.keys else None
        return None if surest is None or _is_address(surest) else self._by_key.get(surest)

    def _by_lesser_key(self, person: Person, taken: set[str]) -> str | None:
        # The first was looked up already, unless it is an address: those pass from one to another.
        found = (self._by_key.get(key) for key in person.keys)
        return next((contact for contact in found if contact is not None and contact not in taken), None)

    def _by_name_and_day(self, name: str, day: str | None, taken: set[str]) -> str | None:
        """Profiles are renamed, and some exports have no links to them."""
        same = [
            each
            for each in self._by_name.get(name, ())
            if each not in taken and day is not None and self.contacts[each].connected_on == day
        ]
        return same[0] if len(same) == 1 else None


def _without_shared_addresses(people: Sequence[Person]) -> list[Person]:
    """The people; an address that several of them share is nobody's key."""
    addresses = Counter(key for person in people for key in person.keys if _is_address(key))
    shared = {address for address, count in addresses.items() if count > 1}
    return [
        person
        if shared.isdisjoint(person.keys)
        else _with_keys(person, (each for each in person.keys if each not in shared))
        for person in people
    ]


def _with_keys(person: Person, keys: Iterable[str]) -> Person:
    return msgspec.structs.replace(person, keys=tuple(keys))


def _on_day(person: Person) -> _Called:
    return _folded(person.name), iso(person.connected_on)


def _is_address(key: str) -> bool:
    return key.startswith("email:")
