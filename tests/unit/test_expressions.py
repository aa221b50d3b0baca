"""The language of conditions: what it accepts, what it answers, and what it says about mistakes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
import pytest

from refflow.workflows.durations import Duration
from refflow.workflows.expressions import (
    BOOL,
    DURATION,
    INSTANT,
    NUMBER,
    TEXT,
    UNKNOWN,
    Enum,
    ExpressionErrors,
    Function,
    List,
    Optional_,
    Problem,
    Record,
    Scope,
    Type,
    compile_expression,
    record_of,
)
from refflow.workflows.expressions.evaluate import _OPERATIONS
from refflow.workflows.language.calendar import Calendar

COMPARE = 'compare it, as in `contact.days > 30` or `opening.status == "open"`'
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Employer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "Ana"
    warmth: Literal["close", "warm", "dormant", "cold"] = "warm"
    strength: float = 0.7
    days: int = 12
    do_not_contact: bool = False
    tags: tuple[str, ...] = ("alumni", "sre")
    interest: str | None = None
    days_quiet: int | None = None
    connected_on: date | None = None
    employer: Employer | None = None


class Odd(msgspec.Struct):
    score: Annotated[float, msgspec.Meta(ge=0)]
    level: Literal[1, 2]
    mixed: Literal[1, "a"]
    seen: datetime
    names: list[str | None]
    pairs: frozenset[int]
    gap: Duration
    either: int | float | None
    other: int | str
    parent: Odd | None
    anything: Any
    by_name: dict[str, int]


def _active(workflow: str, contact: Contact, *, runs: set[tuple[str, str]]) -> bool:
    return (workflow, contact.name) in runs


ACTIVE = Function("active", (TEXT, Record("contact", {})), BOOL, _active, ("runs",))
SCOPE = Scope(
    {
        "contact": record_of(Contact, "contact"),
        "opening": Record("opening", {"status": Enum(("open", "closed")), "seen": INSTANT}),
        "event": Record("event", {"when": Optional_(INSTANT), "contact": record_of(Contact, "contact")}),
        "params": Record("params", {"gap": DURATION}),
        "referrer": Optional_(record_of(Contact, "contact")),
        "now": INSTANT,
    },
    {"active": ACTIVE},
)


def env(**changes: Any) -> dict[str, Any]:
    return {
        "contact": Contact(**changes),
        "opening": {"status": "open", "seen": NOW - timedelta(days=3, hours=5)},
        "event": {"contact": Contact()},
        "params": {"gap": Duration(5, "bd")},
        "now": NOW,
        "calendar": Calendar("Europe/Berlin"),
        "runs": {("referral-ask", "Ana")},
    }


def value(text: str, **changes: Any) -> Any:
    return compile_expression(text, SCOPE).evaluate(env(**changes))


def problems(text: str, expect: Type | None = BOOL) -> tuple[Problem, ...]:
    with pytest.raises(ExpressionErrors) as caught:
        compile_expression(text, SCOPE, expect)
    return caught.value.problems


def found(text: str, expect: Type | None = BOOL) -> list[tuple[str, str]]:
    """Each problem's code with the part of the text it points at."""
    return [(each.code, text[each.offset : each.offset + each.length]) for each in problems(text, expect)]


def help_for(text: str, expect: Type | None = BOOL) -> str | None:
    (problem,) = problems(text, expect)
    return problem.help


