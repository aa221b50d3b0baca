"""The data that ships with refflow: the standard workflows and templates, pages on codes, a sample export."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def workflows() -> Path:
    """The folder of the standard workflows."""
    return _shipped("_workflows", "workflows")


def code_pages() -> Path:
    """The folder of the pages about the codes of findings."""
    return _shipped("_codes", "docs/codes")


def sample_export() -> Path:
    """The folder of a made-up LinkedIn export, for the demo."""
    return _shipped("_sample", "examples/linkedin-export")


@cache
def _shipped(installed: str, in_checkout: str) -> Path:
    """A folder of the wheel, or of the checkout that an editable install points to."""
    here = Path(__file__).resolve()
    folder = here.parent / installed
    return folder if folder.is_dir() else here.parents[2] / in_checkout
