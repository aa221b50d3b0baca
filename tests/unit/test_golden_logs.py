"""Golden logs: what a release decided, every later one decides again, so that no upgrade changes a live run.

Run with REFFLOW_WRITE_GOLDEN=1 to write the logs that are missing, with =all to write all anew. A log that a release
has written is never written anew: where it would be decided otherwise, the engine is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from refflow import api, resources
from refflow.events import kinds_with
from refflow.events.event import Commit, NewEvent, StoredEvent, micros
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workspace.folder import Folder

GOLDEN = Path(__file__).parents[1] / "golden" / "logs"
WRITE_GOLDEN = "REFFLOW_WRITE_GOLDEN"
KINDS = kinds_with()
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


PEOPLE: tuple[tuple[str, Any, str | None], ...] = (
    ("Ana", "friend", "ana@example.org"),
    ("Bo", "friend", None),
    ("Cy", "colleague", None),
    ("Di", None, None),
)
"""First name, relation and address."""


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """Whose log it is: message ids are made of it."""

    workspace: str


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """An event as a release stored it."""

    position: int
    commit: str
    kind: str
    version: int
    occurred_at: int
    recorded_at: int
    by: str
    cause: int | None
    data: dict[str, Any]
    personal: dict[str, Any] | None


class Search:
    """A made-up search, told day by day."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.workspace = api.init(folder, NOW, name="Maya Okafor", email="maya@example.org")
        self.people = {
            name: api.add_person(
                self.workspace,
                api.PersonDetails(name=f"{name} Sample", company="Acme", relation=relation, email=email),
                NOW,
            )
            for name, relation, email in PEOPLE
        }
        details = api.OpeningDetails(company="Acme", title="Engineer", url="https://acme.example/1")
        self.job = api.add_opening(self.workspace, details, NOW)

    def contact(self, name: str) -> Any:
        return api.find_contact(self.workspace, self.people[name])

    @property
    def opening(self) -> Any:
        return api.find_opening(self.workspace, self.job)

    def days(self, count: int) -> None:
        for _ in range(count):
            self.now += timedelta(days=1)
            self.workspace.catch_up(self.now)

    def start(self, workflow: str, name: str, line: str | None = None) -> None:
        self.minute()
        with suppress(api.Held):
            api.start(self.workspace, workflow, self.contact(name), self.opening, self.now, line=line)

    def minute(self) -> None:
        self.now += timedelta(minutes=1)

    def send(self) -> None:
        """Release everything, and send it."""
        for message in self.workspace.views.find(Message):
            self.minute()
            if message.status in ("drafted", "held"):
                with suppress(api.Held):
                    message = api.approve(self.workspace, message, self.now)
            if message.status == "prepared":
                self.minute()
                api.confirm_sent(self.workspace, message, self.now)

    def reply(self, name: str, intent: Any, **more: Any) -> None:
        self.minute()
        api.reply(self.workspace, self.contact(name), intent, self.now, **more)

    def tasks(self, outcome: str) -> None:
        for task in self.workspace.views.find(Task, status="open"):
            self.minute()
            api.close_task(self.workspace, task, outcome, None, self.now)


def asked_and_thanked(search: Search) -> None:
    """An ask that lacks its packet, a yes, a referral, thanks, and news up to an offer."""
    workspace = search.workspace
    search.start("referral-ask", "Ana")
    search.send()
    api.personalise(
        workspace, search.opening, search.contact("Ana"), "We built the pager together.", search.now
    )
    api.edit_opening(workspace, search.opening, api.OpeningDetails(submit="the form"), search.now)
    search.send()
    search.days(9)
    message = next(each for each in workspace.views.find(Message) if each.template == "nudge")
    search.minute()
    api.edit(workspace, message, subject=None, body="Hi Ana, did you see my note?", now=search.now)
    search.send()
    search.days(2)
    search.reply("Ana", "agreed", text="Gladly!")
    search.send()
    search.days(3)
    api.referred(workspace, search.contact("Ana"), search.opening, search.now)
    search.send()
    for news in ("applied", "interview", "offer"):
        search.days(4)
        api.application(workspace, search.opening, news, search.now)
        search.send()
        search.days(4)
        search.send()
    search.tasks("done")


def renewed_then_asked(search: Search) -> None:
    """A cold tie is renewed, asked, says later, then nothing; two people say no and please stop."""
    search.start("referral-ask", "Di", line="You know the team.")
    search.send()
    search.days(2)
    search.reply("Di", "unclear", text="Hello!")
    search.tasks("done")
    search.days(6)
    api.edit_opening(search.workspace, search.opening, api.OpeningDetails(submit="the form"), search.now)
    search.send()
    search.days(1)
    search.reply("Di", "later", when=search.now + timedelta(days=20))
    search.days(22)
    search.send()
    search.days(12)
    search.start("referral-ask", "Ana", line="We shared a desk.")
    search.send()
    search.days(1)
    search.reply("Ana", "declined")
    search.send()
    search.tasks("skipped")
    search.start("referral-ask", "Bo", line="You would know.")
    search.send()
    search.days(1)
    search.reply("Bo", "unclear", opted_out=True)
    search.start("referral-ask", "Bo")
    search.days(5)