# What expressions say


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ('"a \\"b\\" \\\\"', 'a "b" \\'),
        ("true", True),
        ("5bd", Duration(5, "bd")),
        ("[1, 2]", (1, 2)),
        ("1 + 2 * 3 - 4", 3),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("7 / 2", 3.5),
        ("-contact.days + 2", -10),
        ("contact.strength > 0.5 and contact.days < 30", True),
        ("not contact.do_not_contact", True),
        ("not contact.days == 12", False),
        ("true or true and false", True),
        ('contact.warmth in ["warm", "close"]', True),
        ('contact.warmth not in ["warm", "close"]', False),
        ('contact.tags contains "alumni"', True),
        ('contact.name contains "n"', True),
        ('any_of(contact.tags, ["sre", "sales"])', True),
        ("size(contact.tags)", 2),
        ('lower(contact.name) == "ana"', True),
        ("contact.days_quiet else 99 > 30", True),
        ("(1 / 0.5) == 2", True),
        ("days_since(opening.seen)", 3),
        ('active("referral-ask", contact)', True),
        ('active("warm-up", event.contact)', False),
        ("opening.seen < now", True),
        ("params.gap == 5bd", True),
        ('"open" == opening.status', True),
        ("1 in []", False),
    ],
)
def test_an_expression_has_the_value_it_reads_like(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_the_default_stands_in_only_for_a_missing_value() -> None:
    assert value("contact.days_quiet else 99") == 99
    assert value("contact.days_quiet else 99", days_quiet=0) == 0


def test_a_default_reaches_through_a_missing_record() -> None:
    assert value('contact.employer.name else "somewhere"') == "somewhere"
    assert value('contact.employer.name else "somewhere"', employer=Employer(name="Acme")) == "Acme"


def test_defaults_can_follow_one_another() -> None:
    assert value("contact.days_quiet else contact.employer.size else 7") == 7


def test_has_asks_whether_a_whole_path_is_there() -> None:
    assert not value("has(contact.employer.size)")
    assert not value("has(contact.employer.size)", employer=Employer(name="Acme"))
    assert value("has(contact.employer.size)", employer=Employer(name="Acme", size=3))


def test_a_name_of_the_scope_can_be_missing() -> None:
    assert not value("has(referrer)")
    assert value('referrer.name else "nobody"') == "nobody"


def test_a_duration_is_added_to_a_point_in_time_by_the_calendar() -> None:
    until = compile_expression("event.when else now + 5bd", SCOPE, INSTANT)

    assert until.evaluate(env()) == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    assert value("now - 1d") == NOW - timedelta(days=1)


def test_time_does_not_run_past_the_last_year() -> None:
    assert value("now + 99999w + 99999w + 99999w + 99999w + 99999w") == datetime.max.replace(tzinfo=UTC)
    assert value("now - 99999w - 99999w") == datetime.min.replace(tzinfo=UTC)


def test_a_division_by_zero_is_missing() -> None:
    assert value("10 / (contact.days - 12) else -1") == -1


def test_a_number_beyond_every_float_is_infinite() -> None:
    huge = 10**400

    assert value("contact.days * 1.5", days=huge) == float("inf")
    assert value("contact.days * -1.5", days=huge) == float("-inf")
    assert value("0.5 - contact.days", days=huge) == float("-inf")
    assert value("contact.days / 2", days=huge) == float("inf")


def test_a_date_is_its_first_instant_in_utc() -> None:
    assert value("days_since(contact.connected_on else now)", connected_on=date(2026, 2, 27)) == 3


def test_records_can_be_structs_or_mappings() -> None:
    condition = compile_expression('contact.warmth == "warm" and has(contact.employer.size)', SCOPE, BOOL)
    contact = Contact(employer=Employer(name="Acme", size=3))

    assert condition.evaluate({"contact": contact})
    assert condition.evaluate({"contact": msgspec.to_builtins(contact)})


def test_a_field_may_be_called_like_a_method_of_a_mapping() -> None:
    scope = Scope({"event": Record("event", {"items": NUMBER, "in": NUMBER})})

    assert compile_expression("event.items + event.in", scope).evaluate({"event": {"items": 2, "in": 3}}) == 5


# Types


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contact.days + 1", NUMBER),
        ("contact.days / 2", NUMBER),
        ("2 / contact.days", Optional_(NUMBER)),
        ("contact.days_quiet", Optional_(NUMBER)),
        ("contact.days_quiet else 1", NUMBER),
        ("contact.days_quiet else contact.employer.size", Optional_(NUMBER)),
        ('["a", "b"]', List(TEXT)),
        ("opening.status", Enum(("open", "closed"))),
        ("now + params.gap", INSTANT),
        ("event.when else now", INSTANT),
    ],
)
def test_an_expression_knows_its_type(text: str, expected: Type) -> None:
    assert compile_expression(text, SCOPE).type == expected


