"""What the owner owes to those who helped, settled by hand."""

from __future__ import annotations

from datetime import datetime

from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent
from refflow.events.runs import DebtSettled
from refflow.views.debts import Debt

from .workspace import Workspace


def find_debt(workspace: Workspace, name: str) -> Debt:
    """The debt with the short name `name` (`d57`)."""
    found = workspace.views.find(Debt, name=name)
    if not found:
        raise NotFound(f"There is no debt `{name}`. `refflow next` lists what you owe.")
    return found[0]


def settle_debt(workspace: Workspace, debt: Debt, how: str | None, now: datetime) -> list[StoredEvent]:
    """Record that a debt was paid outside refflow, or is let go; `how` says which."""
    if debt.settled_at is not None:
        raise UsageError(f"{debt.name} is settled already.")
    settled = DebtSettled(debt=debt.id, contact=debt.contact, opening=debt.opening, how=how)
    return workspace.act(lambda turn: turn.record(settled, by="user"), now)[1]
