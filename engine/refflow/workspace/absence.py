"""What is wanted of a plugin that is not here or has failed: a message waits until its channel is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from refflow.events.messages import MessageHeld
from refflow.events.runs import RunStuck, TriggerIgnored
from refflow.plugins.channel import Unauthorised
from refflow.views.rows import Rows
from refflow.views.runs.channels import PausedChannel
from refflow.views.runs.run import Run

from .contents import MORE, Contents

_BECAUSE = {
    "failed": "failed",
    "conflict": "has a name that another has too",
    "disabled": "is left out",
    "other-api": "is for another plugin API",
}


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """Why a channel cannot be used. `reason` is kept, so it quotes nothing; `detail` is for the one who is here."""

    plugin: str
    reason: str
    detail: str


def lacking(workspace: Contents, channel: str) -> Lack | None:
    """What keeps a channel from being used; None when it can be."""
    found = workspace.host.effects.channels.get(channel)
    if found is None:
        return _unfound(workspace, f"the channel {channel}", channel)
    if not found.enabled:
        detail = f"write `plugins: {{{found.plugin}: {{}}}}` in refflow.yaml"
        return Lack(plugin=found.plugin, reason=f"plugin {found.plugin} is not enabled", detail=detail)
    try:
        workspace.channel(found)
    except Unauthorised:
        return None  # It is the far end that keeps refflow out: the outbox sees to that.
    except Exception as error:
        # Whatever its factory does: nothing was handed over yet, so the message loses nothing by waiting.
        return Lack(plugin=found.plugin, reason=f"plugin {found.plugin} failed", detail=str(error))
    return None


def lacking_action(workspace: Contents, action: str) -> Lack | None:
    """What keeps a step `use: <action>` from being taken; None when it can be."""
    if action in workspace.extensions.actions:
        return None
    return _unfound(workspace, f"the action {action}", action.partition(".")[0])


def returned(workspace: Contents) -> list[str]:
    """The channels that were missed and can be used again."""
    missed = [each.channel for each in workspace.views.find(PausedChannel) if each.plugin is not None]
    return [channel for channel in missed if lacking(workspace, channel) is None]


def blocked_since(workspace: Contents, head: int) -> list[str]:
    """What was held back after position `head` for want of a plugin, in words, each once."""
    kinds = ("message.held", "trigger.ignored", "run.stuck")
    events = [event for page in workspace.log.read(after=head, kinds=kinds) for event in page]
    return list(dict.fromkeys(reason for event in events for reason in _blocked(workspace, event.payload)))


def _blocked(workspace: Contents, payload: Any) -> Iterator[str]:
    match payload:
        case MessageHeld(rule="plugin"):
            yield payload.detail
        case TriggerIgnored(reason="blocked"):
            yield f"blocked: {payload.workflow}: {payload.detail}"
        case RunStuck():
            run = workspace.views.get(Run, payload.run)
            if run is None:
                return
            program = workspace.library.definition(Rows(workspace.views), run.hash).definition.program
            from refflow.workflows.language.definition import Use  # The engine takes long to import.

            for action in sorted({step.action for step in program if isinstance(step, Use)}):
                if (lack := lacking_action(workspace, action)) is not None:
                    yield f"blocked: {lack.reason}"


def _unfound(workspace: Contents, what: str, name: str) -> Lack:
    """Why there is not what a plugin of that name, or of what it begins with, would declare."""
    owners = (each for each in workspace.host.plugins if f"{name}-".startswith(f"{each.name}-"))
    status = next(owners, None)
    if status is None:
        detail = "`refflow plugins --all` shows what there is"
        return Lack(plugin=name, reason=f"no plugin has {what}", detail=detail)
    because = _BECAUSE.get(status.status, f"does not have {what}")
    return Lack(plugin=status.name, reason=f"plugin {status.name} {because}", detail=status.reason or MORE)
