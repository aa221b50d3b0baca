"""Every code has a page, and the example on it leads to that code and to nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

import refflow
from refflow import api
from refflow.errors import NotFound
from refflow.events import kinds_with
from refflow.workflows.language.codes import Code, codes, explain
from refflow.workflows.language.problems import in_order, render
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.proofs.checked import Checked, check_workflows

HEAD = {
    "refflow": "1",
    "workflow": "",
    "on": "[{event: referral.wanted}]",
    "subject": "{contact: event.contact, opening: event.opening}",
    "steps": "[{exit: done}]",
    "outcomes": "{good: [done]}",
}
"""What an example leaves out."""
WITHOUT_EXAMPLE = {"E159", "E161", "I330", "W331"}
"""Such a finding needs a log with runs in it, a packaged workflow or a file of tests."""

_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_RAISED = re.compile(r'"(?P<code>[EWI]\d{3})"')


def file_of(info: str) -> str:
    """The file that a block stands for: `yaml`, `yaml other.yaml`, `text templates/ask.txt`."""
    return info.split(" ")[1] if " " in info else "w.yaml"


def check(files: Mapping[str, str]) -> Checked:
    """What is found in the files of an example."""
    texts = {
        name: completed(text, name)
        for name, text in files.items()
        if name.endswith(".yaml") and "ref" not in name
    }
    templates = {name[10:-4]: text for name, text in files.items() if name.startswith("templates/")}
    settings, problems = load_settings(files.get("refflow.yaml", ""), "refflow.yaml")
    found = check_workflows(
        texts, TemplateTexts({"hi": "Hi", **templates}), settings or Settings(), kinds_with(), ("eml", "paste")
    )
    return msgspec.structs.replace(found, problems=in_order((*found.problems, *problems)), texts=dict(files))


def completed(text: str, name: str) -> str:
    """An example with the keys that it leaves out, after it so that its lines keep their numbers."""
    keys = {**HEAD, "workflow": name.removesuffix(".yaml")}
    return text + "".join(
        f"{key}: {value}\n" for key, value in keys.items() if not re.search(rf"^{key}:", text, re.MULTILINE)
    )


def said(checked: Checked) -> str:
    return "\n".join(render(each, checked.texts.get(each.file, "")) for each in checked.problems)


def examples(page: str, heading: str) -> dict[str, str]:
    """The files of a part of a page; what is said of them is under the name `said`."""
    part = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {
        "said" if each["info"] == "text" else file_of(each["info"]): each["text"]
        for each in _BLOCK.finditer(part)
    }


WITH_EXAMPLE = [each for name, each in codes().items() if name not in WITHOUT_EXAMPLE]


@pytest.mark.parametrize("code", WITH_EXAMPLE, ids=lambda code: code.code)
def test_the_example_of_a_page_leads_to_its_code_and_to_nothing_else(code: Code) -> None:
    files = examples(code.page, "For example")
    expected = files.pop("said")
    found = check(files)

    assert {problem.code for problem in found.problems} == {code.code}
    assert said(found) + "\n" == expected


@pytest.mark.parametrize("code", WITH_EXAMPLE, ids=lambda code: code.code)
def test_what_a_page_says_to_write_instead_is_right(code: Code) -> None:
    found = check(examples(code.page, "Instead"))

    assert said(found) == ""
    assert found.promises or "refflow.yaml" in code.page


def test_every_code_that_is_raised_has_a_page_and_no_other() -> None:
    package = Path(refflow.__file__).parent
    raised = {
        each["code"]
        for folder in ("workflows", "workspace")
        for path in (package / folder).rglob("*.py")
        for each in _RAISED.finditer(path.read_text(encoding="utf-8"))
    }

    assert raised == set(codes())


def test_a_page_is_found_by_its_code_or_number() -> None:
    assert explain("E211") == codes()["E211"]
    assert explain("e211 ").title == "an answer is not handled"
    assert explain("E301").code == "W301"
    assert explain("310").severity == "warning"
    assert api.explain("I320").severity == "note"


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no code E21: did you mean `E2"):
        explain("E21")


DRAFTED = (
    *range(1, 10),
    *(110, 111, 112, 113, 115, 116, 117, 118, *range(120, 125), 130, 140, 141, 150),
    *(201, 202, 210, 211, 212, 213, 220, 221, 222, 230, 231, 233),
    *(301, 302, 303, 310, 311, 320, 330),
)
"""The numbers that the draft of the language had, which people quote."""


@pytest.mark.parametrize("number", DRAFTED)
def test_every_number_of_the_draft_is_explained(number: int) -> None:
    assert explain(f"E{number:03}").code[1:] == f"{number:03}"
