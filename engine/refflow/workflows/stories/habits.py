"""The owner as a simulation plays them: releases messages, gives what they lack, sends them, does tasks."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageApproved, MessageEdited, MessageFailed, MessageSent, MessageSkipped
from refflow.events.openings import AskPersonalised, OpeningChanged
from refflow.events.runs import TaskClosed
from refflow.views.messages import OPEN, Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs.tasks import Task

from ..durations import Duration
from ..language.templates import PLACEHOLDER
from ..runs.sending import text_digest
from .world import World

ForTasks = Literal["done", "skipped", "expired"]

LACKING = frozenset({"packet", "unfilled", "answered"})
"""Rules that hold a message until the owner does something about it."""
LINE = "(why you ask just this person)"


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How long the owner takes to release a message, and for a task, which comes out as `tasks` says. Messages
    of the steps in `skips` are left out; those of the steps in `refused` cannot be handed over. What goes to a
    channel is sent at once.
    """

    approves: Duration = Duration(0, "m")
    does: Duration = Duration(0, "m")
    tasks: ForTasks = "done"
    skips: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def __call__(self, world: World, event: StoredEvent) -> None:
        """Arrange what the owner does about `event`."""
        payload = event.payload
        match event.kind:
            case "message.drafted" if payload.step in self.skips:
                world.at(_after(world, self.approves), lambda world: skip_message(world, payload.message))
            case "message.drafted" if payload.approval or payload.missing:
                self._soon(world, payload.message)
            case "message.held" if payload.rule in LACKING:
                self._soon(world, payload.message)
            case "message.send.requested":
                message = world.rows.get(Message, payload.message)
                if message is not None and message.status == "requested":
                    self._hand_over(world, message)
            case "message.prepared":
                message = world.rows.get(Message, payload.message)
                if message is not None and message.status == "prepared":
                    self._hand_over(world, message)
            case "task.opened" if self.tasks != "expired":
                when = _after(world, self.does)
                world.at(when, lambda world: close_task(world, payload.task, self.tasks))

    def _soon(self, world: World, message: str) -> None:
        world.at(_after(world, self.approves), lambda world: release(world, message))

    def _hand_over(self, world: World, message: Message) -> None:
        about: dict[str, Any] = {"message": message.id, "run": message.run, "contact": message.contact}
        if message.step in self.refused:
            world.tell(MessageFailed(**about), by=f"channel:{message.channel}")
        else:
            world.tell(MessageSent(**about, opening=message.opening), by=f"channel:{message.channel}")


def release(world: World, key: str) -> None:
    """Give a message what it lacks and release it."""
    message = world.rows.get(Message, key)
    if message is None or message.status not in ("drafted", "held"):
        return
    _complete(world, message)
    message = world.rows.get(Message, key) or message
    about: dict[str, Any] = {"message": key, "run": message.run, "contact": message.contact}
    if message.missing:
        body = PLACEHOLDER.sub(r"(\1)", message.body or "")
        subject = None if message.subject is None else PLACEHOLDER.sub(r"(\1)", message.subject)
        world.tell(MessageEdited(**about, subject=subject, body=body, digest=text_digest(subject, body)))
        message = world.rows.get(Message, key) or message
    if message.status in ("drafted", "held"):
        world.tell(MessageApproved(**about, digest=message.digest))


def close_task(world: World, key: str, outcome: ForTasks) -> bool:
    """Finish a task that is still open; whether it was."""
    task = world.rows.get(Task, key)
    if task is None or task.status != "open" or outcome == "expired":
        return False
    world.tell(TaskClosed(task=key, run=task.run, outcome=outcome, contact=task.contact))
    return True


def skip_message(world: World, key: str) -> None:
    """Leave out a message that has not left."""
    message = world.rows.get(Message, key)
    if message is not None and message.status in OPEN:
        world.tell(MessageSkipped(message=key, run=message.run, contact=message.contact, reason="by hand"))


def _complete(world: World, message: Message) -> None:
    """Say why, and how a referral is handed in, before an ask goes out."""
    if message.opening is None:
        return
    ask = world.rows.get(Ask, ask_id(message.contact, message.opening))
    opening = world.rows.get(Opening, message.opening)
    if ask is None or opening is None or ask.run != message.run:
        return
    if not opening.url or not opening.submit:
        world.tell(
            OpeningChanged(
                opening=opening.id, url=opening.url or "(link)", submit=opening.submit or "(how to submit)"
            )
        )
    if not ask.line:
        world.tell(AskPersonalised(contact=message.contact, opening=message.opening, line=LINE))


def _after(world: World, duration: Duration) -> int:
    return (
        micros(world.turn().settings.calendar.add(instant(world.now), duration))
        if duration.amount
        else world.now
    )
