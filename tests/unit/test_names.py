from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow.contacts.names import display_name, email_key, fold, greeting_name, linkedin_slug, same_name

# Text with plenty of what names are made of, and of what spoils them.
texts = st.one_of(st.text(), st.text("aAbBzZéÉßıİŁø王علی가प्र. ,'-()®📊|/MBA", max_size=20))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  Ana   Souza ", "Ana Souza"),
        ("Ana Souza -", "Ana Souza"),
        ("📊 Ana Souza 🥷", "Ana Souza"),
        ("Ana👩🏽‍💻 Souza", "Ana Souza"),
        ("★ Ana Souza™ ★", "Ana Souza"),
        ("𝗔𝗻𝗮 Souza", "Ana Souza"),
        ("Ana Souza | Hiring!", "Ana Souza"),
        ("Ana Souza • Data", "Ana Souza"),
        ("Ana Souza (she/her)", "Ana Souza"),
        ("E .  Pupe", "E Pupe"),
        ("O´Brien Ana", "O'Brien Ana"),
        ("'Ana Souza'", "Ana Souza"),
        ('"Souza, Ana"', "Souza Ana"),
        ('Roberta "Bobbie" Hall', 'Roberta "Bobbie" Hall'),
        ("Jane (Smith) Doe", "Jane (Smith) Doe"),
    ],
)
def test_stray_spaces_emoji_and_symbols_are_gone(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Jane Doe, MBA", "Jane Doe"),
        ("Jane Doe, Ph.D., PMP®", "Jane Doe"),
        ("Jane Doe PMP®", "Jane Doe"),
        ("Jane Doe PhD", "Jane Doe"),
        ("Jane Doe MBA, CSM", "Jane Doe"),
        ("Jane Doe (PMP)", "Jane Doe"),
        ("Jane Doe, CPA, XYZ, ABC S, LEVEL5", "Jane Doe"),
        ("JANE DOE, MBA", "Jane Doe"),
        ("Jane Doe, Jr., MBA", "Jane Doe Jr."),
        ("Jane Doe, III", "Jane Doe III"),
        ("Doe, J.R.", "Doe J.R."),
        ("DOE, JANE", "Doe Jane"),
        ("Jean Mba", "Jean Mba"),
        ("Yo-Yo Ma", "Yo-Yo Ma"),
    ],
)
def test_credentials_are_gone_and_names_that_look_like_them_stay(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("jane doe", "Jane Doe"),
        ("JANE DOE", "Jane Doe"),
        ("ludwig van beethoven", "Ludwig van Beethoven"),
        ("MARIA DA SILVA E SOUZA", "Maria da Silva e Souza"),
        ("van morrison", "Van Morrison"),
        ("ANNA LE", "Anna Le"),
        ("shaquille o'neal", "Shaquille O'Neal"),
        ("JEAN-LUC D'ANGELO", "Jean-Luc D'Angelo"),
        ("ronald mcdonald", "Ronald McDonald"),
        ("JOHN SMITH III", "John Smith III"),
        ("j.r. ewing", "J.R. Ewing"),
        ("ALİ ÇELİK", "Ali Çelik"),
        ("JP", "JP"),
        ("Jane DOE", "Jane DOE"),
        ("Maria da Silva", "Maria da Silva"),
        ("bell hooks, PhD", "Bell Hooks"),
        ("王小明", "王小明"),
        ("علی رضایی", "علی رضایی"),
        ("გიორგი", "გიორგი"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("ana@example.com", "ana@example.com"),
    ],
)
def test_case_is_mended_only_when_the_whole_name_is_of_one_case(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize("raw", ["", "📊", "-", ", MBA", "!!!"])
def test_what_holds_no_name_is_left_as_it_is(raw: str) -> None:
    assert display_name(raw) == raw


@given(texts)
def test_a_letter_never_becomes_an_empty_name(raw: str) -> None:
    assert bool(display_name(raw)) == bool(raw.strip())


@given(texts)
def test_a_shown_name_has_single_spaces(raw: str) -> None:
    assert display_name(raw) == " ".join(display_name(raw).split())


@pytest.mark.parametrize(
    ("first_name", "greeting"),
    [
        ("Jane", "Jane"),
        ("JANE ", "Jane"),
        ("Dr. John B.", "John"),
        ("J. Robert", "Robert"),
        ("Mary Ann", "Mary Ann"),
        ("Robert (Bob)", "Robert"),
        ('Roberta "Bobbie"', "Roberta"),
        ('"Jane"', "Jane"),
        ("📊 Ana -", "Ana"),
        ("J.", "J."),
        ("Dr.", "Dr."),
        ("伟", "伟"),
        ("", ""),
    ],
)
def test_a_greeting_has_no_titles_brackets_or_initials(first_name: str, greeting: str) -> None:
    assert greeting_name(first_name) == greeting


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Łukasz   MÜLLER ", "lukasz muller"),
        ("Straße", "strasse"),
        ("ÅSE Ødegård", "ase odegard"),
        ("Đặng", "dang"),
        ("ÇELİK Işık", "celik isik"),
        ("Ｊａｎｅ", "jane"),
        ("가나", "가나"),
        ("ガク", "ガク"),
        ("प्रिया", "प्रिया"),
        ("علی\u200cرضا", "علیرضا"),
    ],
)
def test_folding_leaves_no_case_and_no_accents_and_keeps_other_scripts(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters(max_codepoint=127)))
def test_what_has_no_accents_folds_as_it_does_beside_one(text: str) -> None:
    assert fold(f"é {text}") == f"e {fold(text)}".strip()


