"""Message templates: text files in Jinja2, checked against the same facts as the conditions.

    Subject: {{ opening.title }} at {{ opening.company }}

    Hi {{ contact.first_name }}, ...

What a template prints and nobody knows yet becomes `[missing: opening.submit]`, for a person to fill in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec

from ..expressions import Scope
from .definition import Template
from .extensions import Filters
from .facts import PRIVATE
from .problems import Mistake, Problem
from .vocabulary import IN_TEMPLATES
from .wording import UNFILLED

_SUBJECT = re.compile(r"subject:[ \t]*", re.IGNORECASE)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
PLACEHOLDER = re.compile(r"\[missing: ?([^\]\s]+)\]", re.IGNORECASE)


class TemplateSource(Protocol):
    """Where templates are found by name."""

    def text(self, name: str) -> str | None:
        """The text of a template file, or None when there is none."""
        ...

    def names(self) -> Collection[str]:
        """Every template there is."""
        ...


class TemplateTexts(msgspec.Struct, frozen=True):
    """Templates that have been read: their texts by name."""

    texts: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """The text of a template."""
        return self.texts.get(name)

    def names(self) -> Collection[str]:
        """Every template there is."""
        return self.texts.keys()


class Rendered(msgspec.Struct, frozen=True):
    """A message as text. `missing` are the paths of what was printed and is not known."""

    subject: str | None
    body: str
    missing: tuple[str, ...]


def file_of(name: str) -> str:
    """How messages call the file of a template."""
    return f"templates/{name}.txt"


def parse_template(name: str, text: str) -> tuple[Template | None, tuple[Problem, ...]]:
    """The template in the file `text`, or None and what is wrong with its form.

    A first line `Subject: ...` and a blank line go before the body; a channel without subjects needs neither.
    """
    text = _normal(text)
    subject, start = _split(text)
    body = text[start:].strip("\n")
    mistakes = []
    if "\ufffd" in text:
        help = "save the file as UTF-8"
        place = text.index("\ufffd")
        mistakes.append(Mistake(code="E142", message="a character that no text has", offset=place, help=help))
    if subject is not None and text.split("\n")[1:2] not in ([], [""]):
        place = text.index("\n") + 1
        message = "a blank line belongs between subject and body"
        mistakes.append(Mistake(code="E142", message=message, offset=place))
    if subject == "":
        mistakes.append(Mistake(code="E142", message="the subject is empty", offset=0))
    if not body.strip():
        mistakes.append(Mistake(code="E142", message="the template is empty", offset=0))
    if mistakes:
        return None, _problems(name, text, mistakes)
    return Template(subject=subject, body=body), ()


def check_template(name: str, text: str, scope: Scope) -> tuple[Problem, ...]:
    """What is wrong with a template that is used where `scope` holds."""
    text = _normal(text)
    subject, start = _split(text)
    mistakes: list[Mistake] = []
    for part, offset in ((text[start:], start), (subject or "", text.index(subject) if subject else 0)):
        mistakes += [*check_text(part, scope, offset), *_private(part, offset)]
    if not any(each.code == "E142" for each in mistakes):  # where Jinja is broken, its marks are left over
        mistakes += _unfilled(text)
    return _problems(name, text, mistakes)


def _unfilled(text: str) -> list[Mistake]:
    """Places that nobody fills in: what stands in `{{ }}` and `{% %}` is none of them."""
    plain = _JINJA.sub(lambda found: " " * len(found.group()), text)
    return [
        Mistake(
            code="W143",
            message=f"`{found.group()}` goes out as it stands",
            offset=found.start(),
            length=len(found.group()),
            help="write what is meant, or a name that is filled in, as {{ contact.first_name }}",
        )
        for found in UNFILLED.finditer(plain)
    ]


def _private(text: str, offset: int) -> list[Mistake]:
    """What a text tells of the records about whoever gets it; offsets count from `offset` before it."""
    if "{{" not in text:
        return []
    from .template_check import printed

    return [
        Mistake(
            code="W144",
            message=f"`{path}` tells them what you keep about them",
            offset=at + offset,
            length=length,
            help=f"say it in your own words, or only ask: `{{% if {path} ... %}}`",
        )
        for path, at, length in printed(text)
        if path in PRIVATE
    ]


def check_text(text: str, scope: Scope, offset: int = 0) -> list[Mistake]:
    """What is wrong with a text that has template expressions; offsets count from `offset` before it."""
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return []
    from .template_check import mistakes_in

    names = {name: found for name, found in scope.names.items() if name in IN_TEMPLATES}
    return [
        msgspec.structs.replace(mistake, offset=mistake.offset + offset)
        for mistake in mistakes_in(text, names, scope.filters)
    ]


def render(template: Template, env: Mapping[str, Any], filters: Filters = ()) -> Rendered:
    """The message that `template` makes of the facts in `env`. Raises `RefflowError` when it cannot be written,
    or when its subject would have more than one line.
    """
    from .rendering import render_message

    subject, body, missing = render_message(template, env, filters)
    return Rendered(subject, body, missing)


def render_text(text: str, env: Mapping[str, Any], filters: Filters = ()) -> str:
    """A title or help text with its template expressions filled in. Raises `RefflowError` when it cannot be."""
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    from .rendering import render_plain

    return render_plain(text, env, filters)


def placeholders_in(text: str) -> tuple[str, ...]:
    """What a text still lacks: the paths in its `[missing: ...]` placeholders, each once."""
    return tuple(dict.fromkeys(found.lower() for found in PLACEHOLDER.findall(text)))


def _normal(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> tuple[str | None, int]:
    """The subject of a template file, and where its body begins."""
    first, _, _ = text.partition("\n")
    found = _SUBJECT.match(first)
    if found is None:
        return None, 0
    return first[found.end() :].strip(), min(len(first) + 1, len(text))


def _problems(name: str, text: str, mistakes: list[Mistake]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            code=each.code,
            message=each.message,
            file=file_of(name),
            line=text.count("\n", 0, each.offset) + 1,
            column=each.offset - text.rfind("\n", 0, each.offset),
            length=each.length,
            help=each.help,
        )
        for each in mistakes
    )
