"""Whoever follows a page word for word sees what it shows. `REFFLOW_WRITE_DOCS=1 pytest tests/docs` writes anew what
the commands say.
"""

from __future__ import annotations

import os
import re
from importlib import util
from pathlib import Path

import pytest

_SPEC = util.spec_from_file_location("stories", Path(__file__).with_name("stories.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
stories = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(stories)

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["writing-a-workflow.md", "cookbook.md"])
def test_a_page_shows_what_happens(name: str, tmp_path: Path) -> None:
    path = DOCS / name
    page = path.read_text(encoding="utf-8")

    followed = stories.Reader(tmp_path).follow(page)

    if os.environ.get("REFFLOW_WRITE_DOCS"):
        path.write_text(followed, encoding="utf-8")
        page = followed
    assert page == followed


def test_ids_that_have_moved_are_found_again(tmp_path: Path) -> None:
    page = (DOCS / "writing-a-workflow.md").read_text(encoding="utf-8")
    earlier = re.sub(r"\b([cmr])(\d\d)\b", r"\g<1>9\2", page)
    assert "refflow do m9" in earlier

    assert stories.Reader(tmp_path).follow(earlier) == page


def test_every_recipe_is_without_fault_and_has_a_test() -> None:
    """That the cookbook shows what happens, the test above sees to."""
    page = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    files = {block.file for block in stories.blocks(page) if block.kind == "yaml"}
    recipes = {name for name in files if not name.endswith(".test.yaml")}
    shown = dict(re.findall(r"^\$ (.+)\n((?:(?!\$|```).*\n)*)", page, re.MULTILINE))

    assert len(recipes) >= 12
    assert files - recipes == {name.replace(".yaml", ".test.yaml") for name in recipes}
    for name in recipes:
        assert shown[f"refflow check {name}"].endswith("1 file: nothing wrong.\n"), name
        tests = shown[f"refflow workflow test {name.replace('.yaml', '.test.yaml')}"]
        assert re.fullmatch(r"\d+ tests?: all passed\.\n", tests), name
