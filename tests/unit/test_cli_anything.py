"""Whatever is typed, a command ends with one of the promised codes and says what is wrong in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from refflow.cli.application import refflow
from refflow.cli.catalogue import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Terminal

CODES = {0, 1, 2, 3, 5}
ELSEWHERE = {"demo", "init", "plugins install", "plugins uninstall"}
"""They make files where they are told to, or change what is installed, and are tried elsewhere."""
READING = {
    "next",
    "board",
    "who",
    "why",
    "events",
    "stats",
    "verify",
    "check",
    "completion",
    "opening show",
    "person show",
}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its name."""
    for name in COMMANDS:
        command = refflow.get_command(click.Context(refflow), name)
        assert command is not None
        parts = command.commands if isinstance(command, click.Group) else {"": command}
        for part, each in parts.items():
            called = f"{name} {part}".strip()
            if called not in ELSEWHERE:
                yield called, each


KNOWN = dict(commands())
ODD = (
    "", " ", "-", "--", "-1", "0", "1e9", "9" * 20, "9" * 5000, "nan", "\x1b[2J", "\r", "a\nb", "\udcff", "é",
    "e\u0301", "\u202e", "\u2028", "x" * 5000, "%s", "{{ x }}", "{x}", "'", '"', "@", "a@", "a@b", "a@b\n.c",
    "http://[", "http://[::1", "https://linkedin.com/in/", "https://www.linkedin.com/in/%", "+9999999bd", "-1y", "+1w",
    "2026-02-30", "0001-01-01", "9999-12-31T23:59+00:00", "9999-12-31T23:59-23:59", "24:00", "friday", "c", "c1", "o",
    "m", "c1:o1", "e1", "d1", "met", "*", "~", "$HOME", "\ufeff", "I\u0307", "ß", "\x7f", "\x85",
    "1" * 18 + ":" + "a" * 64,
)  # fmt: skip


def not_of_the_disk(text: str) -> str:
    """Paths that are typed are those of the folder the test runs in."""
    return text.replace("/", "") if text.startswith(("/", ".", "~")) or "/.." in text else text


odd = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
).map(not_of_the_disk)
PEOPLE = ("Ana Lima", "Bo", "Ana Costa", "{Ana Lima}", "{run}", "ana.lima@acme.example")
OPENINGS = ("{Engineer}", "{Designer}", "Designer", "https://acme.example/Engineer")
DATES = ("2026-11-28", "+2w", "yesterday", "14:30", "today")
FITTING = {
    "person_": PEOPLE, "contact": PEOPLE, "opening_": OPENINGS, "about": OPENINGS, "where": ("Acme", *OPENINGS),
    "target": ("{message}", "{task}", "{debt}", "{ask}", *PEOPLE, *OPENINGS),
    "subject": ("{message}", "{run}", *PEOPLE),
    "outcome": ("done", "sent", "referred", "met", "applied", "interview", "offer", "rejected", "withdrawn", "settled"),
    "answer": ("yes", "no", "later", "refer-on", "unclear"), "message": ("{message}", "Ana Lima"),
    "messages": ("{message}", "Ana Lima"), "workflow": ("referral-ask", "reconnect", "thank"),
    "when": DATES, "at": DATES, "as_of": DATES, "deadline": DATES, "until": DATES,
    "event": ("3", "e40", "46"), "kinds": ("ask.opened",),
    "company": ("Acme",), "channel": ("call", "met", "eml", "paste"), "view": ("runs",), "zone": ("Europe/Lisbon",),
}  # fmt: skip
"""Words that make sense, by what takes them."""


def fitting(parameter: click.Parameter) -> st.SearchStrategy[str]:
    """A word that makes sense for a parameter, mostly."""
    words = st.sampled_from(FITTING.get(parameter.name or "", ("Hello", "7")))
    return st.integers(0, 4).flatmap(lambda luck: words if luck else odd)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with words where it takes some: now and then odd ones."""
    name = draw(st.sampled_from(sorted(KNOWN)))
    # Without it, watching would wait for a save.
    words = [*name.split(), *(["--once"] if name == "watch" else [])]
    parameters = KNOWN[name].params
    words += [draw(fitting(each)) for each in parameters if isinstance(each, click.Argument)]
    options = [each for each in parameters if isinstance(each, click.Option)]
    own = [each for each in options if not each.hidden] or options
    for option in draw(st.lists(st.sampled_from(own), max_size=3)):
        # An editor would wait for somebody.
        if option.name != "in_editor":
            words += [option.opts[0]] if option.is_flag else [option.opts[0], draw(fitting(option))]
    common = st.sampled_from([each.opts[0] for each in options if each.hidden and each.is_flag] or ["--json"])
    return words + draw(st.lists(common | odd, max_size=1))


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nowhere")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(command_lines(), min_size=1, max_size=6))
@example(lines=[["opening", "add", "http://[", "--title", "T", "--company", "C"], ["next"], ["board"]])
@example(lines=[["person", "edit", "Bo", "--url", "http://["], ["person", "show", "Bo"]])
@example(lines=[["start", "referral-ask", "Ana Costa", "--for", "{Designer}", "--line", "\x1b[2J"], ["next"]])
def test_no_words_lead_to_a_fault(
    lines: list[list[str]], terminals: Callable[[], AbstractContextManager[Terminal]]
) -> None:
    with terminals() as terminal:
        for line in lines:
            said = terminal.type(*(terminal.known.get(word.strip("{}"), word) for word in line), input="")

            assert said.code in CODES, line
            assert "Traceback" not in said.err + said.out, line
            assert "This is a fault" not in said.err, (line, said.err)
            assert (said.code in (0, 5)) or said.err, line
        assert [each["differing"] for each in terminal.asks("replay", "--check")] == [0] * 10
        assert terminal.asks("replay", "--verify")["differing"] == []
        assert terminal.asks("verify")["damage"] is None


@pytest.mark.usefixtures("nowhere")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=command_lines().filter(lambda line: " ".join(line[:2]) in READING or line[0] in READING))
def test_looking_changes_nothing_whatever_is_typed(
    line: list[str], terminals: Callable[[], AbstractContextManager[Terminal]]
) -> None:
    with terminals() as terminal:
        before = terminal.content()

        terminal.type(*(terminal.known.get(word.strip("{}"), word) for word in line))

        assert terminal.content() == before or "--now" in line


@pytest.mark.usefixtures("nowhere")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(odd, max_size=3),
    values=st.fixed_dictionaries({}, optional=dict.fromkeys(["--name", "--email", "--zone"], odd)),
)
def test_a_workspace_can_be_made_of_any_words(
    words: list[str], values: dict[str, Any], terminals: Callable[[], AbstractContextManager[Terminal]]
) -> None:
    with terminals() as terminal:
        place = terminal.folder.parent / "new"
        typed = [word for option in values.items() for word in option]

        said = terminal.bare("init", str(place), *typed, *(word for word in words if word.startswith("-")))

        assert said.code in CODES
        assert "fault" not in said.err, (typed, said.err)
        if said.code == 0:
            checked = terminal.bare("--workspace", str(place), "check")
            assert checked.code == 0, checked.out
            assert terminal.bare("--workspace", str(place), "next").err == ""
        else:
            assert not (place / "refflow.db").exists()
            assert os.listdir(place) if place.exists() else True
