"""`refflow plugins` and the commands that plugins add, as a user has them."""

# ruff: noqa: E501  # a program in a string reads best unbroken

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

ROOT = Path(__file__).parents[2]

NOISY = """
import sys
sys.stderr.write("IMPORTED")
from refflow.api import CommandSpec, hookimpl

@hookimpl
def refflow_commands():
    yield CommandSpec(name="noisy", summary="Makes noise", target="refflow_noisy.command:command", needs="{needs}")
    yield CommandSpec(name="next", summary="Takes the place of another", target="refflow_noisy.command:command")
"""
COMMAND = """
import click
from refflow import api

@click.command()
@click.pass_obj
def command(context):
    {body}
"""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["next", "--help"], ["plugins", "--help"]])
def test_help_imports_no_plugin_code(site: Site, tmp_path: Path, args: list[str]) -> None:
    """Neither of an installed plugin nor of a bundled one."""
    site.add("noisy", NOISY, command=COMMAND)
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print([m for m in sys.modules if m.startswith('refflow_')]))\n"
        "from refflow.cli import main\nmain()"
    )

    done = site.python("-c", code, *args, cwd=tmp_path)

    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "[]", "")


def test_a_command_of_a_plugin_is_run_and_takes_no_place_of_another(site: Site, tmp_path: Path) -> None:
    site.add("noisy", NOISY.replace("{needs}", "none"), command=COMMAND.format(body="context.line('so it is')"))

    assert site.refflow("noisy", cwd=tmp_path).stdout == "so it is\n"
    assert "Show what to do now" in site.refflow("next", "--help", cwd=tmp_path).stdout
    assert "Did you mean" in site.refflow("nxet", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("needs", "code", "says"), [("reader", 1, "read-only"), ("none", 1, "needs the engine"), ("engine", 0, "")]
)
def test_a_command_writes_only_when_it_said_so(
    site: Site, tmp_path: Path, needs: str, code: int, says: str
) -> None:
    body = (
        "context.record([])\n"
        if needs == "none"
        else "api.add_person(context.workspace, api.PersonDetails(name='Ana Lima'), context.now)"
    )
    site.add("noisy", NOISY.replace("{needs}", needs), command=COMMAND.format(body=body))
    folder = tmp_path / "search"
    assert site.refflow("init", str(folder), "--name", "Sam").returncode == 0

    done = site.refflow("noisy", "--workspace", str(folder))

    assert done.returncode == code
    assert says in done.stderr


def test_a_command_that_cannot_be_imported_is_an_error_for_people(site: Site, tmp_path: Path) -> None:
    site.add("noisy", NOISY.replace("{needs}", "none"), command="import no_such_package")

    done = site.refflow("noisy", cwd=tmp_path)

    assert done.returncode == 1
    assert "needs no_such_package, which is not installed" in done.stderr


def test_a_plugin_is_shown_with_its_settings_and_its_events(site: Site, tmp_path: Path) -> None:
    site.install(ROOT / "examples" / "refflow-plugin-sms", ROOT / "examples" / "refflow-plugin-coffee")
    folder = tmp_path / "search"
    site.refflow("init", str(folder), "--name", "Sam")
    site.refflow("person", "add", "Ana Lima", "--workspace", str(folder))
    logged = site.refflow("coffee-log", "Ana Lima", "--workspace", str(folder))
    assert logged.returncode == 0, logged.stderr

    sms = site.refflow("plugins", "show", "sms", "--workspace", str(folder)).stdout
    assert "sms, of refflow-sms 0.1.0: active" in sms
    assert "acts once your settings name it: write `plugins: {sms: {}}`" in sms
    assert "token    object  yes" in sms
    schema = json.loads(site.refflow("plugins", "schema", "--workspace", str(folder)).stdout)
    assert "never a literal" in str(schema)
    judge = Draft7Validator(schema)
    sms_section: dict[str, object] = {"url": "https://sms.example", "token": {"$env": "SMS_TOKEN"}}
    assert judge.is_valid({"name": "Sam", "plugins": {"autoload": False, "coffee": {}, "sms": sms_section}})
    for wrong in ({"url": 1}, {"token": "t0p"}, {"ulr": "https://sms.example"}):
        assert not judge.is_valid({"plugins": {"sms": sms_section | wrong}}), wrong
    coffee = json.loads(site.refflow("plugins", "show", "coffee", "--json", "--workspace", str(folder)).stdout)
    assert coffee["result"]["events"] == {"coffee.chat.had": 1}
    assert site.refflow("plugins", "lock").stdout == "refflow-coffee==0.2.0\nrefflow-sms==0.1.0\n"
    listed = json.loads(site.refflow("plugins", "--json").stdout)
    assert listed["command"] == "plugins"
    assert [each["name"] for each in listed["result"]] == ["coffee", "sms"]


def test_a_plugin_that_there_is_not_is_answered_with_the_nearest(site: Site) -> None:
    done = site.refflow("plugins", "show", "emial")

    assert done.returncode == 2
    assert "did you mean `email`?" in done.stderr


