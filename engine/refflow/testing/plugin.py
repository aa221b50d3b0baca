"""What every plugin must do, whatever it adds."""

from __future__ import annotations

import warnings
from types import ModuleType

from ..plugins.deprecation import RefflowRemovedIn2Warning
from ..plugins.host import Host
from ..plugins.inspection import contributions, import_faults, spec_faults
from ..plugins.specs import Spec


class PluginContract:
    """Subclass it as `TestMyPlugin` and supply `plugin`, the module that the entry point names.

    `name` is the plugin's name, by default what follows `refflow_` in its module's.
    """

    def plugin(self) -> ModuleType:
        """The module with the hooks."""
        raise NotImplementedError

    def name(self) -> str:
        """The name of the entry point."""
        return self.plugin().__name__.rpartition(".")[2].removeprefix("refflow_").replace("_", "-")

    def specs(self) -> list[Spec]:
        """All that it declares."""
        host = Host.load(in_process=[self.plugin()], installed=[])
        return [each.spec for each in contributions(host, self.name()).values()]

    def test_a_host_takes_it_as_it_is(self) -> None:
        """No unknown hook, no wrong argument or type, every name legal, every summary one line."""
        (status,) = Host.load(in_process=[self.plugin()], installed=[]).plugins

        assert status.status == "active", status.reason
        assert status.name == self.name()
        for each in status.deprecated:
            warnings.warn(RefflowRemovedIn2Warning(each), stacklevel=1)

    def test_importing_it_is_light(self) -> None:
        """It imports the standard library, msgspec, refflow.api and its own; what acts waits."""
        assert list(import_faults(self.plugin().__name__, self.specs())) == []

    def test_its_names_factories_and_settings_are_sound(self) -> None:
        """Names begin with the plugin's, factories are there, settings refuse unknown keys."""
        assert list(spec_faults(self.name(), self.specs())) == []
