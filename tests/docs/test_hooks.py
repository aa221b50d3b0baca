"""Each hook has a page made from its spec, and a sample that a host takes. Write them anew with
`REFFLOW_WRITE_DOCS=1 pytest tests/docs`.
"""

from __future__ import annotations

import os
import re
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from refflow.plugins.config import PluginConfig
from refflow.plugins.host import Host, Status
from refflow.testing import contracts, projection

_SPEC = util.spec_from_file_location("hooks", Path(__file__).with_name("hooks.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
hooks = util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hooks)


def test_every_hook_is_told_of_and_nothing_else_is() -> None:
    """Whoever adds a hook adds its page and its sample."""
    assert set(hooks.TOLD) == set(hooks.HOOKS)
    if os.environ.get("REFFLOW_WRITE_DOCS"):
        hooks.DOCS.mkdir(parents=True, exist_ok=True)
        (hooks.DOCS / "README.md").write_text(hooks.index(), encoding="utf-8")
    assert (hooks.DOCS / "README.md").read_text(encoding="utf-8") == hooks.index()
    pages = {path.stem for path in hooks.DOCS.glob("*.md")} - {"README"}
    assert os.environ.get("REFFLOW_WRITE_DOCS") or pages == set(hooks.HOOKS)


@pytest.mark.parametrize("hook", hooks.HOOKS)
def test_a_page_says_what_the_spec_says(hook: str) -> None:
    path = hooks.DOCS / f"{hook}.md"
    if os.environ.get("REFFLOW_WRITE_DOCS"):
        path.write_text(hooks.page(hook), encoding="utf-8")

    assert path.read_text(encoding="utf-8") == hooks.page(hook)


@pytest.mark.parametrize("hook", hooks.HOOKS)
def test_a_page_names_a_contract_that_there_is_and_code_to_read(hook: str) -> None:
    told = hooks.TOLD[hook]
    (name,) = re.findall(r"`(\w+Contract)`", told.contract)
    assert hasattr(projection if name == "ProjectionContract" else contracts, name)
    for path in re.findall(r"`((?:examples|tests|workflows|engine)/[\w/.-]*)`", told.read):
        assert (hooks.DOCS.parents[2] / path).exists(), path


@pytest.mark.parametrize("hook", hooks.HOOKS)
def test_a_sample_is_taken_by_a_host(hook: str) -> None:
    module = ModuleType("refflow_sample")
    exec(compile(hooks.TOLD[hook].sample, f"{hook}.md", "exec"), module.__dict__)

    host = Host.load(PluginConfig(), [module], installed=[])

    (status,) = host.plugins
    assert status.status == "active", status.reason
    if hook == "refflow_secret":
        assert host.secret("vault:sample") == "from the vault"
        return
    attribute = hook.removeprefix("refflow_")
    registry = host.pure if hasattr(host.pure, attribute) else host.effects
    assert getattr(registry, attribute), "the sample declares nothing"


def test_the_life_of_a_plugin_has_every_hook_and_every_status() -> None:
    told = (hooks.DOCS.parent / "lifecycle.md").read_text("utf-8")

    assert set(re.findall(r"refflow_\w+", told)) == set(hooks.HOOKS)
    for status in get_args(Status):
        assert re.search(rf"\b{status}\b", told), status
