"""`refflow next`: what to do now, what is owed and what waits."""

from __future__ import annotations

import click

from refflow import api
from refflow.views.contacts import Contact
from refflow.views.runs.channels import Inbox

from .command import Command
from .consequences import owed
from .naming import called
from .opened import Opened, catching_up
from .output import Output, one_line
from .session import Session

MOST = 10
"""How many entries of a section are shown unless all are asked for."""


@click.command("next", cls=Command)
@click.option("--why", is_flag=True, help="Show what makes each step urgent.")
@click.option("--all", "everything", is_flag=True, help="Show every entry, however many there are.")
@click.pass_obj
def next_(session: Session, why: bool, everything: bool) -> None:
    """Show what to do now, most urgent first; then what you owe, what is held, and what waits for others."""
    with catching_up(session) as opened:
        found = api.agenda(opened.workspace, opened.now)
        if session.as_json:
            session.result(found)
            return
        told = _Told(opened, None if everything else MOST)
        told.steps(found.steps, why)
        told.section("Not looked into", [_missed(opened, inbox) for inbox in found.missed])
        told.section("You owe", [f"{debt.name}  {owed(opened, debt)}" for debt in found.owed])
        told.section("Held by a rule", [_held(step) for step in found.held])
        told.section("Waiting", [_waiting(opened, each) for each in found.waiting])
        told.section("Nobody asked yet", [_suggestion(each) for each in found.suggestions])
        if not told.anything:
            session.output.line(f"Nothing to do. {_begin(opened)}")


def _begin(opened: Opened) -> str:
    """What somebody types who has just begun."""
    if not opened.workspace.views.query(Contact, "true LIMIT 1"):
        return "Bring your network: refflow import PATH-OF-YOUR-LINKEDIN-EXPORT"
    return "Add an opening: refflow opening add URL --title TITLE"


class _Told:
    """The sections of the answer, each cut to `most` entries."""

    def __init__(self, opened: Opened, most: int | None) -> None:
        self.anything = False
        self._opened = opened
        self._output: Output = opened.session.output
        self._most = most

    def steps(self, steps: list[api.Step], why: bool) -> None:
        """What can be done now: each with the command that does it."""
        lines = []
        for step in steps:
            lines.append(f"{step.id}  {_step(step)} (due {self._opened.say(step.due)})\n    {step.command}")
            if why:
                lines[-1] += f"\n    urgency {step.urgency:.2f} = {'; '.join(step.because)}"
        self.section("Do now", lines)

    def section(self, title: str, entries: list[str]) -> None:
        """A heading and entries; nothing at all without entries."""
        if not entries:
            return
        if self.anything:
            self._output.line()
        self.anything = True
        self._output.heading(f"{title} ({len(entries)})")
        for entry in entries[: self._most]:
            self._output.line(f"  {entry}".replace("\n", "\n  "))
        if self._most is not None and len(entries) > self._most:
            self._output.line(f"  ... and {len(entries) - self._most} more: refflow next --all")


def _step(step: api.Step) -> str:
    about = f", about {step.opening_title}" if step.opening_title else ""
    return one_line(f"{called(step.contact_name, 'You')}: {step.text.rstrip('.')}{about}")


def _missed(opened: Opened, inbox: Inbox) -> str:
    reason = one_line((inbox.reason or "").rstrip("."))
    return (
        f"{inbox.channel}, since {opened.say(inbox.missed_at)}: {reason}. Nothing leaves by itself until then"
        f"\n    refflow receive {inbox.channel}"
    )


def _held(step: api.Step) -> str:
    return f"{step.id}  {_step(step)}\n    {step.command}"


def _waiting(opened: Opened, waiting: api.Waiting) -> str:
    until = f" until {opened.say(waiting.due)}" if waiting.due is not None else ""
    does = "waits"
    if waiting.rests is not None:
        does, until = "rests", f"{until or ' until you resume it'} ({waiting.rests})"
    whom = called(waiting.contact_name, "nobody")
    return f"{waiting.run}  {whom}: {waiting.workflow} {does} at `{waiting.step}`{until}"


def _suggestion(suggestion: api.Suggestion) -> str:
    job = f"{suggestion.opening}  {one_line(f'{suggestion.title}, {suggestion.company}')}"
    best = suggestion.candidate
    if best is None:
        return f"{job}: nobody in your network could be asked\n    refflow who {suggestion.opening}"
    return (
        f"{job}: best is {called(best.name)} ({best.warmth} tie)"
        f"\n    refflow start referral-ask {best.contact} --for {suggestion.opening}"
    )
