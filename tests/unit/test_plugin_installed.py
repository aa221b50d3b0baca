"""What packages register is found as `importlib.metadata` finds it, without importing that or them."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from refflow.plugins.installed import Registration, registered_in

STRANGE = """\
# who are we
[console_scripts]
sms = refflow_sms:main

[refflow.v1]
sms = refflow_sms
texts=refflow_sms.texts:Plugin [fast]
[refflow.v2]
  sms = refflow_sms.next
[refflow.vnext]
sms = refflow_sms
"""


def by_the_book(path: list[str]) -> set[tuple[str, str, str, str, str]]:
    """The same by `importlib.metadata`; the first of several copies of a package counts."""
    first = {
        re.sub(r"[-_.]+", "-", each.name).lower(): each for each in reversed(list(distributions(path=path)))
    }
    return {
        (point.name, point.value, point.group, each.name, each.version)
        for each in first.values()
        for point in each.entry_points
        if re.fullmatch(r"refflow\.v\d+", point.group)
    }


def found(path: list[str]) -> set[tuple[str, str, str, str, str]]:
    return {
        (each.plugin, each.value, f"refflow.v{each.api}", each.distribution, each.version)
        for each in registered_in(path)
    }


def package(
    folder: Path, name: str, version: str, entry_points: str = STRANGE, ending: str = "dist-info"
) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.{ending}"
    info.mkdir(parents=True)
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: none of this counts\n"
    (info / ("METADATA" if ending == "dist-info" else "PKG-INFO")).write_text(about)
    (info / "entry_points.txt").write_text(entry_points)


def test_the_packages_of_this_python() -> None:
    assert found(sys.path) == by_the_book(sys.path)
    assert {("linkedin", "refflow_linkedin"), ("email", "refflow_email")} <= {
        each[:2] for each in found(sys.path)
    }


@pytest.mark.parametrize("ending", ["dist-info", "egg-info"])
def test_the_ways_in_which_entry_points_are_written(tmp_path: Path, ending: str) -> None:
    package(tmp_path, "Refflow.Sms", "1.0", ending=ending)
    package(tmp_path, "quiet", "2.0", "[console_scripts]\nquiet = quiet:main\n")

    assert len(found([str(tmp_path)])) == 3
    assert found([str(tmp_path)]) == by_the_book([str(tmp_path)])


def test_of_several_copies_the_first_on_the_path_counts(tmp_path: Path) -> None:
    for folder, name, version in (
        ("a", "refflow-sms", "2.0"),
        ("b", "Refflow_SMS", "1.0"),
        ("b", "other", "1.0"),
    ):
        package(tmp_path / folder, name, version)
    path = [str(tmp_path / name) for name in ("away", "a", "b")]

    assert {each[3:] for each in found(path)} == {("refflow-sms", "2.0"), ("other", "1.0")}
    assert found(path) == by_the_book(path)


def test_packages_in_an_archive(tmp_path: Path) -> None:
    package(tmp_path / "made", "refflow-sms", "1.0")
    archive = tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for each in (tmp_path / "made").rglob("*"):
            file.write(each, each.relative_to(tmp_path / "made"))

    assert len(found([str(archive)])) == 3
    assert found([str(archive)]) == by_the_book([str(archive)])


def test_what_is_damaged_costs_no_more_than_itself(tmp_path: Path) -> None:
    package(
        tmp_path, "refflow-sms", "1.0", "[refflow.v1]\nno equals sign\n= nothing\n\xff[refflow.v1\nsms = sms\n"
    )
    (tmp_path / "refflow_sms-1.0.dist-info" / "METADATA").unlink()
    (tmp_path / "old.egg-info").write_text("a file")
    (tmp_path / "bad-1.0.dist-info").mkdir()
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[refflow.v1]\nsms = sms\n")

    assert {each[:1] + each[3:] for each in found([str(tmp_path)])} >= {("sms", "refflow_sms", "1.0")}


@pytest.mark.parametrize("value", ["json", "json:JSONDecoder", "json : JSONDecoder.decode [fast]"])
def test_what_is_named_is_loaded(value: str) -> None:
    registration = Registration(plugin="p", value=value, api=1, distribution="d", version="1")
    module, _, path = (each.strip() for each in value.partition("[")[0].partition(":"))
    assert module == "json"
    assert getattr(registration.load(), "__qualname__", "") == path


@pytest.mark.parametrize("value", ["", "no_such_module_at_all", "(odd)"])
def test_what_is_not_there_cannot_be_loaded(value: str) -> None:
    registration = Registration(plugin="p", value=value, api=1, distribution="d", version="1")
    with pytest.raises(ImportError):
        registration.load()


def test_the_parser_of_mail_is_left_alone() -> None:
    code = "import sys, refflow.plugins.installed as i; i.registrations(); print('email' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
