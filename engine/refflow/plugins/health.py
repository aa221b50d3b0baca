"""What a health check is given and what it may find."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec


class DoctorContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where a check looks: the workspace's `folder`, the plugin's own `config`, and what time it is."""

    folder: Path
    now: datetime
    config: msgspec.Struct | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a check noticed. `text` says what and where, `remedy` what to do about it."""

    level: Literal["note", "warning", "problem"]
    text: str
    remedy: str = ""
