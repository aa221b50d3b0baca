"""Renders templates with Jinja2, in its sandbox and without anything impure. Imported when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import jinja2
import msgspec
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Macro
from jinja2.sandbox import SandboxedEnvironment

from refflow.errors import RefflowError

from ..durations import Duration
from .definition import Template
from .extensions import Filters
from .vocabulary import IN_TEMPLATES

_FAULTS = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    RecursionError,
    SyntaxError,  # what Jinja makes of it nests deeper than Python compiles
)


class Missing(jinja2.Undefined):
    """A fact nobody knows: false, and printed as a placeholder, which is noted."""

    __slots__ = ("_noted", "_path")

    def __init__(self, path: str, noted: dict[str, None]) -> None:
        super().__init__(hint=f"`{path}` is missing")
        self._path = path
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Missing(f"{self._path}.{name}", self._noted)

    def __str__(self) -> str:
        self._noted[self._path] = None
        return f"[missing: {self._path}]"


class Facts:
    """A record as a template sees it: its fields, the unknown ones among them as `Missing`."""

    __slots__ = ("_noted", "_path", "_record")

    def __init__(self, record: Any, path: str, noted: dict[str, None]) -> None:
        self._record = record
        self._path = path
        self._noted = noted

    def __getattr__(self, name: str) -> Any:
        record = self._record
        if name not in (record.__struct_fields__ if isinstance(record, msgspec.Struct) else record):
            raise AttributeError(name)
        value = getattr(record, name) if isinstance(record, msgspec.Struct) else record[name]
        # Most fields are text, and need no path for the case that they are missing.
        return value if isinstance(value, str) else _seen(value, f"{self._path}.{name}", self._noted)


class _Sandbox(SandboxedEnvironment):
    """Calls nothing but a template's own macros and `range`: a method could read the clock."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Facts have fields and nothing else to be kept from: most of what a template reads is one of them.
        if type(obj) is Facts and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Macro) or obj is self.globals["range"]


@lru_cache(maxsize=16)
def environment(filters: Filters = ()) -> SandboxedEnvironment:
    """The environment of all templates that may use the `filters` of plugins."""
    made = _Sandbox(
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals = {"range": made.globals["range"]}
    del made.filters["random"]
    for name, call in filters:
        made.filters.setdefault(name, _known_only(call))
    return made


def _known_only(call: Callable[..., str]) -> Callable[..., str]:
    """A plugin's filter: what nobody knows stays the placeholder that it is."""

    def apply(value: Any, *args: Any, **named: Any) -> str:
        return str(value) if isinstance(value, jinja2.Undefined) else call(value, *args, **named)

    return apply


def render_message(
    template: Template, env: Mapping[str, Any], filters: Filters = ()
) -> tuple[str | None, str, tuple[str, ...]]:
    """Subject, body and what is missing in them. Raises `RefflowError`."""
    noted: dict[str, None] = {}
    subject = None if template.subject is None else _render(template.subject, env, noted, filters).strip()
    if subject is not None and len(subject.splitlines()) > 1:
        shown = " / ".join(subject.splitlines())
        raise RefflowError(f"The subject of the message has a line break in it: {shown}.")
    return subject, _render(template.body, env, noted, filters), tuple(noted)


def render_plain(text: str, env: Mapping[str, Any], filters: Filters = ()) -> str:
    """The text, filled in. Raises `RefflowError`."""
    return _render(text, env, {}, filters)


def _render(text: str, env: Mapping[str, Any], noted: dict[str, None], filters: Filters) -> str:
    try:
        template, names = _compiled(text, filters)
        return template.render({name: _seen(env[name], name, noted) for name in names if name in env})
    except _FAULTS as error:
        raise RefflowError(f"A template cannot be filled in: {error}") from error


@lru_cache(maxsize=256)
def _compiled(text: str, filters: Filters) -> tuple[jinja2.Template, tuple[str, ...]]:
    """A template, and the names that it speaks of."""
    of_filters = environment(filters)
    named = find_undeclared_variables(of_filters.parse(text))
    template = of_filters.from_string(text)
    template.globals = dict(template.globals)  # Jinja copies them each time, and its own mapping slowly.
    return template, tuple(name for name in IN_TEMPLATES if name in named)


def _seen(value: Any, path: str, noted: dict[str, None]) -> Any:
    if value is None:
        return Missing(path, noted)
    if isinstance(value, Duration):
        return value
    return Facts(value, path, noted) if isinstance(value, msgspec.Struct | Mapping) else value


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Duration):
        return value.in_words()
    return f"{value.day} {value:%B %Y}" if isinstance(value, date) else value