def test_a_record_takes_its_types_from_a_struct() -> None:
    assert record_of(Odd, "odd") == Record(
        "odd",
        {
            "score": NUMBER,
            "level": NUMBER,
            "seen": INSTANT,
            "names": List(TEXT),
            "pairs": List(NUMBER),
            "gap": DURATION,
            "either": Optional_(NUMBER),
        },
    )
    assert record_of(Contact, "contact").fields["employer"] == Optional_(
        Record("employer", {"name": TEXT, "size": Optional_(NUMBER)})
    )


def test_refs_are_the_paths_that_are_read() -> None:
    text = "has(contact.employer.size) and contact.days > 3 and days_since(opening.seen) > 2"

    assert compile_expression(text, SCOPE).refs == {
        "contact.employer.size",
        "contact.days",
        "opening.seen",
        "now",
    }
    assert compile_expression("now + 5bd", SCOPE).refs == {"now", "calendar"}


# Guards


@pytest.mark.parametrize(
    "text",
    [
        "has(contact.days_quiet) and contact.days_quiet > 3",
        "has(contact.days_quiet) and (contact.days_quiet else 4) > 3",
        "not has(contact.days_quiet) or contact.days_quiet > 3",
        "contact.days_quiet != null and contact.days_quiet > 3",
        "contact.days_quiet == null or contact.days_quiet > 3",
        "not (contact.days_quiet == null) and contact.days_quiet > 3",
        'has(contact.employer.size) and contact.employer.size > 3 and contact.employer.name == "Acme"',
        "has(contact.interest) and (has(contact.days_quiet) and contact.days_quiet > size(contact.tags))",
        "(has(contact.days_quiet) and true or has(contact.days_quiet) and false) and contact.days_quiet > 3",
    ],
)
def test_a_guarded_value_may_be_used(text: str) -> None:
    assert isinstance(value(text), bool)


@pytest.mark.parametrize(
    "text",
    [
        "contact.days_quiet > 3",
        "has(contact.days_quiet) or contact.days_quiet > 3",
        "not has(contact.days_quiet) and contact.days_quiet > 3",
        "has(contact.days_quiet) and true or contact.days_quiet > 3",
        "(has(contact.days_quiet) or true) and contact.days_quiet > 3",
        "not (has(contact.days_quiet) or true) or contact.days_quiet > 3",
    ],
)
def test_a_value_that_may_be_missing_cannot_be_used_unguarded(text: str) -> None:
    assert found(text) == [("E124", "contact.days_quiet")]


def test_a_missing_value_says_how_to_guard_it() -> None:
    assert found("contact.days_quiet > 3") == [("E124", "contact.days_quiet")]
    assert help_for("contact.days_quiet > 3") == (
        "write `contact.days_quiet else <default>` or guard with `has(contact.days_quiet)`"
    )


def test_a_path_through_a_missing_record_names_the_record() -> None:
    assert found('contact.employer.name == "Acme"') == [("E124", "contact.employer")]


# Mistakes


