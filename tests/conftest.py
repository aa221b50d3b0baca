"""The world that tests tell their stories in: one small search, in virtual time."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from refflow import api, resources
from refflow.api import Employment, Interaction, Owner, Person, SavedOpening, Tie
from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import StoredEvent
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workflows.durations import parse_duration
from refflow.workflows.language.calendar import Calendar

# The same tests for everybody who has the same code; `pytest --hypothesis-profile explore` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
EXPORTED = date(2026, 11, 20)
"""The Friday before: when sources were made, unless a test says otherwise."""
PEOPLE = ("Ana Lima", "Bo Berg", "Chi Cho")
"""Two friends, and somebody who has never been more than a link. All work at Acme."""
TITLES = ("Engineer", "Designer")
"""Two openings at Acme, with all that a referrer needs but the personal line."""

Action = tuple[Any, ...]

_who = st.sampled_from(PEOPLE)
_what = st.sampled_from(TITLES)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.just("ask"), _who, _what),
    st.tuples(st.just("start"), st.sampled_from(["referral-ask", "reconnect"]), _who, _what),
    st.tuples(st.sampled_from(["send", "approve", "sent", "skip", "edit"]), _who),
    st.tuples(st.just("reply"), _who, st.sampled_from(["agreed", "declined", "later", "refer_on", "unclear"])),
    st.tuples(st.just("referred"), _who, _what),
    st.tuples(
        st.just("news"), _what, st.sampled_from(["applied", "interview", "offer", "rejected", "withdrawn"])
    ),
    st.tuples(st.just("task"), st.sampled_from(["done", "skipped"])),
    st.tuples(st.just("line"), _who, _what),
    st.tuples(st.just("log"), _who, st.sampled_from(["in", "out"])),
    st.tuples(st.sampled_from(["met", "block", "unblock", "opt-out", "cancel"]), _who),
    st.tuples(st.just("close"), _what),
    st.tuples(st.just("wait"), st.integers(1, 24 * 20)),
    st.tuples(st.just("undo")),
)
"""What people do in a search, one thing at a time."""


class Post:
    """The channel `post`: it sends at once. `troubles` are raised, one a delivery, before anything leaves;
    `knows` is whether it can tell what it sent.
    """

    def __init__(self) -> None:
        self.sent: list[api.Outgoing] = []
        self.troubles: list[BaseException] = []
        self.knows = True

    def deliver(self, outgoing: api.Outgoing) -> api.Delivery:
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(outgoing)
        return api.Delivery(reference=outgoing.message, note="")

    def was_sent(self, outgoing: api.Outgoing) -> api.Delivery | api.Unfound:
        if not self.knows:
            return api.UNKNOWN
        if any(each.key == outgoing.key for each in self.sent):
            return api.Delivery(reference=outgoing.message, note="")
        return api.NOT_SENT


_POSTS: dict[Path, Post] = {}


def post_of(context: api.ChannelContext) -> Post:
    """The post office of a workspace, which outlives each channel made for a delivery."""
    return _POSTS.setdefault(context.folder, Post())


Record = Owner | Employment | Person | Tie | Interaction | SavedOpening


class Source(msgspec.Struct):
    """What a file of records holds."""

    records: list[Record]
    exported_on: date | None
    whole: bool


class Records:
    """The importer `records`: it reads a `Source`."""

    def read(self, path: Path, report: api.ImportReport) -> Iterator[api.Record]:
        source = msgspec.json.decode(path.read_bytes(), type=Source)
        report.exported_on, report.complete_network = source.exported_on, source.whole
        yield from source.records


class Plugin:
    """The plugin that brings the channel `post` and the importer `records`."""

    @api.hookimpl
    def refflow_importers(self) -> Iterator[api.ImporterSpec]:
        yield api.ImporterSpec(
            name="records",
            summary="Reads records as they are",
            accepts=("*.records",),
            sniff=lambda name, head: float(name.endswith(".records")),
            factory=f"{__name__}:Records",
        )

    @api.hookimpl
    def refflow_channels(self) -> Iterator[api.ChannelSpec]:
        yield api.ChannelSpec(
            name="post",
            summary="Sends at once",
            factory=f"{__name__}:post_of",
            mode="auto",
            can=frozenset({"send", "reconcile"}),
        )


class Search:
    """A search that moves through virtual time. People and openings go by what they are called."""

    def __init__(self, folder: Path, ids: dict[str, str] | None = None) -> None:
        self.now = MONDAY
        self.warnings: list[str] = []
        self._ids = dict(ids or {})
        self.workspace = api.open_workspace(folder, in_process=[Plugin()], warn=self.warnings.append)
        self.folder = self.workspace.folder
        self.set_up = self.workspace.log.head()

    @classmethod
    def begun(cls, folder: Path, *, unattended: bool = False, **settings: str) -> Self:
        """A search with its first people and openings. `unattended`: no message waits for the owner's word, and
        all go by the channel `post`.
        """
        api.init(folder, MONDAY, name="Maya Okafor", email="maya@example.org").connection.close()
        search = cls(folder)
        if unattended:
            settings["approval"] = "none"
            for path in resources.workflows().glob("*.yaml"):
                text = re.sub("approval: (every|first)", "approval: none", path.read_text(encoding="utf-8"))
                (folder / "workflows" / path.name).write_text(text, encoding="utf-8")
        if settings:
            search.configure(**settings)
        for name in PEOPLE:
            friend = "friend" if name != "Chi Cho" else None
            search.add_person(name, company="Acme", relation=friend, channel="post" if unattended else None)
        for title in TITLES:
            search.add_opening(title)
        return search

    def copied(self, folder: Path) -> Search:
        """Another search that stands where this one did when it was closed."""
        shutil.copytree(self.folder.path, folder)
        return Search(folder, self._ids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workspace.connection.close()
        _POSTS.pop(self.folder.outbox, None)

    @property
    def post(self) -> Post:
        """What the channel `post` did."""
        return _POSTS.setdefault(self.folder.outbox, Post())

    # What there is.

    def contact(self, who: str) -> Contact:
        return api.find_contact(self.workspace, self._ids.get(who, who))

    def opening(self, what: str) -> Opening:
        return api.find_opening(self.workspace, self._ids.get(what, what))

    def message(self, who: str) -> Message:
        """The one open message to somebody."""
        return api.find_message(self.workspace, self.contact(who).id)

    def messages(self, who: str) -> list[str]:
        """Every message to somebody, as `nudge sent`: the step that wrote it and what became of it."""
        found = self.workspace.views.find(Message, contact=self.contact(who).id)
        return [f"{each.step} {each.status}" for each in sorted(found, key=lambda each: int(each.id[1:]))]

    def run(self, workflow: str, who: str | None = None) -> Run:
        """The latest run of a workflow."""
        of = {"contact": self.contact(who).id} if who else {}
        found = self.workspace.views.find(Run, workflow=workflow, **of)
        assert found, f"{workflow} never ran"
        return max(found, key=lambda each: int(each.id[1:]))

    def runs(self, status: str = "live") -> list[str]:
        """The workflows that run, by name."""
        return [each.workflow for each in self.workspace.views.find(Run, status=status)]

    def ask_of(self, who: str, what: str = "Engineer") -> Ask:
        """How an ask stands."""
        found = api.find_ask(self.workspace, f"{self.contact(who).id}:{self.opening(what).id}")
        assert found is not None
        return found

    def task(self) -> Task:
        """The one open task."""
        (found,) = self.workspace.views.find(Task, status="open")
        return found

    def owed(self) -> list[str]:
        """What is owed to helpers: `thanks`, `update`."""
        return [each.what for each in self.workspace.views.find(Debt) if each.settled_at is None]

    def events(self, *kinds: str) -> list[StoredEvent]:
        """The events of these kinds (without: of all) that were not taken back."""
        return list(api.events(self.workspace, kinds=list(kinds) or None, effective=True))

    # What happens.

    def configure(self, **settings: str) -> None:
        """Write the settings anew, each as YAML, and let them take effect."""
        lines = {"name": "Maya Okafor", "email": "maya@example.org", **settings}
        text = "".join(f"{name}: {value}\n" for name, value in lines.items())
        self.folder.settings.write_text(text, encoding="utf-8")
        api.synchronise(self.workspace, self.now)

    def define(self, workflow: str) -> None:
        """Put a workflow, as YAML, into the workspace, and let it take effect."""
        name = re.findall("^workflow: (.+)$", workflow, re.MULTILINE)[0]
        (self.folder.path / "workflows" / f"{name}.yaml").write_text(workflow, encoding="utf-8")
        api.synchronise(self.workspace, self.now)

    def at(self, when: str) -> None:
        """Come to a moment (ISO, UTC): timers that are due by then fire."""
        self.now = datetime.fromisoformat(when).replace(tzinfo=UTC)
        self.workspace.catch_up(self.now)

    def wait(self, how_long: str) -> None:
        """Let time pass, counted by the clocks and holidays of the workspace."""
        duration = parse_duration(how_long)
        assert duration is not None
        self.now = self.workspace.settings.calendar.add(self.now, duration)
        self.workspace.catch_up(self.now)

    def business_day(self, count: int, since: datetime = MONDAY) -> datetime:
        """The same time of day `count` business days later, without holidays."""
        duration = parse_duration(f"{count}bd")
        assert duration is not None
        return Calendar("UTC").add(since, duration)

    def add_person(self, name: str, **details: Any) -> Contact:
        self._ids[name] = api.add_person(self.workspace, api.PersonDetails(name=name, **details), self.now)
        return self.contact(name)

    def add_opening(self, title: str, **details: Any) -> Opening:
        known = {"company": "Acme", "url": f"https://acme.example/{title}", "submit": "form"} | details
        self._ids[title] = api.add_opening(self.workspace, api.OpeningDetails(title=title, **known), self.now)
        return self.opening(title)

    def ask(self, who: str, what: str = "Engineer", *, line: str | None = "Because.") -> None:
        """Begin to ask somebody about an opening."""
        self.start("referral-ask", who, what, line=line)

    def start(
        self, workflow: str, who: str, what: str | None = None, *, line: str | None = None
    ) -> api.Started:
        opening = self.opening(what) if what else None
        return api.start(self.workspace, workflow, self.contact(who), opening, self.now, line=line)

    def approve(self, who: str) -> Message:
        return api.approve(self.workspace, self.message(who), self.now)

    def edit(self, who: str, body: str) -> None:
        api.edit(self.workspace, self.message(who), subject=None, body=body, now=self.now)

    def confirm(self, who: str) -> None:
        """Say that the prepared message was sent."""
        api.confirm_sent(self.workspace, self.message(who), self.now)

    def send(self, who: str) -> None:
        """Approve the message that waits, and say that it was sent when the channel leaves that to people."""
        if self.approve(who).status == "prepared":
            self.confirm(who)

    def skip(self, who: str) -> None:
        api.skip_message(self.workspace, self.message(who), None, self.now)

    def reply(self, who: str, intent: Any, **details: Any) -> None:
        api.reply(self.workspace, self.contact(who), intent, self.now, **details)

    def refer(self, who: str, what: str = "Engineer") -> None:
        api.referred(self.workspace, self.contact(who), self.opening(what), self.now)

    def news(self, news: Any, what: str = "Engineer", **details: Any) -> None:
        api.application(self.workspace, self.opening(what), news, self.now, **details)

    def import_records(
        self,
        records: Sequence[Record],
        exported_on: date | None = EXPORTED,
        *,
        whole: bool = True,
        apply: bool = True,
    ) -> api.Plan:
        """Import records as of now, from a source that shows the whole network, or a part of it."""
        path = self.folder.path / "source.records"
        path.write_bytes(msgspec.json.encode(Source(list(records), exported_on, whole)))
        return self.import_path(path, apply=apply)

    def import_path(self, path: Path, *, apply: bool = True) -> api.Plan:
        """Import a file or folder as of now."""
        return api.import_source(self.workspace, path, self.now, apply=apply)

    def close_task(self, outcome: str = "done") -> None:
        api.close_task(self.workspace, self.task(), outcome, None, self.now)

    # Random histories.

    def live(self, history: list[Action]) -> None:
        """Do one thing after the other."""
        for action in history:
            self.do(action)

    def do(self, action: Action) -> None:
        """Do one thing, a minute after the last. What a rule or a person's sense forbids is passed over."""
        self.now += timedelta(minutes=1)
        with suppress(Held, NotFound, UsageError):
            self._do(action)

    def _do(self, action: Action) -> None:
        workspace, now = self.workspace, self.now
        match action:
            case ("ask", who, what):
                for step in (("line", who, what), ("start", "referral-ask", who, what), ("send", who)):
                    self.do(step)
            case ("start", workflow, who, what):
                self.start(workflow, who, what)
            case ("send", who):
                self.do(("approve", who))
                self.do(("sent", who))
            case ("approve", who):
                self.approve(who)
            case ("sent", who):
                self.confirm(who)
            case ("skip", who):
                self.skip(who)
            case ("edit", who):
                self.edit(who, f"In my words, {now}")
            case ("reply", who, intent):
                self.reply(who, intent)
            case ("referred", who, what):
                self.refer(who, what)
            case ("news", what, news):
                self.news(news, what)
            case ("task", outcome):
                for task in workspace.views.find(Task, status="open")[:1]:
                    api.close_task(workspace, task, outcome, None, now)
            case ("line", who, what):
                api.personalise(workspace, self.opening(what), self.contact(who), "Because.", now)
            case ("log", who, direction):
                api.log_contact(workspace, self.contact(who), "phone", "", now, direction=direction)
            case ("met", who):
                api.log_contact(workspace, self.contact(who), "met", "", now)
            case ("block", who):
                api.block(workspace, self.contact(who), None, now)
            case ("unblock", who):
                api.unblock(workspace, self.contact(who), now)
            case ("opt-out", who):
                api.opt_out(workspace, self.contact(who), now)
            case ("close", what):
                api.close_opening(workspace, self.opening(what), None, now)
            case ("cancel", who):
                for run in workspace.views.find(Run, contact=self.contact(who).id, status="live")[:1]:
                    api.cancel_run(workspace, run, None, now)
            case ("wait", hours):
                self.now += timedelta(hours=hours)
                workspace.catch_up(self.now)
            case ("undo",):
                if api.undo(workspace, None, now, apply=False).events[0].position > self.set_up:
                    api.undo(workspace, None, now)
            case _:
                raise AssertionError(f"nobody knows how to {action}")


Searching = Callable[..., AbstractContextManager[Search]]
Histories = Callable[[int], st.SearchStrategy[list[Action]]]


@pytest.fixture(scope="session")
def searching() -> Iterator[Searching]:
    """Makes searches on a Monday morning: two friends and a stranger at Acme, which has two openings. Each is
    in a folder of its own, and a copy of one that was made for its settings.
    """
    originals: dict[str, Search] = {}
    with tempfile.TemporaryDirectory() as kept:

        @contextmanager
        def make(**options: Any) -> Iterator[Search]:
            key = repr(options)
            if key not in originals:
                with Search.begun(Path(kept) / str(len(originals)), **options) as original:
                    originals[key] = original
            with tempfile.TemporaryDirectory() as folder, originals[key].copied(Path(folder) / "w") as search:
                yield search

        yield make


@pytest.fixture
def search(searching: Searching) -> Iterator[Search]:
    """A search with the settings that everybody begins with."""
    with searching() as search:
        yield search


@pytest.fixture(scope="session")
def histories() -> Histories:
    """Random histories of at most so many actions, to be drawn and lived through."""
    return lambda length: st.lists(ACTIONS, max_size=length)
