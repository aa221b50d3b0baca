"""The companies view: which companies are named, and which names are one company."""

from __future__ import annotations

from typing import Any

import pytest

from refflow.events.openings import OpeningAdded, OpeningChanged
from refflow.events.people import CompanyAliased, EmploymentObserved, PositionObserved
from refflow.testing.events import sample, told
from refflow.testing.projection import folded
from refflow.views.companies import COMPANIES, Company, resolve
from refflow.views.rows import Rows


def rows_after(*payloads: Any) -> Rows:
    return folded([COMPANIES], told(*payloads))


@pytest.mark.parametrize("kind", [PositionObserved, EmploymentObserved, OpeningAdded, OpeningChanged])
def test_whatever_names_a_company_makes_it_known(kind: Any) -> None:
    assert rows_after(sample(kind, company="Cobalt AG")).find(Company) == [
        Company(key="cobalt", name="Cobalt AG")
    ]


def test_a_company_is_called_as_it_was_written_first() -> None:
    rows = rows_after(*(sample(PositionObserved, company=name) for name in ("Acme Inc.", "ACME, Inc", "acme")))

    assert rows.find(Company) == [Company(key="acme", name="Acme Inc.")]


def test_nobody_without_a_job_names_a_company() -> None:
    assert rows_after(sample(PositionObserved, company=None), sample(OpeningChanged)).find(Company) == []


def test_an_alias_keeps_the_name_it_was_written_with() -> None:
    rows = rows_after(
        sample(PositionObserved, company="Acme Labs"), CompanyAliased(alias="acme-labs", company="acme")
    )

    assert rows.find(Company) == [Company(key="acme-labs", name="Acme Labs", alias_of="acme")]


@pytest.mark.parametrize(
    ("aliases", "key", "expected"),
    [
        ([], "unheard of", "unheard of"),
        ([], "acme", "acme"),
        ([("acme-labs", "acme")], "acme-labs", "acme"),
        ([("a", "b"), ("b", "c")], "a", "c"),
        ([("a", "b"), ("a", "c")], "a", "c"),
        ([("a", "a")], "a", "a"),
    ],
    ids=["unknown", "itself", "alias", "alias-of-an-alias", "said-anew", "of-itself"],
)
def test_a_name_leads_to_the_company_it_is_a_name_of(
    aliases: list[tuple[str, str]], key: str, expected: str
) -> None:
    rows = rows_after(
        sample(PositionObserved), *(CompanyAliased(alias=alias, company=to) for alias, to in aliases)
    )

    assert resolve(rows, key) == expected


def test_aliases_in_a_circle_come_to_an_end() -> None:
    rows = rows_after(*(CompanyAliased(alias=alias, company=to) for alias, to in ("ab", "bc", "ca")))

    assert {resolve(rows, key) for key in "abc"} <= set("abc")
