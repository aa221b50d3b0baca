"""Companies: one key for the many spellings of a name, and a name from the address of a job posting."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from .names import fold

# What may stand at the end of a key and says nothing: one to three words.
_ENDINGS = frozenset(
    (
        "and|und|inc|incorporated|llc|llp|lp|ltd|limited|plc|corp|corporation|co|company|jsc|pjsc|"
        "pvt|private-limited|pty|pte|bhd|sdn-bhd|tbk|kk|kabushiki-kaisha|"
        "gmbh|ggmbh|mbh|ag|kg|kgaa|ug|ohg|se|bv|nv|vof|ab|as|asa|aps|a-s|oy|oyj|"
        "sa|s-a|sas|sasu|sarl|sl|s-l|slu|spa|srl|ltda|eireli|de-cv|de-rl|s-de-rl|"
        "ou|uab|sia|kft|zrt|nyrt|sro|doo|ood|eood|sp-z-oo|ooo|oao|zao|pao|ооо|оао|зао|пао|ао|"
        "株|株式会社|有限会社|有限公司|股份有限公司|주식회사"
    ).split("|")
)
# Written without a space before or after.
_EAST_ASIAN_FORM = re.compile("株式会社|有限会社|股份有限公司|有限公司|주식회사")

# Without `https://` a word is a web domain only under one of these: `Node.js` and `Dr.Oetker` are names.
_DOMAIN_ENDS = (
    "com|net|org|io|ai|co|dev|app|tech|cloud|info|biz|jobs|health|edu|gov|gg|sh|so|tv|me|xyz|"
    "eu|us|uk|ca|au|nz|ie|de|at|ch|fr|be|nl|lu|it|es|pt|se|no|dk|fi|pl|cz|sk|hu|ro|gr|tr|il|"
    "in|jp|cn|kr|sg|hk|tw|br|mx|ar|cl|za|ae"
)
_DOMAIN = rf"(?:[\w-]+\.)*[\w-]+\.(?:{_DOMAIN_ENDS})"
_ADDRESS = re.compile(rf"(?:https?://|www\.)\S+|{_DOMAIN}(?:/\S*)?", re.I)
_DOMAIN_IN_NAME = re.compile(rf"(?<![\w.-])(?:[\w-]+\.)*([\w-]{{2,}})\.(?:{_DOMAIN_ENDS})(?![\w.])", re.I)
_SECOND_LEVELS = frozenset(("co", "com", "org", "net", "ac", "edu", "gov", "gob", "go", "gouv", "or", "ne"))

_MUTE_SIGNS = str.maketrans("", "", "'’`´®™℠")
_INITIAL = re.compile(r"\b(\w)[./](?=\w\b|\W|$)")

# Job sites that put the company first in the path, or first in the host name.
_IN_PATH = frozenset(
    (
        "boards.greenhouse.io",
        "boards.eu.greenhouse.io",
        "job-boards.greenhouse.io",
        "job-boards.eu.greenhouse.io",
        "jobs.lever.co",
        "jobs.eu.lever.co",
        "jobs.ashbyhq.com",
        "apply.workable.com",
        "jobs.smartrecruiters.com",
        "jobs.jobvite.com",
    )
)
_IN_HOST = re.compile(
    r"(?!www\.|jobs\.|apply\.)([\w-]+)\.(?:[\w-]+\.)*"
    r"(?:workable\.com|bamboohr\.com|recruitee\.com|teamtailor\.com|breezy\.hr|myworkdayjobs\.com|personio\.(?:de|com))"
)
# Sites that list the jobs of others and whose addresses do not name the company.
_MUTE_SITES = frozenset(
    (
        "linkedin|indeed|glassdoor|monster|ziprecruiter|stepstone|xing|wellfound|angel|dice|simplyhired|builtin|"
        "naukri|seek|reed|totaljobs|adzuna|jooble|talent|hired|otta|joinhandshake|remoteok|weworkremotely|"
        "workatastartup|ycombinator|welcometothejungle|infojobs|jobstreet|greenhouse|lever|ashbyhq|workable|"
        "smartrecruiters|jobvite|icims|taleo|successfactors|oraclecloud|ultipro|paylocity|bamboohr|recruitee|"
        "teamtailor|breezy|myworkdayjobs|personio"
    ).split("|")
)
_CAREERS = re.compile("careers?|jobs?|join(-us)?|hiring|work-with-us|karriere|emplois|empleo|vagas")


@lru_cache(maxsize=16384)
def company_key(name: str) -> str:
    """`name` for comparing, as kebab text: `Acme Labs, Inc.`, `ACME LABS` and `https://www.acme-labs.com/jobs`
    are all `acme-labs`.

    Case, accents, punctuation and legal forms at the end do not count; other scripts are kept. Empty only
    when `name` has neither letter nor digit. The key of a key is itself.
    """
    text = name.strip()
    if _ADDRESS.fullmatch(text):
        text = _label(_host(text)) or text
    # A lone sign that Unicode takes apart into a space and a mark has no words, yet it is a letter.
    words = _words(_DOMAIN_IN_NAME.sub(r"\1", text)) or re.findall(r"[^\W_]+", text.casefold())
    return "-".join(_without_endings(words))


def company_of_url(url: str) -> str | None:
    """A guess at the name of the company from the address of its job posting or its careers site. None when
    the address does not tell it, as on LinkedIn and Indeed.
    """
    host = _host(url)
    label = _label(host)
    path = [unquote(part) for part in _split(url).path.split("/") if part]
    if host in _IN_PATH:
        return _in_title_case(_first_in_path(url, path))
    if found := _IN_HOST.fullmatch(host):
        return _in_title_case(found.group(1))
    of_careers = any(map(_CAREERS.fullmatch, [*host.split(".")[:-2], *map(str.casefold, path)]))
    return _in_title_case(label) if of_careers and label not in _MUTE_SITES else None


def _words(text: str) -> list[str]:
    plain = fold(text.translate(_MUTE_SIGNS)).replace("&", " and ")
    joined = _INITIAL.sub(r"\1", _EAST_ASIAN_FORM.sub(r" \g<0> ", plain))
    # Vowel signs of Indic scripts are marks, and as much part of a word as its letters.
    spaced = "".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in joined)
    return [word for word in spaced.split() if any(map(str.isalnum, word))]


def _without_endings(words: list[str]) -> list[str]:
    count = len(words)
    while length := next((n for n in (3, 2, 1) if n < count and _is_ending(words[count - n : count])), 0):
        count -= length
    return words[:count]


def _is_ending(words: list[str]) -> bool:
    return "-".join(words) in _ENDINGS


def _split(url: str) -> SplitResult:
    text = url.strip()
    try:
        return urlsplit(text if "://" in text else f"//{text}")
    except ValueError:
        return urlsplit("")


def _host(url: str) -> str:
    return (_split(url).hostname or "").rstrip(".")


def _label(host: str) -> str:
    """The part of a host name that its owner chose: `acme` of `careers.acme.co.uk`."""
    labels = host.split(".")
    national = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return labels[-3] if national else labels[max(len(labels) - 2, 0)]


def _first_in_path(url: str, path: list[str]) -> str:
    if path[:1] == ["embed"]:
        return parse_qs(_split(url).query).get("for", [""])[0]
    return path[0] if path else ""


def _in_title_case(slug: str) -> str | None:
    words = re.findall(r"[^\s_-]+", slug)
    return " ".join(word.title() if word.islower() else word for word in words) or None
