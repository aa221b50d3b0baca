"""The pages of the hooks: made from their specs, with a sample that is run."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec

from refflow.plugins import hookspecs
from refflow.plugins.loading import KINDS

DOCS = Path(__file__).parents[2] / "docs" / "plugins" / "hooks"
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("refflow_"))


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """What its spec does not say: when it is called, what a replay does with it, the contract, and a sample."""

    called: str
    replay: str
    contract: str
    read: str
    sample: str


LOADED = "When a workspace is opened, and by `refflow plugins`: once a process."
NEVER = "Declared, and never acted on: a replay imports no module that the spec names."

TOLD: dict[str, Hook] = {
    "refflow_event_types": Hook(
        called=LOADED,
        replay="Yes: it is how events of the plugin are decoded. Without the plugin they stay as they were stored.",
        contract="`EventTypeContract`",
        read="`examples/refflow-plugin-coffee`",
        sample="""
import msgspec
from refflow.api import EventTypeSpec, hookimpl

class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    message: str
    number: str | None = None

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(
        name="sample.text.delivered", summary="A text message arrived", version=1,
        payload=Delivered, personal=frozenset({"number"}),
    )
""",
    ),
    "refflow_upcasters": Hook(
        called=LOADED,
        replay="Yes: each event of an older version is stepped up before anything sees it.",
        contract="`UpcasterContract`",
        read="`examples/refflow-plugin-coffee`",
        sample="""
import msgspec
from refflow.api import EventTypeSpec, UpcasterSpec, hookimpl

class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    message: str
    parts: int

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="sample.text.delivered", summary="It arrived", version=2, payload=Delivered)

@hookimpl
def refflow_upcasters():
    yield UpcasterSpec(
        name="sample.text.delivered", summary="One part, before there were several", from_version=1,
        upcast=lambda fields: {**fields, "parts": 1},
    )
""",
    ),
    "refflow_projections": Hook(
        called=LOADED + " The factory is resolved then too.",
        replay="Yes: it is what a replay does. One that raises stops at that event, and the others go on.",
        contract="`ProjectionContract`, from `refflow.testing.projection`",
        read="`examples/refflow-plugin-coffee`",
        sample="""
from refflow.api import ProjectionSpec, hookimpl

@hookimpl
def refflow_projections():
    yield ProjectionSpec(
        name="sample-replies", summary="How often each contact replied", version=1,
        handles=frozenset({"reply.received"}), factory="refflow_sample.replies:REPLIES",
    )
""",
    ),
    "refflow_functions": Hook(
        called="When a workflow is compiled or decides.",
        replay="Rebuilding views: no. Deciding again (`replay --verify`): yes.",
        contract="`FunctionContract`",
        read="`refflow.workflows.expressions.functions`, the built-in ones",
        sample="""
from refflow.api import FunctionSpec, hookimpl

def initials(name: str) -> str:
    return "".join(word[0] for word in name.split())

@hookimpl
def refflow_functions():
    yield FunctionSpec(name="sample_initials", summary="AP for Ana Perez", call=initials, returns=str)
""",
    ),
    "refflow_conditions": Hook(
        called="When a workflow is compiled or decides.",
        replay="Rebuilding views: no. Deciding again (`replay --verify`): yes.",
        contract="`ConditionContract`",
        read="`tests/plugins/test_workflow_parts.py`",
        sample="""
import msgspec
from refflow.api import ConditionSpec, hookimpl

class Least(msgspec.Struct, frozen=True):
    days: int

def quiet(params, facts):
    return facts.contact is not None and (facts.contact.days_quiet or 0) >= params.days

@hookimpl
def refflow_conditions():
    yield ConditionSpec(name="sample_quiet", summary="Nothing for so many days", params=Least, test=quiet)
""",
    ),
    "refflow_actions": Hook(
        called="When a workflow is compiled or decides.",
        replay="Rebuilding views: no. Deciding again (`replay --verify`): `plan`, which is pure.",
        contract="`ActionContract`",
        read="`refflow plugin new NAME --kind action`",
        sample="""
import msgspec
from refflow.api import ActionSpec, EventTypeSpec, hookimpl

class Starred(msgspec.Struct, frozen=True, kw_only=True):
    contact: str | None

class Nothing(msgspec.Struct, frozen=True):
    pass

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="sample.contact.starred", summary="Starred", version=1, payload=Starred)

@hookimpl
def refflow_actions():
    yield ActionSpec(
        name="star", summary="Star the contact", params=Nothing,
        plan=lambda params, facts: [Starred(contact=facts.contact and facts.contact.id)],
    )
""",
    ),
    "refflow_workflows": Hook(
        called="When files are read for changes. Only of plugins that the settings name.",
        replay="No: definitions in force are in the log.",
        contract="`WorkflowContract`",
        read="`workflows/`, the standard ones",
        sample="""
from refflow.api import WorkflowSourceSpec, hookimpl

@hookimpl
def refflow_workflows():
    yield WorkflowSourceSpec(name="sample", summary="Says hello", package="refflow_sample")
""",
    ),
    "refflow_template_filters": Hook(
        called="When a message is written, and when a template is checked.",
        replay="Rebuilding views: no, the text is in the log. Deciding again: yes.",
        contract="`FilterContract`",
        read="`tests/plugins/test_workflow_parts.py`",
        sample="""
from refflow.api import FilterSpec, hookimpl

@hookimpl
def refflow_template_filters():
    yield FilterSpec(name="sample_shout", summary="In capitals", call=str.upper)
""",
    ),
    "refflow_channels": Hook(
        called=LOADED + " The factory is imported when a message is delivered, or its inbox is looked into.",
        replay=NEVER,
        contract="`ChannelContract`",
        read="`examples/refflow-plugin-sms`, and the bundled `refflow_email`",
        sample="""
