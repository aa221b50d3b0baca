"""Follows a path such as `event.contact.warmth` through the types of a scope."""

from __future__ import annotations

from collections.abc import Mapping

from refflow.spelling import did_you_mean

from .operators import Report
from .presence import Known
from .syntax import Path
from .types import UNKNOWN, Record, Type, described, is_optional, present


def follow(report: Report, names: Mapping[str, Type], path: Path, known: Known) -> tuple[Type, list[Path]]:
    """The type at the end of `path`, and the shorter paths on the way that may be missing."""
    found = names.get(path.parts[0])
    if found is None:
        return _unknown_name(report, names, path), []
    gaps = []
    for count in range(1, len(path.parts)):
        if is_optional(found) and path.parts[:count] not in known:
            gaps.append(path.up_to(count))
        found = _field(report, path, count, present(found))
    return present(found) if path.parts in known else found, gaps


def _unknown_name(report: Report, names: Mapping[str, Type], path: Path) -> Type:
    name = path.parts[0]
    help = did_you_mean(name, names)
    if help is None and len(path.parts) == 1:
        help = f'a text is written in quotes: `"{name}"`'
    return report.wrong("E120", f"there is no `{name}` here", (path.offsets[0], len(name)), help)


def _field(report: Report, path: Path, count: int, owner: Type) -> Type:
    if owner == UNKNOWN:
        return UNKNOWN
    name, span = path.parts[count], (path.offsets[count], len(path.parts[count]))
    source = ".".join(path.parts[:count])
    if not isinstance(owner, Record):
        return report.wrong("E121", f"`{source}` is {described(owner)} and has no fields", span)
    if name not in owner.fields:
        return report.wrong("E121", f"`{source}` has no field `{name}`", span, did_you_mean(name, owner.fields))
    return owner.fields[name]
