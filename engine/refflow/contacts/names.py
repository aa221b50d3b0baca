"""Names, profile slugs and addresses of people: how to show them, how to greet, how to compare.

Whatever was written is kept elsewhere; nothing here is meant to be undone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

# Spellings that no family name has: `Mba`, `Ma` and `Do` are surnames, `MBA` and `PhD` are not.
_CREDENTIAL = re.compile(
    "E?MBA|DBA|P[hH][dD]|[MD]Phil|[MB]S[cC]|[MBC]Eng|EdD|PharmD|MPH|LL[MB]|PMP|CPA|CFA|CFP|FRM|ACCA|CIMA|"
    "CISA|CISM|CISSP|CSM|PSM|CSPO|SHRM-S?CP|S?PHR"
)
_PARTICLE = re.compile(
    "af|al|av|bin|bint|d[aeiou]|das|dos|del|della|den|der|e|el|ibn|l[ae]|ten|ter|van|von|vom|y|zum?", re.I
)
_TITLE = re.compile(r"(?:dra?|mrs?|ms|miss|mx|prof|sir|dame|eng|ing|rev|hon)\.?", re.I)
_GENERATION = re.compile(r"(?:jr|sr|iii?|iv)\.?", re.I)
_NUMERAL = re.compile("iii?|iv", re.I)
_OPENING, _CLOSING, _QUOTES = frozenset("\"'“‘„«"), frozenset("\"'”’“»"), frozenset('"“”„«»')
_APOSTROPHES = str.maketrans("`´ʼ′", "''''")
_TAGLINE = re.compile(r"(?<=\S)\s+[|•·]\s.*|(?<=\S)\s*\|.*")
_PRONOUNS = re.compile(r"\([^()]*/[^()]*\)")
_NICKNAME = re.compile(r"\([^()]*\)|[\"“][^\"“”]*[\"”]")
_MARKS = frozenset("®™℠")
_SHOUTED = re.compile(r"[A-Z].*[A-Z0-9]|\d")

# Letters that Unicode does not take apart.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
# Combining classes of signs that belong to the letter: nukta, kana voicing, virama, vowel signs.
_PART_OF_LETTER = frozenset((0, 7, 8, 9))

_PROFILE = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]+\.)*linkedin\.com/(?:mwlite/)?in/([^/?#]+)(?:[/?#].*)?", re.I | re.S
)
_SLUG = re.compile(r"""[^\s/?#%@:.,;<>()"'\\|]+""")
_LOCAL = re.compile(r"""[^\s@<>(),:;"\[\]\\]+""")
_LABEL = re.compile(r"\w([\w-]*\w)?")


def display_name(raw: str) -> str:
    """The name as a person would write it.

    Emoji, symbols, stray spaces, taglines and credentials (`, MBA`, `PMP®`) go; a name that is all lower or
    all upper case gets capitals, particles (`van`, `da`) excepted. What has no letter is left as it is.
    """
    text = " ".join(raw.split())
    if text[:1] in _OPENING and text[-1:] in _CLOSING and _QUOTES.isdisjoint(text[1:-1]):
        text = text[1:-1].strip() or text
    if "@" in text:
        return text
    words = _without_credentials(_PRONOUNS.sub(" ", _TAGLINE.sub("", text.translate(_APOSTROPHES))))
    if not words:
        return text
    name = " ".join(words)
    return _capitalised(words) if name.islower() or (name.isupper() and len(name) > 2) else name


def greeting_name(first_name: str) -> str:
    """What follows `Dear`: the first name without titles, brackets and initials (`Dr. John B.` is `John`)."""
    return _greeting(first_name)


@lru_cache(maxsize=16384)
def _greeting(first_name: str) -> str:
    name = display_name(_NICKNAME.sub(" ", first_name)) or display_name(first_name)
    words = [word for word in name.split() if not _TITLE.fullmatch(word)] or [name]
    return " ".join([word for word in words if not _is_initial(word)] or words)


def fold(text: str) -> str:
    """`text` for comparing: no case, no accents, single spaces (`  Łukasz MÜLLER` is `lukasz muller`)."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_PLAIN)
    kept = (char for char in plain if _is_kept(char))
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def same_name(a: str, b: str) -> bool:
    """Whether two names are equal but for case, accents, punctuation and credentials."""
    key = _name_key(a)
    return any(map(str.isalnum, key)) and key == _name_key(b)


def linkedin_slug(url_or_slug: str) -> str | None:
    """The slug of a profile, from its address or itself: percent-decoded, lower case, NFC. None when it is
    no `/in/` profile.
    """
    text = url_or_slug.strip()
    found = _PROFILE.fullmatch(text)
    slug = unicodedata.normalize("NFC", _percent_decoded(found.group(1) if found else text).lower())
    return slug if _SLUG.fullmatch(slug) else None


def email_key(address: str) -> str | None:
    """`address` for comparing: lower case, the domain in its ASCII form (IDNA, RFC 3490) where it has one.
    None when it is no address.
    """
    local, _, domain = address.strip().removeprefix("mailto:").strip("<>").rpartition("@")
    domain = _ascii_domain(domain.rstrip(".").lower())
    labels = domain.split(".")
    named = len(labels) > 1 and not labels[-1].isdigit() and all(map(_is_label, labels))
    if not named or not _LOCAL.fullmatch(local):
        return None
    return f"{unicodedata.normalize('NFC', local.lower())}@{domain}"


def _without_credentials(text: str) -> list[str]:
    """The words of the name in `text`, cleaned, without what certifies it."""
    name, *rest = text.split(",")
    # `Doe, J.R.` and `DOE, JANE` put the family name first, so there capitals alone certify nothing.
    by_capitals = not name.isupper() and " " in name.strip()
    kept = [name, *(part for part in rest if not _is_certificate(part, by_capitals))]
    words = [
        word for part in kept for word in part.split() if _MARKS.isdisjoint(word) or not _SHOUTED.search(word)
    ]
    cleaned = [clean for word in words for clean in _cleaned(word)]
    while len(cleaned) > 1 and _is_credential(cleaned[-1]):
        cleaned.pop()
    return cleaned


def _is_certificate(part: str, by_capitals: bool) -> bool:
    words = [word for raw in part.split() for word in _cleaned(raw)]
    if any(map(_GENERATION.fullmatch, words)):
        return False
    return any(_is_credential(word) or (by_capitals and _SHOUTED.search(word)) for word in words)


def _is_credential(word: str) -> bool:
    return _CREDENTIAL.fullmatch(word.strip("()").replace(".", "")) is not None


def _cleaned(word: str) -> list[str]:
    """`word` without symbols, as the words that are left of it."""
    shown = "".join(_shown(char) for char in word)
    plain = unicodedata.normalize("NFKC", shown).split()
    return [part.strip(",;:!*_/&-–—") for part in plain if any(map(str.isalnum, part))]


def _shown(char: str) -> str:
    kind = unicodedata.category(char)
    if kind[0] == "S" or kind == "Me":
        return " "
    # Persian and Indic names are written with zero-width joiners; other invisible characters are noise.
    invisible = kind[0] == "C" and char not in "\u200c\u200d"
    return "" if invisible or "\ufe00" <= char <= "\ufe0f" else char


def _capitalised(words: list[str]) -> str:
    last = len(words) - 1
    return " ".join(
        word.lower() if 0 < place < last and _PARTICLE.fullmatch(word) else _capital(word)
        for place, word in enumerate(words)
    )


def _capital(word: str) -> str:
    if _NUMERAL.fullmatch(word):
        return word.upper()
    # The capital İ has a lower case of two characters, the second a dot above.
    lower = word.lower().replace("i\u0307", "i")
    titled = re.sub(r"(?:\b[^\W\d_]['’]|^|[-.(\"])[^\W\d_]", lambda found: _raise_last(found.group()), lower)
    return re.sub(r"^Mc([a-z])(?=[a-z]{2})", lambda found: "Mc" + found.group(1).upper(), titled)


def _raise_last(text: str) -> str:
    return text[:-1].title() + text[-1:].title()


def _is_initial(word: str) -> bool:
    letter = word.rstrip(".")
    return len(letter) == 1 and letter.upper() != letter.lower()


def _is_kept(char: str) -> bool:
    return unicodedata.combining(char) in _PART_OF_LETTER and unicodedata.category(char) != "Cf"


def _name_key(name: str) -> str:
    plain = re.sub(r"['’.]", "", fold(display_name(name)))
    return " ".join(re.sub(r"[-‐‑()\"“”,]", " ", plain).split())


def _percent_decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return unquote(text, encoding="latin-1")


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _is_label(label: str) -> bool:
    return len(label) <= 63 and bool(_LABEL.fullmatch(label))
