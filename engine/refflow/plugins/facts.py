"""What the pure parts of a plugin may know: the facts that a workflow's expressions speak of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from refflow.workflows.facts import AskFacts, ContactFacts, OpeningFacts, OwnerFacts


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A run at a moment: whom and what it is about, the plain fields of its event, and what time it is (aware).

    `contact`, `opening` and `ask` are None in a workflow that is not about one.
    """

    now: datetime
    me: OwnerFacts
    contact: ContactFacts | None = None
    opening: OpeningFacts | None = None
    ask: AskFacts | None = None
    event: Mapping[str, Any] = MappingProxyType({})