@pytest.mark.parametrize(
    ("text", "code", "place", "help"),
    [
        ("contact.strenght > 0.5", "E121", "strenght", "did you mean `strength`?"),
        ("contcat.days > 5", "E120", "contcat", "did you mean `contact`?"),
        ("contact.warmth == warm", "E120", "warm", 'a text is written in quotes: `"warm"`'),
        ("contact.name.first == 1", "E121", "first", None),
        ('contact.warmth == "wram"', "E115", '"wram"', "did you mean `warm`?"),
        ('contact.warmth in ["warm", "clos"]', "E115", '"clos"', "did you mean `close`?"),
        ('"ajar" != opening.status', "E115", '"ajar"', "it can be open, closed"),
        ("contact.warmth == opening.status", "E122", "contact.warmth == opening.status", None),
        ('contact.days > "30"', "E122", 'contact.days > "30"', "write `30` without quotes"),
        ('contact.name > "B"', "E122", 'contact.name > "B"', None),
        ("contact.name + 1 == 2", "E122", "contact.name + 1", None),
        ('"alumni" in contact.name', "E122", "contact.name", 'write `contact.name contains "alumni"`'),
        (
            'contact.tags == ["a"]',
            "E122",
            'contact.tags == ["a"]',
            "use `contains`, `in` or `any_of` with lists",
        ),
        ("contact == event.contact", "E122", "contact == event.contact", "compare one of their fields"),
        ("contact.tags contains 3", "E122", "contact.tags contains 3", None),
        ("any_of(contact.tags, [1])", "E122", "any_of(contact.tags, [1])", None),
        ('[1, "a"] contains 1', "E122", '"a"', None),
        ("contact.days / 0 > 1", "E122", "0", None),
        ("null > 1", "E122", "null", "ask with `has(path)`, or compare with `== null`"),
        ("sise(contact.tags) > 1", "E116", "sise", "did you mean `size`?"),
        ("size() > 1", "E117", "size()", None),
        ("days_since(contact.days) > 1", "E122", "contact.days", None),
        ("has(contact.name)", "E118", "contact.name", None),
        ("contact.name == null", "E118", "contact.name", None),
        ('contact.name else "x" == "y"', "E118", "contact.name", None),
        ('contact.interest else 3 == "y"', "E122", "3", None),
        ("contact.days", "E123", "contact.days", COMPARE),
        ("contact.interest", "E123", "contact.interest", "write `has(contact.interest)`"),
        ("not contact.tags", "E123", "contact.tags", "write `size(contact.tags) > 0`"),
        ("contact.days and true", "E123", "contact.days", COMPARE),
        ("contact.days = 5", "E110", "=", "use `==` to compare"),
        ("true && false", "E110", "&&", "write `and`"),
        ("true || false", "E110", "||", "write `or`"),
        ("!contact.do_not_contact", "E110", "!", "write `not`"),
        ("contact.days => 5", "E110", "=>", "write `>=`"),
        ("true ? 1 : 2", "E110", "?", "there is no `? :`; give two steps an `if`, or use `choose`"),
        ("contact.name == 'Ana'", "E110", "'Ana'", 'a text is written in straight double quotes: `"Ana"`'),
        ("contact.name == “Ana”", "E110", "“Ana”", 'a text is written in straight double quotes: `"Ana"`'),
        ("{{ true }}", "E110", "{", "an expression needs no braces around it"),
        ('contact.name == "Ana', "E110", '"', 'a text ends with a second `"`'),
        ('contact.name == "a\\n"', "E110", "\\n", "write `\\\\` for one `\\`"),
        ("1 < contact.days < 5", "E112", "<", "write `1 < contact.days and contact.days < 5`"),
        ("contact.name.lower() == 1", "E111", "(", "functions come first: `lower(contact.name)`"),
        ("contact.days > 20 days", "E111", "days", "a duration has no space: 30m, 4h, 5d, 5bd or 2w"),
        ("contact.days > 20x", "E130", "20x", "write 30m, 4h, 5d, 5bd or 2w"),
        ("contact.days is 5", "E111", "is", "use `==` to compare"),
        ("contact.days > 1234567890123456", "E111", "1234567890123456", None),
        ("contact.days > .5", "E111", ".", "write a number below one with its zero: `0.5`"),
        ("has(5)", "E111", "5", "write `has(contact.email)`"),
        ("(contact else contact).name", "E111", ".", "write the whole path, such as `contact.name`"),
        ("(true", "E111", "", None),
        ("true)", "E111", ")", None),
        ("contact.", "E111", "", None),
        ("  ", "E111", "", None),
        ("(" * 50 + "true" + ")" * 50, "E113", "(", "split it into several conditions"),
    ],
)
def test_a_mistake_is_named_where_it_is(text: str, code: str, place: str, help: str | None) -> None:
    assert found(text) == [(code, place)]
    assert help_for(text) == help


