"""What every plugin that resolves secrets must do."""

from __future__ import annotations

import logging

import pytest

from ..plugins.host import Host


class SecretContract:
    """Subclass it as `TestMySecrets` and supply `plugin` and `known`."""

    def plugin(self) -> object:
        """What has the hook `refflow_secret`."""
        raise NotImplementedError

    def known(self) -> tuple[str, str]:
        """A reference, such as `keyring:refflow/smtp`, and the secret it refers to, put there for this test."""
        raise NotImplementedError

    def host(self) -> Host:
        """A host with this plugin alone."""
        return Host.load(in_process=[self.plugin()], installed=[])

    def test_it_resolves_what_is_its_own(self) -> None:
        ref, value = self.known()

        assert self.host().secret(ref) == value

    def test_it_leaves_to_others_what_is_theirs(self) -> None:
        """Also a reference that only looks like its own."""
        ref, _ = self.known()
        scheme = ref.partition(":")[0]
        for other in ("", "nobody:thing", scheme, f"{scheme}s:thing", f"other-{ref}"):
            assert self.host().secret(other) is None, f"{other!r} is not its own"

    def test_what_it_does_not_have_it_does_not_make_up(self) -> None:
        ref, value = self.known()

        assert self.host().secret(f"{ref}-which-nobody-put-there") != value

    def test_a_secret_is_shown_nowhere(
        self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        ref, value = self.known()
        host = self.host()
        host.secret(ref)
        printed = capfd.readouterr()

        for shown in (printed.out, printed.err, caplog.text, repr(self.plugin()), repr(host)):
            assert value not in shown, "a secret is shown"
