"""Which values a condition shows to be there: after `has(x) and`, `x` may be used freely."""

from __future__ import annotations

from .syntax import Comparison, Constant, Has, Logic, Node, Not, Path

Known = frozenset[tuple[str, ...]]

NOTHING: Known = frozenset()


def shown(node: Node, outcome: bool) -> Known:
    """The paths that are present whenever `node` comes out as `outcome`."""
    match node:
        case Has(path=path) if outcome:
            return _prefixes(path)
        case Not(operand=operand):
            return shown(operand, not outcome)
        case Comparison(operator=operator, left=Path() as path, right=Constant(value=None)):
            return _prefixes(path) if operator == ("!=" if outcome else "==") else NOTHING
        case Logic(operator=operator, operands=operands):
            each = [shown(operand, outcome) for operand in operands]
            decided = (operator == "and") == outcome  # then every operand came out this way
            return NOTHING.union(*each) if decided else each[0].intersection(*each[1:])
        case _:
            return NOTHING


def _prefixes(path: Path) -> Known:
    return frozenset(path.parts[:count] for count in range(1, len(path.parts) + 1))
