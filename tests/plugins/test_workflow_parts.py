"""What a plugin adds to workflows is checked where it is written, and works where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from refflow import api
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Starred(msgspec.Struct, frozen=True, kw_only=True):
    contact: str | None
    stars: int


class StarParams(msgspec.Struct, frozen=True, kw_only=True):
    stars: int
    double: bool = False


class Least(msgspec.Struct, frozen=True, kw_only=True):
    days: int


def plan(params: StarParams, facts: api.Facts) -> list[Starred]:
    contact = facts.contact.id if facts.contact else None
    return [Starred(contact=contact, stars=params.stars * (2 if params.double else 1))]


def initials(text: str) -> str:
    return "".join(word[0] for word in text.split())


def shout(text: str) -> str:
    return f"{text.upper()}!"


def plugin(**changes: Any) -> object:
    """A plugin called `star`, with one of each."""
    hooks: dict[str, Callable[[], list[Any]]] = {
        "event_types": lambda: [
            api.EventTypeSpec(name="star.contact.starred", summary="-", version=1, payload=Starred)
        ],
        "functions": lambda: [
            api.FunctionSpec(name="star_initials", summary="-", call=changes.get("call", initials), returns=str)
        ],
        "conditions": lambda: [
            api.ConditionSpec(
                name="star_quiet",
                summary="-",
                params=Least,
                test=changes.get("test", lambda params, facts: (facts.contact.days_quiet or 0) >= params.days),
            )
        ],
        "template_filters": lambda: [
            api.FilterSpec(name="star_shout", summary="-", call=changes.get("filter", shout))
        ],
        "actions": lambda: [
            api.ActionSpec(name="give", summary="-", params=StarParams, plan=changes.get("plan", plan))
        ],
    }
    made = {f"refflow_{name}": api.hookimpl(hook) for name, hook in hooks.items()}
    return type("Star", (SimpleNamespace,), {})(**made)


WORKFLOW = """
refflow: 1
workflow: starring
title: Give stars
on:
  - manual: true
subject: {contact: event.contact}
again: always
steps:
  - id: quiet
    choose:
      - if: CONDITION
        do:
          - id: tell
            task: {title: "TITLE", within: 2bd}
            done: []
            skipped: []
            expired: []
    else: []
  - use: star.give
    with: WITH
  - exit: done
outcomes:
  good: [done]
"""


class Search:
    """A workspace with the plugin and a workflow that uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace: api.Workspace

    def begin(self, star: object, **parts: str) -> list[str]:
        """Open it with the plugin and the workflow; what `refflow check` says of that."""
        defaults = {"CONDITION": "star_quiet(0)", "TITLE": "Call {{ contact.name | star_shout }}"}
        text = WORKFLOW
        for name, part in ({**defaults, "WITH": "{stars: 2 + 1, double: true}"} | parts).items():
            text = text.replace(name, part)
        with api.init(self.folder, MONDAY, name="Sam Seeker", in_process=[star]):
            (self.folder / "workflows" / "starring.yaml").write_text(text)
        self.workspace = api.open_workspace(self.folder, in_process=[star])
        api.synchronise(self.workspace, MONDAY)
        return [f"{each.code}: {each.message}" for each in api.check(self.workspace).problems]

    def start(self) -> Run:
        """Start the workflow with somebody; how the run stands."""
        details = api.PersonDetails(name="Ana Lima", relation="friend")
        ana = api.find_contact(self.workspace, api.add_person(self.workspace, details, MONDAY))
        api.start(self.workspace, "starring", ana, None, MONDAY)
        return self.workspace.views.find(Run)[0]

    def starred(self) -> list[Any]:
        """The stars in the log."""
        found = api.events(self.workspace, kinds=["star.contact.starred"])
        return [event.payload for event in found]


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    made = Search(tmp_path / "search")
    yield made
    made.workspace.connection.close()


def test_a_workflow_uses_all_that_a_plugin_adds(search: Search) -> None:
    assert search.begin(plugin()) == []

    run = search.start()
    (task,) = search.workspace.views.find(Task)
    assert task.title == "Call ANA LIMA!"
    api.close_task(search.workspace, task, "done", None, MONDAY)

    assert search.starred() == [Starred(contact=run.contact, stars=6)]
    assert search.workspace.views.find(Run)[0].outcome == "done"


