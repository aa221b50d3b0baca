"""What every health check must do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ..plugins.health import DoctorContext, Finding
from ..plugins.specs import HealthCheckSpec
from ..workspace.purity import watch

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class HealthCheckContract:
    """Subclass it as `TestMyCheck` and supply `spec`, `healthy` and `ailing`; `config` if the check has one."""

    def spec(self) -> HealthCheckSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def healthy(self, folder: Path) -> None:
        """Make of the empty `folder` a workspace that nothing is wrong with."""
        raise NotImplementedError

    def ailing(self, folder: Path) -> None:
        """Make of the empty `folder` a workspace that has what the check looks for."""
        raise NotImplementedError

    def config(self) -> msgspec.Struct | None:
        """The configuration to test with."""
        return None

    def found(self, folder: Path) -> list[Finding]:
        """What the check finds in `folder`."""
        return list(self.spec().check(self._context(folder)))

    def _context(self, folder: Path) -> DoctorContext:
        return DoctorContext(folder=folder, now=NOW, config=self.config())

    def test_where_nothing_is_wrong_it_has_no_problem(self, tmp_path: Path) -> None:
        self.healthy(tmp_path)

        assert [each for each in self.found(tmp_path) if each.level != "note"] == []

    def test_what_is_wrong_is_said_with_what_to_do(self, tmp_path: Path) -> None:
        self.ailing(tmp_path)
        found = self.found(tmp_path)

        assert found, "it finds nothing"
        for each in found:
            assert isinstance(each, Finding)
            assert each.text.strip()
            assert each.level == "note" or each.remedy.strip(), "say what to do about it"

    def test_looking_changes_nothing_and_finds_the_same_again(self, tmp_path: Path) -> None:
        self.ailing(tmp_path)
        before = _contents(tmp_path)
        with watch() as impure:
            first, second = self.found(tmp_path), self.found(tmp_path)

        assert first == second
        assert _contents(tmp_path) == before
        assert not impure, [str(each) for each in impure]

    def test_what_it_mends_it_finds_no_more(self, tmp_path: Path) -> None:
        fix = self.spec().fix
        if fix is None:
            pytest.skip("it mends nothing")
        self.ailing(tmp_path)
        context = self._context(tmp_path)
        for each in self.found(tmp_path):
            fix(context, each)

        assert [each for each in self.found(tmp_path) if each.level != "note"] == []


def _contents(folder: Path) -> dict[str, bytes | None]:
    found = sorted(folder.rglob("*"))
    return {str(each): each.read_bytes() if each.is_file() else None for each in found}
