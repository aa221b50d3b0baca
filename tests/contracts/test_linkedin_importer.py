"""What every importer promises, kept by the LinkedIn plugin with nothing but the public surface of refflow."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import refflow_linkedin
from refflow.api import (
    Employment,
    Importer,
    ImportReport,
    Interaction,
    Owner,
    Person,
    RefflowError,
    SavedOpening,
    Tie,
)

FILES = {
    "Profile.csv": "First Name,Last Name\nMia,Example\n",
    "Positions.csv": "Company Name,Title,Started On,Finished On\nAcme,Editor,May 2018,\n",
    "Connections.csv": "First Name,Last Name,URL,Company,Position,Connected On\n"
    "Ana,Souza,https://www.linkedin.com/in/ana,Globex,Writer,05 Jan 2024\n",
    "Recommendations_Given.csv": "First Name,Last Name,Text,Creation Date\nAna,Souza,Good.,22 Mar 2020\n",
    "messages.csv": "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT\n"
    "1,Ana Souza,linkedin.com/in/ana,Mia Example,linkedin.com/in/me,2024-03-01 12:00:00 UTC,hello\n",
    "Saved Jobs.csv": 'Saved Date,Job Url,Job Title,Company Name\n"6/4/18, 5:30 AM",,Editor,Initech\n',
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def importer() -> Importer:
    (spec,) = refflow_linkedin.refflow_importers()
    module, _, name = spec.factory.partition(":")
    made: Importer = getattr(import_module(module), name)()
    return made


def test_the_manifest_declares_one_importer_that_recognises_its_tables() -> None:
    (spec,) = refflow_linkedin.refflow_importers()

    assert spec.name == "linkedin"
    assert all(spec.sniff(name, FILES[name].encode()) > 0.4 for name in ("Connections.csv", "messages.csv"))


def test_records_come_in_the_promised_order(importer: Importer, export: Path) -> None:
    kinds = [type(record) for record in importer.read(export, ImportReport())]

    assert kinds == [Owner, Employment, Person, Tie, Interaction, SavedOpening]


def test_the_report_is_dated_before_the_first_record(importer: Importer, export: Path) -> None:
    report = ImportReport()
    next(importer.read(export, report))

    assert report.exported_on is not None
    assert report.complete_network


def test_one_importer_reads_twice_with_equal_results(importer: Importer, export: Path) -> None:
    first, second = ImportReport(), ImportReport()

    assert list(importer.read(export, first)) == list(importer.read(export, second))
    assert first == second


def test_nothing_is_read_but_what_is_mapped(importer: Importer, export: Path) -> None:
    records = list(importer.read(export, ImportReport()))

    assert not any(text in repr(records) for text in ("hello", "Good."))


def test_a_source_that_cannot_be_read_is_an_error_for_people(importer: Importer, tmp_path: Path) -> None:
    with pytest.raises(RefflowError, match=r"nowhere\.zip does not exist"):
        next(importer.read(tmp_path / "nowhere.zip", ImportReport()))


def test_the_reader_uses_only_the_public_surface() -> None:
    folder = Path(refflow_linkedin.__file__).parent
    used = {
        module
        for file in folder.glob("*.py")
        if file.stem != "paste"  # the channel, which is not the reader's
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (module := node.module or "").startswith("refflow.")
    }

    assert used == {"refflow.api"}
