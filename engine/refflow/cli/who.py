"""`refflow who`: people who could refer the owner, ranked."""

from __future__ import annotations

import shlex

import click

from refflow import api

from .command import Command
from .completing import companies_and_openings
from .naming import called
from .opened import reading
from .output import one_line
from .session import Session

MOST = 15


@click.command(cls=Command)
@click.argument("where", metavar="COMPANY|OPENING", shell_complete=companies_and_openings)
@click.option("--why", is_flag=True, help="Show what each score is made of.")
@click.option("--all", "everything", is_flag=True, help="Show everybody, however many there are.")
@click.pass_obj
def who(session: Session, where: str, why: bool, everything: bool) -> None:
    """Rank who could refer you to a company, or to an opening (its id or link).

    The score is the product of three terms between 0 and 1: how likely they answer, how much their word carries,
    and whether you may ask them now.
    """
    with reading(session) as opened:
        found = api.who(opened.workspace, where, opened.now)
    if session.as_json:
        session.result(found)
        return
    output = session.output
    output.heading(f"{len(found.candidates) or 'Nobody'} at {one_line(found.company)}")
    shown = found.candidates if everything else found.candidates[:MOST]
    if why:
        for place, each in enumerate(shown, start=1):
            _explained(session, place, each)
    else:
        rows = [
            (place, called(each.name), each.title, each.warmth, f"{each.score:.2f}", each.note, each.contact)
            for place, each in enumerate(shown, start=1)
        ]
        output.table(("", "WHO", "TITLE", "TIE", "SCORE", "NOTE", "ID"), rows, right=(0, 4))
    if len(shown) < len(found.candidates):
        output.line(f"... and {len(found.candidates) - len(shown)} more: refflow who {where!r} --all")
    if not found.candidates:
        output.note(
            f"under another name? refflow opening alias {shlex.quote(found.company)} NAME-IN-YOUR-NETWORK"
        )
    best = next((each for each in found.candidates if each.score > 0), None)
    if best is not None and found.opening is not None:
        output.note(f"ask: refflow start referral-ask {best.contact} --for {found.opening}")


def _explained(session: Session, place: int, candidate: api.Candidate) -> None:
    output = session.output
    title = f", {candidate.title}" if candidate.title else ""
    note = f" ({candidate.note})" if candidate.note else ""
    product = " x ".join(f"{term.value:.2f}" for term in candidate.terms)
    output.line(f"{place}. {called(candidate.name)}{title}, {candidate.contact}{note}", bold=True)
    output.line(f"   {candidate.score:.2f} = {product}")
    for term in candidate.terms:
        output.line(f"   {term.name} {term.value:.2f}: {'; '.join(term.because)}")
