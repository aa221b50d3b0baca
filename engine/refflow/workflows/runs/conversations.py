"""Conversations: which runs are in one with a contact, and let no other run in until they end."""

from __future__ import annotations

from refflow.views.runs.run import Run

from .turn import Turn


def pursuing(turn: Turn, contact: str) -> list[Run]:
    """The runs that are in conversation with a contact and let no other in: those of exclusive workflows that
    have not ended, and what they started.
    """
    return [
        run
        for run in turn.rows.find(Run, contact=contact)
        if run.status != "exited" and lets_no_other_in(turn, run)
    ]


def ancestors(turn: Turn, run: Run | None) -> list[Run]:
    """The run, the one that started it, and so on."""
    found: list[Run] = []
    while run is not None:
        found.append(run)
        run = turn.rows.get(Run, run.parent) if run.parent else None
    return found


def lets_no_other_in(turn: Turn, run: Run) -> bool:
    """Whether a run, or one that led to it, is of an exclusive workflow."""
    policies = (
        turn.library.definition(turn.rows, each.hash).definition.policy for each in ancestors(turn, run)
    )
    return any(policy.exclusive is not None for policy in policies)
