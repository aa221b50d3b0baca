"""Contracts: what every store, and every plugin of a kind, has to pass. They need pytest and hypothesis.

Subclass a contract in a test module of your own and supply what it asks for.
"""

from __future__ import annotations

import pytest

# Before they are imported: else a failed case shows a bare AssertionError.
pytest.register_assert_rewrite(
    "refflow.testing.channel", "refflow.testing.commits", "refflow.testing.log", "refflow.testing.projection"
)
