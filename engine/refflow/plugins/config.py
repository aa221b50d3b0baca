"""Configuration of plugins: which are used, and the sections and secrets of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from ..errors import UsageError

C = TypeVar("C", bound=msgspec.Struct)


class PluginConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plugins are loaded, and which of them may act.

    autoload  whether installed plugins load without being named; with False only `enabled` ones do
    enabled   installed plugins that the user's configuration names: their channels and secrets may act
    disabled  plugins that are not even imported
    local     files to load as plugins, as absolute paths: they run with the user's rights
    prefer    who wins a name that two declare: `{"channel:sms": "refflow-sms"}`
    """

    autoload: bool = True
    enabled: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    local: tuple[str, ...] = ()
    prefer: dict[str, str] = {}


class Secret:
    """A value that shows itself only when asked to: printing, encoding and pickling it never do.

    An event that held one could not be stored, since the encoder of events refuses it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(*****)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written anywhere")


def read_config(
    where: str, section: Mapping[str, Any], config: type[C], lookup: Callable[[str], str | None]
) -> C:
    """The section `where` of the user's configuration as a `config` struct, its secrets resolved.

    A secret is written as `{$env: NAME}` or `{$file: path}`; `lookup` is asked for every other kind,
    `{$keyring: name}` as `keyring:name`. Raises `UsageError` naming the section and the place in it.
    """

    def convert(wanted: type, value: Any) -> Any:
        if wanted is Secret:
            return Secret(_secret(value, lookup))
        raise NotImplementedError(f"a field of type {wanted.__name__} cannot be configured")

    try:
        return msgspec.convert(section, config, dec_hook=convert)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}") from error


def config_schema(config: type[msgspec.Struct]) -> dict[str, Any]:
    """What may be written in the section of a plugin, as JSON Schema."""
    return msgspec.json.schema(config, schema_hook=_describe)


def section_schema(configs: Mapping[str, Sequence[type[msgspec.Struct]]]) -> dict[str, Any]:
    """What may be written under `plugins`, as JSON Schema: `configs` has what each plugin takes, by its name."""
    structs = list(dict.fromkeys([PluginConfig, *(each for taken in configs.values() for each in taken)]))
    schemas, defs = msgspec.json.schema_components(
        structs, schema_hook=_describe, ref_template="#/$defs/{name}"
    )
    written = dict(zip(structs, schemas, strict=True))
    own = defs.pop(PluginConfig.__name__)["properties"]
    # A plugin whose parts take nothing is named by an empty section.
    named = {
        name: {"anyOf": [written[each] for each in dict.fromkeys(taken)]} if taken else {"type": "object"}
        for name, taken in configs.items()
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"plugins": {"type": "object", "properties": {**own, **named}}},
        "$defs": defs,
    }


def _describe(wanted: type) -> dict[str, Any]:
    if wanted is Secret:
        return {
            "type": "object",
            "description": "a secret: {$env: NAME}, {$file: path} or another reference, never a literal",
            "minProperties": 1,
            "maxProperties": 1,
        }
    raise NotImplementedError(f"a field of type {wanted.__name__} cannot be configured")


def _secret(value: Any, lookup: Callable[[str], str | None]) -> str:
    match value:
        case {"$env": str(name)} if len(value) == 1:
            return _from_environment(name)
        case {"$file": str(path)} if len(value) == 1:
            return _from_file(Path(path))
        case dict() if len(value) == 1 and str(next(iter(value))).startswith("$"):
            kind, name = next(iter(value.items()))
            found = lookup(f"{kind[1:]}:{name}")
            if found is None:
                raise ValueError(f"no plugin resolves the secret {{{kind}: {name}}}")
            return found
        case _:
            raise ValueError("a secret must be {$env: NAME} or {$file: path}, never a literal")


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ValueError(f"the environment variable {name} is not set") from None


def _from_file(path: Path) -> str:
    try:
        return path.expanduser().read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the secret's file {path} cannot be read: {error}") from None
