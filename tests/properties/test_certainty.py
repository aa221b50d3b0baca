"""What is said to be certain of a condition is so for whatever values its terms have."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refflow.workflows.expressions import (
    BOOL,
    NUMBER,
    TEXT,
    Enum,
    Expression,
    ExpressionErrors,
    Optional_,
    Record,
    Scope,
    Type,
    compile_expression,
)
from refflow.workflows.proofs.certainty import constant, never_after, possible

FIELDS: dict[str, tuple[Type, st.SearchStrategy[Any]]] = {
    "size": (NUMBER, st.integers(-1, 6)),
    "days": (Optional_(NUMBER), st.one_of(st.none(), st.integers(-1, 6))),
    "state": (Enum(("open", "shut", "lost")), st.sampled_from(["open", "shut", "lost"])),
    "word": (TEXT, st.sampled_from(["a", "b", "c"])),
    "title": (Optional_(TEXT), st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))),
    "done": (BOOL, st.booleans()),
}
SCOPE = Scope({"x": Record("x", {name: found for name, (found, _) in FIELDS.items()})})

numbers = st.integers(0, 4).map(str)
texts = st.sampled_from(['"a"', '"b"'])
orders = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
atoms = st.one_of(
    st.builds("x.size {} {}".format, orders, numbers),
    st.builds("{1} {0} x.size".format, orders, numbers),
    st.builds("(has(x.days) and x.days {} {})".format, orders, numbers),
    st.builds("(x.days else {}) {} {}".format, numbers, orders, numbers),
    st.builds('x.state {} "{}"'.format, st.sampled_from(["==", "!="]), st.sampled_from(["open", "shut"])),
    st.builds("x.state {} [{}]".format, st.sampled_from(["in", "not in"]), st.just('"open", "lost"')),
    st.builds("x.word {} {}".format, st.sampled_from(["==", "!="]), texts),
    st.builds("(x.title else {}) == {}".format, texts, texts),
    st.builds("x.size {} x.size".format, orders),
    st.sampled_from(["x.done", "has(x.title)", "has(x.days)", "x.title == null", "true", "x.done == true"]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=5,
)
situations = st.fixed_dictionaries({name: values for name, (_, values) in FIELDS.items()})


def compiled(text: str) -> Expression:
    try:
        return compile_expression(text, SCOPE, BOOL)
    except ExpressionErrors:
        assume(False)
        raise


MANY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@MANY
@given(conditions, st.lists(situations, min_size=1, max_size=20))
def test_a_constant_condition_never_comes_out_otherwise(text: str, tried: list[dict[str, Any]]) -> None:
    condition = compiled(text)
    outcome = constant(condition)

    if outcome is not None:
        assert all(condition.evaluate({"x": each}) is outcome for each in tried)


@MANY
@given(conditions, st.lists(conditions, max_size=2), st.lists(situations, min_size=1, max_size=20))
def test_a_late_condition_never_comes_first(text: str, before: list[str], tried: list[dict[str, Any]]) -> None:
    condition, earlier = compiled(text), [compiled(each) for each in before]

    if never_after(condition, earlier):
        for each in tried:
            env = {"x": each}
            assert not condition.evaluate(env) or any(one.evaluate(env) for one in earlier)


@MANY
@given(conditions, st.lists(situations, min_size=1, max_size=20))
def test_a_value_with_which_a_condition_holds_is_possible(text: str, tried: list[dict[str, Any]]) -> None:
    condition = compiled(text)
    values = possible([condition], "x.state")

    if values is not None:
        assert all(each["state"] in values for each in tried if condition.evaluate({"x": each}))
