"""The runs view: which workflows are defined, their runs, and what each run waits for.

It is one projection, since its tables are replayed together; each noun of it has a module.
"""

from __future__ import annotations

from ..projection import Projection
from . import channels, definitions, migration, pauses, queue, run, schedules, settings, tasks
from .channels import Inbox, PausedChannel
from .definitions import Defined, Workflow
from .pauses import Pause
from .queue import Queued
from .run import Run
from .schedules import Scheduled
from .settings import Settings
from .tasks import Task

RUNS = Projection(
    name="runs",
    version=3,
    tables=(Settings, Workflow, Defined, Run, Queued, Scheduled, Pause, Inbox, PausedChannel, Task),
    handlers={
        **settings.HANDLERS,
        **definitions.HANDLERS,
        **run.HANDLERS,
        **queue.HANDLERS,
        **schedules.HANDLERS,
        **pauses.HANDLERS,
        **channels.HANDLERS,
        **tasks.HANDLERS,
        **migration.HANDLERS,
    },
)
