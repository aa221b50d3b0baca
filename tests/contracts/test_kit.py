"""The contracts for what acts beside channels: each holds for something careful, and not for something careless."""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from refflow import api
from refflow.api import (
    EventTypeSpec,
    Finding,
    HealthCheckSpec,
    ReactorContext,
    ReactorSpec,
    ViewSpec,
    WorkflowSourceSpec,
    hookimpl,
)
from refflow.events.event import StoredEvent
from refflow.events.people import ContactAdded
from refflow.testing.contracts import (
    HealthCheckContract,
    ReactorContract,
    SecretContract,
    ViewContract,
    WorkflowContract,
)
from refflow.testing.fixtures import Clock, Engine

# Health checks.


def untidy(context: api.DoctorContext) -> Iterator[Finding]:
    if (context.folder / "untidy").exists():
        yield Finding(level="problem", text="it is untidy", remedy="tidy up")


def tidy(context: api.DoctorContext, finding: Finding) -> None:
    (context.folder / "untidy").unlink()


class TestTidy(HealthCheckContract):
    check: Any = staticmethod(untidy)
    fix: Any = staticmethod(tidy)

    def spec(self) -> HealthCheckSpec:
        return HealthCheckSpec(name="mine-tidy", summary="-", check=self.check, fix=self.fix)

    def healthy(self, folder: Path) -> None:
        (folder / "tidy").touch()

    def ailing(self, folder: Path) -> None:
        (folder / "untidy").touch()


def _always(context: api.DoctorContext) -> list[Finding]:
    return [Finding(level="warning", text="it may rain", remedy="take an umbrella")]


def _speechless(context: api.DoctorContext) -> list[Finding]:
    return [Finding(level="problem", text="it is untidy")]


def _meddling(context: api.DoctorContext) -> list[Finding]:
    (context.folder / "log.txt").write_text("looked")
    return []


def _fickle(context: api.DoctorContext) -> list[Finding]:
    return [Finding(level="note", text=f"looked {next(_times)} times")]


_times = itertools.count()
Health = HealthCheckContract


@pytest.mark.parametrize(
    ("changes", "case"),
    [
        ({"check": _always}, Health.test_where_nothing_is_wrong_it_has_no_problem),
        ({"check": _speechless}, Health.test_what_is_wrong_is_said_with_what_to_do),
        ({"check": lambda context: []}, Health.test_what_is_wrong_is_said_with_what_to_do),
        ({"check": _meddling}, Health.test_looking_changes_nothing_and_finds_the_same_again),
        ({"check": _fickle}, Health.test_looking_changes_nothing_and_finds_the_same_again),
        ({"fix": lambda context, finding: None}, Health.test_what_it_mends_it_finds_no_more),
    ],
)
def test_a_careless_check_fails_the_contract(changes: dict[str, Any], case: Any, tmp_path: Path) -> None:
    careless = type("Careless", (TestTidy,), {name: staticmethod(each) for name, each in changes.items()})

    with pytest.raises((AssertionError, api.RefflowError)):
        case(careless(), tmp_path)


# Secrets.


class Vault(SimpleNamespace):
    """A plugin that looks things up in a dict."""

    @hookimpl
    def refflow_secret(self, ref: str) -> str | None:
        return {"vault:smtp": "t0p-s3cret"}.get(ref)


class TestVault(SecretContract):
    vault: type = Vault

    def plugin(self) -> object:
        return self.vault()

    def known(self) -> tuple[str, str]:
        return "vault:smtp", "t0p-s3cret"


class Greedy(SimpleNamespace):
    @hookimpl
    def refflow_secret(self, ref: str) -> str | None:
        return "t0p-s3cret"


class Talkative(SimpleNamespace):
    @hookimpl
    def refflow_secret(self, ref: str) -> str | None:
        logging.getLogger("vault").debug("%s is %s", ref, "t0p-s3cret")
        return "t0p-s3cret"


class Forgetful(SimpleNamespace):
    @hookimpl
    def refflow_secret(self, ref: str) -> str | None:
        return None


Secrets = SecretContract


@pytest.mark.parametrize(
    ("vault", "case"),
    [
        (Forgetful, Secrets.test_it_resolves_what_is_its_own),
        (Greedy, Secrets.test_it_leaves_to_others_what_is_theirs),
        (Greedy, Secrets.test_what_it_does_not_have_it_does_not_make_up),
    ],
)
def test_a_careless_vault_fails_the_contract(vault: type, case: Any) -> None:
    with pytest.raises(AssertionError):
        case(type("Careless", (TestVault,), {"vault": vault})())


