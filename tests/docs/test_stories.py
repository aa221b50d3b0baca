"""Whoever follows a page word for word sees what it shows. `REFFLOW_WRITE_DOCS=1 pytest tests/docs` writes anew what
the commands say.
"""

from __future__ import annotations

import os
from importlib import util
from pathlib import Path

import pytest

_SPEC = util.spec_from_file_location("stories", Path(__file__).with_name("stories.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
stories = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(stories)

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["writing-a-workflow.md"])
def test_a_page_shows_what_happens(name: str, tmp_path: Path) -> None:
    path = DOCS / name
    page = path.read_text(encoding="utf-8")

    followed = stories.Reader(tmp_path).follow(page)

    if os.environ.get("REFFLOW_WRITE_DOCS"):
        path.write_text(followed, encoding="utf-8")
        page = followed
    assert page == followed
