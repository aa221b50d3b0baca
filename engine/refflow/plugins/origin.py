"""Where a plugin comes from, and who may have a name that several claim."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin as its package's metadata shows it, before anything of it is imported.

    `distribution` is the package's name; for a local file its path, for an object `in process`.
    """

    plugin: str
    distribution: str
    version: str
    source: Literal["bundled", "installed", "local", "in-process"]

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    def answers_to(self, name: str) -> bool:
        """Whether `name` is this plugin's, or its package's however that is spelt."""
        return self.is_package(name) or _canonical(name) == _canonical(self.plugin)

    def is_package(self, name: str) -> bool:
        """Whether `name` is its package's, however that is spelt."""
        return _canonical(name) == _canonical(self.distribution)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a name: the index of the `winner` among its claimants, if any, and why others are refused.

    A claimant that the user's own `prefer` passed over is in neither.
    """

    winner: int | None
    refused: Mapping[int, str]


def settle(label: str, claimants: Sequence[Origin], prefer: Mapping[str, str]) -> Settlement:
    """Decide who has `label`, such as `channel:sms`.

    The user's choice counts first; then a bundled plugin keeps its name; otherwise nobody gets it, since
    any other choice would depend on the order in which packages happen to be installed.
    """
    if len(claimants) == 1:
        return Settlement(winner=0, refused={})
    wanted = prefer.get(label)
    chosen = [i for i, claimant in enumerate(claimants) if wanted and claimant.answers_to(wanted)]
    if len(chosen) == 1:
        return Settlement(winner=chosen[0], refused={})
    bundled = [i for i, claimant in enumerate(claimants) if claimant.source == "bundled"]
    winner = bundled[0] if len(bundled) == 1 else None
    losers = [i for i in range(len(claimants)) if i != winner]
    return Settlement(winner=winner, refused={i: _refusal(label, i, claimants, winner) for i in losers})


def _refusal(label: str, loser: int, claimants: Sequence[Origin], winner: int | None) -> str:
    own = claimants[loser]
    line = f'write under plugins: prefer: {{"{label}": "{own.distribution}"}}'
    if winner is not None:
        return f"{label} of {own} is a name of the bundled {claimants[winner]}; to replace it, {line}"
    others = ", ".join(str(claimant) for i, claimant in enumerate(claimants) if i != loser)
    return f"{label} of {own} is also declared by {others}; to settle it, {line}"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
