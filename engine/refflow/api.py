"""The promised surface of refflow: what plugins and programs may import.

Names are added in minor versions and taken away only in major ones. Everything else is refflow's own
business and may change at any time.
"""

from __future__ import annotations

from refflow.contacts.companies import company_key
from refflow.contacts.names import display_name, email_key, fold, greeting_name, linkedin_slug
from refflow.contacts.records import (
    Counterpart,
    Employment,
    FileReport,
    Importer,
    ImportReport,
    Interaction,
    Owner,
    Person,
    Problem,
    Record,
    SavedOpening,
    Tie,
)
from refflow.errors import Held, NotFound, ProblemsFound, RefflowError, UsageError
from refflow.plugins.channel import (
    NOT_SENT,
    UNKNOWN,
    Channel,
    ChannelContext,
    Delivery,
    Outgoing,
    Permanent,
    Retryable,
    Unfound,
)
from refflow.plugins.config import Secret
from refflow.plugins.marks import hookimpl
from refflow.plugins.specs import (
    ChannelSpec,
    CommandSpec,
    EventTypeSpec,
    FunctionSpec,
    HealthCheckSpec,
    ImporterSpec,
    ProjectionSpec,
    UpcasterSpec,
)

__all__ = [
    "NOT_SENT",
    "UNKNOWN",
    "Channel",
    "ChannelContext",
    "ChannelSpec",
    "CommandSpec",
    "Counterpart",
    "Delivery",
    "Employment",
    "EventTypeSpec",
    "FileReport",
    "FunctionSpec",
    "HealthCheckSpec",
    "Held",
    "ImportReport",
    "Importer",
    "ImporterSpec",
    "Interaction",
    "NotFound",
    "Outgoing",
    "Owner",
    "Permanent",
    "Person",
    "Problem",
    "ProblemsFound",
    "ProjectionSpec",
    "Record",
    "RefflowError",
    "Retryable",
    "SavedOpening",
    "Secret",
    "Tie",
    "Unfound",
    "UpcasterSpec",
    "UsageError",
    "company_key",
    "display_name",
    "email_key",
    "fold",
    "greeting_name",
    "hookimpl",
    "linkedin_slug",
]
