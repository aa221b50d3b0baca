"""`refflow stats`: the funnel, and how often people answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from refflow import api

from .command import Choice, Command
from .opened import reading
from .session import Session

if TYPE_CHECKING:
    from refflow.workspace.stats import By


@click.command(cls=Command)
@click.option(
    "--by",
    type=Choice(["template", "channel", "workflow"]),
    default="template",
    show_default=True,
    help="How to group the answers.",
)
@click.pass_obj
def stats(session: Session, by: By) -> None:
    """Show how many asks reached each stage, and how often people answered, with what so few can tell."""
    with reading(session) as opened:
        found = api.stats(opened.workspace, by)
    if session.as_json:
        session.result(found)
        return
    output = session.output
    output.heading("How far asks got")
    output.table(("STAGE", "ASKS"), list(found.reached.items()), right=(1,))
    for title, rates in (("From stage to stage", found.steps), (f"Answered yes, by {by}", found.answers)):
        rows = [_rate(rate) for rate in rates if rate.of]
        if rows:
            output.line()
            output.heading(title)
            output.table(("", "RATE", "OF", "BETWEEN", ""), rows, right=(1, 2))
    if found.hours_to_answer is not None:
        output.line(f"\nHalf of the answers came within {_span(found.hours_to_answer)}.")


def _span(hours: float) -> str:
    return f"{hours:g} hours" if hours < 48 else f"{hours / 24:.0f} days"


def _rate(rate: api.Rate) -> tuple[str, ...]:
    return (
        rate.name,
        f"{rate.hits / rate.of:.0%}",
        str(rate.of),
        f"{rate.low:.0%} and {rate.high:.0%}",
        "too few to tell" if rate.few else "",
    )
