"""What installed plugins cost: `refflow next` with thirty of them, and `refflow --help`, against none.

    python -m bench.plugins

Each plugin declares a channel, an event type and a function. Times are medians of whole processes, the variants
taken in turns so that a busy machine is busy for all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PLUGINS = 30
ROUNDS = 15
MANIFEST = """
import msgspec
from refflow.api import ChannelSpec, EventTypeSpec, FunctionSpec, hookimpl

class Noted(msgspec.Struct, frozen=True, kw_only=True):
    contact: str
    text: str | None = None

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="p{n}.thing.noted", summary="Noted", version=1, payload=Noted)

@hookimpl
def refflow_functions():
    yield FunctionSpec(name="p{n}_twice", summary="Twice", call=lambda text: text + text, returns=str)

@hookimpl
def refflow_channels():
    yield ChannelSpec(name="p{n}", summary="Sends", factory="refflow_p{n}.channel:Channel", mode="draft")
"""


def install(site: Path, count: int) -> None:
    """Leave so many packages in `site`, as pip would."""
    site.mkdir()
    for n in range(count):
        package = site / f"refflow_p{n}"
        package.mkdir()
        (package / "__init__.py").write_text(MANIFEST.replace("{n}", str(n)))
        info = site / f"refflow_p{n}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: refflow-p{n}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[refflow.v1]\np{n} = refflow_p{n}\n")


def seconds(site: Path, *args: str) -> float:
    """How long the command takes, as a whole process."""
    command = [sys.executable, "-c", "from refflow.cli import main; main()", *args]
    started = time.perf_counter()
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(site)}, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        none, many = Path(folder, "none"), Path(folder, "many")
        install(none, 0)
        install(many, PLUGINS)
        workspace = str(Path(folder, "search"))
        seconds(none, "init", workspace, "--name", "Sam Seeker")
        for args in (("next", "--workspace", workspace), ("--help",)):
            taken: dict[Path, list[float]] = {none: [], many: []}
            for _ in range(ROUNDS + 1):
                for site, times in taken.items():
                    times.append(seconds(site, *args))
            without, with_them = (median(times[1:]) for times in taken.values())
            print(
                f"refflow {args[0]}: {without * 1000:.0f} ms without, {with_them * 1000:.0f} ms with {PLUGINS} plugins,"
                f" ratio {with_them / without:.2f}, {(with_them - without) / PLUGINS * 1000:.2f} ms a plugin"
            )


if __name__ == "__main__":
    main()
