"""The example plugins: what a third party would publish, installed beside refflow and tested as they are."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("refflow-plugin-*"))


def _imported(file: Path) -> set[str]:
    """The modules that a file imports, by their whole names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            found |= {f"{module}.{each.name}" for each in node.names} if module == "refflow" else {module}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return {name for name in found if name == "refflow" or name.startswith("refflow.")}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_installed_and_passes_its_own_tests(example: Path, site: Site, tmp_path: Path) -> None:
    site.install(example)
    name = example.name.removeprefix("refflow-plugin-")

    # Where `CI` is set, properties are searched for in the same places every time.
    checked = site.refflow("plugins", "check", name, "--source", str(example), cwd=tmp_path, CI="1")

    assert (checked.returncode, checked.stdout) == (0, f"{name} is solid\n"), checked.stderr


def test_the_channel_is_under_150_lines() -> None:
    source = ROOT / "examples" / "refflow-plugin-sms" / "src"
    assert sum(len(file.read_text("utf-8").splitlines()) for file in source.rglob("*.py")) < 150


@pytest.mark.parametrize(
    "folder",
    [*sorted((ROOT / "plugins").glob("refflow_*")), *(example / "src" for example in EXAMPLES)],
    ids=lambda path: path.parent.name if path.name == "src" else path.name,
)
def test_a_plugin_imports_nothing_of_refflow_but_its_api(folder: Path) -> None:
    """The bundled ones have no private door: whatever they can do, others can."""
    imported = {name for file in folder.rglob("*.py") for name in _imported(file)}

    assert imported == {"refflow.api"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_its_tests_import_nothing_of_refflow_but_what_is_promised(example: Path) -> None:
    imported = {name for file in (example / "tests").rglob("*.py") for name in _imported(file)}

    assert all(name == "refflow.api" or name.startswith("refflow.testing") for name in imported), imported


def test_the_templates_import_nothing_of_refflow_but_its_api() -> None:
    folder = ROOT / "engine" / "refflow" / "scaffold"
    files = [file for file in folder.rglob("*.py.tmpl") if "src" in file.parts]
    assert files
    for file in files:
        lines = re.findall(r"^(?:from|import) refflow\b.*", file.read_text("utf-8"), re.MULTILINE)
        assert all(line.startswith(("from refflow.api import", "from refflow import api")) for line in lines)
