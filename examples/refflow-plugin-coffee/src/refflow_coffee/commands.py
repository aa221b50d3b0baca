"""The commands: each parses, makes one call, and prints what came back."""

from __future__ import annotations

from typing import Literal

import click

from refflow import api

from .chats import Chats
from .events import ChatHad


@click.command()
@click.pass_obj
def show(context: api.CommandContext) -> None:
    """Show how many coffees you had with each contact."""
    assert context.workspace is not None, "a reader is given a workspace"
    rows = sorted(context.workspace.views.find(Chats), key=lambda row: (-row.chats, row.contact))
    if context.as_json:
        context.result(rows)
        return
    names = [api.find_contact(context.workspace, row.contact).name for row in rows]
    context.table(
        ("CONTACT", "COFFEES", "LONG"),
        [(name, row.chats, row.long) for name, row in zip(names, rows, strict=True)],
    )


@click.command()
@click.argument("person")
@click.option("--length", type=click.Choice(["short", "long"]), default="short", show_default=True)
@click.option("--note", help="What you talked about.")
@click.pass_obj
def log(context: api.CommandContext, person: str, length: Literal["short", "long"], note: str | None) -> None:
    """Say that you had a coffee with PERSON."""
    assert context.workspace is not None, "the engine is given a workspace"
    contact = api.find_contact(context.workspace, person)
    context.record([ChatHad(contact=contact.id, length=length, note=note)])
    if context.as_json:
        context.result({"contact": contact.id})
        return
    context.line(f"Noted: a {length} coffee with {contact.name}.")
