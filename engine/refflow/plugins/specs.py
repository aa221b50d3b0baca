"""What a plugin declares: plain data, so that naming a plugin's parts imports none of them.

Whatever acts is named as a factory, `"package.module:Class"`, and imported at its first use. The callables
that a spec holds directly (`upcast`, `call`, `sniff`) are pure and live in light modules.

A later minor version may add a field with a default; it never removes one or changes its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from .health import DoctorContext, Finding


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration. `name` is unique among those of its type; `summary` is one line for a listing.

    Names are in kebab-case (`sms-status`), but for functions (`sms_length`) and event types, below.
    """

    name: str
    summary: str


class EventTypeSpec(Spec, frozen=True, kw_only=True):
    """A kind of event: `<plugin>.<area>.<past participle>`, such as `sms.delivery.failed`.

    A released (name, version) never changes its shape. `personal` names the fields of `payload` that are
    kept apart, to be erased when a contact asks for it.
    """

    version: int
    payload: type[msgspec.Struct]
    personal: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = self.personal - set(self.payload.__struct_fields__)
        if unknown:
            raise ValueError(f"the payload of {self.name} has no personal field {', '.join(sorted(unknown))}")


class UpcasterSpec(Spec, frozen=True, kw_only=True):
    """One step up in the evolution of an event type: from `from_version` to the version after it.

    `name` is the event type's, which the same plugin declares. `upcast` is pure and total over what was
    ever stored in that version.
    """

    from_version: int
    upcast: Callable[[dict[str, Any]], dict[str, Any]]


class ProjectionSpec(Spec, frozen=True, kw_only=True):
    """A view folded from events. A new `version` has it rebuilt; `factory` is pure, as all in a replay."""

    version: int
    handles: frozenset[str]
    factory: str


class FunctionSpec(Spec, frozen=True, kw_only=True):
    """A function for conditions and expressions in a workflow: pure, and total over its parameters."""

    call: Callable[..., Any]
    returns: type


class ChannelSpec(Spec, frozen=True, kw_only=True):
    """A way out, or in. `factory(ChannelContext)` makes a `refflow.plugins.channel.Channel`.

    mode        `auto` sends; `draft` leaves a draft in its place; `assist` lays out text for you to paste
    can         what the channel is able to do; `reconcile` means that `was_sent` finds what was delivered
    idempotent  delivering one key twice is safe, because the far end (or the file's name) recognises it
    limits      at most so many messages, such as `{"per_day": 40}`
    subject     whether its messages have a subject line
    config      the struct its section of the configuration is converted to
    """

    factory: str
    mode: Literal["auto", "draft", "assist"]
    can: frozenset[Literal["draft", "send", "receive", "reconcile"]] = frozenset({"draft"})
    idempotent: bool = False
    limits: Mapping[str, int] = {}
    subject: bool = True
    config: type[msgspec.Struct] | None = None

    def __post_init__(self) -> None:
        if ("send" in self.can) != (self.mode == "auto"):
            raise ValueError(f"channel {self.name}: a channel that can send is of mode auto, and no other is")


class ImporterSpec(Spec, frozen=True, kw_only=True):
    """Reads one kind of source. `factory()` makes a `refflow.contacts.records.Importer`.

    accepts     file name patterns, such as `("*.csv", "*.zip")`
    sniff       how sure it is that a source is its own, 0 to 1, given the file's name and first 4 KiB; pure
    """

    accepts: tuple[str, ...]
    sniff: Callable[[str, bytes], float]
    factory: str


class CommandSpec(Spec, frozen=True, kw_only=True):
    """A command `refflow <name>`. `target` names a click command, imported when it runs."""

    target: str
    needs: Literal["none", "reader", "engine"] = "reader"


class HealthCheckSpec(Spec, frozen=True, kw_only=True):
    """Something `refflow doctor` looks at. `check` changes nothing."""

    check: Callable[[DoctorContext], Iterable[Finding]]
