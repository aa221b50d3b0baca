"""The contracts of all kinds of plugins, in one place.

`ProjectionContract` is in `refflow.testing.projection`, since it makes up histories with hypothesis.
"""

from __future__ import annotations

from .channel import ChannelContract as ChannelContract
from .command import CommandContract as CommandContract
from .event_types import EventTypeContract as EventTypeContract
from .event_types import UpcasterContract as UpcasterContract
from .health import HealthCheckContract as HealthCheckContract
from .importer import ImporterContract as ImporterContract
from .language import ActionContract as ActionContract
from .language import ConditionContract as ConditionContract
from .language import FilterContract as FilterContract
from .language import FunctionContract as FunctionContract
from .plugin import PluginContract as PluginContract
from .reactor import ReactorContract as ReactorContract
from .reminder import ReminderContract as ReminderContract
from .secret import SecretContract as SecretContract
from .web import ViewContract as ViewContract
from .workflows import WorkflowContract as WorkflowContract