from refflow.api import ChannelSpec, hookimpl

@hookimpl
def refflow_channels():
    yield ChannelSpec(
        name="sample", summary="Leaves a draft", factory="refflow_sample.channel:Channel", mode="draft"
    )
""",
    ),
    "refflow_importers": Hook(
        called=LOADED + " The factory is imported by `refflow import`.",
        replay=NEVER,
        contract="`ImporterContract`",
        read="the bundled `refflow_linkedin`",
        sample="""
from refflow.api import ImporterSpec, hookimpl

@hookimpl
def refflow_importers():
    yield ImporterSpec(
        name="sample", summary="Reads an address book", accepts=("*.vcf",),
        sniff=lambda name, head: 0.9 if head.startswith(b"BEGIN:VCARD") else 0.0,
        factory="refflow_sample.reader:Importer",
    )
""",
    ),
    "refflow_reminders": Hook(
        called=LOADED
        + " The factory is imported when a reminder changes. Only of plugins that the settings name.",
        replay=NEVER,
        contract="`ReminderContract`",
        read="`refflow plugin new NAME --kind reminder`",
        sample="""
from refflow.api import ReminderSinkSpec, hookimpl

@hookimpl
def refflow_reminders():
    yield ReminderSinkSpec(name="sample", summary="Keeps files", factory="refflow_sample.sink:Sink")
""",
    ),
    "refflow_reactors": Hook(
        called=LOADED + " The factory is imported when there is an event to act on. Only of plugins that the"
        " settings name.",
        replay=NEVER + " Its cursor stays where it is.",
        contract="`ReactorContract`",
        read="`tests/plugins/test_isolation.py`",
        sample="""
from refflow.api import ReactorSpec, hookimpl

@hookimpl
def refflow_reactors():
    yield ReactorSpec(
        name="sample", summary="Tells another system", handles=frozenset({"reply.received"}),
        factory="refflow_sample.react:Reactor", start="now",
    )
""",
    ),
    "refflow_web_views": Hook(
        called="When the web board starts. No release of refflow has one yet; the declaration is kept for it.",
        replay=NEVER,
        contract="`ViewContract`",
        read="`tests/contracts/test_kit.py`",
        sample="""
from refflow.api import ViewSpec, hookimpl

@hookimpl
def refflow_web_views():
    yield ViewSpec(name="sample", summary="A page", path="map", target="refflow_sample.web:page")
""",
    ),
    "refflow_commands": Hook(
        called="When a command that is none of refflow's own is called. `refflow --help` imports no plugin.",
        replay=NEVER,
        contract="`CommandContract`",
        read="`examples/refflow-plugin-coffee`",
        sample="""
from refflow.api import CommandSpec, hookimpl

@hookimpl
def refflow_commands():
    yield CommandSpec(name="sample", summary="Shows something", target="refflow_sample.command:command")
""",
    ),
    "refflow_health_checks": Hook(
        called="By `refflow doctor`.",
        replay=NEVER,
        contract="`HealthCheckContract`",
        read="`tests/contracts/test_kit.py`",
        sample="""
from refflow.api import Finding, HealthCheckSpec, hookimpl

def check(context):
    if not (context.folder / "templates").is_dir():
        yield Finding(level="warning", text="there is no folder for templates", remedy="make one")

@hookimpl
def refflow_health_checks():
    yield HealthCheckSpec(name="sample-templates", summary="Looks for the folder", check=check)
""",
    ),
    "refflow_secret": Hook(
        called="When the settings of something that is about to act are read. Only of plugins that the settings name.",
        replay="Never.",
        contract="`SecretContract`",
        read="`tests/contracts/test_kit.py`",
        sample="""
from refflow.api import hookimpl

@hookimpl
def refflow_secret(ref):
    return "from the vault" if ref == "vault:sample" else None
""",
    ),
}


def spec_of(hook: str) -> type[Any] | None:
    """What a hook yields; None for the one that answers."""
    kind = KINDS.get(hook.removeprefix("refflow_"))
    return None if kind is None else kind.spec


def page(hook: str) -> str:
    """The page of a hook."""
    function, told, spec = getattr(hookspecs, hook), TOLD[hook], spec_of(hook)
    signature = str(inspect.signature(function)).replace("'", "")
    lines = [
        f"# {hook}",
        "",
        inspect.getdoc(function) or "",
        "",
        "```python",
        f"def {hook}{signature}",
        "```",
        "",
    ]
    lines += ["| | |", "| --- | --- |"]
    facts = {"Called": told.called, "In a replay": told.replay, "Contract": told.contract, "To read": told.read}
    lines += [f"| {name} | {fact} |" for name, fact in facts.items()]
    lines += ["", "## A sample", "", "```python", told.sample.strip(), "```", ""]
    if spec is not None:
        lines += [
            f"## {spec.__name__}",
            "",
            inspect.getdoc(spec) or "",
            "",
            "| field | default |",
            "| --- | --- |",
        ]
        for field in msgspec.structs.fields(spec):
            given = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            default = "required" if field.required else f"`{given!r}`"
            lines.append(f"| `{field.name}` | {default} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def index() -> str:
    """The page that lists them all."""
    lines = [
        "# The hooks",
        "",
        "A hook declares, and never acts: a plugin yields specs, and whatever acts is named in them and imported at",
        "its first use. No hook changes or vetoes what another declared, and no result depends on an order.",
        "",
        "| hook | what it declares |",
        "| --- | --- |",
    ]
    for hook in HOOKS:
        first = (inspect.getdoc(getattr(hookspecs, hook)) or "").partition("\n")[0]
        lines.append(f"| [`{hook}`]({hook}.md) | {first} |")
    return "\n".join(lines) + "\n"
