"""What a plugin declares: plain data, so that naming a plugin's parts imports none of them.

Whatever acts is named as a factory, `"package.module:Class"`, and imported at its first use. The callables
that a spec holds directly (`upcast`, `call`, `sniff`) are pure and live in light modules.

A later minor version may add a field with a default; it never removes one or changes its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from .health import DoctorContext, Finding

_PATH = re.compile("[a-z0-9]+(?:[-_.][a-z0-9]+)*(?:/[a-z0-9]+(?:[-_.][a-z0-9]+)*)*")


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration. `name` is unique among those of its type; `summary` is one line for a listing.

    Names are in kebab-case (`sms-status`), but for those that expressions and templates use (`sms_length`)
    and event types, below.
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
        fields = {field.name: field for field in msgspec.structs.fields(self.payload)}
        for name in sorted(self.personal):
            if name not in fields:
                raise ValueError(f"the payload of {self.name} has no personal field {name}")
            if fields[name].required or fields[name].encode_name != name:
                # Once it is erased, the rest of the event must still decode.
                raise ValueError(f"the personal field {name} of {self.name} needs a default and no other name")


class UpcasterSpec(Spec, frozen=True, kw_only=True):
    """One step up in the evolution of an event type: from `from_version` to the version after it.

    `name` is the event type's, which the same plugin declares. `upcast` is pure and total over what was
    ever stored in that version.
    """

    from_version: int
    upcast: Callable[[dict[str, Any]], dict[str, Any]]


class ProjectionSpec(Spec, frozen=True, kw_only=True):
    """A view folded from events. A new `version` has it rebuilt.

    `factory` names a `refflow.views.projection.Projection` of the same name and version whose handlers are
    those of `handles`. Its module is imported in a replay, so neither it nor its handlers do anything impure.
    """

    version: int
    handles: frozenset[str]
    factory: str


class FunctionSpec(Spec, frozen=True, kw_only=True):
    """A function for expressions in a workflow: pure, and total over its parameters.

    `call` takes annotated positional parameters of `str`, `int`, `float`, `bool` or `datetime`, or tuples of
    one of these; it gives `returns`, which is one of them too.
    """

    call: Callable[..., Any]
    returns: type


class ConditionSpec(Spec, frozen=True, kw_only=True):
    """A question about the facts of a run: `name(...)` in an expression, with the fields of `params` in order.

    `test(params, facts)` is pure; what time it is stands in the `refflow.api.Facts`.
    """

    params: type[msgspec.Struct]
    test: Callable[[Any, Any], bool]


class ActionSpec(Spec, frozen=True, kw_only=True):
    """A step of a workflow: `use: <plugin>.<name>`, with the fields of `params` under `with`.

    `plan(params, facts)` is pure and gives the payloads of the events that the step records, each of a kind
    that the plugin declares. What is to happen outside when they are recorded is a reactor's to do.
    """

    params: type[msgspec.Struct]
    plan: Callable[[Any, Any], Sequence[msgspec.Struct]]


class FilterSpec(Spec, frozen=True, kw_only=True):
    """A filter for message templates: `{{ contact.name | name }}`.

    `call(value, ...)` is pure and gives text.
    """

    call: Callable[..., str]


class WorkflowSourceSpec(Spec, frozen=True, kw_only=True):
    """Workflows that a plugin brings: the `*.yaml` files in `folder` of `package`, whose templates are in
    `folder/templates`. They are in force once the user's configuration names the plugin.
    """

    package: str
    folder: str = "workflows"


class ChannelSpec(Spec, frozen=True, kw_only=True):
    """A way out, or in. `factory(ChannelContext)` makes a `refflow.plugins.channel.Channel`.

    mode        `auto` sends; `draft` leaves a draft in its place; `assist` lays out text for you to paste
    can         what the channel is able to do; `reconcile` means that `was_sent` finds what was delivered, and
                `receive` that it is a `refflow.plugins.channel.Receiver` too
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


class ReminderSinkSpec(Spec, frozen=True, kw_only=True):
    """Where reminders go, such as a calendar. `factory(SinkContext)` makes a `ReminderSink`."""

    factory: str
    config: type[msgspec.Struct] | None = None


class ReactorSpec(Spec, frozen=True, kw_only=True):
    """What acts on events of the kinds `handles`. `factory(ReactorContext)` makes a `Reactor`.

    start  where it begins when it is first enabled: with what happens from `now` on, or at the `origin`
    """

    handles: frozenset[str]
    factory: str
    start: Literal["now", "origin"] = "now"
    config: type[msgspec.Struct] | None = None


class ViewSpec(Spec, frozen=True, kw_only=True):
    """A page of the web board at `/-/<plugin>/<path>`. `target` names what answers a request.

    With `writes` it is given a workspace to write to, otherwise one for reading.
    """

    path: str
    target: str
    writes: bool = False

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise ValueError(f"page {self.name}: {self.path} is no path such as map or map/people")


class CommandSpec(Spec, frozen=True, kw_only=True):
    """A command `refflow <name>`. `target` names a click command, imported when it runs."""

    target: str
    needs: Literal["none", "reader", "engine"] = "reader"


class HealthCheckSpec(Spec, frozen=True, kw_only=True):
    """Something `refflow doctor` looks at. `check` changes nothing; `fix` mends one finding of its own, once the
    user's configuration names the plugin and they asked for it.

    Both import what they need when they run.
    """

    check: Callable[[DoctorContext], Iterable[Finding]]
    fix: Callable[[DoctorContext, Finding], None] | None = None
    config: type[msgspec.Struct] | None = None
