"""How problems are shown to a person."""

from __future__ import annotations

from typing import Any

from refflow.workflows.language.problems import MOST_SHOWN, Problem, has_errors, in_order, render, render_all


def problem(**fields: Any) -> Problem:
    given = {"code": "E121", "message": "no such field", "file": "ask.yaml", "line": 2, "column": 9}
    return Problem(**{**given, **fields})


def test_a_problem_shows_its_line_with_a_caret_and_a_hint() -> None:
    text = "guard:\n  - a.b strn > 0.5\n"

    assert render(problem(length=4, help="did you mean `strength`?"), text) == (
        "ask.yaml:2:9: E121 no such field\n"
        "    - a.b strn > 0.5\n"
        "          ^^^^\n"
        "    help: did you mean `strength`?"
    )


def test_a_warning_says_so() -> None:
    warning = problem(code="W233")

    assert render(warning).startswith("ask.yaml:2:9: warning W233 ")
    assert not has_errors([warning])
    assert has_errors([warning, problem()])


def test_without_the_text_of_the_file_only_the_line_is_left_out() -> None:
    shown = render(problem(line=7, help="look"), "one line")

    assert shown == "ask.yaml:7:9: E121 no such field\n    help: look"


def test_the_caret_stands_below_wide_characters() -> None:
    shown = render(problem(line=1, column=4, length=2), "東京 ab")

    assert shown.splitlines()[1:] == ["    東京 ab", "         ^^"]


def test_a_long_line_is_cut_around_the_place() -> None:
    shown = render(problem(line=1, column=1001, length=3), "x" * 1000 + "abc" + "y" * 1000)

    line, caret = shown.splitlines()[1:]
    assert len(line) < 120
    assert line[caret.index("^") :].startswith("abc")


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render(problem(line=1, column=1), "a\x1b[31mb")


def test_problems_are_sorted_and_shown_once() -> None:
    first, second = problem(line=1), problem(line=3)

    assert in_order([second, first, second]) == (first, second)


def test_at_most_twenty_are_shown() -> None:
    shown = render_all([problem(line=line) for line in range(1, 31)], {})

    assert shown.count("E121") == MOST_SHOWN
    assert shown.endswith("... and 10 more.")
