"""Pages of the documentation that are made from the code, so that they cannot say anything else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from refflow import api
from refflow.cli.application import refflow
from refflow.cli.catalogue import SECTIONS

DOCS = Path(__file__).parents[2] / "docs"


def commands_page() -> str:
    """Every command with its options, as `--help` tells it."""
    lines = [
        "# Commands",
        "",
        "What `refflow COMMAND --help` prints. The options of `refflow` itself go with every command, before or",
        "after its name.",
        "",
        *_help(refflow, ("refflow",)),
    ]
    for title, commands in SECTIONS.items():
        lines += [f"## {title}", ""]
        for name in commands:
            command = refflow.get_command(click.Context(refflow), name)
            assert command is not None
            lines += [f"### refflow {name}", "", *_help(command, ("refflow", name))]
            if isinstance(command, click.Group):
                for part in command.commands.values():
                    lines += [
                        f"#### refflow {name} {part.name}",
                        "",
                        *_help(part, ("refflow", name, part.name or "")),
                    ]
    return "\n".join(lines).rstrip() + "\n"


def _help(command: click.Command, path: tuple[str, ...]) -> list[str]:
    context: click.Context | None = None
    for name in path:
        context = click.Context(
            command, parent=context, info_name=name, max_content_width=100, terminal_width=100
        )
    assert context is not None
    return ["```", *command.get_help(context).rstrip().splitlines(), "```", ""]


def api_page() -> str:
    """What `refflow.api` promises: each name with its signature and docstring."""
    lines = [
        "# The Python API",
        "",
        "`refflow.api` is the promised surface: names are added in minor versions and taken away only in major ones.",
        "Times are aware datetimes going in, and microseconds since 1970 UTC in what comes out.",
        "",
    ]
    for title, wanted in (
        ("Calls", inspect.isfunction),
        ("Types", inspect.isclass),
        ("Values", lambda value: not inspect.isfunction(value) and not inspect.isclass(value)),
    ):
        lines += [f"## {title}", ""]
        for name in api.__all__:
            value = getattr(api, name)
            if wanted(value) and not isinstance(value, ModuleType):
                lines += list(_entry(name, value))
    return "\n".join(lines).rstrip() + "\n"


def _entry(name: str, value: object) -> Iterator[str]:
    yield f"### `{name}{_signature(value)}`" if inspect.isfunction(value) else f"### `{name}`"
    yield ""
    said = inspect.getdoc(value) if inspect.isfunction(value) or inspect.isclass(value) else None
    if said:
        yield said
        yield ""


def _signature(call: Callable[..., Any]) -> str:
    # Annotations are kept as text, and shown in quotes.
    return re.sub(r"((?:: |-> ))'([^']*)'", r"\1\2", str(inspect.signature(call)))


PAGES = {"commands.md": commands_page, "python-api.md": api_page}
