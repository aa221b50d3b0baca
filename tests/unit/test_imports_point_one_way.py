"""Imports point one way: events <- log <- views <- workflows <- effects <- workspace <- api <- cli."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "engine" / "refflow"
PLUGINS = ROOT / "plugins"

MAY_IMPORT: dict[str, str] = {
    # Leaves: what a person reads and mistypes, what ships with refflow, what a name means, what a plugin declares.
    "errors": "",
    "spelling": "",
    "resources": "",
    "contacts": "",
    "plugins": "errors spelling contacts",
    # What is stored, where, and what is made of it.
    "events": "errors",
    "log": "errors events",
    "views": "errors contacts events log",
    # Decisions look at rows and events; that there is a log is none of their business. What a finding means is
    # told by a page that ships as a file.
    "workflows": "errors spelling resources contacts events views",
    "effects": "errors plugins events views workflows",
    "workspace": "errors spelling resources contacts plugins events log views workflows effects",
    "api": "errors contacts plugins events views workflows effects workspace",
    # Commands call the api; they name the rows, events and problems that it gives back, and look for the folder
    # of a workspace before there is one.
    "cli": "errors spelling resources events views workflows workspace api",
    # For authors of plugins and stores: nothing of refflow imports it.
    "testing": "errors contacts plugins events log views workflows effects workspace api cli",
}
"""What each part of refflow may import of the others. A part comes after all that it may import."""

ROOMS = {
    "durations": "",
    "expressions": "durations",
    "language": "durations expressions",
    "proofs": "durations expressions language",
    "runs": "durations expressions language",
    "stories": "durations expressions language proofs runs",
}
"""The same for the rooms of `workflows`."""

KNOW_THE_LOG = {"refflow.views.store", "refflow.views.compare"}
"""Of the views, what rebuilds them. A projection is fed events and asks for none."""

PURE = ("refflow.contacts.", "refflow.events.", "refflow.views.", "refflow.workflows.")
ACTING = set(
    "asyncio os random secrets shutil socket sqlite3 ssl subprocess tempfile threading time uuid".split()
)
"""What reads clocks or dice, or touches disk, network or processes. What is pure does without."""


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """The full names of all modules that are imported anywhere in a module of `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from refflow import api` and `from . import x` may name modules.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def names_in(module: str, path: Path) -> set[str]:
    """The full names of all modules that the module at `path` imports."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return set(imported(ast.parse(path.read_text("utf-8")), package))


def part_of(module: str) -> str:
    """Which part of refflow a module, or a name in it, belongs to; empty for the package itself."""
    words = module.split(".")
    return words[1] if len(words) > 1 and words[1] in MAY_IMPORT else ""


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """The imports of a module that point the wrong way, as `module -> what it imports`."""
    package = module if is_package else module.rpartition(".")[0]
    names = sorted(set(imported(ast.parse(source), package)))
    wrong = _wrong_in_engine if module.split(".")[0] == "refflow" else _wrong_in_plugin
    return [f"{module} -> {name}" for name in names if wrong(module, name)]


def _wrong_in_engine(module: str, name: str) -> bool:
    top = name.split(".")[0]
    if top != "refflow":
        pure = module.startswith(PURE) and module not in KNOW_THE_LOG
        return top.startswith("refflow_") or (pure and top in ACTING)
    own, other = part_of(module), part_of(name)
    if other in ("", own):
        return False
    if (own, other) == ("views", "log"):
        return module not in KNOW_THE_LOG
    return other not in MAY_IMPORT[own].split()


def _wrong_in_plugin(module: str, name: str) -> bool:
    top, own = name.split(".")[0], module.split(".")[0]
    return (top == "refflow" or top.startswith("refflow_")) and not f"{name}.".startswith(
        ("refflow.api.", f"{own}.")
    )


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """The modules that import each other, in however many steps, each circle once."""
    reached = {module: _reached(module, imports) for module in imports}
    tied = (frozenset(each for each in found if module in reached[each]) for module, found in reached.items())
    return sorted((set(circle) for circle in {*tied} if circle), key=sorted)


def _reached(module: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [module]
    while ahead:
        new = imports[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def module_of(name: str, known: Collection[str]) -> str:
    """The module that a full name is, or is in; empty when it is none of those."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def modules(folder: Path, under: Path) -> list[tuple[str, Path]]:
    """Every module below `folder` with its name, counted from `under`; one with a stub is there twice."""
    return [
        (".".join(path.relative_to(under).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.pyi")))
    ]


ENGINE_MODULES = modules(ENGINE, ENGINE.parent)
PLUGIN_MODULES = [each for folder in sorted(PLUGINS.glob("refflow_*")) for each in modules(folder, PLUGINS)]


def found(listed: list[tuple[str, Path]]) -> list[str]:
    return [
        violation
        for module, path in listed
        for violation in violations(path.read_text("utf-8"), module, is_package=path.name == "__init__.py")
    ]


def test_the_parts_of_refflow_import_what_they_may() -> None:
    assert found(ENGINE_MODULES) == []


def test_the_rooms_of_workflows_import_what_they_may() -> None:
    rooms = {name.split(".")[2] for name, _ in ENGINE_MODULES if name.startswith("refflow.workflows.")}
    assert rooms == set(ROOMS)
    for module, path in ENGINE_MODULES:
        words = module.split(".")
        if words[1:2] == ["workflows"] and len(words) > 2:
            others = {
                name.split(".")[2]
                for name in names_in(module, path)
                if name.startswith("refflow.workflows.") and name.split(".")[2] in ROOMS
            }
            assert others <= {words[2], *ROOMS[words[2]].split()}, module


def test_no_modules_import_each_other() -> None:
    """Not even for their types: of two nouns one is there first, and is read without the other."""
    imports: dict[str, set[str]] = {module: set() for module, _ in ENGINE_MODULES}
    for module, path in ENGINE_MODULES:
        imports[module] |= {module_of(name, imports) for name in names_in(module, path)} & imports.keys()

    assert circles(imports) == []


def test_plugins_import_only_the_api() -> None:
    assert found(PLUGIN_MODULES) == []


def test_every_part_is_in_the_table_and_there_is_something_to_check() -> None:
    parts = {path.stem for path in ENGINE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    alone = {path.stem for path in ENGINE.glob("*.py")} - {"__init__", "__main__"}

    assert parts | alone == set(MAY_IMPORT)
    assert len(PLUGIN_MODULES) > len(list(PLUGINS.glob("refflow_*"))) > 1
    assert {name for name, _ in ENGINE_MODULES} >= KNOW_THE_LOG


def test_the_table_itself_points_one_way() -> None:
    parts = list(MAY_IMPORT)
    for index, (part, others) in enumerate(MAY_IMPORT.items()):
        assert set(others.split()) <= set(parts[:index]), part


def test_the_table_allows_no_more_than_is_needed() -> None:
    """What nobody imports any more is taken out, or the table would say less and less."""
    used = {
        (part_of(module), part_of(name))
        for module, path in ENGINE_MODULES
        for name in names_in(module, path)
        if name.split(".")[0] == "refflow"
    }
    allowed = {(part, other) for part, others in MAY_IMPORT.items() for other in others.split()}

    assert allowed - used == set()


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("refflow.events.kinds", "from refflow.log import log", ["refflow.log.log"]),
        ("refflow.events.kinds", "import refflow.views.rows", ["refflow.views.rows"]),
        ("refflow.log.sqlite", "def f():\n    from ..views.store import ViewStore", ["refflow.views.store.ViewStore"]),
        ("refflow.log.sqlite", "if TYPE_CHECKING:\n    from refflow import api", ["refflow.api"]),
        ("refflow.views.agenda", "from refflow.log.log import Log", ["refflow.log.log.Log"]),
        ("refflow.views.store", "from refflow.log.log import Log", []),
        ("refflow.workflows.runs.engine", "from refflow.log.log import Log", ["refflow.log.log.Log"]),
        ("refflow.workflows.runs.engine", "from . import durations\nfrom .turn import Turn", []),
        ("refflow.workflows.runs.engine", "from time import time", ["time.time"]),
        ("refflow.workspace.asks", "from time import time", []),
        ("refflow.workspace.asks", "from ..cli import output", ["refflow.cli.output"]),
        ("refflow.workspace.asks", "import refflow_email", ["refflow_email"]),
        ("refflow.errors", "from .api import who", ["refflow.api.who"]),
        ("refflow.api", "from refflow.log.log import Log", ["refflow.log.log.Log"]),
        ("refflow.api", "from refflow import testing", ["refflow.testing"]),
        ("refflow_email.eml", "from refflow.api import Outbox\nimport httpx\nfrom .message import build", []),
        ("refflow_email.eml", "from refflow import api", []),
        ("refflow_email.eml", "from refflow.plugins.outbox import Outbox", ["refflow.plugins.outbox.Outbox"]),
        ("refflow_email.eml", "from refflow import events", ["refflow.events"]),
        ("refflow_email.eml", "import refflow", ["refflow"]),
        ("refflow_email.eml", "from refflow_linkedin import text", ["refflow_linkedin.text"]),
    ],
)  # fmt: skip
def test_an_import_that_points_the_wrong_way_is_found(module: str, source: str, wrong: list[str]) -> None:
    assert violations(source, module) == [f"{module} -> {name}" for name in wrong]


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [{"a", "b"}]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"d"}}, [{"a", "b", "c"}, {"d"}]),
    ],
)
def test_a_circle_is_found_however_long_it_is(imports: dict[str, set[str]], found: list[set[str]]) -> None:
    assert circles(imports) == found


def test_a_name_belongs_to_the_module_it_is_in() -> None:
    known = ["refflow", "refflow.views", "refflow.views.rows"]

    assert module_of("refflow.views.rows.Rows", known) == "refflow.views.rows"
    assert module_of("refflow.views.rows", known) == "refflow.views.rows"
    assert module_of("refflow.views.built_in", known) == "refflow.views"
    assert module_of("pathlib.Path", known) == ""


def test_a_relative_import_counts_from_the_package() -> None:
    assert violations("from ..views import rows", "refflow.log", is_package=True) == [
        "refflow.log -> refflow.views.rows"
    ]
    assert violations("from . import log", "refflow.views", is_package=True) == []
