"""The promised surface: a change of it is seen. Write it anew with `REFFLOW_WRITE_SURFACE=1 pytest tests/api`."""

from __future__ import annotations

import inspect
import os
import re
from collections import ChainMap
from pathlib import Path

import msgspec

from refflow import api
from refflow.testing import contracts, fixtures, projection

SURFACE = Path(__file__).with_name("surface.txt")


def _lines(module: object, name: str) -> list[str]:
    value = getattr(module, name)
    if inspect.isfunction(value):
        return [f"{name}{_plain(inspect.signature(value))}"]
    if not inspect.isclass(value):
        return [f"{name}: {type(value).__name__}"]
    found = [f"class {name}"]
    if issubclass(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        return found + [f"    {each.name}{'' if each.required else ' = ...'}" for each in fields]
    own = [vars(base) for base in reversed(value.__mro__) if base.__module__.startswith("refflow.")]
    for attribute, member in sorted(ChainMap(*reversed(own)).items()):
        if inspect.isfunction(member) and (attribute == "__init__" or not attribute.startswith("_")):
            found.append(f"    {attribute}{_plain(inspect.signature(member))}")
    return found


def _plain(signature: inspect.Signature) -> str:
    return re.sub(r"<function [^ ]+ at 0x[0-9a-f]+>", "...", str(signature)).replace("'", "")


def test_the_promised_names_and_signatures_are_those_of_the_last_review() -> None:
    lines = [line for name in sorted(api.__all__) for line in _lines(api, name)]
    names = [name for name in dir(contracts) if name.endswith("Contract")]
    lines += [f"refflow.testing.contracts.{line}" for name in names for line in _lines(contracts, name)]
    case = _lines(projection, "ProjectionContract")
    lines += [f"refflow.testing.projection.{line}" for line in case]
    own = [name for name, value in vars(fixtures).items() if value.__class__.__module__.startswith("_pytest")]
    lines += [f"refflow.testing.fixtures.{name}" for name in sorted(own)]
    text = "\n".join(lines) + "\n"
    if os.environ.get("REFFLOW_WRITE_SURFACE"):
        SURFACE.write_text(text, encoding="utf-8")

    assert SURFACE.read_text(encoding="utf-8") == text
