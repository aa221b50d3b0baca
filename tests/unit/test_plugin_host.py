from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from refflow.errors import Held, NotFound, UsageError
from refflow.plugins import hookspecs
from refflow.plugins.blocked import Blocked, blocked_releases
from refflow.plugins.config import PluginConfig, Secret, read_config
from refflow.plugins.deprecation import RefflowRemovedIn2Warning
from refflow.plugins.factories import FactoryUnavailable, resolve
from refflow.plugins.host import Host, PluginStatus
from refflow.plugins.installed import Registration, registered_in, registrations
from refflow.plugins.loading import PluginFailed
from refflow.plugins.marks import hookimpl
from refflow.plugins.specs import (
    ChannelSpec,
    ConditionSpec,
    EventTypeSpec,
    FilterSpec,
    FunctionSpec,
    ImporterSpec,
    ProjectionSpec,
    UpcasterSpec,
    ViewSpec,
)

IMPORTS = """
from refflow.plugins.marks import hookimpl
from refflow.plugins.specs import *
"""

HEALTHY = """
@hookimpl
def refflow_channels():
    yield ChannelSpec(name="{name}", summary="Texts", factory="elsewhere.sms:Channel", mode="draft")
"""


class Packages:
    """Installs small packages into a folder, as pip would leave them there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, package: str, code: str, *, plugin: str, version: str = "1.0", group: str = "refflow.v1"
    ) -> None:
        module = f"{self.folder.name}_{package.replace('-', '_')}".replace("-", "_")
        (self.folder / f"{module}.py").write_text(IMPORTS + textwrap.dedent(code), "utf-8")
        info = self.folder / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        with (info / "entry_points.txt").open("a") as file:
            file.write(f"[{group}]\n{plugin} = {module}\n")

    def registered(self) -> list[Registration]:
        return sorted(registered_in([str(self.folder)]), key=lambda each: each.plugin, reverse=True)

    def host(self, config: PluginConfig | None = None, in_process: Iterable[object] = ()) -> Host:
        return Host.load(config, list(in_process), installed=self.registered())


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Packages(tmp_path)


def status(host: Host, name: str) -> PluginStatus:
    (found,) = (each for each in host.plugins if each.name == name)
    return found


def plugin(**hooks: Callable[..., Any]) -> object:
    """An object with those hooks; its plugin name is `simple-namespace`."""
    return SimpleNamespace(**{f"refflow_{name}": hookimpl(hook) for name, hook in hooks.items()})


def load(*plugins: object, config: PluginConfig | None = None) -> Host:
    return Host.load(config, plugins, installed=[])


def failure(*plugins: object) -> str:
    (only,) = load(*plugins).plugins
    assert only.status == "failed"
    assert only.contributes == ()
    return only.reason


def sms(**changes: Any) -> ChannelSpec:
    spec = ChannelSpec(name="sms", summary="Texts", factory="elsewhere.sms:Channel", mode="draft")
    return msgspec.structs.replace(spec, **changes)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    number: str


def event(name: str = "simple-namespace.text.sent", **changes: Any) -> EventTypeSpec:
    return msgspec.structs.replace(
        EventTypeSpec(name=name, summary="A text went out", version=1, payload=Sent), **changes
    )


class TestDiscovery:
    def test_the_bundled_plugins_are_found_and_healthy(self) -> None:
        host = Host.load()

        bundled = [each for each in host.plugins if each.dist == "refflow"]
        assert {"email", "linkedin"} <= {each.name for each in bundled}
        assert {each.status for each in bundled} == {"active"}
        assert host.effects.channel("eml").enabled

    def test_a_package_is_known_by_name_version_and_contributions(self, packages: Packages) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms", version="0.3")

        host = packages.host()

        found = status(host, "sms")
        assert (found.dist, found.version, found.status) == ("refflow-sms", "0.3", "active")
        assert found.contributes == ("channel:sms",)
        assert found.import_ms > 0
        contribution = host.effects.channels["sms"]
        assert (contribution.plugin, contribution.distribution) == ("sms", "refflow-sms")
        assert contribution.version == "0.3"

    def test_plugins_come_in_the_order_of_their_packages(self, packages: Packages) -> None:
        for name in ("b", "c", "a"):
            packages.add(f"refflow-{name}", HEALTHY.format(name=name), plugin=name)

        assert [each.name for each in packages.host().plugins] == ["a", "b", "c"]
        assert list(packages.host().effects.channels) == ["a", "b", "c"]

    def test_installed_packages_are_scanned_once_a_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scan = Mock(wraps=registered_in)
        monkeypatch.setattr("refflow.plugins.installed.registered_in", scan)
        registrations.cache_clear()

        Host.load()
        Host.load()

        assert scan.call_count == 1

    def test_a_plugin_for_another_api_is_listed_and_not_imported(self, packages: Packages) -> None:
        packages.add("refflow-next", "raise SystemExit", plugin="next", group="refflow.v2")

        found = status(packages.host(), "next")

        assert found.status == "other-api"
        assert found.reason == "needs a refflow with plugin API 2"

    def test_a_plugin_that_serves_two_apis_is_listed_once(self, packages: Packages) -> None:
        for group in ("refflow.v1", "refflow.v2"):
            packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms", group=group)

        assert status(packages.host(), "sms").status == "active"

    def test_a_disabled_plugin_is_not_imported(self, packages: Packages) -> None:
        packages.add("refflow-sms", "raise SystemExit", plugin="sms")

        found = status(packages.host(PluginConfig(disabled=frozenset({"sms"}))), "sms")

        assert found.status == "disabled"
        assert found.import_ms == 0

    def test_without_autoload_only_enabled_packages_are_imported(self, packages: Packages) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms")
        packages.add("refflow-fax", "raise SystemExit", plugin="fax")

        host = packages.host(PluginConfig(autoload=False, enabled=frozenset({"sms"})))

        assert status(host, "sms").status == "active"
        assert status(host, "fax").status == "disabled"

    @pytest.mark.parametrize("written", ["1", "all", "fax,sms", "refflow_sms"])
    def test_the_environment_leaves_plugins_out_before_they_are_imported(
        self, packages: Packages, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        packages.add("refflow-sms", "raise SystemExit", plugin="sms")
        packages.add("refflow", HEALTHY.format(name="eml"), plugin="email")
        monkeypatch.setenv("REFFLOW_NO_PLUGINS", written)

        host = packages.host()

        found = status(host, "sms")
        assert (found.status, found.reason, found.import_ms) == (
            "disabled",
            "REFFLOW_NO_PLUGINS leaves it out",
            0,
        )
        assert status(host, "email").status == "active"

    @pytest.mark.parametrize(("version", "used"), [("0.9.9", False), ("1.2", True), ("1.10", True)])
    def test_a_release_that_does_harm_is_never_imported(
        self, packages: Packages, version: str, used: bool
    ) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms", version=version)
        harmful = Blocked(distribution="refflow_sms", below="1.2.0", reason="it sends to the wrong number")

        host = Host.load(None, installed=packages.registered(), blocked=[harmful])

        found = status(host, "sms")
        assert (found.status == "active") is used
        assert used or found.reason.startswith("it sends to the wrong number; refflow_sms 1.2.0 or later")

    def test_the_list_of_releases_that_do_harm_can_be_read(self) -> None:
        assert all(each.reason and each.below for each in blocked_releases())

    def test_what_was_loaded_can_be_followed(
        self, packages: Packages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms")
        monkeypatch.setenv("REFFLOW_TRACE_PLUGINS", "1")

        packages.host()

        told = capsys.readouterr().err.splitlines()
        assert told[0].startswith("refflow: plugin sms (refflow-sms 1.0): active, channel:sms, ")
        assert re.fullmatch(r"refflow:   refflow_channels: channel:sms, \d+\.\d ms", told[1])


class TestTrust:
    def test_a_channel_of_an_installed_package_acts_only_once_enabled(self, packages: Packages) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms")

        host = packages.host()
        assert not host.effects.channels["sms"].enabled
        with pytest.raises(Held, match=r"sms of refflow-sms 1\.0 acts once your settings enable sms"):
            host.effects.channel("sms")

        enabled = packages.host(PluginConfig(enabled=frozenset({"sms"})))
        assert enabled.effects.channel("sms").spec.factory == "elsewhere.sms:Channel"

    def test_a_channel_that_does_not_exist_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(NotFound, match="did you mean `sms`"):
            load(plugin(channels=lambda: [sms()])).effects.channel("smss")

    def test_secrets_are_asked_of_enabled_plugins_only(self, packages: Packages) -> None:
        vault = '@hookimpl\ndef refflow_secret(ref):\n    return "s3cret" if ref == "vault:mail" else None\n'
        packages.add("refflow-vault", vault, plugin="vault")

        assert packages.host().secret("vault:mail") is None
        host = packages.host(PluginConfig(enabled=frozenset({"vault"})))
        assert host.secret("vault:mail") == "s3cret"
        assert host.secret("vault:other") is None

    def test_a_secret_that_cannot_be_had_is_named_and_not_shown(self) -> None:
        def secret(ref: str) -> str:
            raise OSError(f"tried {ref} with s3cret")

        with pytest.raises(PluginFailed) as failed:
            load(plugin(secret=secret)).secret("vault:mail")

        assert "vault:mail" in str(failed.value)
        assert "s3cret" not in str(failed.value)


class TestIsolation:
    def test_one_of_every_broken_kind_leaves_the_healthy_one_working(self, packages: Packages) -> None:
        packages.add("refflow-sms", HEALTHY.format(name="sms"), plugin="sms")
        packages.add("refflow-crash", "import no_such_module", plugin="crash")
        packages.add("refflow-exit", "raise SystemExit(3)", plugin="exit")
        packages.add("refflow-typo", "@hookimpl\ndef refflow_chanels(): return []", plugin="typo")
        packages.add("refflow-raise", "@hookimpl\ndef refflow_channels(): return 1 / 0", plugin="raise")

        host = packages.host()

        assert status(host, "sms").status == "active"
        assert list(host.effects.channels) == ["sms"]
        assert {each.name: each.reason for each in host.plugins if each.status == "failed"} == {
            "crash": "ModuleNotFoundError: No module named 'no_such_module'",
            "exit": "SystemExit: 3",
            "raise": "refflow_channels raised ZeroDivisionError: division by zero",
            "typo": "unknown hook refflow_chanels; did you mean `refflow_channels`?",
        }

    def test_a_failure_keeps_its_traceback_for_the_doctor(self, packages: Packages) -> None:
        packages.add("refflow-crash", "def load():\n    1 / 0\nload()", plugin="crash")

        assert "in load" in status(packages.host(), "crash").traceback

    def test_strict_mode_raises_and_names_the_plugin(
        self, packages: Packages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packages.add("refflow-crash", "import no_such_module", plugin="crash", version="0.9")
        monkeypatch.setenv("REFFLOW_STRICT_PLUGINS", "1")

        with pytest.raises(PluginFailed, match=r"crash of refflow-crash 0\.9: ModuleNotFoundError"):
            packages.host()

    def test_a_plugin_that_fails_contributes_nothing_at_all(self) -> None:
        host = load(plugin(channels=lambda: [sms()], importers=lambda: 1 / 0))

        assert host.plugins[0].status == "failed"
        assert dict(host.effects.channels) == {}

    @pytest.mark.parametrize(
        ("channels", "says"),
        [
            (lambda: ["sms"], "refflow_channels must return or yield ChannelSpecs; it gave str"),
            (lambda: None, "refflow_channels must return or yield ChannelSpecs; it gave NoneType"),
            (lambda: sms(), "it gave a single ChannelSpec"),
            (lambda config: [sms()], "refflow_channels asks for an argument config; it is given no argument"),
            (lambda: [sms(), sms()], "channel:sms is declared twice"),
            (lambda: [sms(name="SMS!")], "channel:SMS! is not a legal name"),
            (lambda: [sms(summary="")], "channel:sms needs a summary of one line"),
            (lambda: [sms(mode="auto")], "refflow_channels raised ValueError: channel sms: a channel that can"),
        ],
    )
    def test_what_a_hook_may_not_do_is_told(self, channels: Callable[..., Any], says: str) -> None:
        assert says in failure(plugin(channels=channels))

    def test_every_problem_of_a_plugin_is_told_at_once(self) -> None:
        reason = failure(plugin(chanels=lambda: [sms()], importer=lambda: [sms()]))

        assert "did you mean `refflow_channels`?" in reason
        assert "did you mean `refflow_importers`?" in reason

    def test_a_hook_without_its_mark_is_not_silently_ignored(self) -> None:
        unmarked = SimpleNamespace(refflow_channels=lambda: [sms()])

        assert failure(unmarked) == "refflow_channels is not marked with @hookimpl"

    def test_a_wrapper_is_refused(self) -> None:
        @hookimpl(wrapper=True)
        def refflow_channels() -> Iterator[None]:
            yield

        assert "refflow_channels is a wrapper" in failure(SimpleNamespace(refflow_channels=refflow_channels))

    def test_a_hook_of_a_later_minor_may_be_marked_as_optional(self) -> None:
        @hookimpl(optionalhook=True)
        def refflow_weather() -> list[str]:
            return []

        (only,) = load(SimpleNamespace(refflow_weather=refflow_weather)).plugins
        assert only.status == "active"


class TestNames:
    def test_two_packages_with_one_channel_name_are_refused_and_named(self, packages: Packages) -> None:
        packages.add("refflow-teams", HEALTHY.format(name="chat"), plugin="teams", version="1.1")
        packages.add("refflow-chat", HEALTHY.format(name="chat"), plugin="chat", version="0.2")

        host = packages.host()

        assert dict(host.effects.channels) == {}
        teams = status(host, "teams")
        assert teams.status == "conflict"
        assert "channel:chat of refflow-teams 1.1 is also declared by refflow-chat 0.2" in teams.reason
        assert 'prefer: {"channel:chat": "refflow-teams"}' in teams.reason
        assert status(host, "chat").status == "conflict"

    @pytest.mark.parametrize("written", ["refflow-teams", "refflow_teams", "Refflow.Teams", "teams"])
    def test_the_user_settles_it_by_naming_one(self, packages: Packages, written: str) -> None:
        packages.add("refflow-teams", HEALTHY.format(name="chat"), plugin="teams")
        packages.add("refflow-chat", HEALTHY.format(name="chat"), plugin="chat")

        host = packages.host(PluginConfig(prefer={"channel:chat": written}))

        assert host.effects.channels["chat"].distribution == "refflow-teams"
        assert [each.status for each in host.plugins] == ["active", "active"]
        assert status(host, "chat").contributes == ()

    def test_two_pages_of_a_plugin_have_two_paths(self) -> None:
        """Those of two plugins cannot meet: each has its pages below its own name."""
        pages = [
            ViewSpec(name=name, summary="-", path="map", target="mine:page")
            for name in ("simple-namespace", "simple-namespace-more")
        ]

        assert failure(plugin(web_views=lambda: pages)) == "the page map is declared twice"

    def test_a_conflict_costs_only_the_name_in_question(self, packages: Packages) -> None:
        packages.add("refflow-chat", HEALTHY.format(name="chat"), plugin="chat")
        both = "@hookimpl\ndef refflow_channels():\n" + "".join(
            f'    yield ChannelSpec(name="{name}", summary="-", factory="a:B", mode="draft")\n'
            for name in ("chat", "teams")
        )
        packages.add("refflow-teams", both, plugin="teams")

        host = packages.host()

        assert list(host.effects.channels) == ["teams"]
        assert status(host, "teams").contributes == ("channel:teams",)

    def test_a_bundled_name_stays_with_its_owner(self, packages: Packages) -> None:
        packages.add("refflow", HEALTHY.format(name="eml"), plugin="email", version="0.1")
        packages.add("refflow-eml", HEALTHY.format(name="eml"), plugin="eml", version="2.0")

        host = packages.host()

        assert host.effects.channels["eml"].distribution == "refflow"
        assert status(host, "email").status == "active"
        refused = status(host, "eml")
        assert "channel:eml of refflow-eml 2.0 is a name of the bundled refflow 0.1" in refused.reason

    def test_a_bundled_name_is_replaced_only_by_an_explicit_choice(self, packages: Packages) -> None:
        packages.add("refflow", HEALTHY.format(name="eml"), plugin="email")
        packages.add("refflow-eml", HEALTHY.format(name="eml"), plugin="eml")

        host = packages.host(PluginConfig(prefer={"channel:eml": "refflow-eml"}))

        assert host.effects.channels["eml"].distribution == "refflow-eml"

    def test_two_packages_with_one_plugin_name_are_refused_before_either_is_imported(
        self, packages: Packages
    ) -> None:
        packages.add("refflow-sms", "raise SystemExit", plugin="sms")
        packages.add("sms-for-refflow", "raise SystemExit", plugin="sms")

        host = packages.host()

        assert [each.status for each in host.plugins] == ["conflict", "conflict"]
        assert "plugin:sms of refflow-sms 1.0 is also declared by sms-for-refflow 1.0" in host.plugins[0].reason

    def test_of_two_packages_with_one_plugin_name_the_preferred_is_loaded(self, packages: Packages) -> None:
        packages.add("refflow-sms", "raise SystemExit", plugin="sms")
        packages.add("sms-for-refflow", HEALTHY.format(name="sms"), plugin="sms")

        host = packages.host(PluginConfig(prefer={"plugin:sms": "sms-for-refflow"}))

        assert [(each.dist, each.status) for each in host.plugins] == [
            ("refflow-sms", "disabled"),
            ("sms-for-refflow", "active"),
        ]


class TestRegistries:
    def test_each_declaration_is_found_under_its_name_in_the_registry_of_its_kind(self) -> None:
        function = FunctionSpec(name="simple_namespace_length", summary="How long", call=len, returns=int)
        projection = ProjectionSpec(
            name="texts", summary="Texts", version=1, handles=frozenset({"sms.sent"}), factory="a:B"
        )
        importer = ImporterSpec(
            name="phone", summary="Phone", accepts=("*.vcf",), sniff=lambda name, head: 0.0, factory="a:B"
        )
        host = load(
            plugin(
                event_types=lambda: [event()],
                functions=lambda: [function],
                projections=lambda: [projection],
                importers=lambda: [importer],
                channels=lambda: [sms()],
            )
        )

        assert host.pure.event_types["simple-namespace.text.sent"].spec.payload is Sent
        assert host.pure.functions["simple_namespace_length"].spec.call("four") == 4
        assert host.pure.projections["texts"].spec is projection
        assert host.effects.importers["phone"].spec is importer
        assert host.effects.channels["sms"].enabled

    def test_the_registry_of_a_replay_has_no_way_to_a_channel(self) -> None:
        pure = load(plugin(channels=lambda: [sms()])).pure

        assert set(pure.__struct_fields__) == {
            "event_types",
            "upcasters",
            "projections",
            "functions",
            "conditions",
            "actions",
            "template_filters",
        }

    def test_a_registry_cannot_be_changed(self) -> None:
        host = load(plugin(channels=lambda: [sms()]))

        with pytest.raises(TypeError):
            host.effects.channels["x"] = host.effects.channels["sms"]  # type: ignore[index]
        with pytest.raises(AttributeError):
            host.effects.channels = {}  # type: ignore[misc]

    def test_declaring_a_channel_imports_nothing_of_it(self) -> None:
        host = load(plugin(channels=lambda: [sms(factory="there.is.none:Such")]))

        assert host.plugins[0].status == "active"

    def test_an_upcaster_is_keyed_by_event_type_and_version(self) -> None:
        step = UpcasterSpec(
            name="simple-namespace.text.sent", summary="Number", from_version=1, upcast=lambda data: data
        )
        host = load(plugin(event_types=lambda: [event(version=2)], upcasters=lambda: [step]))

        assert host.pure.upcasters["simple-namespace.text.sent", 1].spec is step
        assert host.plugins[0].contributes[1] == "upcaster:simple-namespace.text.sent@1"

    def test_nobody_rewrites_the_events_of_another(self) -> None:
        step = UpcasterSpec(name="ask.opened", summary="-", from_version=1, upcast=lambda data: data)

        reason = failure(plugin(upcasters=lambda: [step]))

        assert reason == "upcaster:ask.opened@1 is for an event type that this plugin does not declare"

    def test_an_upcaster_leads_to_a_version_that_exists(self) -> None:
        step = UpcasterSpec(
            name="simple-namespace.text.sent", summary="-", from_version=2, upcast=lambda data: data
        )

        reason = failure(plugin(event_types=lambda: [event(version=2)], upcasters=lambda: [step]))

        assert "leads to no version: simple-namespace.text.sent is at version 2" in reason

    def test_a_version_that_nothing_leads_up_from_is_refused(self) -> None:
        reason = failure(plugin(event_types=lambda: [event(version=2)]))

        assert reason == ("event:simple-namespace.text.sent is at version 2 and has no upcaster from version 1")

    def test_a_personal_field_can_be_erased(self) -> None:
        """Without it the rest of the event must still decode."""
        reason = failure(plugin(event_types=lambda: [event(personal=frozenset({"number"}))]))

        assert "the personal field number of simple-namespace.text.sent needs a default" in reason

    @pytest.mark.parametrize("hook", ["functions", "conditions", "template_filters"])
    def test_what_a_workflow_calls_bears_the_name_of_its_plugin(self, hook: str) -> None:
        made = {
            "functions": FunctionSpec(name="size", summary="-", call=len, returns=int),
            "conditions": ConditionSpec(name="size", summary="-", params=Sent, test=lambda _, facts: True),
            "template_filters": FilterSpec(name="size", summary="-", call=str),
        }

        assert "must begin with the plugin's name: simple_namespace_size" in failure(
            plugin(**{hook: lambda: [made[hook]]})
        )

    def test_an_event_type_bears_the_name_of_its_plugin(self) -> None:
        reason = failure(plugin(event_types=lambda: [event("ask.opened")]))

        assert reason == "event:ask.opened must begin with the plugin's name: simple-namespace.ask.opened"

    def test_a_personal_field_must_exist(self) -> None:
        reason = failure(plugin(event_types=lambda: [event(personal=frozenset({"numbr"}))]))

        assert "the payload of simple-namespace.text.sent has no personal field numbr" in reason


class TestLocalFiles:
    @pytest.fixture(autouse=True)
    def forget(self) -> Iterator[None]:
        before = set(sys.modules)
        yield
        for name in set(sys.modules) - before:
            if name.startswith("refflow_local."):
                del sys.modules[name]

    def test_a_file_that_the_configuration_names_is_a_plugin(self, tmp_path: Path) -> None:
        file = tmp_path / "my_sms.py"
        code = """
        class Channel: ...
        @hookimpl
        def refflow_channels():
            yield ChannelSpec(name="my-sms", summary="-", factory=f"{__name__}:Channel", mode="draft")
        """
        file.write_text(IMPORTS + textwrap.dedent(code))
        path = list(sys.path)

        host = load(config=PluginConfig(local=(str(file),)))

        found = status(host, "my-sms")
        assert (found.dist, found.status) == (str(file), "active")
        assert resolve(host.effects.channel("my-sms").spec.factory).__name__ == "Channel"
        assert sys.path == path

    def test_a_file_that_fails_is_named_and_leaves_no_module_behind(self, tmp_path: Path) -> None:
        file = tmp_path / "broken_one.py"
        file.write_text("1 / 0")

        (only,) = load(config=PluginConfig(local=(str(file),))).plugins

        assert (only.status, only.reason) == ("failed", "ZeroDivisionError: division by zero")
        assert "refflow_local.broken_one" not in sys.modules

    def test_a_file_that_is_not_there_is_a_failure_like_any_other(self, tmp_path: Path) -> None:
        (only,) = load(config=PluginConfig(local=(str(tmp_path / "gone.py"),))).plugins

        assert only.status == "failed"
        assert "gone.py" in only.reason

    def test_a_relative_path_is_refused(self) -> None:
        (only,) = load(config=PluginConfig(local=("my_sms.py",))).plugins

        assert "my_sms.py is not an absolute path" in only.reason

    def test_two_files_of_one_name_are_not_taken_for_each_other(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "same_name.py").write_text(IMPORTS)
        load(config=PluginConfig(local=(str(tmp_path / "one" / "same_name.py"),)))

        (second,) = load(config=PluginConfig(local=(str(tmp_path / "two" / "same_name.py"),))).plugins

        assert second.status == "failed"
        assert "rename one" in second.reason


class TestFactories:
    def test_a_factory_is_imported_at_its_first_use(self) -> None:
        assert resolve("fractions:Fraction.limit_denominator").__name__ == "limit_denominator"

    @pytest.mark.parametrize(
        ("factory", "says"),
        [
            ("fractions", 'write it as "package.module:Class"'),
            ("fractions:Fractoin", "fractions has no Fractoin; did you mean `Fraction`?"),
            ("no_such_package.sms:Channel", "there is no module no_such_package"),
        ],
    )
    def test_a_factory_that_is_not_there_is_named_with_the_reason(self, factory: str, says: str) -> None:
        with pytest.raises(FactoryUnavailable) as failed:
            resolve(factory)

        assert factory in str(failed.value)
        assert says in str(failed.value)

    def test_a_missing_dependency_is_told_apart_from_a_missing_module(self, packages: Packages) -> None:
        (packages.folder / "needs_something.py").write_text("import no_such_dependency")
        (packages.folder / "divides.py").write_text("1 / 0")

        with pytest.raises(FactoryUnavailable, match="needs no_such_dependency, which is not installed"):
            resolve("needs_something:X")
        with pytest.raises(FactoryUnavailable, match="failed on import: ZeroDivisionError"):
            resolve("divides:X")


class Mailbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str
    password: Secret
    port: int = 993


class TestConfig:
    def read(self, **section: Any) -> Mailbox:
        return read_config("plugins.imap", section, Mailbox, {"keyring:imap": "from the ring"}.get)

    def test_secrets_come_from_where_their_reference_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAIL_PASSWORD", "from the environment")
        (tmp_path / "password").write_text("from a file\n")

        for reference, value in [
            ({"$env": "MAIL_PASSWORD"}, "from the environment"),
            ({"$file": str(tmp_path / "password")}, "from a file"),
            ({"$keyring": "imap"}, "from the ring"),
        ]:
            assert self.read(host="mail.example", password=reference).password.reveal() == value

    @pytest.mark.parametrize(
        ("section", "says"),
        [
            ({"password": "s3cret"}, "a secret must be {$env: NAME} or {$file: path}, never a literal"),
            ({"password": {"$env": "NO_SUCH_VARIABLE"}}, "variable NO_SUCH_VARIABLE is not set"),
            ({"password": {"$file": "/no/such/file"}}, "the secret's file /no/such/file cannot be read"),
            ({"password": {"$vault": "imap"}}, "no plugin resolves the secret {$vault: imap}"),
            ({"passwrd": "s3cret"}, "unknown field `passwrd`"),
            ({"port": "many"}, "Expected `int`, got `str` - at `$.port`"),
        ],
    )
    def test_a_mistake_in_a_section_is_told_with_its_place(self, section: dict[str, Any], says: str) -> None:
        with pytest.raises(UsageError) as failed:
            self.read(**{"host": "mail.example", **section})

        assert str(failed.value).startswith("plugins.imap: ")
        assert says in str(failed.value)
        assert "s3cret" not in str(failed.value)

    def test_a_secret_shows_itself_to_nobody_who_does_not_ask(self) -> None:
        mailbox = Mailbox(host="mail.example", password=Secret("s3cret"))

        assert "s3cret" not in f"{mailbox} {mailbox.password} {mailbox.password!r}"
        with pytest.raises(TypeError):
            msgspec.json.encode(mailbox)
        with pytest.raises(TypeError):
            msgspec.msgpack.encode(mailbox)


def test_importing_the_specs_imports_nothing_but_msgspec_and_the_standard_library() -> None:
    code = "import sys, msgspec as m; old = {*sys.modules}; import refflow.plugins.specs as s; "
    code += "print(*{*sys.modules} - old)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    packages = {name.partition(".")[0] for name in run.stdout.split()}
    assert packages - sys.stdlib_module_names == {"refflow"}
    assert "refflow.plugins.host" not in run.stdout


class TestDeprecation:
    """What is to go is said before it goes."""

    @pytest.fixture
    def ref_is_to_go(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = {"ref": RefflowRemovedIn2Warning("`ref` goes; take `reference`")}
        monkeypatch.setitem(vars(hookspecs.refflow_secret)["refflow_spec"], "warn_on_impl_args", told)

    @pytest.mark.usefixtures("ref_is_to_go")
    @pytest.mark.filterwarnings("default::refflow.plugins.deprecation.RefflowRemovedIn2Warning")
    def test_who_uses_it_works_and_is_told_of(self) -> None:
        host = load(plugin(secret=lambda ref: "t0p"))

        (found,) = host.plugins
        assert (found.status, found.deprecated) == ("active", ("`ref` goes; take `reference`",))
        assert host.secret("vault:x") == "t0p"

    @pytest.mark.usefixtures("ref_is_to_go")
    def test_who_does_not_use_it_hears_nothing(self) -> None:
        (found,) = load(plugin(secret=lambda: None)).plugins

        assert (found.status, found.deprecated) == ("active", ())

    @pytest.mark.usefixtures("ref_is_to_go")
    @pytest.mark.filterwarnings("error::refflow.plugins.deprecation.RefflowRemovedIn2Warning")
    def test_where_warnings_are_errors_that_plugin_fails_and_no_other(self) -> None:
        using = type("Using", (SimpleNamespace,), {})(refflow_secret=hookimpl(lambda ref: "t0p"))
        host = load(using, plugin(channels=lambda: [sms()]))

        assert status(host, "using").reason == "RefflowRemovedIn2Warning: `ref` goes; take `reference`"
        assert status(host, "simple-namespace").status == "active"

    def test_whatever_is_to_go_says_so_by_that_warning(self) -> None:
        for name in (each for each in vars(hookspecs) if each.startswith("refflow_")):
            options = vars(getattr(hookspecs, name))["refflow_spec"]
            told = [options["warn_on_impl"], *(options["warn_on_impl_args"] or {}).values()]
            assert all(isinstance(each, RefflowRemovedIn2Warning) for each in told if each is not None), name

    def test_other_warnings_are_given_as_ever(self) -> None:
        with pytest.warns(UserWarning, match="it rains"):
            load(plugin(channels=lambda: warnings.warn("it rains", stacklevel=1) or [sms()]))
