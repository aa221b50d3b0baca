"""Reads the parameters of a workflow."""

from __future__ import annotations

from math import isfinite
from typing import Any

from ..durations import Duration
from .definition import Parameter, Variable
from .reading import Reader, pairs
from .yaml_source import Mapping, Node, Scalar, plain_value

Bound = Duration | int | float


def read_params(reader: Reader, node: Node) -> dict[str, Parameter | None]:
    """`params`: each with `type` and `default`, numbers and durations also with `min` and `max`. One that
    cannot be read is None.
    """
    found = reader.mapping(node, "`params`")
    params: dict[str, Parameter | None] = {}
    for name, key, value in () if found is None else pairs(found):
        good = reader.name(key, "a parameter") is not None
        params[name] = _parameter(reader, name, value) if good else None
    return params


def _parameter(reader: Reader, name: str, node: Node) -> Parameter | None:
    keys = ("type", "default", "min", "max", "note")
    found = reader.mapping(node, f"parameter `{name}`", keys, required=("type", "default"))
    if found is None or not {"type", "default"} <= set(found.values):
        return None
    type: Any = reader.choice(found.values["type"], "`type`", ("duration", "number", "text", "bool"))
    if type is None:
        return None
    default = _value(reader, type, found.values["default"], "`default`")
    least, most = (_bound(reader, type, found, bound) for bound in ("min", "max"))
    if default is None:
        return None
    _must_fit(reader, found, default, least, most)
    return Parameter(type=type, default=default, least=least, most=most)


def read_vars(reader: Reader, node: Node) -> dict[str, Variable | None]:
    """`vars`: each with `type`, and with `default` unless it is a time. One that cannot be read is None."""
    found = reader.mapping(node, "`vars`")
    variables: dict[str, Variable | None] = {}
    for name, key, value in () if found is None else pairs(found):
        good = reader.name(key, "a variable") is not None
        variables[name] = _variable(reader, name, value) if good else None
    return variables


def _variable(reader: Reader, name: str, node: Node) -> Variable | None:
    found = reader.mapping(node, f"variable `{name}`", ("type", "default", "note"), required=("type",))
    if found is None or "type" not in found.values:
        return None
    type: Any = reader.choice(found.values["type"], "`type`", ("duration", "number", "text", "bool", "time"))
    if type is None:
        return None
    if type == "time":
        if "default" in found.values:
            help = "leave it out, and ask with `has(vars." + name + ")`"
            reader.wrong("E131", "a time has no `default`", found.keys["default"], help)
        return Variable(type=type)
    if "default" not in found.values:
        reader.wrong("E006", f"variable `{name}` needs `default`", node)
        return None
    default = _value(reader, type, found.values["default"], "`default`")
    return None if default is None else Variable(type=type, default=default)


def _value(reader: Reader, type: str, node: Node, what: str) -> Any:
    if type == "duration":
        return reader.duration(node, what)
    found = reader.scalar(node, what)
    fitting = {"number": ("int", "float"), "bool": ("bool",)}.get(type, ("str", "int", "float", "bool"))
    if found is not None and found.kind not in fitting:
        wanted = {"number": "a number", "bool": "`true` or `false`"}[type]
        reader.wrong("E131", f"{what} is {wanted}, not `{found.text}`", found)
        return None
    if found is None or type == "text":
        return found and found.text
    value = plain_value(found)
    if type == "number" and not isfinite(value):
        reader.wrong("E131", f"{what} is a finite number, not `{found.text}`", found)
        return None
    return value


def _bound(reader: Reader, type: str, parameter: Mapping, name: str) -> Bound | None:
    if name not in parameter.values:
        return None
    if type not in ("number", "duration"):
        reader.wrong("E131", f"a {type} has no `{name}`", parameter.keys[name])
        return None
    bound: Bound | None = _value(reader, type, parameter.values[name], f"`{name}`")
    return bound


def read_value(reader: Reader, parameter: Parameter, node: Node) -> Duration | int | float | str | bool | None:
    """A value given to a parameter, if it fits."""
    value: Any = _value(reader, parameter.type, node, "a parameter")
    fits = value is not None and _fits(reader, node, "", value, parameter.least, parameter.most)
    return value if fits else None


def _fits(reader: Reader, node: Node, what: str, value: Any, least: Bound | None, most: Bound | None) -> bool:
    written = node.text if isinstance(node, Scalar) else ""
    if least is not None and _size(value) < _size(least):
        reader.wrong("E131", f"{what}{written} is below `min` {least}", node)
    elif most is not None and _size(value) > _size(most):
        reader.wrong("E131", f"{what}{written} is above `max` {most}", node)
    else:
        return True
    return False


def _must_fit(
    reader: Reader, parameter: Mapping, default: Any, least: Bound | None, most: Bound | None
) -> None:
    node = parameter.values["default"]
    if not _fits(reader, node, "`default` ", default, least, most):
        return
    if least is not None and most is not None and _size(least) > _size(most):
        reader.wrong("E131", f"`min` {least} is above `max` {most}", parameter.values["min"])


def _size(value: Any) -> float:
    """What is compared: of a duration, the least it can last."""
    return value.least_days() if isinstance(value, Duration) else float(value)
