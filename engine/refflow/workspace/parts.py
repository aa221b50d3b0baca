"""What the code that a plugin names works with, for `refflow.api` to hand on. A manifest needs none of it."""

from __future__ import annotations

from refflow.effects.reactor import Reactor as Reactor
from refflow.effects.reactor import ReactorContext as ReactorContext
from refflow.events.event import StoredEvent as StoredEvent
from refflow.views.projection import Projection as Projection
from refflow.views.projection import handles as handles
from refflow.views.rows import Rows as Rows
from refflow.views.table import Row as Row
from refflow.workflows.language.facts import AskFacts as AskFacts
from refflow.workflows.language.facts import ContactFacts as ContactFacts
from refflow.workflows.language.facts import Facts as Facts
from refflow.workflows.language.facts import OpeningFacts as OpeningFacts
from refflow.workflows.language.facts import OwnerFacts as OwnerFacts
