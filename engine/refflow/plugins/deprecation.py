"""What is still there and is to go: it is said for two minor versions, an error in the next major one, then gone.

A hook, or an argument of one, is marked where it is declared:

    @hookspec(warn_on_impl_args={"ref": RefflowRemovedIn2Warning("`ref` goes; take `reference`")})
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class RefflowRemovedIn2Warning(FutureWarning):
    """A plugin uses something that refflow 2 no longer has."""


@contextmanager
def noted() -> Iterator[list[str]]:
    """Enter into the result what is used that is to go; other warnings are given as ever.

    Where warnings are errors, as in the tests of a plugin, this one is an error too.
    """
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        yield found
    for each in caught:
        if issubclass(each.category, RefflowRemovedIn2Warning):
            found.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