@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_the_form_of_the_characters_does_not_count(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("José García", "JOSE GARCIA"),
        ("Jane Doe, MBA", "jane doe"),
        ("Shaquille O’Neal", "Shaquille O'Neal"),
        ("Jean-Luc Picard", "Jean Luc Picard"),
        ("J.R. Ewing", "JR Ewing"),
        ("📊 Ana Souza", "Ana Souza"),
    ],
)
def test_the_same_name_in_two_spellings_is_the_same(a: str, b: str) -> None:
    assert same_name(a, b)
    assert same_name(b, a)


@pytest.mark.parametrize(
    ("a", "b"), [("Jane Doe", "Jane Do"), ("Jane Doe", "Doe Jane"), ("", ""), ("📊", "📊")]
)
def test_other_names_and_no_names_are_never_the_same(a: str, b: str) -> None:
    assert not same_name(a, b)


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/jane-doe-1a2b3c",
        "https://www.linkedin.com/in/jane-doe-1a2b3c/",
        "http://linkedin.com/in/jane-doe-1a2b3c?trk=people-guest",
        "HTTPS://WWW.LinkedIn.com/IN/Jane-Doe-1A2B3C#about",
        "www.linkedin.com/in/jane-doe-1a2b3c/en",
        "de.linkedin.com/in/jane-doe-1a2b3c",
        "https://m.linkedin.com/mwlite/in/jane-doe-1a2b3c",
        " jane-doe-1a2b3c ",
    ],
)
def test_every_address_of_a_profile_gives_its_slug(written: str) -> None:
    assert linkedin_slug(written) == "jane-doe-1a2b3c"


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/jos%C3%A9-PAZ",
        "jos%c3%a9-paz",
        "jose\u0301-paz",
        "in.linkedin.com/in/jos%E9-paz",
    ],
)
def test_a_slug_is_percent_decoded_and_composed(written: str) -> None:
    assert linkedin_slug(written) == "jos\u00e9-paz"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Jane Doe",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/pub/jane/1/2/3",
        "https://www.linkedin.com/jobs/view/1",
        "https://notlinkedin.com/in/jane",
        "https://linkedin.com.example.org/in/jane",
        "https://example.org/linkedin.com/in/jane",
        "https://linkedin.com@example.org/in/jane",
        "linkedin.com/in/a%2Fb",
        "linkedin.com/in/a%20b",
        "example.org",
        "jane@example.org",
    ],
)
def test_what_is_no_profile_has_no_slug(written: str) -> None:
    assert linkedin_slug(written) is None


@given(texts)
def test_the_slug_of_a_slug_is_itself(text: str) -> None:
    slug = linkedin_slug(f"https://www.linkedin.com/in/{text}")

    assert slug is None or linkedin_slug(slug) == slug


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Jane.Doe+jobs@Example.COM", "jane.doe+jobs@example.com"),
        (" <jane@example.com> ", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("jane@example.com.", "jane@example.com"),
        ("jane@Bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("用户@example.com", "用户@example.com"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
    ],
)
def test_an_address_is_compared_in_lower_case_with_an_ascii_domain(address: str, key: str) -> None:
    assert email_key(address) == key
    assert email_key(key) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "jane@",
        "@example.com",
        "jane@localhost",
        "jane@example..com",
        "jane@-example.com",
        "jane@exa mple.com",
        "jane doe@example.com",
        "Jane <jane@example.com>",
        "a@b@example.com",
        "jane@127.0.0.1",
        "jane@" + "a" * 64 + ".com",
    ],
)
def test_what_is_no_address_has_no_key(text: str) -> None:
    assert email_key(text) is None
