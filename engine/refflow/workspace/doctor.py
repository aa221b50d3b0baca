"""The doctor: everything that is not as it should be, where it comes from, and what to do about it.

It looks at one thing after the other, so that nothing which is broken keeps it from the rest.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from refflow.errors import RefflowError
from refflow.events.event import Opaque, instant
from refflow.plugins.config import PluginConfig
from refflow.plugins.health import DoctorContext, Finding
from refflow.plugins.host import Host
from refflow.plugins.inspection import contributions
from refflow.plugins.registry import Contribution
from refflow.plugins.specs import HealthCheckSpec
from refflow.spelling import did_you_mean
from refflow.views.messages import Message
from refflow.views.rows import Rows
from refflow.views.runs.channels import PausedChannel
from refflow.views.runs.settings import Settings as SettingsRow
from refflow.workflows.language.definition import Send, Use
from refflow.workflows.language.settings_file import load_settings

from .absence import lacking, lacking_action
from .definitions import load
from .folder import SETTINGS, Folder, digest_of
from .owners import owners
from .plugins import host_of
from .reacting import reactor_cursor
from .reminding import sink_cursor
from .workspace import Workspace

Level = Literal["note", "warning", "problem"]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `where` says what it is about; `detail` is for the author of a plugin: a traceback, say."""

    where: str
    level: Level
    text: str
    remedy: str = ""
    detail: str = ""
    mended: bool = False


def diagnose(
    folder: Folder | None, now: datetime, *, in_process: Sequence[object] = (), fix: bool = False
) -> list[Diagnosis]:
    """Everything the doctor finds in the plugins and, where there is one, in the workspace in `folder`.

    With `fix`, health checks that can mend what they found do so.
    """
    found = list(_plugins(host_of(folder)))
    if folder is None:
        return found
    try:
        workspace = Workspace(folder, in_process=in_process, read_only=not folder.writable)
    except RefflowError as error:
        return [*found, Diagnosis(where="workspace", level="problem", text=str(error))]
    with workspace:
        looks: tuple[Callable[[], Iterable[Diagnosis]], ...] = (
            lambda: _folder(workspace),
            lambda: _troubles(workspace),
            lambda: _settings(workspace),
            lambda: _files(workspace),
            lambda: _log(workspace),
            lambda: _views(workspace),
            lambda: _workflows(workspace),
            lambda: _channels(workspace),
            lambda: _effects(workspace),
            lambda: _checks(workspace, now, fix),
        )
        for look in looks:
            try:
                found += look()
            except RefflowError as error:
                found.append(Diagnosis(where="workspace", level="problem", text=str(error)))
    return found


def _plugins(host: Host) -> Iterator[Diagnosis]:
    for each in host.plugins:
        where = f"plugin {each.name} ({f'{each.dist} {each.version}'.strip()})"
        for used in each.deprecated:
            remedy = f"update {each.dist} before refflow 2"
            yield Diagnosis(where=where, level="note", text=used, remedy=remedy)
        match each.status:
            case "failed":
                remedy = (
                    "mend it, or take it out of `local` under `plugins` in refflow.yaml"
                    if each.source == "local"
                    else f"update {each.dist}, or take it out: refflow plugins uninstall {each.dist}"
                )
                yield Diagnosis(
                    where=where, level="problem", text=each.reason, remedy=remedy, detail=each.traceback
                )
            case "conflict":
                yield Diagnosis(where=where, level="problem", text=each.reason)
            case "other-api":
                yield Diagnosis(where=where, level="warning", text=each.reason, remedy="update one of the two")
            case "disabled" if "is safe" in each.reason:
                yield Diagnosis(where=where, level="problem", text=each.reason)


def _troubles(workspace: Workspace) -> Iterator[Diagnosis]:
    for each in workspace.troubles:
        where = f"plugin {each.plugin} ({each.distribution})"
        yield Diagnosis(where=where, level="problem", text=f"{each.what}: {each.reason}")


def _folder(workspace: Workspace) -> Iterator[Diagnosis]:
    if workspace.read_only:
        remedy = f"see who may write to {workspace.folder.path} and to what is in it"
        yield Diagnosis(where="workspace", level="warning", text="nothing can be written here", remedy=remedy)