def test_a_faulty_plugin_is_looked_through(site: Site) -> None:
    site.add(
        "heavy",
        "import pytest\nfrom . import act\nimport msgspec\nfrom refflow.api import ChannelSpec, hookimpl\n"
        "class Config(msgspec.Struct):\n    password: str\n"
        "@hookimpl\ndef refflow_channels():\n"
        "    yield ChannelSpec(name='other', summary='-', factory='refflow_heavy.act:Channel', mode='draft', config=Config)\n"
        "    yield ChannelSpec(name='heavy', summary='-', factory='refflow_heavy.act:Chanel', mode='draft')\n",
        act="class Channel: pass",
    )

    done = site.refflow("plugins", "check", "heavy")

    assert done.returncode == 5
    for fault in (
        "imports pytest: import it where it is used",
        "imports refflow_heavy.act, which a factory names",
        "other: a name begins with its plugin's",
        "needs forbid_unknown_fields=True",
        "Config.password is a secret; give it the type Secret",
        "did you mean `Channel`?",
    ):
        assert fault in done.stdout, fault


def test_packages_are_installed_and_taken_out_with_the_pip_of_this_python(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    inside = next(iter(sorted(venv.glob("[Ll]ib/**/site-packages"))))
    (inside / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = next(iter(venv.glob("bin/python*")))
    example = ROOT / "examples" / "refflow-plugin-sms"

    def refflow(*args: str) -> subprocess.CompletedProcess[str]:
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        return subprocess.run(
            [str(python), "-c", "from refflow.cli import main; main()", *args],
            env=os.environ | offline,
            capture_output=True,
            text=True,
            check=False,
        )

    installed = refflow("plugins", "install", str(example))
    assert installed.returncode == 0, installed.stderr
    assert "acts once your settings name it" in installed.stdout
    assert "refflow-sms" in refflow("plugins").stdout
    removed = refflow("plugins", "uninstall", "refflow-sms")
    assert removed.returncode == 0, removed.stderr
    assert "refflow-sms" not in refflow("plugins").stdout
    failed = refflow("plugins", "install", "refflow-no-such-plugin")
    assert (failed.returncode, "pip did not do it" in failed.stderr) == (1, True)


SOLID = """
from types import ModuleType
import refflow_calm
from refflow.testing.contracts import ChannelContract, PluginContract

class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return refflow_calm

class TestChannel(ChannelContract):
    __test__ = False
"""


def test_a_plugin_is_told_what_the_next_level_would_take(site: Site, tmp_path: Path) -> None:
    """Listed, solid, exemplary: each says what it lacks for the next, and only that."""
    site.add("calm", CALM, channel="class Channel: pass")
    source = tmp_path / "source"
    (source / "tests").mkdir(parents=True)

    def check(*args: str) -> tuple[str, list[str]]:
        done = site.refflow("plugins", "check", "calm", *args, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), [line for line in done.stderr.splitlines() if "would take" in line]

    assert check() == (
        "calm is listed",
        [
            "solid would take a py.typed file: it is not typed",
            "solid would take its tests: give the folder of its source",
        ],
    )
    (site.folder / "refflow_calm" / "py.typed").touch()
    level, missing = check("--source", str(source))
    assert level == "calm is listed"
    assert missing[:2] == [
        "solid would take a test class from PluginContract",
        "solid would take a test class from ChannelContract",
    ]
    assert missing[2].startswith("solid would take tests that pass: ")

    (source / "tests" / "test_calm.py").write_text(SOLID)
    assert check("--source", str(source)) == (
        "calm is solid",
        [
            "exemplary would take calm finds what it delivered (`reconcile`)",
            "exemplary would take documentation: pages in docs/, or an URL of that name in pyproject.toml",
            'exemplary would take tests with two minor versions of refflow: `[tool.refflow] tested-with = ["0.1", "0.2"]`',
        ],
    )

    code = CALM.replace("mode=", 'can=frozenset({"draft", "reconcile"}), mode=')
    (site.folder / "refflow_calm" / "__init__.py").write_text(code)
    (source / "docs").mkdir()
    (source / "docs" / "calm.md").touch()
    (source / "pyproject.toml").write_text('[tool.refflow]\ntested-with = ["0.1", "0.2"]\n')
    assert check("--source", str(source)) == ("calm is exemplary", [])

    (source / "tests" / "test_calm.py").write_text(SOLID + "\ndef test_no() -> None:\n    assert False\n")
    level, missing = check("--source", str(source))
    assert level == "calm is listed"
    assert missing == ["solid would take tests that pass: tests/test_calm.py::test_no - assert False"]


CALM = """
from refflow.api import ChannelSpec, hookimpl

@hookimpl
def refflow_channels():
    yield ChannelSpec(name="calm", summary="-", factory="refflow_calm.channel:Channel", mode="draft")
"""
