"""What can go wrong, said so that a person can act on it."""

from __future__ import annotations

import inspect


class RefflowError(Exception):
    """Something refflow could not do.

    The docstring of a subclass is its default message; the message of an instance names the thing, the
    place and the next step. `exit_code` is what the command line ends with: 1 failure, 2 usage,
    3 held by a rule, 5 problems found.
    """

    exit_code = 1

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else inspect.cleandoc(self.__doc__ or "")


class UsageError(RefflowError):
    """The request does not make sense as it was written."""

    exit_code = 2


class NotFound(RefflowError):
    """Nothing matches."""

    exit_code = 2


class Held(RefflowError):
    """A rule holds this back."""

    exit_code = 3


class ProblemsFound(RefflowError):
    """A check found problems."""

    exit_code = 5


def in_words(error: Exception) -> str:
    """What to tell of an error that may not be one of refflow's own: those do not say what they are."""
    return str(error) if isinstance(error, RefflowError) else f"{type(error).__name__}: {error}"