def _files(workspace: Workspace) -> Iterator[Diagnosis]:
    """The files that are not in force: they have errors, or no command has taken them in yet."""
    folder, written = workspace.folder, workspace.folder.settings_text()
    templates = folder.templates(workspace.brought())
    settings, _ = load_settings(written, str(folder.settings), workspace.kinds, workspace.extensions)
    known = workspace.views.get(SettingsRow, "settings")
    if settings is not None and known is not None and known.digest != digest_of(written):
        said = "has changed, and is told of here as it was before"
        remedy = "let another command take it in: refflow next"
        yield Diagnosis(where=SETTINGS, level="note", text=said, remedy=remedy)
    wrong = [folder.settings] if settings is None else []
    own = folder.own_workflows(templates)
    wrong += [file.path for file in own if load(workspace, file, templates).definition is None]
    for path in wrong:
        text = "has errors: the last good version stays in force"
        where = str(path.relative_to(folder.path))
        yield Diagnosis(where=where, level="problem", text=text, remedy="see them: refflow check")


def _settings(workspace: Workspace) -> Iterator[Diagnosis]:
    plugins = {each.name for each in workspace.host.plugins}
    reserved = set(PluginConfig.__struct_fields__)
    for name in workspace.settings.plugins:
        if name not in plugins | reserved:
            remedy = did_you_mean(name, plugins | reserved) or "install it, or take the section out"
            text = f"the section `plugins.{name}` is of no plugin that is here"
            yield Diagnosis(where="refflow.yaml", level="warning", text=text, remedy=remedy)
    for plugin in sorted(plugins & set(workspace.settings.plugins)):
        for label, each in contributions(workspace.host, plugin).items():
            config = getattr(each.spec, "config", None)
            try:
                workspace.configuration(plugin, config)
            except RefflowError as error:
                text = f"{error} ({label} cannot act)"
                yield Diagnosis(where="refflow.yaml", level="problem", text=text)


def _log(workspace: Workspace) -> Iterator[Diagnosis]:
    unknown: dict[str, tuple[int, int, str]] = {}
    for page in workspace.log.read():
        for event in page:
            if isinstance(event.payload, Opaque):
                count, _, by = unknown.get(event.kind, (0, 0, ""))
                unknown[event.kind] = (count + 1, event.recorded_at, event.by or by)
    undecoded = workspace.kinds.undecoded()
    known = owners(workspace.connection)
    for kind, (count, last, by) in sorted(unknown.items()):
        owner = known.get(kind)
        many = "1 event" if count == 1 else f"{count} events"
        what = f"{many} of the kind {kind}, last on {instant(last):%Y-%m-%d}"
        if kind in workspace.kinds:
            why = next((reason for (name, _), reason in undecoded.items() if name == kind), "")
            text = f"{what}, of which not all can be decoded: {why or 'they are of a later version'}"
            yield Diagnosis(
                where="log",
                level="problem",
                text=text,
                remedy=f"update {owner.distribution if owner else kind}",
            )
            continue
        whose = str(owner) if owner else _guess(kind, by)
        text = (
            f"{what}, {'is' if count == 1 else 'are'} of {whose}, which is not here. They are kept as they are"
        )
        package = owner.distribution if owner else f"refflow-{kind.partition('.')[0]}"
        remedy = f"to use them again: refflow plugins install {package}"
        yield Diagnosis(where="log", level="warning", text=text, remedy=remedy)


def _guess(kind: str, by: str) -> str:
    if by.startswith("plugin:") and "@" in by:
        return by.removeprefix("plugin:").replace("@", " ")
    return f"the plugin {kind.partition('.')[0]}"


def _views(workspace: Workspace) -> Iterator[Diagnosis]:
    for name, stall in sorted(workspace.views.stalled.items()):
        text = f"stalled at {stall.position}: {stall.reason}"
        remedy = f"update its plugin, then: refflow replay --view {name}"
        yield Diagnosis(where=f"view {name}", level="problem", text=text, remedy=remedy)
    for projection in workspace.views.projections:
        missing = sorted(kind for kind in projection.handlers if kind not in workspace.kinds)
        if projection.foreign and missing:
            text = f"degraded: it folds {', '.join(missing)}, which no plugin here declares"
            yield Diagnosis(where=f"view {projection.name}", level="warning", text=text)


