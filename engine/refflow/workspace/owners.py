"""Which package declared a kind of event: noted while it is there, so that it can be named once it is gone."""

from __future__ import annotations

import sqlite3

import msgspec

from refflow.plugins.registry import PureRegistry

_TABLE = (
    "CREATE TABLE IF NOT EXISTS kind_owner ("
    "kind TEXT PRIMARY KEY, plugin TEXT NOT NULL, distribution TEXT NOT NULL, version TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID"
)


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The plugin that declared a kind when it was last there, and its package."""

    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


def remember(connection: sqlite3.Connection, pure: PureRegistry) -> None:
    """Note who declares which kind now, where it is not noted yet."""
    present = {
        kind: Owner(plugin=each.plugin, distribution=each.distribution, version=each.version)
        for kind, each in pure.event_types.items()
    }
    noted = owners(connection) if present else {}
    for kind, owner in present.items():
        if noted.get(kind) != owner:
            connection.execute(_TABLE)
            connection.execute(
                "INSERT OR REPLACE INTO kind_owner VALUES (?, ?, ?, ?)",
                (kind, owner.plugin, owner.distribution, owner.version),
            )


def owners(connection: sqlite3.Connection) -> dict[str, Owner]:
    """The owner of each kind of a plugin that was ever there."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kind_owner'").fetchone() is None:
        return {}
    query = "SELECT kind, plugin, distribution, version FROM kind_owner"
    return {
        kind: Owner(plugin=plugin, distribution=distribution, version=version)
        for kind, plugin, distribution, version in connection.execute(query)
    }
