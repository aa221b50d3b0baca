"""The bundled plugins keep what refflow asks of everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import refflow_email
import refflow_linkedin
from refflow.api import ImporterSpec
from refflow.plugins.inspection import spec_faults
from refflow.testing.contracts import ImporterContract, PluginContract

EXPORT = Path(__file__).parents[2] / "examples" / "linkedin-export"


class _Bundled(PluginContract):
    def test_its_names_factories_and_settings_are_sound(self) -> None:
        """Its names are refflow's own, and need not begin with the plugin's."""
        faults = [each for each in spec_faults(self.name(), self.specs()) if "begins with" not in each]
        assert faults == []


class TestEmail(_Bundled):
    def plugin(self) -> ModuleType:
        return refflow_email


class TestLinkedIn(_Bundled):
    def plugin(self) -> ModuleType:
        return refflow_linkedin


class TestLinkedInExport(ImporterContract):
    def spec(self) -> ImporterSpec:
        (spec,) = refflow_linkedin.refflow_importers()
        return spec

    def samples(self, folder: Path) -> Sequence[Path]:
        return [EXPORT / "Connections.csv"]
