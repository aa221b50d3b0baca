"""The made pages are those of this code. Write them anew with `REFFLOW_WRITE_DOCS=1 pytest tests/docs`."""

from __future__ import annotations

import os
from importlib import util
from pathlib import Path

import pytest

_SPEC = util.spec_from_file_location("pages", Path(__file__).with_name("pages.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
pages = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pages)


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_made_page_says_what_the_code_says(name: str) -> None:
    made = pages.PAGES[name]()
    path = pages.DOCS / name
    if os.environ.get("REFFLOW_WRITE_DOCS"):
        path.write_text(made, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == made
