"""What stands under `plugins.sms` in refflow.yaml."""

from __future__ import annotations

import msgspec

from refflow.api import Secret


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway's `url` and `token`, and the `numbers` of contacts by their e-mail address."""

    url: str
    token: Secret
    numbers: dict[str, str] = {}
    seconds: float = 20.0
    """How long to wait for the gateway."""
