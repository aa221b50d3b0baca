"""How far a plugin has come: `listed`, `solid` or `exemplary`, and what the next level would take.

listed     it keeps `refflow.testing.PluginContract`
solid      and the contract of each kind that it adds, with golden files of its events; it is typed
exemplary  and its channels find what they delivered; it has documentation, and is tested with two minor versions

What a wheel does not hold is looked for in the folder of its source.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from .inspection import typed
from .loading import KINDS
from .specs import ChannelSpec, EventTypeSpec, Spec

Level = Literal["listed", "solid", "exemplary"]

CONTRACTS: dict[str, tuple[str, ...]] = {
    "event": ("EventTypeContract", "UpcasterContract"),
    "upcaster": ("UpcasterContract",),
    "projection": ("ProjectionContract",),
    "function": ("FunctionContract",),
    "condition": ("ConditionContract",),
    "action": ("ActionContract",),
    "workflows": ("WorkflowContract",),
    "filter": ("FilterContract",),
    "channel": ("ChannelContract",),
    "importer": ("ImporterContract",),
    "reminder": ("ReminderContract",),
    "reactor": ("ReactorContract",),
    "page": ("ViewContract",),
    "command": ("CommandContract",),
    "check": ("HealthCheckContract",),
}
"""The contracts that each kind of declaration is to keep, any of which will do."""

_WORDS = {kind.spec: kind.word for kind in KINDS.values()}
_MINORS = 2


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The `level` that a plugin has, and what is `missing` for the next one."""

    level: Level
    missing: list[str]


def judge(module: str, specs: Sequence[Spec], source: Path | None) -> Judged:
    """Judge a plugin that nothing is wrong with; with the folder of its `source`, its tests are run."""
    missing = list(_missing_for_solid(module, specs, source))
    if missing:
        return Judged(level="listed", missing=missing)
    missing = list(_missing_for_exemplary(specs, source))
    return Judged(level="solid" if missing else "exemplary", missing=missing)


def _missing_for_solid(module: str, specs: Sequence[Spec], source: Path | None) -> Iterator[str]:
    if not typed(module):
        yield "a py.typed file: it is not typed"
    if source is None:
        yield "its tests: give the folder of its source"
        return
    kept = _contracts_in(source)
    wanted = [("PluginContract",), *(CONTRACTS[_WORDS[type(spec)]] for spec in specs)]
    for names in dict.fromkeys(wanted):
        if not kept & set(names):
            yield f"a test class from {names[-1]}"
    golden = _golden_in(source)
    for spec in specs:
        if isinstance(spec, EventTypeSpec):
            for version in range(1, spec.version + 1):
                if (spec.name, version) not in golden:
                    yield f"a golden file of {spec.name} version {version}"
    yield from (f"tests that pass: {each}" for each in _failed(source))


def _missing_for_exemplary(specs: Sequence[Spec], source: Path | None) -> Iterator[str]:
    for spec in specs:
        if isinstance(spec, ChannelSpec) and "reconcile" not in spec.can:
            yield f"{spec.name} finds what it delivered (`reconcile`)"
    project = {} if source is None else _project(source)
    urls = project.get("project", {}).get("urls", {})
    if source is not None and not list(source.glob("docs/**/*.md")) and "Documentation" not in urls:
        yield "documentation: pages in docs/, or an URL of that name in pyproject.toml"
    tested = project.get("tool", {}).get("refflow", {}).get("tested-with", [])
    if len(set(tested)) < _MINORS:
        yield 'tests with two minor versions of refflow: `[tool.refflow] tested-with = ["0.1", "0.2"]`'


def _contracts_in(source: Path) -> set[str]:
    """The names of the classes that classes in its tests are made from."""
    found: set[str] = set()
    for file in sorted((source / "tests").rglob("*.py")):
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue  # Running the tests says so.
        bases = (base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases)
        found |= {base.attr if isinstance(base, ast.Attribute) else ast.unparse(base) for base in bases}
    return found


def _golden_in(source: Path) -> set[tuple[Any, Any]]:
    """The (kind, version) of the golden files of its tests."""
    found = set()
    for file in sorted((source / "tests").rglob("*.json")):
        try:
            golden = msgspec.json.decode(file.read_bytes())
        except msgspec.DecodeError:
            continue
        if isinstance(golden, dict):
            found.add((golden.get("kind"), golden.get("version")))
    return found


def _failed(source: Path) -> list[str]:
    """The tests that do not pass, with the reason in short; where none is named, the last line of what is printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).strip().splitlines()
    named = [
        text for line in lines for word in ("FAILED ", "ERROR ") if (text := line.removeprefix(word)) != line
    ]
    return named or lines[-1:] or [f"exit code {done.returncode}"]


def _project(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
