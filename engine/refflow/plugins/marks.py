"""The marks pluggy finds hooks by: `hookimpl` for a plugin's functions, `hookspec` for refflow's own."""

from __future__ import annotations

import pluggy

PROJECT = "refflow"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
