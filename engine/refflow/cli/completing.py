"""What a shell offers to complete: the names and ids of the workspace at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from refflow.errors import RefflowError

from .opened import reading
from .session import Session

MOST = 200


@add_completion_class
class Bash(BashComplete):
    """What bash completes with: it takes words as they are typed, so blanks and the like are escaped."""

    def format_completion(self, item: CompletionItem) -> str:
        """The line for the script, which takes one level of escapes away as it reads."""
        value = re.sub(r"([^\w@%+=:,./-])", r"\\\\\1", item.value)
        return f"{item.type},{value}"


Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Offer = tuple[str, str]
"""A word, and what it means."""


def _completing(offers: Callable[[Session, str], Iterator[Offer]]) -> Complete:
    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        session = context.find_object(Session) or Session()
        session.quiet = True
        found: list[CompletionItem] = []
        try:
            for word, meaning in offers(session, begun):
                if word.casefold().startswith(begun.casefold()):
                    found.append(CompletionItem(word, help=meaning or None))
                if len(found) == MOST:
                    break
        except RefflowError:
            # A shell has no place for an error: it offers nothing, and the command itself will say it.
            return []
        return found

    return complete


def _contacts(session: Session, begun: str) -> Iterator[Offer]:
    from refflow.views.contacts import Contact

    if not begun:
        return
    with reading(session) as opened:
        for each in opened.workspace.views.find(Contact):
            meaning = ", ".join(part for part in (each.title, each.company_name) if part)
            yield (each.id, each.name) if _is_id(begun) else (each.name, meaning)


def _openings(session: Session, begun: str) -> Iterator[Offer]:
    from refflow.views.openings import Opening

    with reading(session) as opened:
        for each in opened.workspace.views.find(Opening):
            yield each.id, f"{each.title}, {each.company_name}"


def _companies_and_openings(session: Session, begun: str) -> Iterator[Offer]:
    from refflow.views.companies import Company

    yield from _openings(session, begun)
    if begun and not _is_id(begun):
        with reading(session) as opened:
            for each in opened.workspace.views.find(Company):
                yield each.name, ""


def _workflows(session: Session, begun: str) -> Iterator[Offer]:
    from refflow.views.runs.definitions import Workflow

    with reading(session) as opened:
        for each in opened.workspace.views.find(Workflow, retired=False):
            yield each.name, ""


def _targets(session: Session, begun: str) -> Iterator[Offer]:
    from refflow import api

    with reading(session) as opened:
        agenda = api.agenda(opened.workspace, opened.now)
        for step in (*agenda.steps, *agenda.held):
            yield step.id, f"{step.contact_name or ''}: {step.text}"
        for debt in agenda.owed:
            yield debt.name, debt.what
        for waiting in agenda.waiting:
            yield waiting.run, waiting.workflow
    yield from _openings(session, begun)
    yield from _contacts(session, begun)


def _is_id(text: str) -> bool:
    return text[:1].isalpha() and text[1:].isdigit()


contacts = _completing(_contacts)
openings = _completing(_openings)
companies_and_openings = _completing(_companies_and_openings)
workflows = _completing(_workflows)
targets = _completing(_targets)
