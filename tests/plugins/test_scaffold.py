"""`plugin new`: whatever it makes can be installed and passes its own tests, untouched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refflow.errors import UsageError
from refflow.plugins.scaffold import KINDS, scaffold

if TYPE_CHECKING:
    from tests.plugins.conftest import Site


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_is_installed_tested_and_looked_over_untouched(
    kind: str, site: Site, tmp_path: Path
) -> None:
    name = f"my-{kind}"
    made = site.refflow("plugin", "new", name, "--kind", kind, "--in", str(tmp_path))
    assert made.returncode == 0, made.stderr
    folder = tmp_path / f"refflow-{name}"
    site.install(folder)

    # Where `CI` is set, properties are searched for in the same places every time.
    checked = site.refflow("plugins", "check", name, "--source", str(folder), CI="1")
    assert (checked.returncode, checked.stdout) == (0, f"{name} is solid\n"), checked.stderr
    listed = site.refflow("plugins")
    assert f"refflow-{name}  0.1.0    active" in listed.stdout


def test_what_is_made_is_well_formatted_and_typed(tmp_path: Path) -> None:
    for kind in KINDS:
        scaffold(kind, kind, tmp_path)

    for tool in (["ruff", "format", "--check"], ["ruff", "check", "--select", "E,F,UP,B,RUF100"]):
        done = subprocess.run(
            [sys.executable, "-m", *tool, "--isolated", "--line-length", "112", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    sources = [str(tmp_path / f"refflow-{kind}" / "src") for kind in KINDS]
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *sources],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stdout


@pytest.mark.parametrize("name", ["SMS", "sms_status", "-sms", "refflow-sms", "", "sms status", "../sms"])
def test_a_name_that_no_plugin_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a name for a plugin"):
        scaffold(name, "channel", tmp_path)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "refflow-sms").mkdir()

    with pytest.raises(UsageError, match="is there already"):
        scaffold("sms", "channel", tmp_path)
    assert list((tmp_path / "refflow-sms").iterdir()) == []


def test_a_kind_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are channel, importer"):
        scaffold("sms", "chanel", tmp_path)
