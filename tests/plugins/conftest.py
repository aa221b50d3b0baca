"""Packages with plugins, really installed: by pip from a folder, or as the files that pip would leave."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


class Site:
    """A folder of installed packages, seen by the Python that `python` runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def install(self, *projects: Path) -> None:
        """Have pip build and install projects, without a look at any index."""
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(self.folder)]
        done = subprocess.run(
            [*pip, *offline, *map(str, projects)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def add(self, plugin: str, code: str, *, version: str = "1.0", **modules: str) -> None:
        """Install the package `refflow-<plugin>` with that code, and further modules beside it."""
        package = f"refflow_{plugin}"
        folder = self.folder / package
        folder.mkdir()
        for name, text in {"__init__": code, **modules}.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: refflow-{plugin}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[refflow.v1]\n{plugin} = {package}\n")

    def remove(self, plugin: str) -> None:
        """Take a package out again."""
        for found in self.folder.glob(f"refflow_{plugin}*"):
            for each in sorted(found.rglob("*"), reverse=True):
                each.rmdir() if each.is_dir() else each.unlink()
            found.rmdir()

    def python(
        self, *args: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run this Python with the packages installed."""
        paths = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"} | environment
        return subprocess.run(
            [sys.executable, *args], env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
        )

    def refflow(
        self, *args: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        done = self.python("-c", "from refflow.cli import main; main()", *args, cwd=cwd, **environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A place to install packages to, seen by the processes that it starts."""
    return Site(tmp_path / "site")
