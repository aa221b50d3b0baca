"""A workflow that is a packaged one with other values of its parameters: `from: std/referral-ask@3f9c...`.

The hash says which version of the package was read. When the package has another one, the file is wrong until
somebody has looked at it; the last good version stays in force meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from refflow.spelling import did_you_mean

from .definition import Definition, hash_of
from .parameters import read_value
from .reading import Reader, pairs
from .yaml_source import Mapping as MappingNode

KEYS = ("refflow", "workflow", "title", "about", "from", "params", "ok")
LEAST_HASH = 12


def read_instance(reader: Reader, top: MappingNode, packaged: Mapping[str, Definition]) -> Definition | None:
    """The packaged workflow that `from` names, with the parameters that are given here."""
    found = reader.mapping(top, "a workflow with `from`", KEYS, required=("refflow", "workflow", "from"))
    if found is None or not {"workflow", "from"} <= found.values.keys():
        return None
    values = found.values
    name = reader.name(values["workflow"], "a workflow")
    title = reader.text(values["title"], "`title`") if "title" in values else None
    about = reader.text(values["about"], "`about`") if "about" in values else None
    base = _package(reader, found, packaged)
    if base is None:
        return None
    params = dict(base.params)
    given = reader.mapping(values["params"], "`params`") if "params" in values else None
    for key, written, value in () if given is None else pairs(given):
        if key not in params:
            reader.wrong(
                "E003", f"the packaged workflow has no parameter `{key}`", written, did_you_mean(key, params)
            )
        elif (set_to := read_value(reader, params[key], value)) is not None:
            params[key] = msgspec.structs.replace(params[key], default=set_to)
    return msgspec.structs.replace(
        base,
        name=name or "",
        title=title or base.title,
        about=about or base.about,
        origin=reader.text(values["from"], "`from`") or "",
        params=params,
    )


def _package(reader: Reader, top: MappingNode, packaged: Mapping[str, Definition]) -> Definition | None:
    node = top.values["from"]
    written = reader.scalar(node, "`from`")
    if written is None:
        return None
    name, _, hash = written.text.partition("@")
    base = packaged.get(name)
    if base is None:
        help = did_you_mean(name, packaged) or "possible: " + ", ".join(
            f"`{each}`" for each in sorted(packaged)
        )
        reader.wrong("E159", f"there is no packaged workflow `{name}`", node, help)
        return None
    present = hash_of(base)
    if len(hash) < LEAST_HASH or not present.startswith(hash):
        now = f"{name}@{present[:LEAST_HASH]}"
        message = f"`{name}` has changed since" if hash else f"say which version of `{name}` you have read"
        reader.wrong("E159", message, node, f"read it, then write `from: {now}`")
        return None
    return base


def outdated(definition: Definition, packaged: Mapping[str, Definition]) -> str | None:
    """What `from` would have to say now that the package of `definition` has changed; "" when it is gone, None
    when all is well.
    """
    name, _, hash = definition.origin.partition("@")
    if not name:
        return None
    base = packaged.get(name)
    if base is None:
        return ""
    present = hash_of(base)
    return None if present.startswith(hash) else f"{name}@{present[:LEAST_HASH]}"
