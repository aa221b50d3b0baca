"""What acts stays out of a replay, and what a fold must not do is caught with its file and line."""

# a program in a string reads best unbroken

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.plugins.registry import EffectRegistry, PureRegistry
from refflow.views import store
from refflow.workspace.purity import Impurity, watch

if TYPE_CHECKING:
    from tests.conftest import Searching
    from tests.plugins.conftest import Site

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

EFFECTS = """
from refflow.api import (
    ChannelSpec, CommandSpec, ImporterSpec, ReactorSpec, ReminderSinkSpec, ViewSpec, WorkflowSourceSpec, hookimpl,
)

def at(module):
    return f"refflow_act.{module}:It"

@hookimpl
def refflow_channels():
    yield ChannelSpec(name="act", summary="-", factory=at("channel"), mode="draft")

@hookimpl
def refflow_importers():
    yield ImporterSpec(name="act", summary="-", accepts=("*",), sniff=lambda n, h: 0.0, factory=at("importer"))

@hookimpl
def refflow_reactors():
    yield ReactorSpec(name="act", summary="-", handles=frozenset({"contact.added"}), factory=at("reactor"))

@hookimpl
def refflow_reminders():
    yield ReminderSinkSpec(name="act", summary="-", factory=at("sink"))

@hookimpl
def refflow_commands():
    yield CommandSpec(name="act", summary="-", target=at("command"))

@hookimpl
def refflow_web_views():
    yield ViewSpec(name="act", summary="-", path="act", target=at("page"))
"""

REPLAY = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from refflow import api, resources
from refflow.plugins.inspection import factory_of

folder, now = Path(sys.argv[1]), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
with api.open_workspace(folder) as workspace:
    effects = workspace.host.effects
    named = {
        factory.partition(":")[0]
        for registry in effects.__struct_fields__
        for each in getattr(effects, registry).values()
        if each.enabled and (factory := factory_of(each.spec))
    }
    api.replay(workspace)
    api.replay_check(workspace)
    api.replay_until(workspace, now)
    api.redecide(workspace)
    api.replay_strict(workspace)
    api.what_if(workspace, api.read_definition(workspace, resources.workflows() / "reconnect.yaml"))
assert len(named) >= 9, named
print(*sorted(named & set(sys.modules)))
"""


def test_a_replay_imports_no_module_that_an_effect_names(site: Site, tmp_path: Path) -> None:
    """Of the bundled plugins neither, nor of one that is enabled and has one of each kind."""
    site.add("act", EFFECTS)
    folder = tmp_path / "search"
    with api.init(folder, MONDAY, name="Sam Seeker") as workspace:
        api.add_person(workspace, api.PersonDetails(name="Ana Lima"), MONDAY)
    (folder / "refflow.yaml").write_text("name: Sam Seeker\nplugins:\n  act: {}\n")
    with api.open_workspace(folder) as workspace:
        api.synchronise(workspace, MONDAY)

    done = site.python("-c", REPLAY, str(folder))

    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_a_replay_makes_nothing_due(searching: Searching) -> None:
    """A send that was requested, and of which nobody knows the outcome, stays just that."""
    with searching(unattended=True) as search:
        search.configure(approval="every")
        search.ask("Ana Lima")
        search.post.troubles = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            search.approve("Ana Lima")
        workspace, head = search.workspace, search.workspace.log.head()

        api.replay(workspace)
        api.replay_check(workspace)
        api.replay_until(workspace, search.now)
        api.replay_strict(workspace)
        api.redecide(workspace)

        assert search.messages("Ana Lima") == ["ask requested"]
        assert search.post.sent == []
        assert workspace.log.head() == head


def test_what_folds_is_never_handed_what_acts() -> None:
    """A fold and a rebuild take a log and projections, and have no way to a channel."""
    assert not set(PureRegistry.__struct_fields__) & set(EffectRegistry.__struct_fields__)
    for function in (store.refold, store.ViewStore.__init__, store.ViewStore.rebuild):
        names = " ".join(str(each) for each in inspect.signature(function).parameters.values())
        assert "Effect" not in names
        assert "host" not in names.lower()


def _lines(module: ModuleType) -> dict[str, int]:
    text = Path(str(module.__file__)).read_text("utf-8").splitlines()
    return {line.partition("# ")[2]: number for number, line in enumerate(text, 1) if "# impure: " in line}


IMPURE = """
import datetime, os, random, secrets, socket, subprocess, time, uuid
from typing import Any, ClassVar
from refflow.api import EventTypeSpec, Projection, ProjectionSpec, Row, hookimpl

class Met(Row, kw_only=True):
    table: ClassVar[str] = "impure_met"
    contact: str

