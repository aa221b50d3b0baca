"""Contracts: what every store, and every plugin of a kind, has to pass. They need pytest and hypothesis.

Subclass a contract in a test module of your own and supply what it asks for.
"""

from __future__ import annotations

import pytest

# Before they are imported: else a failed case shows a bare AssertionError.
pytest.register_assert_rewrite(
    "refflow.testing.channel",
    "refflow.testing.command",
    "refflow.testing.commits",
    "refflow.testing.event_types",
    "refflow.testing.health",
    "refflow.testing.importer",
    "refflow.testing.language",
    "refflow.testing.log",
    "refflow.testing.plugin",
    "refflow.testing.projection",
    "refflow.testing.reactor",
    "refflow.testing.reminder",
    "refflow.testing.secret",
    "refflow.testing.web",
    "refflow.testing.workflows",
)
