"""The settings of a workspace that decisions depend on: recorded in the log whenever they change."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, Literal

import msgspec

from ..durations import Duration
from .calendar import Calendar
from .definition import Approval, Cap, Interrupt, Late, Policy, Retry, Window


class OpenAsks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many asks may be open at once."""

    per_company: int = 3
    in_all: int = 20


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """`refflow.yaml`, with the defaults of a personal search.

    `zone` is an IANA zone name; `calendars` has the holidays of the zones of others. Nobody gets a message
    within `gap` of the last one; `caps` limit how many;
    `cooldown` is how long nobody is asked again who said no. `approval: every` means a person releases
    each message. Nothing leaves by itself when an inbox was looked at more than `max_stale` ago. Messages that
    come late leave at least `pace` after each other. While `live` is false, nothing leaves at all. Every workflow
    inherits the interrupts of `anytime`.
    """

    name: str = ""
    email: str | None = None
    zone: str = "UTC"
    holidays: tuple[date, ...] = ()
    calendars: dict[str, tuple[date, ...]] = {}
    window: Window = Window()
    gap: Duration = Duration(3, "bd")
    caps: tuple[Cap, ...] = (
        Cap(per="contact", most=6, within=Duration(30, "d")),
        Cap(per="contact", unanswered=3),
        Cap(per="workspace", most=10, within=Duration(1, "d")),
    )
    open_asks: OpenAsks = OpenAsks()
    cooldown: Duration = Duration(180, "d")
    approval: Approval = "every"
    on_cap: Literal["defer", "skip", "exit"] = "defer"
    late: Late = Late()
    retry: Retry = Retry()
    max_stale: Duration = Duration(15, "m")
    pace: Duration = Duration(30, "m")
    live: bool = True
    anytime: tuple[Interrupt, ...] = ()
    plugins: dict[str, Any] = {}

    @cached_property
    def calendar(self) -> Calendar:
        """The owner's calendar."""
        return Calendar(self.zone, frozenset(self.holidays))


def gaps(policy: Policy, settings: Settings) -> tuple[Duration, ...]:
    """The distances that two messages to one person keep: the workspace's, and that of the workflow if it has one."""
    return (settings.gap,) if policy.gap is None else (settings.gap, policy.gap)


def settings_from(fields: dict[str, Any]) -> Settings:
    """The settings in plain fields, as the log keeps them."""
    return msgspec.convert(fields, Settings, strict=False)


def plain_fields(settings: Settings) -> dict[str, Any]:
    """The settings as plain fields for the log."""
    fields: dict[str, Any] = msgspec.to_builtins(settings)
    return fields
