"""The fixtures that refflow offers to plugins, used here as they use them."""

from refflow.testing.fixtures import clock as clock
from refflow.testing.fixtures import engine as engine
from refflow.testing.fixtures import log_of as log_of
from refflow.testing.fixtures import outbox as outbox
