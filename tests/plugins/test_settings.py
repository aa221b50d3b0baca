"""What the settings say of plugins, as a user writes them and with packages that are installed."""

# ruff: noqa: E501  # programs in strings read best unbroken

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.plugins.test_isolation import CHANNEL, INIT, SMS, WORKFLOW, WORKING, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

ROOT = Path(__file__).parents[2]
LOCAL = """
from refflow.api import FunctionSpec, hookimpl

def twice(text: str) -> str:
    return text + text

@hookimpl
def refflow_functions():
    yield FunctionSpec(name="mine_twice", summary="-", call=twice, returns=str)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search"


def statuses(site: Site, folder: Path, section: str) -> dict[str, tuple[str, str]]:
    """Status and reason of each plugin, once the settings have that section."""
    text = f"name: Sam Seeker\nplugins:\n{section}"
    run(
        site,
        folder,
        (INIT if not folder.exists() else "")
        + f"settings({text!r})\nwith api.open_workspace(folder) as w:\n    api.synchronise(w, now)\nprint('[]')",
    )
    listed = site.refflow("plugins", "--json", "--workspace", str(folder))
    assert listed.returncode == 0, listed.stderr
    found: list[dict[str, Any]] = json.loads(listed.stdout)["result"]
    return {each["name"]: (each["status"], each.get("reason", "")) for each in found}


def test_without_autoload_only_what_is_named_is_loaded(site: Site, folder: Path) -> None:
    """As it is to be on a server for several people."""
    site.add("sms", SMS, channel=WORKING)
    site.add("loud", "raise SystemExit('imported')")

    found = statuses(site, folder, "  autoload: false\n  sms: {}\n")

    assert found["sms"] == ("active", "")
    assert found["loud"] == ("disabled", "autoload is off and the configuration does not enable it")


def test_what_is_disabled_is_not_imported(site: Site, folder: Path) -> None:
    site.add("loud", "raise SystemExit('imported')")

    assert statuses(site, folder, "  disabled: [loud]\n")["loud"] == (
        "disabled",
        "the configuration disables it",
    )


def test_the_line_that_a_conflict_is_told_with_settles_it(site: Site, folder: Path) -> None:
    site.add("chat", CHANNEL.format(name="chat", module="chat"), version="0.2")
    site.add("teams", CHANNEL.format(name="chat", module="teams"), version="1.1")
    found = statuses(site, folder, "  chat: {}\n")
    assert found["chat"][0] == found["teams"][0] == "conflict"

    told = re.search(r"write under plugins: (prefer: \{.*\})", found["teams"][1])
    assert told is not None
    settled = statuses(site, folder, f"  {told[1]}\n")

    assert settled["teams"][0] == settled["chat"][0] == "active"
    shown = json.loads(site.refflow("plugins", "show", "teams", "--json", "--workspace", str(folder)).stdout)
    assert [each["label"] for each in shown["result"]["declares"]] == ["channel:chat"]


def test_a_file_beside_the_settings_is_a_plugin_wherever_one_stands(
    site: Site, folder: Path, tmp_path: Path
) -> None:
    statuses(site, folder, "  autoload: true\n")
    (folder / "mine.py").write_text(LOCAL)

    found = statuses(site, folder, "  local: [./mine.py]\n")

    assert found["mine"] == ("active", "")
    (folder / "mine.py").write_text("1 / 0")
    elsewhere = site.refflow("plugins", "--workspace", str(folder), cwd=tmp_path)
    assert "ZeroDivisionError" in elsewhere.stdout
    assert elsewhere.returncode == 0


def test_the_tutorial_comes_to_a_channel_that_is_used(site: Site, tmp_path: Path) -> None:
    """Its commands and its settings, as they stand there."""
    page = (ROOT / "docs" / "plugins" / "your-first-channel.md").read_text("utf-8")
    commands = re.findall(r"^    refflow (.+)$", page, re.MULTILINE)
    assert commands[0] == "plugin new pigeon --kind channel"
    section = re.search(r"^    plugins:\n((?:      .*\n)+)", page, re.MULTILINE)
    assert section is not None

    made = site.refflow(*commands[0].split(), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    site.install(tmp_path / "refflow-pigeon")
    assert "pigeon" in site.refflow("plugins", cwd=tmp_path).stdout
    folder = tmp_path / "search"
    assert statuses(site, folder, re.sub("^    ", "", section[1], flags=re.MULTILINE))["pigeon"] == (
        "active",
        "",
    )
    messages = run(
        site,
        folder,
        "(folder / 'templates' / 'hello.txt').write_text('Hello there.')\n"
        f"(folder / 'workflows' / 'by-pigeon.yaml').write_text({WORKFLOW.format(name='by-pigeon', channel='pigeon')!r})\n"
        "(folder / 'refflow.yaml').write_text((folder / 'refflow.yaml').read_text() + 'approval: none\\n'\n"
        "    'window: {days: mon-sun, hours: 00:00-23:59}\\n')\n"
        "with api.open_workspace(folder) as w:\n"
        "    api.synchronise(w, now)\n"
        "    api.start(w, 'by-pigeon', add(w, 'Ana Lima', relation='friend'), None, now)\n"
        "    from refflow.views.messages import Message\n"
        "    print(json.dumps([(m.channel, m.status, m.detail) for m in w.views.find(Message)]))",
    )
    assert messages == [["pigeon", "prepared", None]]
    (left,) = (folder / "outbox").glob("*.pigeon.txt")
    assert left.read_text("utf-8").endswith("Hello there.\nBy pigeon\n")
