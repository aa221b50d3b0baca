"""The codes of findings. Each has a page in Markdown with an example that leads to it: `docs/codes/E211.md`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from refflow import resources
from refflow.errors import NotFound
from refflow.spelling import did_you_mean

from .problems import SEVERITIES, Severity

_TITLE = re.compile(r"# (?P<code>[A-Z]\d{3}): (?P<title>.+)\n")


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a code means in a line, and its whole page."""

    code: str
    title: str
    page: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return SEVERITIES[self.code[0]]


@cache
def codes() -> Mapping[str, Code]:
    """Every code that there is, by itself."""
    found = {}
    for path in sorted(resources.code_pages().glob("*.md")):
        page = path.read_text(encoding="utf-8")
        head = _TITLE.match(page)
        if head is not None:
            found[head["code"]] = Code(code=head["code"], title=head["title"], page=page)
    return found


def explain(code: str) -> Code:
    """What `code` is about: why it matters, an example, and how to mend it. Raises `NotFound`.

    The number is enough: a finding keeps it when it is a warning in one place and an error in another.
    """
    wanted = code.strip().upper()
    if wanted in codes():
        return codes()[wanted]
    number = wanted.lstrip("EWI")
    for each in codes().values():
        if each.code[1:] == number:
            return each
    help = did_you_mean(wanted, codes()) or "`refflow check` prints the code of each finding."
    raise NotFound(f"There is no code {code}: {help}")
