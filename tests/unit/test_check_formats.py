"""The formats in which a check is shown."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from refflow.events import kinds_with
from refflow.workflows.language.problems import Problem
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.proofs.checked import Checked, check_workflows
from refflow.workflows.proofs.report import Format, report

ASK = """\
refflow: 1
workflow: ask
on: [{event: referral.wanted}]
subject: {contact: event.contact, opening: event.opening}
key: [contact]
anytime: [{event: reply.received, go: later}]
steps:
  - {id: ask, send: {template: hi}}
  - id: nudges
    repeat:
      max: 2
      do:
        - {id: silence, wait: 5bd}
        - {id: nudge, send: {template: hi}}
  - exit: done
blocks:
  later:
    - {id: snooze, wait: {until: event.when else now + 20bd}}
    - exit: done
outcomes: {good: [done]}
"""
QUIET = "refflow: 1\nworkflow: quiet\non: [{manual: true}]\nsubject: {contact: event.contact}\n"
QUIET += "steps: [{exit: done}]\noutcomes: {good: [done], bad: [lost]}\n"


def check(**texts: str) -> Checked:
    files = {f"{name}.yaml": text for name, text in texts.items()}
    return check_workflows(files, TemplateTexts({"hi": "Hi"}), Settings(), kinds_with(), ("eml",))


def found(*problems: dict[str, Any]) -> Checked:
    given: dict[str, Any] = {"code": "E121", "message": "m", "file": "f.yaml", "line": 3, "column": 5}
    return Checked(problems=tuple(Problem(**{**given, **each}) for each in problems))


def test_the_text_has_the_problems_and_then_the_promises() -> None:
    assert (
        report(check(ask=ASK, quiet=QUIET))
        == """\
quiet.yaml:6:32: warning W233 outcome `lost` never happens
    outcomes: {good: [done], bad: [lost]}
                                   ^^^^
    help: take it out, or `exit` with it

ask (ask.yaml) promises, whatever happens:
  at most 3 messages to one person in a run: ask (line 8), nudge (line 14) 2 times
  at most 3 in a row without an answer: ask (line 8), nudge (line 14) 2 times
  at most 3 messages to one person in all runs together
  never two within 3 business days, unless they wrote in between
  over after 27 days at most, and until `event.when else now + 20bd` (line 18), not counting the time a \
message waits for you: ask (line 8), silence (line 13), nudge (line 14), silence (line 13), nudge (line 14)

quiet (quiet.yaml) promises, whatever happens:
  no message to anybody
  over at once, not counting the time a message waits for you"""
    )


def test_json_has_the_same_as_the_structs() -> None:
    shown = json.loads(report(check(ask=ASK, quiet=QUIET), "json"))

    (problem,) = shown["problems"]
    assert (problem["code"], problem["severity"], problem["line"]) == ("W233", "warning", 6)
    assert shown["promises"]["ask.yaml"]["messages"]["amount"] == 3
    assert shown["promises"]["ask.yaml"]["messages"]["witness"][1] == {
        "step": "nudge",
        "line": 14,
        "because": None,
    }


def test_sarif_names_rule_level_and_place_of_each_result() -> None:
    log = json.loads(report(check(quiet=QUIET, other="steps: [\n"), "sarif"))

    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["E001", "W233"]
    assert rules[0]["help"]["markdown"].startswith("# E001: the file cannot be read\n")
    assert rules[1]["shortDescription"]["text"] == "an outcome that never happens"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == {"E001": "error", "W233": "warning"}[result["ruleId"]]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["endColumn"] > region["startColumn"] >= 1
        assert region["startLine"] >= 1


@pytest.mark.parametrize(
    ("file", "uri"),
    [("my flows/a#1.yaml", "my%20flows/a%231.yaml"), ("/srv/a b.yaml", "file:///srv/a%20b.yaml")],
)
def test_sarif_writes_a_file_as_an_address(file: str, uri: str) -> None:
    (result,) = json.loads(report(found({"file": file}), "sarif"))["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_github_gets_a_command_for_each_problem() -> None:
    shown = report(found({"length": 4, "help": "did you mean `x`?"}, {"code": "I320", "line": 9}), "github")

    assert shown.split("\n") == [
        "::error file=f.yaml,line=3,col=5,endColumn=9,title=E121::m%0Adid you mean `x`?",
        "::notice file=f.yaml,line=9,col=5,endColumn=6,title=I320::m",
    ]


def test_what_a_file_is_called_cannot_break_out_of_a_command() -> None:
    shown = report(found({"file": "a,line=1::b\n.yaml", "message": "50 %\n::error::x"}), "github")

    assert (
        shown
        == "::error file=a%2Cline=1%3A%3Ab%0A.yaml,line=3,col=5,endColumn=6,title=E121::50 %25%0A::error::x"
    )
    assert not re.search(r"\n", shown)


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github"])
def test_of_nothing_there_is_nothing_to_say(format: Format) -> None:
    assert "E1" not in report(Checked(problems=()), format)
