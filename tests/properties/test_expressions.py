"""Laws of the language of conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from refflow.workflows.durations import Duration, Unit
from refflow.workflows.expressions import (
    BOOL,
    DURATION,
    INSTANT,
    NUMBER,
    TEXT,
    Enum,
    Expression,
    ExpressionErrors,
    List,
    Optional_,
    Problem,
    Record,
    Scope,
    Type,
    compile_expression,
    record_of,
)
from refflow.workflows.expressions.parser import parse
from refflow.workflows.expressions.syntax import (
    POWER,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Default,
    Has,
    Items,
    Logic,
    Minus,
    Node,
    Not,
    Path,
    written,
)

HERE = (0, 0)


class Employer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int | None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    warmth: Literal["warm", "cold"]
    strength: float
    days: int
    blocked: bool
    tags: tuple[str, ...]
    met: datetime | None
    quiet: int | None
    met_before: bool | None
    employer: Employer | None
    gap: Duration


class ExactCalendar:
    """Counts a business day as a day."""

    _STEPS: Mapping[str, timedelta] = {
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
        "d": timedelta(days=1),
        "bd": timedelta(days=1),
        "w": timedelta(weeks=1),
    }

    def add(self, instant: datetime, duration: Duration) -> datetime:
        return instant + duration.amount * self._STEPS[duration.unit]

    def subtract(self, instant: datetime, duration: Duration) -> datetime:
        return instant - duration.amount * self._STEPS[duration.unit]


SCOPE = Scope({"contact": record_of(Contact, "contact"), "now": INSTANT})
UNITS: tuple[Unit, ...] = ("m", "h", "d", "bd", "w")

durations = st.builds(Duration, st.integers(0, 99_999), st.sampled_from(UNITS))
instants = st.datetimes(timezones=st.just(UTC))
texts = st.text(max_size=5)
numbers = st.integers() | st.floats()

contacts = st.builds(
    Contact,
    name=texts,
    warmth=st.sampled_from(["warm", "cold"]),
    strength=numbers,
    days=numbers,
    blocked=st.booleans(),
    tags=st.lists(texts, max_size=3).map(tuple),
    met=st.none() | instants,
    quiet=st.none() | numbers,
    met_before=st.none() | st.booleans(),
    employer=st.none() | st.builds(Employer, name=texts, size=st.none() | st.integers()),
    gap=durations,
)
environments = st.builds(
    lambda contact, now: {"contact": contact, "now": now, "calendar": ExactCalendar()}, contacts, instants
)


def belongs(value: Any, given: Type) -> bool:
    """Whether a value is of a type."""
    match given:
        case Optional_(inner=inner):
            return value is None or belongs(value, inner)
        case List(item=item):
            return isinstance(value, tuple) and all(belongs(each, item) for each in value)
        case Enum(values=values):
            return value in values
        case Record():
            return isinstance(value, msgspec.Struct)
    if given == NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if given == INSTANT:
        return isinstance(value, datetime) and value.tzinfo is not None
    kinds: dict[Type, type] = {BOOL: bool, TEXT: str, DURATION: Duration}
    return given not in kinds or isinstance(value, kinds[given])


# Well-typed expressions, each form in brackets so that only meaning is at stake


def joined(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda each: form.format(*each))


def of_operators(operators: list[str], operand: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return joined("({} {} {})", operand, st.sampled_from(operators), operand)


text_terms = st.sampled_from(
    ['"warm"', "contact.name", '(contact.employer.name else "x")', "lower(contact.warmth)"]
)
list_terms = st.sampled_from(["contact.tags", '["a", contact.name]', "[]"])
duration_terms = durations.map(str) | st.just("contact.gap")
instant_terms = st.recursive(
    st.sampled_from(["now", "(contact.met else now)"]),
    lambda inner: joined("({} {} {})", inner, st.sampled_from("+-"), duration_terms),
    max_leaves=3,
)
number_terms = st.recursive(
    st.sampled_from(
        ["0", "1.5", "-3", "contact.strength", "contact.days", "(contact.quiet else 7)", "size(contact.tags)"]
    )
    | joined("days_since({})", instant_terms),
    lambda inner: (
        of_operators(["+", "-", "*"], inner)
        | joined("({} / (contact.days - {}) else {})", inner, inner, inner)
        | joined("({} / 7)", inner)
        | joined("(-{})", inner)
    ),
    max_leaves=3,
)
conditions = st.recursive(
    st.sampled_from(
        [
            "true",
            "contact.blocked",
            '(contact.warmth in ["warm"])',
            "has(contact.employer.size)",
            "(contact.quiet == null)",
        ]
    )
    | of_operators(["==", "!=", "<", "<=", ">", ">="], number_terms)
    | of_operators(["<", ">=", "=="], instant_terms)
    | of_operators(["==", "!=", "contains"], text_terms)
    | joined("({} == {})", duration_terms, duration_terms)
    | joined("({} {} {})", text_terms, st.sampled_from(["in", "not in"]), list_terms)
    | joined("any_of({}, {})", list_terms, list_terms)
    | joined("(has(contact.quiet) and contact.quiet > {})", number_terms)
    | joined("(contact.employer.size == null or contact.employer.size < {})", number_terms),
    lambda inner: of_operators(["and", "or", "=="], inner) | joined("(not {})", inner),
    max_leaves=3,
)
forms: list[st.SearchStrategy[tuple[str, Type]]] = [
    st.tuples(conditions, st.just(BOOL)),
    st.tuples(number_terms, st.just(NUMBER)),
    st.tuples(instant_terms, st.just(INSTANT)),
    st.tuples(duration_terms, st.just(DURATION)),
    st.tuples(text_terms, st.just(TEXT)),
    st.tuples(list_terms, st.just(List(TEXT))),
]
# Well within what one expression may hold.
well_typed = st.one_of(forms).filter(lambda typed: typed[0].count("(") <= 14)

# Any tree, well-typed or not

NAMES = ["contact", "now", "size", "contains_all", "имя"]
FIELDS = ["days", "quiet", "employer", "size", "warmth", "met", "met_before", "not", "name"]

paths = st.builds(
    lambda root, rest: Path((root, *rest), (0,) * (1 + len(rest)), span=HERE),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(FIELDS), max_size=2),
) | st.sampled_from(["days", "quiet", "met_before", "name", "employer", "employer.size"]).map(
    lambda rest: Path(("contact", *rest.split(".")), (0, 0, 0), span=HERE)
)
constants = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.integers(0, 10**10).map(lambda number: number / 10_000)
    | texts
    | durations
).map(lambda value: Constant(value, span=HERE))


def larger(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def of_level(*powers: str) -> st.SearchStrategy[str]:
        return st.sampled_from([*powers])

    compared = [operator for operator in POWER if POWER[operator] == POWER["=="]]
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    make: Callable[..., Node] = lambda kind, *parts: kind(*parts, span=HERE)  # noqa: E731
    return st.one_of(
        st.builds(make, st.just(Items), st.lists(inner, max_size=3).map(tuple)),
        st.builds(make, st.sampled_from([Not, Minus]), inner),
        st.builds(make, st.just(Logic), of_level("and", "or"), several),
        st.builds(make, st.just(Comparison), of_level(*compared), inner, inner),
        st.builds(make, st.just(Arithmetic), of_level("+", "-", "*", "/"), inner, inner),
        st.builds(make, st.just(Default), inner, inner),
        st.builds(make, st.just(Call), st.sampled_from(["size", "any_of", "имя"]), several),
    )


trees = st.recursive(constants | paths | paths.map(lambda path: Has(path, span=HERE)), larger, max_leaves=8)

guarded = st.recursive(
    st.sampled_from(
        [
            "true",
            "contact.met_before",
            "has(contact.met_before)",
            "contact.met_before != null",
            "has(contact.employer.size)",
            "contact.employer.size > 3",
            "contact.employer == null",
            'contact.employer.name == ""',
        ]
    ),
    lambda inner: of_operators(["and", "or"], inner) | joined("(not {})", inner),
    max_leaves=6,
)
words = st.sampled_from(
    [*POWER, *NAMES, *FIELDS, *"()[],.?!'\"&|= ", "has", "null", "3", "5bd", '"warm"', "1e5", "'x'", "<>"]
)


def compiled(text: str, expect: Type | None = None) -> Expression | tuple[Problem, ...]:
    """The expression, or what is wrong with it."""
    try:
        return compile_expression(text, SCOPE, expect)
    except ExpressionErrors as errors:
        return errors.problems


@given(trees)
@example(parse("1 - (2 - (3 + 4) * -(5))")[0])
@example(parse("(1 == 2) == (not (true and false) and (true and true))")[0])
@example(parse("(1 else (2 else 3)) + 4 in [5]")[0])
def test_a_tree_reads_back_as_it_was_written(tree: Node) -> None:
    again, problems = parse(written(tree))

    assert (again, problems) == (tree, ())
    assert written(again) == written(tree)


@given(well_typed, environments)
def test_a_well_typed_expression_has_a_value_of_its_type(typed: tuple[str, Type], env: dict[str, Any]) -> None:
    text, wanted = typed
    expression = compile_expression(text, SCOPE, wanted)

    assert belongs(expression.evaluate(env), expression.type)


@given(trees.map(written) | guarded, environments)
def test_whatever_the_checker_accepts_has_a_value_of_its_type(text: str, env: dict[str, Any]) -> None:
    expression = compiled(text)

    if isinstance(expression, Expression):
        assert belongs(expression.evaluate(env), expression.type)


@given(well_typed, environments)
def test_an_explanation_starts_with_the_value(typed: tuple[str, Type], env: dict[str, Any]) -> None:
    text, wanted = typed
    expression = compile_expression(text, SCOPE, wanted)
    source, value = expression.explain(env)[0]

    assert source in text
    assert repr(value) == repr(expression.evaluate(env))


@given(well_typed, environments)
def test_a_mapping_reads_like_the_struct_it_stands_for(typed: tuple[str, Type], env: dict[str, Any]) -> None:
    expression = compile_expression(typed[0], SCOPE)
    contact = msgspec.structs.asdict(env["contact"])
    if contact["employer"] is not None:
        contact["employer"] = msgspec.structs.asdict(contact["employer"])

    assert repr(expression.evaluate({**env, "contact": contact})) == repr(expression.evaluate(env))


@given(well_typed, contacts)
def test_only_what_refs_names_is_read(typed: tuple[str, Type], contact: Contact) -> None:
    class Watched(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            read.add(name)
            return super().__getitem__(name)

    read: set[str] = set()
    expression = compile_expression(typed[0], SCOPE)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    expression.evaluate(Watched(contact=contact, now=now, calendar=ExactCalendar()))

    assert read <= {path.split(".")[0] for path in expression.refs}


@given(st.text() | st.lists(words, max_size=30).map(" ".join), st.sampled_from([BOOL, NUMBER, None]))
def test_any_text_compiles_or_has_problems_within_it(text: str, expect: Type | None) -> None:
    result = compiled(text, expect)

    assert result
    for problem in () if isinstance(result, Expression) else result:
        assert 0 <= problem.offset <= problem.offset + problem.length <= len(text)
        assert problem.message


@given(
    st.sampled_from(["(", "[", "not ", "-", "- ", "size(", "1 + ", "1 < ", "true == (true or true) and ("]),
    st.integers(1, 400),
)
def test_depth_is_refused_before_it_hurts(opening: str, count: int) -> None:
    assert compiled(opening * count + "1" + ")" * count)
