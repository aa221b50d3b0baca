"""What people and things are called in the output, and what somebody means who types a name or an id."""

from __future__ import annotations

from refflow import api
from refflow.errors import NotFound
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task

from .output import one_line

Target = Message | Task | Run | Ask | Debt | Opening | Contact
_BY_ID: tuple[type[Message | Task | Run | Ask | Opening | Contact], ...] = (
    Message, Task, Run, Ask, Opening, Contact,
)  # fmt: skip


def called(name: str | None, otherwise: str = "") -> str:
    """The name of a person as one would write it."""
    return api.display_name(name) if name else otherwise


def person(workspace: api.Workspace, contact: str | None) -> str:
    """What the contact with that id is called."""
    found = workspace.views.get(Contact, contact) if contact else None
    return called(found.name if found else None, contact or "somebody")


def job(opening: Opening) -> str:
    """What an opening is called."""
    return one_line(f"{opening.title}, {opening.company_name}")


def opening(workspace: api.Workspace, key: str | None) -> str:
    """What the opening with that id is called."""
    found = workspace.views.get(Opening, key) if key else None
    return job(found) if found else key or ""


def find_target(workspace: api.Workspace, text: str) -> Target:
    """What `text` means: the id of a message, task, run, ask, debt, opening or contact, or a name of the last two."""
    found = by_id(workspace, text)
    if found is not None:
        return found
    try:
        return api.find_contact(workspace, text)
    except NotFound as nobody:
        try:
            return api.find_opening(workspace, text)
        except NotFound:
            raise NotFound(
                f"`{text}` is neither an id nor the name of a person or an opening. {_hint(nobody)}"
            ) from None


def find_message(workspace: api.Workspace, text: str) -> Message:
    """The message that `text` means: its id, or the id or name of what has one open message."""
    target = find_target(workspace, text)
    return target if isinstance(target, Message) else api.find_message(workspace, target.id)


def by_id(workspace: api.Workspace, text: str) -> Target | None:
    """What has the id `text`, if anything has."""
    for row in _BY_ID:
        found = workspace.views.get(row, text)
        if found is not None:
            return found
    debts = workspace.views.find(Debt, name=text)
    return debts[0] if debts else None


def _hint(nobody: NotFound) -> str:
    _, question, names = str(nobody).partition("Did you mean")
    return f"{question}{names}" if question else "`refflow next` and `refflow board` show ids."
