"""What there is to say of a message, and what keeps it from leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow import api, resources
from refflow.errors import Held
from refflow.workflows.language.facts import ContactFacts
from refflow.workflows.language.templates import parse_template, render
from refflow.workflows.language.wording import UNFILLED, Acquaintance, Remark, handwritten, remarks, unfilled

if TYPE_CHECKING:
    from tests.conftest import Search
    from tests.unit.conftest import Terminal

LONG_ENOUGH = (
    "I have thought about this for a while, and you know the team better than anybody I could ask. " * 3
)


def acquaintance(*, talked: bool = True, linked: bool = True, **known: Any) -> Acquaintance:
    facts = {
        "id": "c1", "name": "Ana Lima", "first_name": "Ana", "company": "Acme", "title": None, "warmth": "warm",
        "relation": "friend", "do_not_contact": False, "has_email": True, "days_quiet": 3, "messages": 2,
        "referrals": 0,
    }  # fmt: skip
    return Acquaintance(contact=ContactFacts(**(facts | known)), talked=talked, linked=linked)


def kinds(body: str, to: Acquaintance | None = None, subject: str | None = "Hello", **more: Any) -> list[str]:
    return [each.kind for each in remarks(subject, body, to or acquaintance(), **more)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hi [first name], how are you?", ["unfilled"]),
        ("Hi <name>, {{ contact.name }} TODO ____", ["unfilled"] * 4),
        ("Hi [Recruiter name], {first_name}, [contact], [your title here]", ["unfilled"] * 4),
        (f"{LONG_ENOUGH} Would you refer me to [Full-time] Engineer [m/f/d] [Full Stack] [Title II]?", []),
        ("word " * 126, ["long"]),
        ("Would you refer me?", ["short"]),
        (f"{LONG_ENOUGH} How? Why? When? Where?", ["questions"]),
        (f"{LONG_ENOUGH} Would you refer me? Could you also look at my letter?", ["asks"]),
        ("Bo can tell you more: bo@globex.example", ["address"]),
        ("It was great working with you.", ["relation"]),
        ("Thank you for the referral!", ["relation"]),
    ],
)
def test_what_a_friend_would_say(body: str, expected: list[str]) -> None:
    assert kinds(body) == expected


def test_what_the_records_bear_out_is_not_remarked_on() -> None:
    assert kinds("It was great working with you.", acquaintance(relation="colleague")) == []
    assert kinds("Thank you for the referral!", acquaintance(referrals=1)) == []
    assert kinds("I liked our call.", acquaintance()) == []
    assert kinds("I liked our call.", acquaintance(talked=False)) == ["relation"]
    assert kinds("Write to maya@example.org", shared=["maya@example.org"]) == []


def test_what_was_noted_of_somebody_is_not_told_to_them() -> None:
    notes = ["Met at a fair. Is unhappy with the new boss!"]
    assert kinds("I hear that you... is unhappy  with the new boss, so", notes=notes) == ["private"]
    assert kinds("We met at a fair.", notes=notes) == []


def test_a_note_to_somebody_who_is_not_linked_is_short() -> None:
    assert kinds("Hello. " * 40, acquaintance(linked=False)) == ["note"]
    assert kinds("Hello. " * 20, acquaintance(linked=False)) == []


def test_a_subject_is_a_few_words() -> None:
    assert kinds("Hello", subject="one two three four five six seven eight") == ["subject"]


def test_nobody_gets_the_personal_line_of_another() -> None:
    line = "Since our work on the importer I know how you think."
    assert kinds("Hello", personal=[line], others={"Bo": ["I like your talk on flaky tests."]}) == []
    assert kinds("Hello", personal=[line], others={"Bo": [line.replace("importer", "exporter")]}) == ["copy"]


TEMPLATE = "Hi Ana,\n\nI hope you are well. Would you refer me to the opening at Acme?\n\nBest,\nMaya\n"
ADDED = "I still quote what you said in Lisbon about tests."


@pytest.mark.parametrize(
    ("body", "own"),
    [
        (TEMPLATE, ""),
        (TEMPLATE.replace("hope you are", "hope you're"), ""),
        (TEMPLATE.replace("I hope you are well.", "Happy new year!"), ""),
        (TEMPLATE.replace("I hope you are well.", ADDED), ADDED),
        (TEMPLATE.replace("Hi Ana,", f"Dear Ana,\n\n{ADDED}"), f"Dear Ana, {ADDED}"),
        ("", ""),
    ],
)
def test_what_is_written_by_hand_is_what_the_template_did_not_say(body: str, own: str) -> None:
    assert handwritten(TEMPLATE, body) == own


@given(st.text(max_size=300), st.none() | st.text(max_size=40))
def test_there_is_always_something_to_say_or_nothing(body: str, subject: str | None) -> None:
    found = remarks(subject, body, acquaintance(), personal=[body], others={"Bo": [body[1:]]})

    assert found == remarks(subject, body, acquaintance(), personal=[body], others={"Bo": [body[1:]]})
    assert {each.certain for each in found if each.kind == "unfilled"} <= {True}
    assert any(each.certain for each in found) == bool(unfilled(f"{subject or ''}\n{body}"))


@pytest.mark.parametrize(
    "path", sorted(resources.workflows().glob("templates/*.txt")), ids=lambda path: path.stem
)
def test_nothing_is_to_be_said_of_the_templates_that_ship(path: Any) -> None:
    template, problems = parse_template(path.stem, path.read_text(encoding="utf-8"))
    assert template is not None, problems
    to = acquaintance(referrals=1)
    opening = {
        "title": "Senior Engineer", "company": "Acme", "url": "https://acme.example/1", "submit": "the form",
        "programme": None, "requisition": None,
    }  # fmt: skip
    line = "Since our work on the importer in Lisbon I keep thinking of how you build teams."
    seen = {
        "contact": to.contact, "opening": opening,
        "me": {"first_name": "Maya", "name": "Maya Okafor", "email": "maya@example.org"},
        "ask": {"line": line, "stage": "asked"}, "event": {}, "params": {}, "vars": {}, "data": {},
    }  # fmt: skip
    message = render(template, seen)

    assert remarks(message.subject, message.body, to, shared=["maya@example.org"]) == []
    assert not UNFILLED.search(message.body)


def test_what_nobody_filled_in_does_not_leave(search: Search) -> None:
    search.ask("Ana Lima")
    search.edit("Ana Lima", "Hi [first name], would you refer me?")

    with pytest.raises(Held, match=r"unfilled.*\[first name\]"):
        search.approve("Ana Lima")
    found = api.draft(search.workspace, search.message("Ana Lima"), search.now).remarks
    assert Remark(kind="unfilled", text="`[first name]` was to be filled in.", certain=True) in found

    search.edit("Ana Lima", "Hi Ana, would you refer me?")
    assert search.approve("Ana Lima").status == "prepared"


def test_notes_are_looked_up_in_the_log(search: Search) -> None:
    search.ask("Ana Lima")
    api.note(search.workspace, search.contact("Ana Lima"), "Is looking for a new job herself.", search.now)
    search.edit("Ana Lima", "Hi Ana, I know that somebody is looking for a new job herself.")

    assert "private" in [
        each.kind for each in api.draft(search.workspace, search.message("Ana Lima"), search.now).remarks
    ]


def test_what_was_written_by_hand_to_another_is_a_copy(search: Search) -> None:
    def remarked(who: str) -> list[str]:
        found = api.draft(search.workspace, search.message(who), search.now).remarks
        return [each.text for each in found if each.kind == "copy"]

    search.ask("Ana Lima", "Engineer", line="You taught me all I know of parsers.")
    search.ask("Bo Berg", "Designer", line="We shared a desk, and an umbrella, in Porto.")
    drafts = {who: search.message(who).body or "" for who in ("Ana Lima", "Bo Berg")}
    assert remarked("Ana Lima") == remarked("Bo Berg") == []

    search.edit("Ana Lima", f"{drafts['Ana Lima']}\n{ADDED}")
    search.edit("Bo Berg", f"{drafts['Bo Berg']}\nGive my love to the dog, and to the one who walks it.")
    assert remarked("Ana Lima") == remarked("Bo Berg") == []

    search.edit("Bo Berg", f"{drafts['Bo Berg']}\n{ADDED.replace('Lisbon', 'Porto')}")
    assert remarked("Ana Lima") == ["Bo Berg got nearly the same personal words: people compare."]
    assert remarked("Bo Berg") == ["Ana Lima got nearly the same personal words: people compare."]

    search.skip("Ana Lima")
    assert remarked("Bo Berg") == []


def test_a_draft_is_shown_with_what_there_is_to_say(terminal: Terminal) -> None:
    terminal.does("draft", "Ana Lima", "--body-file", "-", input="Would you? Could you? Can you? Will you?")

    assert "asks for 4 things" in terminal.does("draft", "Ana Lima").err
    assert "asks for 4 things" in terminal.type("approve", "Ana Lima").err
    assert {each["kind"] for each in terminal.asks("draft", "Ana Lima")["remarks"]} >= {
        "asks",
        "questions",
        "short",
    }