def clock(): return datetime.datetime.now()  # impure: clock
def today(): return datetime.date.today()  # impure: today
def stamp(): return time.time()  # impure: stamp
def count(): return time.perf_counter()  # impure: count
def dice(): return random.choice([1, 2, 3])  # impure: dice
def bytes_(): return os.urandom(4)  # impure: bytes
def unique(): return uuid.uuid4()  # impure: unique
def token(): return secrets.token_hex()  # impure: token
def connect(): return socket.create_connection(("127.0.0.1", 9))  # impure: connect
def resolve(): return socket.getaddrinfo("example.invalid", 80)  # impure: resolve
def program(): return subprocess.run(["true"])  # impure: program
def shell(): return os.system("true")  # impure: shell
def write(): return open("{folder}/written", "w")  # impure: write
def append(): return open("{folder}/written", "ab")  # impure: append
def remove(): return os.remove("{folder}/kept")  # impure: remove

def pure():
    return sorted(["b", "a"]), datetime.datetime(2026, 3, 2).isoformat(), "text".upper()

calls = [pure]

def added(rows, event, payload):
    for call in calls:
        call()
    rows.put(payload.contact, Met(contact=payload.contact))

MET = Projection(name="impure-met", version=1, tables=(Met,), handlers={{"contact.added": added}})

@hookimpl
def refflow_projections():
    yield ProjectionSpec(
        name="impure-met", summary="-", version=1, handles=frozenset({{"contact.added"}}), factory=f"{{__name__}}:MET"
    )
"""

KINDS = {
    "clock": "clock: datetime.now",
    "today": "clock: date.today",
    "stamp": "clock: time.time",
    "count": "clock: time.perf_counter",
    "dice": "randomness: Random.getrandbits",
    "bytes_": "randomness: ",
    "unique": "randomness: ",
    "token": "randomness: ",
    "connect": "network: socket.",
    "resolve": "network: socket.getaddrinfo",
    "program": "another program: subprocess.Popen",
    "shell": "another program: os.system",
    "write": "file write: open",
    "append": "file write: open",
    "remove": "file write: os.remove",
}


@pytest.fixture
def impure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A plugin whose fold does what its list of calls says."""
    import importlib
    import sys

    (tmp_path / "refflow_impure.py").write_text(IMPURE.format(folder=tmp_path))
    (tmp_path / "kept").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("refflow_impure")
    del sys.modules["refflow_impure"]


@pytest.mark.parametrize("call", KINDS)
def test_a_strict_replay_names_what_is_impure_with_file_and_line(
    impure: Any, tmp_path: Path, call: str
) -> None:
    with api.init(tmp_path / "search", MONDAY, name="Sam", in_process=[impure]) as workspace:
        api.add_person(workspace, api.PersonDetails(name="Ana Lima"), MONDAY)
        impure.calls.append(getattr(impure, call))

        found = api.replay_strict(workspace)

    (seen,) = found.impure["impure-met"]
    assert seen.what.startswith(KINDS[call])
    assert (seen.file, seen.line) == (impure.__file__, _lines(impure)[f"impure: {call.strip('_')}"])
    assert (tmp_path / "kept").exists()
    assert not (tmp_path / "written").exists()
    assert not found.clean


def test_a_strict_replay_of_pure_folds_finds_nothing(impure: Any, tmp_path: Path) -> None:
    with api.init(tmp_path / "search", MONDAY, name="Sam", in_process=[impure]) as workspace:
        api.add_person(workspace, api.PersonDetails(name="Ana Lima"), MONDAY)

        found = api.replay_strict(workspace)

    assert found.impure == {}
    assert found.clean
    assert found.events > 0


def test_after_a_watch_everything_is_allowed_again(tmp_path: Path) -> None:
    with watch() as found:
        pass
    (tmp_path / "file").write_text("text")

    assert found == {}
    assert datetime.now(UTC)


def test_a_fold_is_not_blamed_for_what_the_collector_calls_meanwhile() -> None:
    def clocked(phase: str, info: dict[str, int]) -> None:
        time.perf_counter()

    gc.callbacks.append(clocked)
    try:
        with watch() as found:
            kept = [[each] for each in range(10 * gc.get_threshold()[0])]
    finally:
        gc.callbacks.remove(clocked)

    assert kept
    assert found == {}
    assert gc.isenabled()


def test_a_watch_within_a_watch_leaves_the_outer_one_in_place() -> None:
    with watch() as outer:
        with watch() as inner:
            datetime.now(UTC)
        datetime.now(UTC)

    assert len(inner) == 1
    assert len(outer) == 1
    assert all(isinstance(each, Impurity) for each in (*inner, *outer))
