"""`refflow plugins`: which plugins there are, and looking after them. Works with every one of them broken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refflow.errors import ProblemsFound

from .command import Command, Group, as_if_named
from .session import Session

if TYPE_CHECKING:
    from refflow.workspace.folder import Folder
    from refflow.workspace.plugins import PluginStatus


class _Listing(Group):
    """Alone, it is `refflow plugins list`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named, or the listing."""
        result = click.Group.invoke(self, ctx)
        if ctx.invoked_subcommand is None:
            as_if_named(list_, "", ctx)
        return result


@click.group(cls=_Listing, invoke_without_command=True)
def plugins() -> None:
    """Show the installed plugins and what became of each."""


@plugins.command("list", cls=Command)
@click.option("--all", "everything", is_flag=True, help="Show those that are bundled with refflow too.")
@click.pass_obj
def list_(session: Session, everything: bool) -> None:
    """List the plugins, their versions, and what they contribute."""
    from refflow.workspace.plugins import host_of

    found = host_of(folder_of(session)).plugins
    shown = [each for each in found if everything or each.source != "bundled"]
    if session.as_json:
        session.result(found if everything else shown)
        return
    session.output.table(
        ("NAME", "PACKAGE", "VERSION", "STATUS", "CONTRIBUTES"),
        [(each.name, each.dist, each.version, each.status, _about(each)) for each in shown],
    )
    bundled = len(found) - len(shown)
    if bundled:
        session.output.note(f"{bundled} more are bundled with refflow: refflow plugins list --all")


@plugins.command(cls=Command)
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show what a plugin declares.

    With its settings, and how many events of its kinds the log holds.
    """
    from refflow.workspace.plugins import show as shown_of

    shown = shown_of(folder_of(session), name)
    if session.as_json:
        session.result(shown)
        return
    status, output = shown.status, session.output
    output.heading(f"{status.name}, of {status.dist} {status.version}: {status.status}")
    if status.reason:
        output.line(status.reason)
    output.line(f"module {status.module}, loaded in {status.import_ms:.1f} ms")
    if not shown.enabled:
        output.line(
            f"acts once your settings name it: write `plugins: {{{status.name}: {{}}}}` in refflow.yaml"
        )
    output.table(
        ("DECLARES", "SUMMARY", "WHEN IT ACTS"),
        [(each.label, each.summary, each.factory) for each in shown.declares],
    )
    for label, schema in shown.config.items():
        output.line()
        output.heading(f"settings of {label}, under `plugins.{status.name}`")
        output.table(("KEY", "TYPE", "REQUIRED"), _keys(schema))
    if shown.events:
        output.line()
        output.table(("EVENTS IN THE LOG", "COUNT"), sorted(shown.events.items()), right={1})


@plugins.command(cls=Command)
@click.argument("name")
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The folder of its source: its tests are run too.",
)
@click.pass_obj
def check(session: Session, name: str, source: Path | None) -> None:
    """Look a plugin over.

    What it imports, its names, its factories and its settings. A plugin that nothing is wrong with is listed,
    solid or exemplary; what the next level would take is said.
    """
    from refflow.workspace.plugins import check as checked_of

    checked = checked_of(folder_of(session), name, source)
    if session.as_json:
        session.result(checked)
    else:
        for fault in checked.faults:
            session.output.line(f"wrong: {fault}")
        session.output.line(f"{checked.plugin} is {checked.level}")
        for each in checked.missing:
            session.output.note(f"{_NEXT[checked.level]} would take {each}")
    if checked.faults:
        raise ProblemsFound(f"{len(checked.faults)} found in the plugin {checked.plugin}.")


@plugins.command(cls=Command)
@click.argument("packages", nargs=-1, required=True)
@click.option("--upgrade", "-U", is_flag=True, help="Take the newest version, also over one that is there.")
@click.pass_obj
def install(session: Session, packages: tuple[str, ...], upgrade: bool) -> None:
    """Install packages with plugins.

    It is done by the pip of this Python.
    """
    from refflow.workspace.plugins import install as install_packages

    install_packages(packages, upgrade=upgrade)
    if session.as_json:
        session.result({"installed": packages})
        return
    session.output.line("Installed. A plugin that sends or keeps something acts once your settings name it.")


@plugins.command(cls=Command)
@click.argument("packages", nargs=-1, required=True)
@click.pass_obj
def uninstall(session: Session, packages: tuple[str, ...]) -> None:
    """Take packages with plugins out.

    It is done by the pip of this Python. Their events stay in the log.
    """
    from refflow.workspace.plugins import uninstall as uninstall_packages

    uninstall_packages(packages)
    if session.as_json:
        session.result({"uninstalled": packages})
        return
    session.output.line("Taken out. Events of theirs stay in the log, and are used again when they come back.")


@plugins.command(cls=Command)
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON Schema of their settings.

    With it an editor completes and checks what stands under `plugins` in refflow.yaml:

    \b
    refflow plugins schema > settings.schema.json
    # yaml-language-server: $schema=settings.schema.json     as the first line of refflow.yaml
    """
    from msgspec import json

    from refflow.workspace.plugins import schema as schema_of

    found = schema_of(folder_of(session))
    if session.as_json:
        session.result(found)
    else:
        session.output.line(json.format(json.encode(found), indent=2).decode())


@plugins.command(cls=Command)
@click.pass_obj
def lock(session: Session) -> None:
    """Print the installed packages with plugins.

    A line each, as `pip install -r` reads them.
    """
    from refflow.workspace.plugins import host_of
    from refflow.workspace.plugins import lock as locked

    lines = locked(host_of(folder_of(session)))
    if session.as_json:
        session.result(lines)
        return
    for line in lines:
        session.output.line(line)


def folder_of(session: Session) -> Folder | None:
    """The workspace that the session means, if there is one: its settings say which plugins are used."""
    from refflow.workspace.folder import NoWorkspace, find

    try:
        return find(session.folder)
    except NoWorkspace:
        if session.folder is not None:
            raise
        return None


_NEXT = {"listed": "solid", "solid": "exemplary"}


def _about(status: PluginStatus) -> str:
    if status.status != "active":
        return status.reason
    kinds: dict[str, list[str]] = {}
    for label in status.contributes:
        word, _, name = label.partition(":")
        kinds.setdefault(word, []).append(name)
    return ", ".join(
        f"{word}:{names[0]}" if len(names) == 1 else f"{word} x{len(names)}" for word, names in kinds.items()
    )


def _keys(schema: dict[str, object]) -> list[tuple[str, str, str]]:
    found: Any = schema
    while "$ref" in found:
        found = schema["$defs"][found["$ref"].rpartition("/")[2]]  # type: ignore[index]
    required = found.get("required", ())
    return [
        (name, str(each.get("type", each.get("anyOf", ""))), "yes" if name in required else "no")
        for name, each in found.get("properties", {}).items()
    ]