def _workflows(workspace: Workspace) -> Iterator[Diagnosis]:
    for accepted in workspace.library.current(Rows(workspace.views)):
        steps = accepted.definition.program
        channels = {step.channel for step in steps if isinstance(step, Send) and step.channel is not None}
        actions = {step.action for step in steps if isinstance(step, Use)}
        lacks = [lacking(workspace, each) for each in sorted(channels)]
        lacks += [lacking_action(workspace, each) for each in sorted(actions)]
        for lack in lacks:
            if lack is not None:
                where = f"workflow {accepted.definition.name}"
                text = f"blocked: {lack.reason}: {lack.detail}"
                yield Diagnosis(where=where, level="problem", text=text)


def _channels(workspace: Workspace) -> Iterator[Diagnosis]:
    for paused in workspace.views.find(PausedChannel):
        held = workspace.views.find(Message, status="held", channel=paused.channel)
        waits = "1 message waits" if len(held) == 1 else f"{len(held)} messages wait"
        text = f"nothing leaves by it ({paused.reason or 'it does not let refflow in'}); {waits}"
        remedy = "" if paused.plugin else f"put that right, then: refflow resume {paused.channel}"
        yield Diagnosis(where=f"channel {paused.channel}", level="problem", text=text, remedy=remedy)


def _effects(workspace: Workspace) -> Iterator[Diagnosis]:
    head = workspace.log.head()
    for name, reactor in workspace.host.effects.reactors.items():
        cursor = reactor_cursor(workspace, name)
        if cursor is not None and cursor.attempts:
            text = (
                f"failed {cursor.attempts} times in a row ({cursor.error}) after event {cursor.position};"
                f" {head - cursor.position} events wait"
            )
            where = f"reactor {name} ({reactor.distribution} {reactor.version})"
            yield Diagnosis(where=where, level="problem", text=text, remedy=_again(cursor.retry_at))
    for name, sink in workspace.host.effects.reminders.items():
        cursor = sink_cursor(workspace, name)
        if cursor is not None and cursor.attempts:
            text = f"failed {cursor.attempts} times in a row ({cursor.error})"
            where = f"reminders {name} ({sink.distribution} {sink.version})"
            yield Diagnosis(where=where, level="problem", text=text, remedy=_again(cursor.retry_at))


def _again(at: int | None) -> str:
    return "" if at is None else f"it is tried again from {instant(at):%Y-%m-%d %H:%M} UTC on"


def _checks(workspace: Workspace, now: datetime, fix: bool) -> Iterator[Diagnosis]:
    for name, contribution in workspace.host.effects.health_checks.items():
        yield from _check(workspace, name, contribution, now, fix)


def _check(
    workspace: Workspace, name: str, contribution: Contribution[HealthCheckSpec], now: datetime, fix: bool
) -> Iterator[Diagnosis]:
    spec = contribution.spec
    where = f"check {name} ({contribution.distribution} {contribution.version})"
    mends = fix and contribution.enabled
    try:
        config = workspace.configuration(contribution.plugin, spec.config)
        context = DoctorContext(folder=workspace.folder.path, now=now, config=config)
        for finding in list(spec.check(context)):
            mended = _mend(spec.fix, context, finding) if mends and finding.level != "note" else False
            yield Diagnosis(
                where=where, level=finding.level, text=finding.text, remedy=finding.remedy, mended=mended
            )
    except Exception as error:
        # A plugin's own code; the rest of what is wrong must still be told.
        text = f"the check itself failed: {type(error).__name__}: {error}"
        detail = "".join(traceback.format_exception(error))
        yield Diagnosis(where=where, level="problem", text=text, detail=detail)


def _mend(fix: Callable[[Any, Finding], None] | None, context: DoctorContext, finding: Finding) -> bool:
    if fix is None:
        return False
    fix(context, finding)
    return True
