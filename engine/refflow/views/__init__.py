"""Views: rows folded from the log, and rebuilt from it at any time."""

from __future__ import annotations

from refflow.events.kinds import Kinds

from .agenda import AGENDA
from .companies import COMPANIES
from .contacts import CONTACTS
from .debts import DEBTS
from .messages import MESSAGES
from .openings import OPENINGS
from .pipeline import FUNNEL, PIPELINE
from .projection import Projection
from .runs import RUNS
from .timeline import timeline


def built_in(kinds: Kinds) -> tuple[Projection, ...]:
    """The projections refflow itself has."""
    return (CONTACTS, COMPANIES, OPENINGS, PIPELINE, FUNNEL, AGENDA, MESSAGES, RUNS, DEBTS, timeline(kinds))