@pytest.mark.parametrize(
    ("text", "expect", "code", "help"),
    [
        ("now - opening.seen", INSTANT, "E122", "count with `days_since(instant)`"),
        ("now + 5", INSTANT, "E122", "a duration has a unit: 30m, 4h, 5d, 5bd or 2w"),
        ("5bd + now", INSTANT, "E122", "the point in time comes first: `now + 5bd`"),
        ("5bd", INSTANT, "E122", "write `now + 5bd`"),
        ("event.when", INSTANT, "E124", "write `event.when else <default>` or guard with `has(event.when)`"),
        ('"ajar"', Enum(("open", "closed")), "E115", "it can be open, closed"),
        ("2 / contact.days", NUMBER, "E124", "write `(2 / contact.days else <default>)`"),
    ],
)
def test_a_value_of_another_type_than_expected_is_refused(
    text: str, expect: Type, code: str, help: str | None
) -> None:
    (problem,) = problems(text, expect)

    assert (problem.code, problem.help) == (code, help)


def test_all_independent_mistakes_are_reported_in_the_order_of_the_text() -> None:
    text = 'contact.strenght = 0.5 && contact.days > "3" || opening.status == "opne"'

    assert found(text) == [
        ("E121", "strenght"),
        ("E110", "="),
        ("E110", "&&"),
        ("E122", 'contact.days > "3"'),
        ("E110", "||"),
        ("E115", '"opne"'),
    ]


def test_one_mistake_does_not_cause_others() -> None:
    text = "size(contcat.tags.x) + nosuch(1, 2) > 5bd and not contcat.y contains [contcat.z]"

    assert {code for code, _ in found(text)} == {"E120", "E116"}


def test_a_name_of_unknown_type_is_silent() -> None:
    scope = Scope({"event": UNKNOWN})

    assert compile_expression("event.foo.bar > 3 and event.baz", scope, BOOL).type == BOOL


def test_the_errors_read_as_text() -> None:
    with pytest.raises(
        ExpressionErrors, match=r"E121 `contact` has no field `dais`\n  help: did you mean `days`\?"
    ):
        compile_expression("contact.dais > 3", SCOPE, BOOL)


def test_nothing_of_python_is_within_reach() -> None:
    assert found('__import__("os")', None) == [("E116", "__import__")]
    assert found("contact.__class__", None) == [("E121", "__class__")]
    assert not any(name.startswith("_") for name in _OPERATIONS)


# Explaining


def test_an_explanation_goes_from_the_whole_to_its_parts() -> None:
    condition = compile_expression('contact.warmth in ["close"] or contact.days + 1 < 5', SCOPE, BOOL)

    assert condition.explain(env()) == (
        ('contact.warmth in ["close"] or contact.days + 1 < 5', False),
        ('contact.warmth in ["close"]', False),
        ("contact.warmth", "warm"),
        ("contact.days + 1 < 5", False),
        ("contact.days + 1", 13),
        ("contact.days", 12),
    )


def test_an_explanation_leaves_whole_records_out() -> None:
    condition = compile_expression('not active("referral-ask", contact)', SCOPE, BOOL)

    assert condition.explain(env()) == (
        ('not active("referral-ask", contact)', False),
        ('active("referral-ask", contact)', True),
    )


def test_an_explanation_survives_what_its_guard_keeps_away() -> None:
    condition = compile_expression("has(contact.days_quiet) and contact.days_quiet > 3", SCOPE, BOOL)

    assert condition.explain(env()) == (
        ("has(contact.days_quiet) and contact.days_quiet > 3", False),
        ("has(contact.days_quiet)", False),
        ("contact.days_quiet", None),
        ("contact.days_quiet > 3", None),
    )
    assert {each for _, each in condition.explain({})} == {None}
