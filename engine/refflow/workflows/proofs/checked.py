"""Checks the workflows of a workspace, each by itself and all together, from their texts alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

import msgspec

from refflow.events.kinds import Kinds

from ..language.codes import codes
from ..language.definition import Definition
from ..language.extensions import NONE, Extensions
from ..language.library import Library
from ..language.loader import load_workflow
from ..language.problems import Problem, Severity, in_order
from ..language.settings import Settings
from ..language.templates import TemplateSource, file_of
from ..language.yaml_source import Node
from .across import problems_across, same_names
from .conditions import condition_problems
from .contact_bounds import contact_problems
from .paths import TooManyPlaces
from .promise import Promise, Proof
from .suppression import unanswered
from .together import Together, together, unlimited
from .written import Written


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: the problems in order, and by the name of each file its text, and the definition and
    the promise of the workflow in it, where there is one; and what the workflows come to `together`. `templates` has
    the texts of those in which something was found.
    """

    problems: tuple[Problem, ...]
    promises: dict[str, Promise] = {}
    together: Together | None = None
    definitions: dict[str, Definition] = {}
    texts: dict[str, str] = {}
    templates: dict[str, str] = {}

    @property
    def sources(self) -> dict[str, str]:
        """The texts of all files that something can be shown in."""
        return {**self.templates, **self.texts}

    def has(self, severity: Severity) -> bool:
        """Whether something so bad was found."""
        return any(problem.severity == severity for problem in self.problems)


def check_workflows(
    texts: Mapping[str, str],
    templates: TemplateSource,
    settings: Settings,
    kinds: Kinds,
    channels: Collection[str],
    packaged: Mapping[str, Definition] = MappingProxyType({}),
    extensions: Extensions = NONE,
) -> Checked:
    """Everything that is wrong with the workflows in `texts`, by file, and what they promise."""
    problems: list[Problem] = []
    workflows: list[Written] = []
    roots: dict[str, Node | None] = {}
    for file, text in texts.items():
        loaded = load_workflow(text, file, templates, kinds, channels, packaged, extensions, settings.anytime)
        problems += loaded.problems
        roots[file] = loaded.root
        if loaded.definition is not None and loaded.root is not None:
            proof = _proof(loaded.definition, settings)
            workflows.append(Written(file=file, root=loaded.root, definition=loaded.definition, proof=proof))
    library = Library(kinds, extensions)
    for each in workflows:
        problems += (*condition_problems(each, library), *contact_problems(each, settings))
        problems += unlimited(each, settings)
    problems += same_names(workflows)
    by_name = {each.definition.name: each for each in reversed(workflows)}
    if len(workflows) == len(texts):  # of a file with errors nobody knows what it would set off
        problems += problems_across(list(by_name.values())[::-1], library)
    left = [problem for problem in problems if problem.file not in texts]
    for file, root in roots.items():
        left += unanswered([each for each in problems if each.file == file], file, root, codes())
    promises = {each.file: each.proof.promise() for each in workflows if each.proof is not None}
    definitions = {each.file: each.definition for each in workflows}
    return Checked(
        problems=in_order(left),
        promises=promises,
        together=together(list(by_name.values())[::-1], settings),
        definitions=definitions,
        texts=dict(texts),
        templates={
            file_of(name): templates.text(name) or ""
            for name in templates.names()
            if file_of(name) in {problem.file for problem in left}
        },
    )


def _proof(definition: Definition, settings: Settings) -> Proof | None:
    try:
        return Proof(definition, settings)
    except TooManyPlaces:
        return None
