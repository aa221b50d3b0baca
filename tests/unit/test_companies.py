from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refflow.contacts.companies import company_key, company_of_url

PIECES = (
    "Acme acme.com acme-inc.com Labs & and Co. Inc, GmbH S.A. de C.V. S/A Ltd AG É - . / 株式会社 (x) www. प्र 7"
)

names = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES.split()), max_size=6).map(" ".join),
    st.text("aAé.&-/ SAGｌ한株", max_size=12),
)


@pytest.mark.parametrize(
    "name",
    [
        "Acme Labs",
        " ACME  LABS ",
        "Acmé Labs, Inc.",
        "Acme Labs Inc",
        "Acme Labs LLC",
        "Acme-Labs Pvt. Ltd.",
        "Acme Labs Private Limited",
        "Acme Labs GmbH & Co. KG",
        "Acme Labs S.A.",
        "Acme Labs S. A.",
        "Acme Labs S/A",
        "Acme Labs S.A. de C.V.",
        "Acme Labs S. de R.L. de C.V.",
        "Acme Labs Sp. z o.o.",
        "Acme Labs, S.p.A.",
        "Acme Labs S.r.l.",
        "Acme Labs A/S",
        "Acme Labs Pty Ltd",
        "Acme Labs K.K.",
        "Acme Labs 株式会社",
        "Acme Labs™",
        '"Acme Labs"',
        "acme-labs.com",
        "https://www.acme-labs.com/jobs?x=1",
        "careers.acme-labs.co.uk",
        "www.acme-labs.museum",
        "Acme-Labs.com, Inc.",
    ],
)
def test_every_spelling_of_a_company_has_one_key(name: str) -> None:
    assert company_key(name) == "acme-labs"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("AG", "ag"),
        ("Co & Co", "co"),
        ("SA Solo Ltd", "sa-solo"),
        ("Company", "company"),
        ("Johnson & Johnson", "johnson-and-johnson"),
        ("Barnes and Noble", "barnes-and-noble"),
        ("Tiffany & Co.", "tiffany"),
        ("J.P. Morgan", "jp-morgan"),
        ("McDonald's", "mcdonalds"),
        ("L’Oréal", "loreal"),
        ("Yahoo!", "yahoo"),
        ("Booking.com", "booking"),
        ("x.com", "x"),
        ("Node.js Labs", "node-js-labs"),
        ("Dr.Oetker", "dr-oetker"),
        ("1&1 AG", "1-and-1"),
        ("株式会社メルカリ", "株式会社-メルカリ"),
        ("メルカリ株式会社", "メルカリ"),
        ("삼성전자 주식회사", "삼성전자"),
        ("टाटा कंपनी", "टाटा-कंपनी"),
        ("Яндекс ООО", "яндекс"),
        ("ﱞ", "ﱞ"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_a_key_keeps_what_makes_the_name(name: str, key: str) -> None:
    assert company_key(name) == unicodedata.normalize("NFC", key)


@given(names)
@example("acme-inc.com")
@example("Foo and and Co")
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert company_key(company_key(name)) == company_key(name)


@given(names)
@example("ﱞ")
def test_a_name_with_a_letter_or_digit_has_a_key(name: str) -> None:
    assert company_key(name) or not any(map(str.isalnum, name))


@given(names)
def test_a_key_is_kebab_text(name: str) -> None:
    key = company_key(name)

    assert not any(char.isspace() or char in "./&,_" for char in key)
    assert all(key.split("-")) or not key


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://boards.greenhouse.io/acme/jobs/1", "Acme"),
        ("https://job-boards.greenhouse.io/acmelabs/jobs/4012?gh_src=x", "Acmelabs"),
        ("https://boards.greenhouse.io/embed/job_app?for=acme&token=1", "Acme"),
        ("https://jobs.lever.co/acme-labs/6f1c", "Acme Labs"),
        ("jobs.lever.co/OpenAcme/6f1c/apply", "OpenAcme"),
        ("https://jobs.ashbyhq.com/Acme%20Labs/6f1c", "Acme Labs"),
        ("https://apply.workable.com/acme/j/ABC123/", "Acme"),
        ("https://acme.workable.com/jobs/1", "Acme"),
        ("https://acme.wd5.myworkdayjobs.com/en-US/External/job/1", "Acme"),
        ("https://careers.acme.com/role/1", "Acme"),
        ("https://jobs.acme.co.uk:8443/1", "Acme"),
        ("https://www.acme.com/en/careers/1", "Acme"),
        ("acme.com/jobs", "Acme"),
    ],
)
def test_the_address_of_a_posting_names_the_company(url: str, name: str) -> None:
    assert company_of_url(url) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/jobs/view/123",
        "https://de.linkedin.com/jobs/view/123",
        "https://www.indeed.com/viewjob?jk=1",
        "https://uk.indeed.co.uk/jobs/1",
        "https://www.glassdoor.com/job/1",
        "https://jobs.lever.co/",
        "https://jobs.workable.com/view/1",
        "https://careers-acme.icims.com/jobs/1/job",
        "https://acme.com/",
        "https://docs.example.org/form",
        "https://[",
        "not an address",
        "jobs",
        "",
    ],
)
def test_an_address_that_does_not_tell_the_company_gives_none(url: str) -> None:
    assert company_of_url(url) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_an_address(text: str) -> None:
    for url in (text, f"https://{text}", f"https://jobs.lever.co/{text}"):
        guess = company_of_url(url)
        assert guess is None or guess.strip()