def test_it_is_simulated_and_explained_with_all_that_a_plugin_adds(search: Search) -> None:
    search.begin(plugin())
    path = search.folder / "workflows" / "starring.yaml"
    for _ in range(2):  # What was compiled for the first is there for the second.
        told = api.Simulator(search.workspace, api.read_definition(search.workspace, path), at=MONDAY).play()
        assert (told.outcome, [line.text for line in told.lines][1]) == ("done", "to do: Call ANA SAMPLE!")
    details = api.PersonDetails(name="Ana Lima", relation="friend")
    ana = api.find_contact(search.workspace, api.add_person(search.workspace, details, MONDAY))
    assert api.why_not(search.workspace, "starring", ana, None, MONDAY).starts


def test_deciding_again_gives_the_same(search: Search) -> None:
    search.begin(plugin())
    search.start()
    (task,) = search.workspace.views.find(Task)
    api.close_task(search.workspace, task, "done", None, MONDAY)

    assert api.redecide(search.workspace).differing == []


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"CONDITION": "star_quit(0)"}, "star_quit"),
        ({"CONDITION": 'star_quiet("long")'}, "E"),
        ({"CONDITION": "star_quiet()"}, "E"),
        ({"CONDITION": 'star_initials(contact.name) == "AL"'}, ""),
        ({"CONDITION": "star_initials(contact.name) > 3"}, "E"),
        ({"TITLE": "{{ contact.name | star_shuot }}"}, "E142: there is no filter `star_shuot`"),
        ({"WITH": "{}"}, "E006: `star.give` needs `stars`"),
        ({"WITH": "{stars: 3, sars: 4}"}, "E003: `star.give` has no `sars`"),
        ({"WITH": '{stars: "many"}'}, "E"),
    ],
)
def test_a_mistake_in_using_it_is_told_where_it_is_written(
    search: Search, parts: dict[str, str], says: str
) -> None:
    problems = search.begin(plugin(), **parts)

    assert any(says in each for each in problems) if says else problems == []


def test_an_action_that_nobody_has_is_answered_with_the_nearest(search: Search) -> None:
    text = WORKFLOW.replace("star.give", "star.giv")
    with api.init(search.folder, MONDAY, name="Sam", in_process=[plugin()]):
        (search.folder / "workflows" / "s.yaml").write_text(text.replace("WITH", "{stars: 1}"))
    search.workspace = api.open_workspace(search.folder, in_process=[plugin()])

    found = [each for each in api.check(search.workspace).problems if each.code == "E160"]

    assert found[0].message == "action `star.giv` does not exist"
    assert "star.give" in str(found[0].help)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"plan": lambda params, facts: 1 / 0}, "`star.give` of a plugin failed: ZeroDivisionError"),
        ({"plan": lambda params, facts: [Least(days=1)]}, "No event kind declares payloads of Least"),
        ({"test": lambda params, facts: 1 / 0}, "`star_quiet` of a plugin failed: ZeroDivisionError"),
        ({"filter": lambda text: 1 / 0}, "`star_shout` of a plugin failed: ZeroDivisionError"),
    ],
)
def test_what_fails_leaves_its_run_stuck_for_a_person_to_look_at(
    search: Search, fault: dict[str, Any], says: str
) -> None:
    search.begin(plugin(**fault))
    run = search.start()
    for task in search.workspace.views.find(Task, status="open"):
        api.close_task(search.workspace, task, "done", None, MONDAY)
        run = search.workspace.views.find(Run)[0]

    assert run.status == "stuck"
    assert says in str(run.reason)


def test_an_action_records_no_event_of_another(search: Search) -> None:
    from refflow.events.people import ContactBlocked

    search.begin(plugin(plan=lambda params, facts: [ContactBlocked(contact=facts.contact.id)]))
    search.start()
    (task,) = search.workspace.views.find(Task)
    api.close_task(search.workspace, task, "done", None, MONDAY)

    (run,) = search.workspace.views.find(Run)
    assert "may not record `contact.blocked`, which is not its own" in str(run.reason)


def test_a_function_of_a_type_that_expressions_do_not_know_is_told_and_left_out(tmp_path: Path) -> None:
    def call(value: complex) -> str:
        return ""

    said: list[str] = []
    with api.init(tmp_path / "w", MONDAY, in_process=[plugin(call=call)], warn=said.append):
        pass

    assert any(
        "function star_initials of in process: its parameter value is of a type that" in each for each in said
    )


