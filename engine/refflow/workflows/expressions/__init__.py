"""The language of conditions: small, typed, checked before it runs, and total.

scope = Scope({"contact": record_of(Contact, "contact")})
condition = compile_expression('contact.warmth in ["warm", "close"]', scope, expect=BOOL)
condition.evaluate({"contact": ana})
"""

from .expression import Expression, compile_expression
from .functions import Function, Scope
from .operations import Calendar
from .problems import ExpressionErrors, Problem
from .records import record_of
from .types import ANY, BOOL, DURATION, INSTANT, NUMBER, TEXT, UNKNOWN, Enum, List, Optional_, Record, Type

__all__ = [
    "ANY",
    "BOOL",
    "DURATION",
    "INSTANT",
    "NUMBER",
    "TEXT",
    "UNKNOWN",
    "Calendar",
    "Enum",
    "Expression",
    "ExpressionErrors",
    "Function",
    "List",
    "Optional_",
    "Problem",
    "Record",
    "Scope",
    "Type",
    "compile_expression",
    "record_of",
]
