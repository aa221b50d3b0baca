"""Who could refer the owner: everybody at a company, ranked, with every term of the score shown.

    score = answers x can_refer x room

Each term is between 0 and 1 and made of what the owner's own history says; nothing is inferred from names,
pictures or age. The shape follows the evidence: one strong tie is worth most within one company (Gee, Jones,
Burke 2017), dormant ties are as good once renewed (Levin, Walter, Murnighan 2011), those who know one's work
refer best (Pallais, Sands 2016).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from math import prod

import msgspec

from refflow.contacts.companies import company_key
from refflow.contacts.tie import DAY, Warmth, warmth
from refflow.errors import NotFound, UsageError
from refflow.events.event import instant, micros
from refflow.views.companies import Company, resolve
from refflow.views.contacts import Contact, Employer
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask
from refflow.views.rows import Rows
from refflow.views.runs.run import Run
from refflow.workflows.language.facts import tie_of

from .workspace import Workspace

_ANSWERS: dict[Warmth, float] = {"close": 0.85, "warm": 0.65, "dormant": 0.4, "cold": 0.15}
_RECENT_YEARS = 2
_HELPING = {"manager", "mentor", "colleague"}
_RECRUITING = ("recruit", "talent", "people partner", "human resources", "hiring")
_LEADING = (
    "head",
    "director",
    "vp",
    "vice president",
    "chief",
    "cto",
    "ceo",
    "lead",
    "manager",
    "founder",
    "principal",
)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A factor of the score. `because` says what it is made of; the figures in it add up to `value`."""

    name: str
    value: float
    because: list[str]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could refer the owner. `note` says what stands in the way, if anything does."""

    contact: str
    name: str
    title: str | None
    company: str | None
    warmth: Warmth
    score: float
    terms: list[Term]
    note: str | None = None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """The people at one company, best first."""

    company: str
    opening: str | None
    candidates: list[Candidate]


def who(workspace: Workspace, text: str, now: datetime) -> Ranking:
    """Rank the contacts at a company, or at the company of an opening (its id or link)."""
    rows = Rows(workspace.views)
    opening = _opening(workspace, text)
    named = opening.company if opening else company_key(text)
    key = resolve(rows, named)
    people = _people_at(workspace, rows, key)
    if not people and opening is None:
        key = _only_match(workspace, text)
        people = _people_at(workspace, rows, key)
    company = rows.get(Company, key)
    asking = _Asking(workspace, micros(now))
    candidates = sorted((asking.candidate(each, opening) for each in people), key=_place)
    return Ranking(
        company=company.name if company else text,
        opening=opening.id if opening else None,
        candidates=candidates,
    )


def best_for(
    workspace: Workspace, openings: Iterable[tuple[Opening, Collection[str]]], now: datetime
) -> list[Candidate | None]:
    """Who comes first for each opening, of those who may be asked and are not among the ids given with it."""
    rows, asking = Rows(workspace.views), _Asking(workspace, micros(now))
    found = []
    for opening, but in openings:
        people = _people_at(workspace, rows, resolve(rows, opening.company))
        found.append(asking.best([each for each in people if each.id not in but], opening))
    return found


def _opening(workspace: Workspace, text: str) -> Opening | None:
    exact = workspace.views.get(Opening, text)
    linked = workspace.views.find(Opening, url=text) if exact is None else []
    return exact or (linked[0] if linked else None)


def _people_at(workspace: Workspace, rows: Rows, key: str) -> list[Contact]:
    names = [key]
    for each in names:
        names += [alias.key for alias in workspace.views.find(Company, alias_of=each) if alias.key not in names]
    return [contact for each in names for contact in workspace.views.find(Contact, company=each)]


def _only_match(workspace: Workspace, text: str) -> str:
    """The company with somebody at it whose key begins with what was typed, when it is one. Whole words come first."""
    from rapidfuzz import fuzz, process

    wanted = company_key(text)
    if not wanted:
        raise UsageError("Which company is it? Give its name, or the id or link of an opening.")
    rows = Rows(workspace.views)
    known = {resolve(rows, each.company) for each in workspace.views.find(Contact) if each.company}
    begin = [key for key in sorted(known) if f"{key}-".startswith(f"{wanted}-")]
    begin = begin or [key for key in sorted(known) if key.startswith(wanted)]
    if len(begin) == 1:
        return begin[0]
    near = process.extract(wanted, sorted(known), scorer=fuzz.WRatio, limit=4, score_cutoff=75)
    keys = list(dict.fromkeys([*begin, *(key for key, _, _ in near)]))[:5]
    names = [company.name for key in keys if (company := rows.get(Company, key))]
    hint = f" Did you mean {' or '.join(names)}?" if names else " Add somebody: `refflow person add`."
    raise NotFound(f"Nobody in your network is at `{text}`.{hint}")


class _Asking:
    """What one has to know to judge who could be asked at `now`."""

    def __init__(self, workspace: Workspace, now: int) -> None:
        self._views = workspace.views
        self._settings = workspace.settings
        rows = Rows(workspace.views)
        self._employers = {resolve(rows, each.company): each for each in workspace.views.find(Employer)}
        self._now = now

    def candidate(self, contact: Contact, opening: Opening | None) -> Candidate:
        """A contact, judged."""
        warm = warmth(tie_of(contact), self._now)
        answers, refers = self._promise(contact, opening)
        room, note = self._room(contact, opening)
        if note is None and warm in ("dormant", "cold"):
            note = "gone quiet: reconnect first" if warm == "dormant" else "never in touch: start with a hello"
        return Candidate(
            contact=contact.id,
            name=contact.name,
            title=contact.title,
            company=contact.company_name,
            warmth=warm,
            score=_score(answers, refers, room),
            terms=[answers, refers, room],
            note=note,
        )

    def best(self, people: Sequence[Contact], opening: Opening) -> Candidate | None:
        """Who comes first of those who may be asked. Whether there is room is looked up from the most promising on,
        until nobody could come before who was found.
        """
        best: Candidate | None = None
        hopes = [(_score(*self._promise(each, opening)), each) for each in people]
        for hope, contact in sorted(hopes, key=lambda each: -each[0]):
            if best is not None and hope < best.score:
                break
            found = self.candidate(contact, opening)
            if found.score > 0 and (best is None or _place(found) < _place(best)):
                best = found
        return best

    def _promise(self, contact: Contact, opening: Opening | None) -> tuple[Term, Term]:
        """What is known of a contact alone: the score with room for an ask."""
        warm = warmth(tie_of(contact), self._now)
        return _answers(contact, warm, self._now), _can_refer(contact, opening, self._employers)

    def _room(self, contact: Contact, opening: Opening | None) -> tuple[Term, str | None]:
        """Whether one may ask them now."""
        if contact.blocked or contact.opted_out:
            return _no_room("not to be contacted")
        settings, now = self._settings, self._now
        if contact.declined_at is not None:
            free = micros(settings.calendar.add(instant(contact.declined_at), settings.cooldown))
            if free > now:
                return _no_room(f"said no; not before {instant(free):%Y-%m-%d}")
        asks = [ask for ask in self._views.find(Ask, contact=contact.id) if ask.stage in TAKEN]
        mine = [ask for ask in asks if opening is not None and ask.opening == opening.id]
        if mine:
            return _no_room(f"already {mine[0].stage}")
        live = self._views.find(Run, contact=contact.id, status="live")
        if live:
            talking = f"in conversation: {live[0].workflow} ({live[0].id})"
            return Term(name="room", value=0.3, because=[f"{talking}: 0.30"]), talking
        if (
            contact.last_out is not None
            and now - contact.last_out < 7 * DAY
            and (contact.last_in or 0) < contact.last_out
        ):
            return Term(name="room", value=0.6, because=["your last message is unanswered: 0.60"]), None
        return Term(name="room", value=1.0, because=["free to ask: 1.00"]), None


def _score(*terms: Term) -> float:
    return round(prod(term.value for term in terms), 4)


def _place(candidate: Candidate) -> tuple[float, str, int, str]:
    return -candidate.score, candidate.name, len(candidate.contact), candidate.contact


def _answers(contact: Contact, warm: Warmth, now: int) -> Term:
    """How likely an answer is: the tie, and whether they are the one who writes first or back."""
    value, because = _ANSWERS[warm], [f"{warm} tie: {_ANSWERS[warm]:.2f}"]
    received, sent = _recent(contact, now)
    if received:
        bonus = min(0.10, 0.02 * received)
        value += bonus
        because.append(f"{received} messages from them in {_RECENT_YEARS} years: +{bonus:.2f}")
    if sent >= 3 and not received:
        value -= 0.10
        because.append(f"{sent} of yours unanswered in {_RECENT_YEARS} years: -0.10")
    if contact.recommendations:
        value += 0.08
        because.append("recommendation: +0.08")
    elif contact.endorsements:
        value += 0.03
        because.append("endorsements: +0.03")
    if contact.referrals:
        value += 0.10
        because.append("has referred you before: +0.10")
    return _term("answers", value, because, least=0.02, most=0.98)


def _recent(contact: Contact, now: int) -> tuple[int, int]:
    this = instant(now).year
    years = [contact.years.get(str(year), (0, 0)) for year in range(this - _RECENT_YEARS + 1, this + 1)]
    return sum(each[0] for each in years), sum(each[1] for each in years)


def _can_refer(contact: Contact, opening: Opening | None, employers: dict[str, Employer]) -> Term:
    """How much weight their word carries for this opening: they know the owner's work, or they are near the job."""
    value, because = 0.5, ["works there: 0.50"]
    if contact.relation in _HELPING:
        value += 0.25
        because.append(f"{contact.relation}: knows your work: +0.25")
    elif contact.recommendations:
        value += 0.20
        because.append("wrote or got a recommendation: +0.20")
    if contact.relation_months:
        bonus = round(min(0.10, contact.relation_months / 240), 2)
        value += bonus
        because.append(f"{contact.relation_months} months together: +{bonus:.2f}")
    if contact.company in employers:
        value += 0.05
        because.append(f"you worked at {employers[contact.company].company_name} yourself: +0.05")
    title = (contact.title or "").casefold()
    shared = _shared_words(title, opening.title.casefold()) if opening else set()
    if shared:
        value += 0.15
        because.append(f"works close to the opening ({', '.join(sorted(shared))}): +0.15")
    elif any(word in title for word in _RECRUITING):
        value -= 0.15
        because.append("recruiter: seldom counts as a referral: -0.15")
    if any(word in title.split() or word in title for word in _LEADING):
        value += 0.05
        because.append("has a say: +0.05")
    return _term("can refer", value, because, least=0.05, most=1.0)


def _term(name: str, total: float, because: list[str], *, least: float, most: float) -> Term:
    """The term that the reasons add up to, kept between `least` and `most`: nothing about people is certain."""
    value = round(min(most, max(least, total)), 2)
    if value != round(total, 2):
        limit = f"never more than {most:.2f}" if value == most else f"never less than {least:.2f}"
        because = [*because, f"{limit}: {value - total:+.2f}"]
    return Term(name=name, value=value, because=because)


_COMMON = {
    "and",
    "the",
    "for",
    "of",
    "in",
    "at",
    "senior",
    "junior",
    "staff",
    "lead",
    "sr",
    "jr",
    "ii",
    "iii",
    "i",
}


def _shared_words(title: str, wanted: str) -> set[str]:
    split = [
        {word.strip(",.()/&-") for word in text.replace("/", " ").split()} - _COMMON for text in (title, wanted)
    ]
    return {word for word in split[0] & split[1] if len(word) > 2}


def _no_room(why: str) -> tuple[Term, str]:
    return Term(name="room", value=0.0, because=[f"{why}: 0.00"]), why
