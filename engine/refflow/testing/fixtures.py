"""Fixtures for the tests of plugins. Opt in with `pytest_plugins = ["refflow.testing.fixtures"]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from refflow import api

from ..events.event import StoredEvent
from ..plugins.specs import EventTypeSpec
from ..workflows.language.facts import AskFacts, ContactFacts, Facts, OpeningFacts, OwnerFacts
from .event_types import kinds_now
from .events import sample, told

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Clock:
    """The time, as a test sets it."""

    STANDS_AT = MONDAY

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def pass_by(self, **by: float) -> datetime:
        """Let time pass, as in `clock.pass_by(days=2)`, and tell what time it is then."""
        self.now += timedelta(**by)
        return self.now


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command."""

    code: int
    out: str
    err: str


Cli = Callable[..., Called]
"""Runs a command line of refflow, as in `cli("plugins", "--json")`."""
Engine = Callable[..., api.Workspace]
"""Makes a new workspace, as in `engine(plugins=[my_module])`."""


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at a Monday morning."""
    return Clock(MONDAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a new workspace in it."""
    with api.init(tmp_path / "search", MONDAY, name="Sam Seeker", email="sam@example.org"):
        return tmp_path / "search"


@pytest.fixture
def workspace(folder: Path) -> Iterator[api.Workspace]:
    """A new workspace, open. Installed plugins are in it as they are for a user."""
    with api.open_workspace(folder) as opened:
        yield opened


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Makes a new workspace with plugins in it that need not be installed, as in `engine(plugins=[my_module])`."""
    opened: list[api.Workspace] = []

    def make(plugins: Sequence[object] = ()) -> api.Workspace:
        folder = tmp_path / f"search-{len(opened)}"
        opened.append(api.init(folder, MONDAY, name="Sam Seeker", email="sam@example.org", in_process=plugins))
        return opened[-1]

    yield make
    for each in opened:
        each.connection.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """The folder that a channel leaves files in. It does not exist yet."""
    return tmp_path / "outbox"


@pytest.fixture
def log_of() -> Callable[..., list[StoredEvent]]:
    """Makes the events of a log, an hour apart: `log_of("ask.opened", ChatHad(contact="c1"), own=[my_spec])`.

    A name stands for a plausible event of that kind about contact `c1` and opening `o1`, another payload for an
    event of a kind that one of the specs `own` declares.
    """

    def make(*said: str | msgspec.Struct, own: Sequence[EventTypeSpec] = ()) -> list[StoredEvent]:
        kinds = kinds_now(own)
        return told(
            *(sample(kinds[each].payload) if isinstance(each, str) else each for each in said), kinds=kinds
        )

    return make


@pytest.fixture
def facts() -> Callable[..., Facts]:
    """Makes the facts of a run, as in `facts(contact=contact(company="Acme"))`; see `contact` and `opening`."""

    def make(**changes: Any) -> Facts:
        return msgspec.structs.replace(sample_facts(), **changes)

    return make


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line of refflow in this process."""

    def call(*args: str) -> Called:
        from refflow.cli.application import refflow

        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            refflow.main(list(args))
        printed = capsys.readouterr()
        code = ended.value.code
        return Called(code=code if isinstance(code, int) else 0, out=printed.out, err=printed.err)

    return call


def contact(**changes: Any) -> ContactFacts:
    """A contact as conditions and templates see one, with `changes`."""
    made = ContactFacts(
        id="c1",
        name="Ana Pérez",
        first_name="Ana",
        company="Acme",
        title="Head of Data",
        warmth="warm",
        relation="colleague",
        do_not_contact=False,
        has_email=True,
        days_quiet=12,
        messages=4,
        referrals=0,
    )
    return msgspec.structs.replace(made, **changes)


def opening(**changes: Any) -> OpeningFacts:
    """An opening as conditions and templates see one, with `changes`."""
    made = OpeningFacts(
        id="o1",
        title="Data Engineer",
        company="Acme",
        status="open",
        url="https://jobs.example.com/o1",
        submit="form",
        programme=None,
        requisition=None,
        location="Madrid",
        applied=None,
    )
    return msgspec.structs.replace(made, **changes)


def sample_facts() -> Facts:
    """The facts of a run that asks a contact about an opening."""
    return Facts(
        now=MONDAY,
        me=OwnerFacts(name="Sam Seeker", first_name="Sam", email="sam@example.org"),
        contact=contact(),
        opening=opening(),
        ask=AskFacts(line="You built the team.", stage="ready"),
        event={"contact": "c1", "opening": "o1"},
    )
