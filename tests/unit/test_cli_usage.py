"""What is typed wrongly is answered with what was meant, or may be; nothing is written, and the code is right."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Terminal

FAILED, USAGE, HELD, PROBLEMS = 1, 2, 3, 5
NINES = "9" * 30

WRONG = [
    # Commands and options.
    ("nxt", "There is no command `nxt`. Did you mean `next`? See `refflow --help`."),
    ("qqqq", "There is no command `qqqq`. See"),
    ("person ad", "There is no command `ad`. Did you mean `add`? See `refflow person --help`."),
    ("--jsn next", "There is no option `--jsn`. Did you mean `--json`"),
    ("next --wy", "There is no option `--wy`. Did you mean `--why`"),
    ("do", "Missing argument 'TARGET'. See `refflow do --help`."),
    ("next more", "Got unexpected extra argument (more). See"),
    ("person add X --months many", "`many` is not a whole number from 1 to 1200. Write `--months 18`, say. See"),
    ("person add X --months 0", "`0` is not a whole number from 1 to 1200. Write"),
    (f"person add X --relation friend --months {NINES}", "is not a whole number from 1 to 1200. Write"),
    ("person add X --relation enemy", "`enemy` is not one of: manager, colleague,"),
    ("stats --by weekday", "`weekday` is not one of: template, channel, workflow. Write `--by template`, say."),
    ("plugin new pigeon", "Missing option '--kind'. Choose from: channel, importer, projection, action,"),
    ("completion tcsh", "`tcsh` is not one of: bash, zsh, fish. Write `bash`, say."),
    # What there is not.
    ("why c999", "`c999` is neither an id nor the name of a person or an opening."),
    ("why referral-ask", "`referral-ask` is a workflow. Why does it not start with somebody? Say `--contact PERSON`."),
    ("why nosuch --contact Bo", "There is no workflow `nosuch`. The workflows are: declined,"),
    ("why nosuch --contact Bo --at 2026-11-25", "There was no workflow `nosuch` then. The workflows were: declined,"),
    ("simulate thank --runs 5 --all-paths", "`--all-paths` and `--runs` are two questions: give one of them."),
    ("simulate thank --runs 5 --reply after=1d", "`--runs` makes up what happens: leave `--reply`, `--event`"),
    ("simulate thank --all-paths --texts", "`--all-paths` makes up what happens: leave"),
    ("simulate thank --answers 5", "`--answers` goes with `--runs`."),
    ("check /", "There is no workflow in /. `refflow check` alone checks those in force."),
    ("next --no-plugins=", "Which plugins are to be left out? `--no-plugins=NAME,NAME`"),
    ("receive smoke", "No enabled channel `smoke` receives. None does: see `refflow plugins`."),
    ("check workflows/thank.test.yaml", "workflows/thank.test.yaml has tests. Run them: `refflow workflow test"),
    ("simulate grow --with day=friday", "grow is started by hand: no event says `day`. Leave `--with` out."),
    ("simulate referral-ask --with day=friday", "`referral.wanted` has no `day`; it says `contact`, `opening`."),
    ("draft m999", "`m999` is neither an id"),
    ("approve m999", "`m999` is neither an id"),
    ("do t999", "`t999` is neither an id"),
    ("start no-such-flow Bo --for {Engineer}", "There is no workflow `no-such-flow`. The workflows are: declined,"),
    ("who Acne", "Nobody in your network is at `Acne`. Did you mean Acme?"),
    ("who Zyxw", "Add somebody: `refflow person add`."),
    ("person show Anna\\ Limma", "Did you mean Ana Lima ("),
    ("person show Zzzz", "Nobody is called `Zzzz`. Add them with `refflow person add`."),
    ("packet o999", "No opening matches `o999`."),
    ("events o999", "`o999` is neither an id"),
    ("replay --view asks", "There is no view `asks`. The views are: contacts,"),
    ("import /no/such/export", "/no/such/export does not exist."),
    ("import . --from facebook", "There is no importer `facebook`. There are: linkedin."),
    # What may be several.
    ("person show Ana", "Ana Lima ({Ana Lima}, Acme); Ana Costa ({Ana Costa}, Acme). Use the id."),
    ("start referral-ask Ana --for {Engineer}", "`Ana` may be"),
    ("do Acme applied", "Use the id."),
    # Outcomes that are none.
    ("do {Designer} hired", "`hired` is not an answer to that. Say one of: applied, interview, offer,"),
    ("do {Designer}", "What happened with Designer, Acme ({Designer})? Say one of: applied,"),
    ("do {Designer} aplied", "Did you mean `applied`?"),
    ("do {task} finished", "Say one of: done, skipped."),
    ("do {debt} paid", "Say one of: settled."),
    ("do Bo given", "What happened with Bo Berg? `given` is not an answer to that. Say one of: referred, met."),
    ("do Bo sent", "No message waits for `{Bo Berg}`."),
    ("do Ana\\ Costa done", "No task is open with Ana Costa: `refflow next` lists what is to do."),
    ("do {message} delivered", "Say one of: sent."),
    ("do {message}", "was not handed over yet. Approve it first: `refflow approve {message}`."),
    ("do {Engineer} interview", "was not applied to yet. First: `refflow do {Engineer} applied`."),
    ("do {Engineer} applied --note x", "`--note` means nothing here: leave it out."),
    ("do {Engineer} applied --when friday", "Only an interview has a date to come"),
    ("do {task} --for {Engineer}", "`--for` means nothing here"),
    ("reply Bo maybe", "`maybe` is not one of: yes, no, later, refer-on, unclear. Write `yes`, say."),
    ("reply Bo yes --when friday", "`--when` goes with `later`."),
    ("reply {Engineer} yes", "`{Engineer}` is not a person. Who answered?"),
    ("skip {Engineer}", "To close an opening: refflow opening close."),
    ("start thank Bo --for {Engineer}", "thank starts by itself, on referral.given."),
    ("start referral-ask Bo", "say which with `--for OPENING`."),
    ("start referral-ask Bo --line Because", "`--line` is about an opening"),
    ("packet {Engineer} --line Because", "say who with `--for PERSON`."),
    ("unblock Bo", "is not blocked."),
    ("opening show {Engineer} --all", "leave OPENING or `--all` out."),
    # Dates.
    ("board --as-of 31-12", "`31-12` is not a date I can read. Write it as one of: 2026-03-02,"),
    ("board --as-of 2026-02-30", "`2026-02-30` is not a day and time that exists."),
    ("board --as-of +1{nines}y", "is not"),
    ("do {Designer} applied --at 2099-01-01", "is still to come. Say when it happened."),
    ("log met Bo --at tomorrow", "Tomorrow 09:00 is still to come. Say when it happened."),
    ("reply Bo later --when yesterday", "`--when` says when to ask again: yesterday"),
    ("opening add https://x.example --title T --company C --deadline 9999-99-99", "is not a day and time that exists."),
    ("next --now noonish", "--now: `noonish` is not a date I can read."),
    ("next --now 9999-12-31", "--now: `9999-12-31` is more than ten years ahead."),
    ("next --now=", "--now: `` is not a date I can read."),
    # Numbers.
    ("undo e0", "`e0` is no number of an event."),
    ("undo {nines}", "is no number of an event."),
    ("undo {nines}{nines}{nines}", "is no number of an event."),
    ("undo 999", "There is no event 999."),
    ("undo 1", "Event 1 tells of a file that was changed"),
    ("events --after -1", "`-1` is not a whole number from 0 on. Write `--after 100`, say."),
    ("events --last 0", "`0` is not a whole number from 1 on. Write `--last 10`, say."),
    ("simulate thank --runs x", "`x` is not a whole number from 1 to 1000000. Write `--runs 1000`, say."),
    ("simulate thank --seed x", "`x` is not a whole number from 0 on. Write `--seed 7`, say."),
    ("simulate thank --tasks dnoe", "`dnoe` is not one of: done, skipped, expired. Did you mean `done`?"),
    ("simulate thank --approve-after soon", "--approve-after: `soon` is not a duration. Write it as one of: 30m,"),
    ("simulate thank --reply after=soon", "after: `soon` is not a duration. Write it as one of: 30m,"),
    ("verify --head 12", "`12` is no head. Give it as `refflow verify` prints it"),
    ("verify --head {nines}:abcdefab", "is no head."),
    # Texts.
    ("person add \\ ", "A person needs a name."),
    ("person note Bo \\ ", "The note is empty."),
    ("log \\  Bo", "How did it pass? Give a word: met, call, mail."),
    ("packet {Engineer} --for Bo --line \\ ", "The personal line is empty."),
    ("person add X --email a\\ b", "`a b` is not an e-mail address."),
    ("person add X --zone Mars/Olympus", "Mars/Olympus"),
    ("person add X --email bo.berg@acme.example", "`bo.berg@acme.example` is of Bo Berg ({Bo Berg}) already."),
    ("person edit Bo", "Nothing to change was given."),
    ("person edit Bo --name \\ ", "A person needs a name."),
    ("opening edit {Engineer} --company !", "A company's name needs a letter or a digit."),
    ("opening edit {Engineer}", "Nothing to change was given."),
    ("opening add https://acme.example/Engineer --title Engineer --company Acme", "is this opening already."),
    ("opening add https://x.example --title T", "Which company is it? Say `--company NAME`."),
    ("opening add https://x.example --company C", "What is the job called? Say `--title TITLE`"),
    ("opening alias ! Acme", "A company's name needs a letter or a digit."),
    ("opening alias Acme acme", "are one company already."),
    ("who \\ ", "Which company is it?"),
    ("block \\ ", "Who is meant? Give a name,"),
    ("why ", "Who is meant? Give a name,"),
    ("opening close \\ ", "Which opening is meant? Give its id,"),
    ("events --kind nonsense", "`nonsense` is no kind of event that is known here."),
    ("draft {message} --subject A --edit", "leave `--subject` and `--body-file` out."),
    ("draft {message} --body-file /no/such/file", "No such file or directory"),
    ("approve", "Which messages? Give their ids, or `--all`."),
    ("approve --all {message}", "Which messages?"),
    ("board --as-of today --company Acme", "goes with the present board only"),
    ("replay --check --verify", "give one of them."),
    ("replay --verify --view runs", "leave `--view` out."),
    ("init here --workspace there", "leave `--workspace` out."),
]  # fmt: skip


def typed(line: str, terminal: Terminal) -> list[str]:
    return [
        word.replace("\0", " ").format(**terminal.known, nines=NINES)
        for word in line.replace("\\ ", "\0").split(" ")
    ]


@pytest.mark.parametrize(("line", "answer"), WRONG, ids=[line for line, _ in WRONG])
def test_a_mistake_is_explained_and_nothing_written(line: str, answer: str, terminal: Terminal) -> None:
    before = terminal.content()

    said = terminal.type(*typed(line, terminal))

    assert answer.format(**terminal.known) in said.err
    assert said.err.startswith("refflow: ")
    assert said.out == ""
    assert said.code == USAGE
    assert terminal.content() == before


@pytest.mark.parametrize("line", [line for line, _ in WRONG])
def test_a_mistake_in_json_is_an_error_object(line: str, terminal: Terminal) -> None:
    told = terminal.type("--json", *typed(line, terminal)).told

    assert set(told) == {"refflow", "command", "error"}
    assert set(told["error"]) == {"kind", "message", "exit_code"}
    assert told["error"]["exit_code"] == USAGE


def test_options_go_before_and_after_the_command(terminal: Terminal) -> None:
    place = str(terminal.folder)

    before = terminal.bare("--workspace", place, "--now", terminal.now, "--json", "board")
    after = terminal.bare("board", "--workspace", place, "--now", terminal.now, "--json")
    deep = terminal.bare("person", "show", "Bo", "--json", "--workspace", place)
    between = terminal.bare("person", "--workspace", place, "show", "Bo", "--json")

    assert before == after
    assert before.code == 0
    assert deep.result["contact"]["name"] == "Bo Berg"
    assert between == deep


def test_what_no_file_can_hold_is_refused(terminal: Terminal) -> None:
    """A terminal hands over bytes that are not UTF-8 as halves of surrogate pairs."""
    half = os.fsdecode(b"\xff")
    before = terminal.head()

    for line in (
        ("person", "add", half), ("person", "note", "Bo", half), ("who", half), ("why", half), ("approve", half),
        ("events", "--kind", half), ("reply", "Bo", "yes", "--text", half), ("log", half, "Bo"),
    ):  # fmt: skip
        said = terminal.type(*line)
        assert said.code == USAGE
        assert "not readable text (UTF-8)" in said.err
    for line in (("check", half), ("import", half), ("--workspace", half, "next"), ("next", "--now", half)):
        for json in ((), ("--json",)):
            said = terminal.type(*line, *json)
            assert said.code in (FAILED, USAGE)
            assert "fault" not in said.err
            assert not json or said.told["error"]["exit_code"] == said.code
    assert terminal.head() == before


def test_names_do_not_move_the_cursor_nor_make_lines_of_their_own(terminal: Terminal) -> None:
    terminal.does("person", "add", "Eve\x1b[2J\x07 Adams\r", "--company", "Acme\x1b]0;x\x07", "--title", "A\nB")
    terminal.does(
        "opening", "add", "https://x.example", "--title", "Chef\nDo now (9)", "--company", "Big\x1b[1A Co"
    )  # fmt: skip
    terminal.does("person", "note", "Eve", "tick\x08tock")
    terminal.does("start", "referral-ask", "Ana Costa", "--for", "Chef")
    assert "Stuck" not in terminal.does("next").out
    terminal.does("log", "ca\nll", "Eve", "hello\x1b[0m")

    for line in (
        "next", "board", "who Acme", "person show Eve", "opening show", "opening show Chef", "events",
        "why Eve", "why Chef", "packet Chef", "undo --dry-run",
    ):  # fmt: skip
        said = terminal.does(*line.split())
        assert not set(said.out + said.err) & {chr(code) for code in range(32) if chr(code) not in "\n\t"}
        assert not any(each.strip().startswith("Do now (9)") for each in said.out.splitlines())


def test_a_rule_that_holds_back_ends_with_three(terminal: Terminal) -> None:
    terminal.does("approve", terminal["message"])
    terminal.does("do", terminal["message"], "sent")

    held = terminal.type("start", "referral-ask", "Ana Costa", "--for", terminal["Engineer"])

    assert held.code == HELD
    assert "one person at a time" in held.err
    told = terminal.type("start", "referral-ask", "Ana Costa", "--for", terminal["Engineer"], "--json").told
    assert told["error"]["kind"] == "Held"


def test_damage_and_problems_end_with_five(terminal: Terminal, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("refflow: 1\nworkflow: bad\nstepz: []\n")

    checked = terminal.type("check", str(bad))

    assert checked.code == PROBLEMS
    assert f"{bad}:3" in checked.out
    assert terminal.type("verify", "--head", f"{terminal.head() + 1}:abcdefab").code == PROBLEMS
    assert terminal.type("verify", "--head", "1:abcdefab", "--json").result["damaged_at"] == 1


def test_a_kind_that_no_plugin_here_has_may_be_in_the_log(terminal: Terminal) -> None:
    said = terminal.does("events", "--kind", "message.snt")

    assert said.out == ""
    assert "`message.snt` is no kind of event that is known here. Did you mean `message.sent`" in said.err
    assert terminal.does("events", "--kind", "message.sent").err == ""


def test_a_body_that_is_no_text_or_empty_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(bytes(range(256)))
    (tmp_path / "empty").write_text("  \n")

    for name, why in (("picture", "is not readable text (UTF-8)"), ("empty", "The message is empty.")):
        said = terminal.type("draft", terminal["message"], "--body-file", str(tmp_path / name))
        assert (said.code, why in said.err) == (USAGE, True)
    assert terminal.type("draft", terminal["message"], "--subject", "a\nb").code == USAGE


def test_a_number_may_be_larger_than_the_log(terminal: Terminal) -> None:
    assert terminal.does("events", "--after", NINES).out == ""
    assert terminal.does("events", "--last", NINES).out == terminal.does("events").out


def test_what_was_just_there_is_not_done_twice(terminal: Terminal) -> None:
    terminal.does("skip", terminal["message"])
    assert terminal.type("skip", terminal["message"]).code == USAGE
    terminal.does("do", terminal["task"])
    assert terminal.type("do", terminal["task"]).code == USAGE
    terminal.does("opening", "close", terminal["Designer"])
    assert terminal.type("opening", "close", terminal["Designer"]).code == USAGE