def test_a_vault_that_talks_fails_the_contract(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    talking = type("Careless", (TestVault,), {"vault": Talkative})()

    with pytest.raises(AssertionError, match="a secret is shown"):
        talking.test_a_secret_is_shown_nowhere(capfd, caplog)


# Pages.


def page() -> None:
    """What a board would call."""


class TestPage(ViewContract):
    def spec(self) -> ViewSpec:
        return ViewSpec(name="mine", summary="-", path="map/people", target=f"{__name__}:page")


@pytest.mark.parametrize("path", ["", "/map", "map/", "../board", "map//people", "Map", "map?x=1"])
def test_a_page_cannot_lie_elsewhere(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        ViewSpec(name="mine", summary="-", path=path, target="mine:page")


def test_a_page_that_nobody_answers_fails_the_contract() -> None:
    class Careless(ViewContract):
        def spec(self) -> ViewSpec:
            return ViewSpec(name="mine", summary="-", path="map", target=f"{__name__}:_times")

    with pytest.raises(AssertionError):
        Careless().test_what_answers_is_there_and_can_be_called()


# Workflows that a plugin brings.

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


@pytest.fixture
def bringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the package `refflow_bringing`, which brings a workflow with that text."""

    def make(text: str) -> None:
        templates = tmp_path / "site" / "refflow_bringing" / "workflows" / "templates"
        templates.mkdir(parents=True)
        (templates.parents[1] / "__init__.py").touch()
        (templates.parent / "hello.yaml").write_text(text)
        (templates / "hello-there.txt").write_text("Hello {{ contact.first_name }}.")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, "refflow_bringing", raising=False)

    return make


class Hello(SimpleNamespace):
    """A plugin called `hello`."""

    @hookimpl
    def refflow_workflows(self) -> list[WorkflowSourceSpec]:
        return [WorkflowSourceSpec(name="hello", summary="-", package="refflow_bringing")]


class TestHello(WorkflowContract):
    @pytest.fixture(autouse=True)
    def there(self, bringing: Callable[[str], None]) -> None:
        bringing(HELLO)

    def plugin(self) -> object:
        return Hello()

    def spec(self) -> WorkflowSourceSpec:
        (spec,) = Hello().refflow_workflows()
        return spec


@pytest.mark.parametrize(
    ("text", "case"),
    [
        (HELLO.replace("hello-there", "hello-where"), WorkflowContract.test_nothing_is_wrong_with_them),
        (
            HELLO.replace("workflow: hello", "workflow: other"),
            WorkflowContract.test_they_are_found_and_in_force,
        ),
    ],
)
def test_a_careless_workflow_fails_the_contract(
    text: str, case: Any, bringing: Callable[[str], None], tmp_path: Path
) -> None:
    bringing(text)
    workspace = api.init(tmp_path / "w", Clock.STANDS_AT, name="Sam", in_process=[Hello()])

    with pytest.raises(AssertionError):
        case(TestHello(), workspace)


# Reactors.


class Noting:
    """Notes each event once, in a file of its own folder."""

    def __init__(self, context: ReactorContext) -> None:
        self.folder = context.folder

    def react(self, event: StoredEvent, key: str, now: object) -> Sequence[Any]:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / key.replace("/", "-")).touch()
        return []


class TestNoting(ReactorContract):
    start: Any = "now"

    def spec(self) -> ReactorSpec:
        return ReactorSpec(
            name="mine",
            summary="-",
            handles=frozenset({"contact.added"}),
            factory=f"{__name__}:Noting",
            start=self.start,
        )

    def payloads(self) -> Sequence[tuple[str, msgspec.Struct]]:
        return [("contact.added", ContactAdded(contact=contact, source="mine")) for contact in ("c1", "c2")]

    def done(self, folder: Path) -> list[str]:
        return sorted(each.name for each in folder.glob("*"))


class TestNotingAll(TestNoting):
    start = "origin"


class Blind(Noting):
    def react(self, event: StoredEvent, key: str, now: object) -> Sequence[Any]:
        return []


def test_a_reactor_that_forgets_its_history_fails_the_contract(tmp_path: Path) -> None:
    class Careless(TestNotingAll):
        def spec(self) -> ReactorSpec:
            return msgspec.structs.replace(super().spec(), factory=f"{__name__}:Blind")

    with pytest.raises(AssertionError):
        Careless().test_what_was_there_before_it_is_acted_on_only_if_it_says_so(tmp_path)


# Fixtures.


class Called(msgspec.Struct, frozen=True, kw_only=True):
    contact: str


CALLED = EventTypeSpec(name="phone.call.made", summary="-", version=2, payload=Called)


def test_a_log_is_made_in_a_line(log_of: Callable[..., list[StoredEvent]]) -> None:
    events = log_of("contact.added", "ask.opened", Called(contact="c1"), own=[CALLED])

    assert [(each.position, each.kind) for each in events] == [
        (1, "contact.added"),
        (2, "ask.opened"),
        (3, "phone.call.made"),
    ]
    assert events[2].payload == Called(contact="c1")
    assert events[1].recorded_at - events[0].recorded_at == 3_600_000_000


def test_an_engine_has_the_plugins_it_is_given(engine: Engine, clock: Clock, outbox: Path) -> None:
    workspace = engine(plugins=[Vault()])

    assert workspace.host.secret("vault:smtp") == "t0p-s3cret"
    assert engine().host.secret("vault:smtp") is None
    assert clock.pass_by(days=1) > clock.STANDS_AT
    assert not outbox.exists()
