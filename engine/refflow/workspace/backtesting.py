"""Backtest: what a definition would have done over this workspace's own history, run by run.

Every commit is decided again as if the definition had been in force, from the rows that the log really led to.
A run is followed until it would have gone another way: what people did after that, they did because of what
really happened. Nothing is recorded, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import zip_longest
from typing import Any

import msgspec

from refflow.events.event import StoredEvent, micros
from refflow.events.runs import EventsVoided, WorkflowDefined
from refflow.views.messages import Message
from refflow.views.projection import Fold
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.run import Run
from refflow.views.store import refold
from refflow.workflows.language.definition import Definition, encode, hash_of
from refflow.workflows.language.library import Library, heard_by
from refflow.workflows.runs.engine import REDRAFTING, STOPS, settle
from refflow.workflows.runs.turn import DEFINING, Turn
from refflow.workflows.stories.world import Shelf

from .as_if import AsIf
from .decisions import How, by_run, in_words, kind_of_difference, reads_otherwise, says_the_same, started
from .replaying import commits_of
from .workspace import Workspace

Progress = Callable[[int], None]

_SENT = frozenset({"starts", "does not start", "added", "dropped", "moved", "reads"})
"""Differences that may be a message's."""
_INTENTS = frozenset({"message.drafted", "message.send.requested", "task.opened", "child.wanted"})


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that would have been otherwise in a run, at `at` (microseconds since 1970 UTC).

    `how`: the run `starts` or `does not start`, a message is `added`, `dropped`, `moved` or `reads` otherwise, the
    run `ends` otherwise, or something `other`. `was` and `would` tell both sides; `message` is the template of the
    message, where it is one that differs.
    """

    run: str | None
    contact: str | None
    opening: str | None
    position: int
    at: int
    how: How
    was: str
    would: str
    message: str | None = None


class Backtested(msgspec.Struct, frozen=True, kw_only=True):
    """What a backtest found: of `runs` followed, which would have gone otherwise, or sent another text."""

    workflow: str
    hash: str
    commits: int
    runs: int
    differences: list[Difference]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a definition would have a message, a task, another run or an event of a plugin made for.

    `after` is the position of the fact that it would follow from, `at` when that was recorded (microseconds since
    1970 UTC); `run` is None for one that would start there.
    """

    after: int
    at: int
    run: str | None
    contact: str | None
    opening: str | None
    what: str


def backtest(
    workspace: Workspace,
    definition: Definition,
    since: datetime | None = None,
    progress: Progress | None = None,
) -> Backtested:
    """Hold the runs of this workflow that started after `since` against what `definition` would have done."""
    return _Backtest(workspace, definition, 0 if since is None else micros(since), None).over(progress)


def what_if(
    workspace: Workspace,
    definition: Definition,
    since: datetime | None = None,
    progress: Progress | None = None,
) -> list[Planned]:
    """What `definition` would have asked for over the history of this workspace, had it been in force.

    A run is followed as `backtest` does. Nothing is recorded, nothing is sent, and no code that acts is imported.
    """
    plans: list[Planned] = []
    _Backtest(workspace, definition, 0 if since is None else micros(since), plans).over(progress)
    return plans


