"""What every page for the web board must do. There is no board yet: what can be held now is what it declares."""

from __future__ import annotations

from ..plugins.factories import resolve
from ..plugins.specs import ViewSpec


class ViewContract:
    """Subclass it as `TestMyPage` and supply `spec`."""

    def spec(self) -> ViewSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def test_what_answers_is_there_and_can_be_called(self) -> None:
        assert callable(resolve(self.spec().target))

    def test_its_path_stays_below_its_plugins(self) -> None:
        path = self.spec().path

        assert path == path.strip("/")
        assert ".." not in path.split("/")