def silence_and_changes(search: Search) -> None:
    """Nobody answers; a run goes over to a new version; mistakes are taken back; somebody is blocked."""
    workspace = search.workspace
    api.edit_opening(workspace, search.opening, api.OpeningDetails(submit="the form"), search.now)
    search.start("referral-ask", "Ana", line="We built the pager together.")
    search.send()
    text = (resources.workflows() / "referral-ask.yaml").read_text()
    own = workspace.folder.path / "workflows" / "referral-ask.yaml"
    own.write_text(text.replace("default: 8bd", "default: 6bd"))
    search.minute()
    api.synchronise(workspace, search.now)
    api.migrate(workspace, "referral-ask", search.now)
    search.minute()
    api.reply(workspace, search.contact("Ana"), "declined", search.now)
    search.minute()
    api.undo(workspace, None, search.now)
    search.days(10)
    search.send()
    search.days(9)
    search.send()
    search.days(2)
    search.start("reconnect", "Di")
    search.minute()
    api.block(workspace, search.contact("Di"), None, search.now)
    search.start("referral-ask", "Cy", line="You said so.")
    search.days(1)
    for run in workspace.views.find(Run, status="live"):
        search.minute()
        api.cancel_run(workspace, run, None, search.now)
    own.unlink()
    search.minute()
    api.synchronise(workspace, search.now)
    api.close_opening(workspace, search.opening, None, search.now)


STORIES: dict[str, Callable[[Search], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (asked_and_thanked, renewed_then_asked, silence_and_changes)
}


def golden_of(event: StoredEvent) -> Golden:
    encoded = KINDS.encode(event.payload)
    return Golden(
        position=event.position,
        commit=event.commit,
        kind=encoded.kind,
        version=encoded.version,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        by=event.by,
        cause=event.cause,
        data=msgspec.json.decode(encoded.data),
        personal=None if encoded.personal is None else msgspec.json.decode(encoded.personal),
    )


def write(file: Path, folder: Path, story: Callable[[Search], None]) -> None:
    search = Search(folder)
    with search.workspace as workspace:
        story(search)
        lines: list[Any] = [Header(workspace=workspace.id), *map(golden_of, api.events(workspace))]
    file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def read(file: Path) -> tuple[Header, list[Golden]]:
    first, *rest = file.read_bytes().splitlines()
    return msgspec.json.decode(first, type=Header), [msgspec.json.decode(line, type=Golden) for line in rest]


def opened(file: Path, folder: Path) -> api.Workspace:
    """The golden log as a log of today's, in a workspace of its own."""
    header, events = read(file)
    folder.mkdir()
    connection = connect(Folder(folder).database)
    SqliteLog.create(connection, KINDS, header.workspace, micros(NOW))
    log = SqliteLog(connection, KINDS)
    for commit, of in groupby(events, lambda each: each.commit):
        held = list(of)
        told = tuple(map(new_event, held))
        log.append(Commit(id=commit, recorded_at=held[0].recorded_at, events=told), held[0].position - 1)
    connection.close()
    return api.Workspace(Folder(folder))


def new_event(event: Golden) -> NewEvent:
    return NewEvent(payload=payload_of(event), occurred_at=event.occurred_at, by=event.by, cause=event.cause)


def payload_of(event: Golden) -> Any:
    data = msgspec.json.encode(event.data).decode()
    personal = None if event.personal is None else msgspec.json.encode(event.personal).decode()
    return KINDS.decode(event.kind, event.version, data, personal)


@pytest.mark.parametrize("name", STORIES)
def test_every_story_has_a_golden_log(name: str, tmp_path: Path) -> None:
    file = GOLDEN / f"{name}.jsonl"
    wanted = os.environ.get(WRITE_GOLDEN)
    if wanted == "all" or (wanted and not file.exists()):
        write(file, tmp_path / "w", STORIES[name])

    assert file.exists(), f"{WRITE_GOLDEN}=1 pytest {__file__} writes {file.name}"


def golden_files() -> list[Path]:
    return sorted(GOLDEN.glob("*.jsonl"))


@pytest.mark.parametrize("file", golden_files(), ids=lambda file: file.stem)
def test_what_a_release_decided_is_decided_again(file: Path, tmp_path: Path) -> None:
    with opened(file, tmp_path / "w") as workspace:
        found = api.redecide(workspace)

        assert found.differing == []
        assert found.decisions > 30
        assert api.verify_chain(workspace).damage is None


@pytest.mark.parametrize("file", golden_files(), ids=lambda file: file.stem)
def test_a_decision_that_is_missing_or_other_is_noticed(file: Path, tmp_path: Path) -> None:
    header, events = read(file)
    timer = next(each for each in events if each.kind == "timer.set")
    timer.data["due"] = "2026-01-01T00:00:00Z"
    tampered = tmp_path / file.name
    tampered.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (header, *events)))

    with opened(tampered, tmp_path / "w") as workspace:
        assert any("timer.set" in each for each in api.redecide(workspace).differing)


def test_together_they_hold_every_kind_of_decision() -> None:
    held = {event.kind for file in golden_files() for event in read(file)[1]}

    assert held >= {
        "run.started", "run.exited", "run.cancelled", "run.migrated", "step.entered", "branch.taken",
        "event.matched", "timer.set", "timer.fired", "trigger.ignored", "message.drafted", "message.held",
        "message.skipped", "message.send.requested", "message.prepared", "message.edited", "task.opened",
        "task.closed", "ask.opened", "ask.closed", "contact.warmed", "referral.thanked", "helper.updated",
        "events.voided", "workflow.defined",
    }  # fmt: skip
