"""What is offered to authors: the kit gets in nobody's way, and the hooks keep the rules that they state."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import refflow.testing
from refflow.plugins import hookspecs

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

HOOKS = {
    name: vars(hook)["refflow_spec"] for name, hook in vars(hookspecs).items() if name.startswith("refflow_")
}


def test_an_installed_refflow_alters_no_other_test_run() -> None:
    """The fixtures are opted in to: there is no entry point that pytest would load by itself."""
    assert {point.group for point in distribution("refflow").entry_points} == {"console_scripts", "refflow.v1"}


def test_a_contract_that_fails_says_what_it_compared() -> None:
    """Each module with cases is registered before it is imported."""
    registered = (Path(refflow.testing.__file__)).read_text("utf-8")
    for module in pkgutil.iter_modules(refflow.testing.__path__):
        found = importlib.import_module(f"refflow.testing.{module.name}")
        own = [each for each in vars(found).values() if getattr(each, "__module__", "") == found.__name__]
        if any(getattr(each, "__name__", "").endswith("Contract") for each in own):
            assert f'"refflow.testing.{module.name}"' in registered


FAILING = """
from refflow.api import ViewSpec
from refflow.testing.contracts import ViewContract

class TestPage(ViewContract):
    def spec(self):
        return ViewSpec(name="mine", summary="-", path="map", target="refflow:__version__")
"""


def test_a_failing_contract_shows_values(site: Site, tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(FAILING)

    done = site.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)
    )

    assert done.returncode == 1
    assert "where False = callable(" in done.stdout


def test_one_hook_asks_for_the_first_answer_and_none_for_an_order() -> None:
    assert {name for name, options in HOOKS.items() if options["firstresult"]} == {"refflow_secret"}
    assert not any(options["historic"] for options in HOOKS.values())
