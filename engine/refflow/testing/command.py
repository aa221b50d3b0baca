"""What every command of a plugin must do. The plugin must be installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from ..plugins.specs import CommandSpec
from .fixtures import Cli


class CommandContract:
    """Subclass it as `TestMyCommand` and supply `spec`; `arguments` if it takes any."""

    def spec(self) -> CommandSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def arguments(self) -> Sequence[str]:
        """Arguments with which it does something sensible in a new workspace."""
        return ()

    def test_its_help_needs_no_workspace(
        self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        called = cli(self.spec().name, "--help")

        assert called.code == 0, called.err
        assert "Usage:" in called.out

    def test_what_it_prints_as_json_can_be_read(self, cli: Cli, folder: Path) -> None:
        called = cli(self.spec().name, *self.arguments(), "--workspace", str(folder), "--json")

        assert called.code in (0, 1, 2, 3, 5)
        printed = msgspec.json.decode(called.out)
        assert printed["command"] == self.spec().name
        assert ("result" in printed) is (called.code == 0)

    def test_a_mistake_is_told_in_a_line(self, cli: Cli, folder: Path) -> None:
        called = cli(self.spec().name, "--no-such-option", "--workspace", str(folder))

        assert called.code == 2
        assert "Traceback" not in called.err
