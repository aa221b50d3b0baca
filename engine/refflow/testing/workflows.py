"""What the workflows that a plugin brings must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from refflow import api

from ..plugins.specs import WorkflowSourceSpec
from ..views.runs.definitions import Workflow
from .fixtures import MONDAY


class WorkflowContract:
    """Subclass it as `TestMyWorkflows` and supply `plugin` and `spec`."""

    def plugin(self) -> object:
        """The module with the hooks."""
        raise NotImplementedError

    def spec(self) -> WorkflowSourceSpec:
        """What the plugin declares."""
        raise NotImplementedError

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> api.Workspace:
        """A new workspace with the plugin in it, closed when the test is over."""
        return api.init(tmp_path / "search", MONDAY, name="Sam Seeker", in_process=[self.plugin()])

    def test_they_are_found_and_in_force(self, workspace: api.Workspace) -> None:
        with workspace:
            api.synchronise(workspace, MONDAY)
            (brought,) = workspace.brought()
            names = {file.stem for file in brought.folder.glob("*.yaml")}

            assert names, f"there is no workflow in {brought.folder}"
            assert names <= {each.name for each in workspace.views.find(Workflow, retired=False)}

    def test_nothing_is_wrong_with_them(self, workspace: api.Workspace) -> None:
        with workspace:
            api.synchronise(workspace, MONDAY)
            problems = [each for each in api.check(workspace).problems if each.severity == "error"]

            assert problems == []