BROUGHT = """
from refflow.api import WorkflowSourceSpec, hookimpl

@hookimpl
def refflow_workflows():
    yield WorkflowSourceSpec(name="hello", summary="Says hello", package="refflow_hello")
"""
HELLO = """
refflow: 1
workflow: hello
title: Say hello
on:
  - manual: true
subject: {contact: event.contact}
steps:
  - id: hello
    send: {template: hello-there}
  - exit: done
outcomes:
  good: [done]
"""


@pytest.mark.parametrize("enabled", [True, False])
def test_workflows_of_a_plugin_are_in_force_once_the_settings_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    from refflow.plugins.installed import registrations
    from refflow.views.runs.definitions import Workflow

    site = tmp_path / "site"
    templates = site / "refflow_hello" / "workflows" / "templates"
    templates.mkdir(parents=True)
    (site / "refflow_hello" / "__init__.py").write_text(BROUGHT)
    (templates.parent / "hello.yaml").write_text(HELLO)
    (templates.parent / "thank.yaml").write_text("no workflow, and not of this plugin's name")
    (templates / "hello-there.txt").write_text("Hello {{ contact.first_name }}.")
    info = site / "refflow_hello-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: refflow-hello\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[refflow.v1]\nhello = refflow_hello\n")
    monkeypatch.syspath_prepend(str(site))
    registrations.cache_clear()
    try:
        with api.init(tmp_path / "w", MONDAY, name="Sam") as workspace:
            section = "plugins:\n  hello: {}\n" if enabled else ""
            workspace.folder.settings.write_text(f"name: Sam\n{section}")
            api.synchronise(workspace, MONDAY)
        with api.open_workspace(tmp_path / "w") as workspace:
            api.synchronise(workspace, MONDAY)
            assert bool(workspace.views.find(Workflow, name="hello")) is enabled
            assert workspace.views.find(Workflow, name="thank"), "a standard workflow stays"
            assert api.check(workspace).problems == ()
            if enabled:
                details = api.PersonDetails(name="Ana Lima", relation="friend")
                ana = api.find_contact(workspace, api.add_person(workspace, details, MONDAY))
                api.start(workspace, "hello", ana, None, MONDAY)
                assert workspace.views.find(Message)[0].body == "Hello Ana."
    finally:
        registrations.cache_clear()


class Calendar:
    """A reminder sink that notes what it is told; it can be out of order."""

    kept: dict[str, api.Reminder] = {}
    calls: list[str] = []
    broken = False

    def __init__(self, context: api.SinkContext) -> None:
        pass

    def upsert(self, reminder: api.Reminder) -> None:
        if Calendar.broken:
            raise ConnectionError("down")
        Calendar.calls.append(f"upsert {reminder.title}")
        Calendar.kept[reminder.uid] = reminder

    def cancel(self, uid: str) -> None:
        Calendar.calls.append("cancel")
        Calendar.kept.pop(uid, None)


class Reminding:
    """The plugin with that sink, and the workflow parts."""

    def __init__(self) -> None:
        for name, hook in vars(plugin()).items():
            setattr(self, name, hook)

    @api.hookimpl
    def refflow_reminders(self) -> list[api.ReminderSinkSpec]:
        return [api.ReminderSinkSpec(name="star", summary="-", factory=f"{__name__}:Calendar")]


class TestReminders:
    @pytest.fixture(autouse=True)
    def calendar(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Calendar, "kept", {})
        monkeypatch.setattr(Calendar, "calls", [])
        monkeypatch.setattr(Calendar, "broken", False)

    def star(self) -> object:
        made = type("Star", (Reminding,), {})
        return made()

    def test_a_task_is_in_the_calendar_until_it_is_done(self, search: Search) -> None:
        search.begin(self.star())
        search.start()
        (task,) = search.workspace.views.find(Task)

        (reminder,) = Calendar.kept.values()
        assert reminder.title == task.title
        assert reminder.uid.startswith(f"{task.id}.")
        search.workspace.catch_up(MONDAY + timedelta(minutes=1))
        assert len(Calendar.calls) == 1, "what has not changed is not told again"

        api.close_task(search.workspace, task, "done", None, MONDAY)
        assert Calendar.kept == {}

    def test_a_calendar_that_is_down_is_told_later(self, search: Search) -> None:
        search.begin(self.star())
        Calendar.broken = True
        search.start()
        assert Calendar.kept == {}

        Calendar.broken = False
        search.workspace.catch_up(MONDAY + timedelta(seconds=30))
        assert Calendar.kept == {}, "not before the pause is over"
        search.workspace.catch_up(MONDAY + timedelta(minutes=2))
        assert len(Calendar.kept) == 1
