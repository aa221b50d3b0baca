"""What conditions can speak of."""

from __future__ import annotations

import pytest

from refflow.events import kinds_with
from refflow.workflows.durations import Duration
from refflow.workflows.expressions import (
    BOOL,
    DURATION,
    TEXT,
    UNKNOWN,
    ExpressionErrors,
    Optional_,
    Record,
    Scope,
    compile_expression,
)
from refflow.workflows.language.definition import Parameter
from refflow.workflows.language.vocabulary import scope_for

KINDS = kinds_with()
BOTH = ("contact", "opening")


def event_of(*kinds: str) -> Record:
    found = scope_for(kinds, {}, KINDS, BOTH).names["event"]
    assert isinstance(found, Record)
    return found


def refused(text: str, scope: Scope) -> list[str]:
    with pytest.raises(ExpressionErrors) as caught:
        compile_expression(text, scope, BOOL)
    return [each.code for each in caught.value.problems]


def test_the_names_follow_from_the_subjects() -> None:
    assert set(scope_for((), {}, KINDS, ("contact",)).names) == {"contact", "me", "now", "params"}
    assert set(scope_for(("reply.received",), {}, KINDS, BOTH, loop=True).names) == {
        *("contact", "opening", "ask", "me", "now", "params", "event", "loop")
    }


def test_personal_fields_of_an_event_cannot_be_spoken_of() -> None:
    assert "intent" in event_of("reply.received").fields
    assert "text" not in event_of("reply.received").fields


def test_a_field_that_only_some_events_have_may_be_missing() -> None:
    fields = event_of("reply.received", "referral.given").fields

    assert fields["contact"] == TEXT
    assert isinstance(fields["intent"], Optional_)
    assert fields["opening"] == Optional_(TEXT)


def test_of_an_unknown_event_nothing_is_wrong() -> None:
    scope = scope_for(("reply.recieved", "referral.given"), {}, KINDS, BOTH)

    assert scope.names["event"] == UNKNOWN
    assert compile_expression("event.anything.at_all > 3", scope, BOOL).type == BOOL


def test_parameters_have_their_types() -> None:
    params = {"gap": Parameter(type="duration", default=Duration(5, "bd")), "broken": None}
    scope = scope_for((), params, KINDS, BOTH)

    assert compile_expression("params.gap", scope, DURATION).type == DURATION
    assert compile_expression("params.broken > 1", scope, BOOL).type == BOOL
    assert refused("params.gpa > 1", scope) == ["E121"]


def test_active_asks_whoever_holds_the_runs() -> None:
    scope = scope_for((), {}, KINDS, BOTH)
    asked: list[tuple[str, object]] = []

    def active(workflow: str, contact: object) -> bool:
        asked.append((workflow, contact))
        return True

    condition = compile_expression('not active("referral-ask", contact)', scope, BOOL)

    assert condition.evaluate({"contact": "ana", "active": active}) is False
    assert asked == [("referral-ask", "ana")]
    assert refused('active("referral-ask", opening)', scope) == ["E122"]
    assert refused('active("referral-ask")', scope) == ["E117"]


def test_a_subject_that_does_not_identify_a_run_may_be_missing() -> None:
    scope = scope_for((), {}, KINDS, BOTH, key=("contact",))

    assert refused('opening.status == "open"', scope) == ["E124"]
    assert compile_expression('has(opening) and opening.status == "open"', scope, BOOL).type == BOOL