class _Backtest:
    """What is planned goes into `plans`, when that is given."""

    def __init__(
        self, workspace: Workspace, definition: Definition, since: int, plans: list[Planned] | None
    ) -> None:
        self._workspace = workspace
        self._definition = definition
        self._since = since
        self._plans = plans
        self._calendar = workspace.settings.calendar
        self._hash = hash_of(definition)
        self._workflow = Workflow(name=definition.name, hash=self._hash, digest="")
        self._defined = Defined(
            hash=self._hash, workflow=definition.name, definition=encode(definition).decode()
        )
        self._library = Library(workspace.kinds, workspace.extensions)
        self._fold = Fold(workspace.views.projections)
        self._rows = Rows()
        self._signed = f"workflow:{definition.name}@"
        triggers = {trigger.event or "run.wanted" for trigger in definition.triggers}
        self._heard = heard_by(definition) | triggers | REDRAFTING | STOPS
        self._followed: set[str] = set()
        self._as_if = AsIf(self._rows, definition, self._hash, self._followed)
        self._shelf: Shelf | None = None
        self._differences: list[Difference] = []
        self._commits = self._runs = 0

    def over(self, progress: Progress | None) -> Backtested:
        """Go through the log."""
        for commit in commits_of(self._workspace):
            if progress is not None:
                progress(len(commit))
            if commit[0].recorded_at >= self._since and self._matters(commit):
                self._commits += 1
                self._compare(commit, self._again(commit))
            self._fold.apply_page(self._rows, commit)
            if any(isinstance(event.payload, EventsVoided) for event in commit):
                projections = self._workspace.views.projections
                self._rows, _ = refold(self._workspace.log, projections, until=commit[-1].position)
                self._as_if = AsIf(self._rows, self._definition, self._hash, self._followed)
                self._shelf = None
        return Backtested(
            workflow=self._definition.name,
            hash=self._hash,
            commits=self._commits,
            runs=self._runs,
            differences=self._differences,
        )

    def _matters(self, commit: Iterable[StoredEvent]) -> bool:
        return any(
            event.kind in self._heard
            or event.by.startswith(self._signed)
            or getattr(event.payload, "run", None) in self._followed
            for event in commit
        )

    def _again(self, commit: list[StoredEvent]) -> list[StoredEvent]:
        """The decisions of the workflow over the facts of `commit`, as if the definition were in force."""
        rows = Rows(self._as_if)
        # As if the definition had always been in force: new runs take it.
        rows.put(self._workflow.name, self._workflow)
        rows.put(self._hash, self._defined)
        turn = Turn(
            rows,
            self._fold,
            head=commit[0].position - 1,
            now=commit[0].recorded_at,
            workspace=self._workspace.id,
            library=self._definitions(commit, rows),
            recall=self._workspace.event,
        )
        for event in commit:
            if not event.decided:
                turn.record(self._unless_defined(event.payload), by=event.by, occurred_at=event.occurred_at)
        settle(turn)
        return [event for event in turn.events if event.by.startswith(self._signed)]

    def _definitions(self, commit: Iterable[StoredEvent], rows: Rows) -> Library:
        """The definitions in force, looked up anew when this commit, or one before it, changed them."""
        if any(event.kind in DEFINING for event in commit):
            self._shelf = None
            return self._library
        if self._shelf is None:
            self._shelf = Shelf(self._library, rows)
        return self._shelf

    def _unless_defined(self, payload: Any) -> Any:
        if isinstance(payload, WorkflowDefined) and payload.workflow == self._definition.name:
            text = self._defined.definition
            return WorkflowDefined(workflow=payload.workflow, hash=self._hash, digest="", definition=text)
        return payload

    def _compare(self, commit: list[StoredEvent], decided: list[StoredEvent]) -> None:
        """Hold both sides of a commit against each other, run by run."""
        head = commit[0].position - 1
        recorded = [event for event in commit if event.by.startswith(self._signed)]
        about = next((run for event in commit if (run := getattr(event.payload, "run", None))), None)
        before, after = by_run(recorded, about), by_run(decided, about)
        for key in dict.fromkeys((*before, *after)):
            was, would = before.get(key, []), after.get(key, [])
            run = key[1] if key[0] == "run" else started(was)
            if key[0] == "run" and run not in self._followed:
                continue
            if key[0] == "start" and run is not None:
                self._runs += 1
                self._followed.add(run)
            if self._plans is not None:
                self._plans += [self._planned(commit, run, each) for each in would if self._is_intent(each)]
            self._compare_run(commit, run, head, was, would)

    def _compare_run(
        self,
        commit: list[StoredEvent],
        run: str | None,
        head: int,
        was: list[StoredEvent],
        would: list[StoredEvent],
    ) -> None:
        for number, (old, new) in enumerate(zip_longest(was, would)):
            if old is not None and new is not None and says_the_same(old, new, head):
                if reads_otherwise(old, new):
                    self._differences.append(self._difference(commit, run, "reads", [old], [new]))
                continue
            how = kind_of_difference(was[number:], would[number:])
            self._differences.append(self._difference(commit, run, how, was[number:], would[number:]))
            self._followed.discard(run or "")
            return

    def _is_intent(self, event: StoredEvent) -> bool:
        return event.kind in _INTENTS or self._workspace.kinds[event.kind].foreign

    def _planned(self, commit: list[StoredEvent], run: str | None, event: StoredEvent) -> Planned:
        row = self._rows.get(Run, run) if run is not None else None
        foreign = self._workspace.kinds[event.kind].foreign
        return Planned(
            after=commit[0].position,
            at=commit[0].recorded_at,
            run=run,
            contact=row.contact if row else getattr(event.payload, "contact", None),
            opening=row.opening if row else getattr(event.payload, "opening", None),
            what=f"records {event.kind}" if foreign else in_words(event, self._calendar),
        )

    def _difference(
        self,
        commit: list[StoredEvent],
        run: str | None,
        how: How,
        was: list[StoredEvent],
        would: list[StoredEvent],
    ) -> Difference:
        old, new = was[0] if was else None, would[0] if would else None
        row = self._rows.get(Run, run) if run is not None else None
        one = old or new
        assert one is not None, "nothing differs from nothing"
        return Difference(
            run=run,
            contact=row.contact if row else getattr(one.payload, "contact", None),
            opening=row.opening if row else getattr(one.payload, "opening", None),
            position=old.position if old is not None else commit[-1].position,
            at=commit[0].recorded_at,
            how=how,
            was="nothing more happened" if old is None else in_words(old, self._calendar),
            would="nothing more would happen" if new is None else in_words(new, self._calendar),
            message=self._message(*((would, was) if how == "added" else (was, would)))
            if how in _SENT
            else None,
        )

    def _message(self, *sides: list[StoredEvent]) -> str | None:
        """The template of the first message that either side speaks of."""
        templates = (self._template(each) for side in sides for each in side)
        return next((each for each in templates if each is not None), None)

    def _template(self, event: StoredEvent) -> str | None:
        """The template of the message that an event is about."""
        if event.kind == "message.drafted":
            template: str = event.payload.template
            return template
        message = self._rows.get(Message, getattr(event.payload, "message", None) or "")
        return message.template if message is not None else None
