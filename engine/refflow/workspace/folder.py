"""A workspace as a folder: `refflow.yaml`, `refflow.db`, `workflows/`, `templates/`, `outbox/`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from refflow import __version__, resources
from refflow.errors import RefflowError, UsageError

DATABASE = "refflow.db"
SETTINGS = "refflow.yaml"
YAML = (".yaml", ".yml")
"""How the names of workflow files end."""
TESTS = ".test.yaml"
"""How the names of files end that lie beside workflows and test them."""
ENVIRONMENT = "REFFLOW_WORKSPACE"
_NAMED = re.compile(r"""^workflow:[ \t]*["']?([\w.-]+)""", re.MULTILINE)


class NoWorkspace(UsageError):
    """There is no workspace here."""


class WorkflowFile(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as it lies on disk. `digest` changes with its text, with any template, and with refflow."""

    path: Path
    text: str
    digest: str

    @property
    def name(self) -> str:
        """What the workflow calls itself; what its file is called when that cannot be made out."""
        named = _NAMED.search(self.text)
        return named[1] if named else self.path.stem


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of workflows that a plugin brings. Of its files those count whose names begin with `prefix`."""

    prefix: str
    folder: Path


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is new in the files: the text of the settings, if it is new; workflow files that may be new or changed;
    names of workflows whose files are gone or changed. `templates` are all that workflows may use.
    """

    settings: str | None
    files: list[WorkflowFile]
    gone: list[str]
    templates: Mapping[str, str]


class Folder(msgspec.Struct, frozen=True):
    """The files of a workspace."""

    path: Path

    @property
    def database(self) -> Path:
        """The log and its views."""
        return self.path / DATABASE

    @property
    def writable(self) -> bool:
        """Whether its rights let anything be written here."""
        return all(os.access(path, os.W_OK) for path in (self.path, self.database))

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.path / SETTINGS

    def settings_text(self) -> str:
        """What the settings file says. Raises `UsageError` when it is missing."""
        try:
            return self.settings.read_text(encoding="utf-8-sig", errors="replace")
        except FileNotFoundError:
            raise UsageError(f"{self.settings} is missing. Put it back, or make it anew.") from None

    @property
    def outbox(self) -> Path:
        """Where channels leave drafts."""
        return self.path / "outbox"

    def templates(self, brought: Sequence[Brought] = ()) -> dict[str, str]:
        """Every message template by name: the standard ones, those `brought` by plugins, and the workspace's
        own, which come first.
        """
        return {
            path.stem: _read(path)
            for prefix, folder in (
                *((each.prefix, each.folder / "templates") for each in brought),
                ("", resources.workflows() / "templates"),
                ("", self.path / "templates"),
            )
            for path in sorted(folder.glob(f"{prefix}*.txt"))
        }

    def workflows(self, templates: Mapping[str, str], brought: Sequence[Brought] = ()) -> list[WorkflowFile]:
        """The workflow files: those `brought` by plugins, the standard ones, and the workspace's own. Each
        replaces those of its name before it.
        """
        added = [
            workflow_file(path, templates)
            for each in brought
            for path in workflows_in(each.folder)
            if path.name.startswith(each.prefix)
        ]
        standard = [workflow_file(path, templates) for path in workflows_in(resources.workflows())]
        own = self.own_workflows(templates)
        return list({file.name: file for file in (*added, *standard, *own)}.values())

    def own_workflows(self, templates: Mapping[str, str]) -> list[WorkflowFile]:
        """The workflow files of the workspace itself."""
        return [workflow_file(path, templates) for path in workflows_in(self.path / "workflows")]

    def changes(
        self, *, settings: str | None, workflows: Mapping[str, str], brought: Sequence[Brought] = ()
    ) -> Changes | None:
        """What is new against the digest of the settings, and the names of workflows by digest; None if nothing.
        With the settings every file may be new, since workflows inherit from them.
        """
        templates = self.templates(brought)
        files = self.workflows(templates, brought)
        text = self.settings_text()
        present = {file.digest for file in files}
        changed = settings != digest_of(text)
        found = Changes(
            settings=text if changed else None,
            files=[file for file in files if changed or file.digest not in workflows],
            gone=[name for digest, name in workflows.items() if digest not in present],
            templates=templates,
        )
        return found if found.settings is not None or found.files or found.gone else None


def workflows_in(folder: Path) -> list[Path]:
    """The workflow files in a folder, without the tests beside them."""
    found = sorted(path for ending in YAML for path in folder.glob(f"*{ending}"))
    return [path for path in found if not path.name.endswith(TESTS)]


def digest_of(text: str) -> str:
    """A short digest of a text: another one for every change."""
    return sha256(text.encode()).hexdigest()[:16]


def workflow_file(path: Path, templates: Mapping[str, str]) -> WorkflowFile:
    """The workflow at `path`, which may use `templates`. Raises `RefflowError` when it cannot be read."""
    text = _read(path)
    digest = sha256(__version__.encode())
    for name in sorted(templates):
        digest.update(f"{name}\0{templates[name]}\0".encode())
    digest.update(text.encode())
    return WorkflowFile(path=path, text=text, digest=digest.hexdigest()[:16])


def find(given: Path | None) -> Folder:
    """The workspace `given`, else the one the environment names, else the nearest one upwards from here."""
    named = given or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if named is not None:
        if not (named / DATABASE).is_file():
            raise NoWorkspace(f"{named} is not a refflow workspace. Make one with `refflow init {named}`.")
        return Folder(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / DATABASE).is_file():
            return Folder(folder)
    raise NoWorkspace(
        "There is no refflow workspace in this folder or above. Make one with `refflow init`, or name one with"
        " `--workspace DIR`."
    )


def lay_out(path: Path, *, name: str, email: str | None, zone: str) -> Folder:
    """Make the files of a new workspace. Raises `UsageError` when there is one already."""
    folder = Folder(path)
    if folder.database.exists():
        raise UsageError(f"{path} is a refflow workspace already.")
    try:
        for each in (path, path / "workflows", path / "templates", folder.outbox):
            each.mkdir(parents=True, exist_ok=True)
        if not folder.settings.exists():
            folder.settings.write_text(_settings_text(name, email, zone), encoding="utf-8")
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text(
                "# Other people's data: keep it out of shared repositories.\n*\n", encoding="utf-8"
            )
    except OSError as error:
        raise RefflowError(f"{path} cannot be made into a workspace: {error.strerror}.") from error
    return folder


def _settings_text(name: str, email: str | None, zone: str) -> str:
    quoted = msgspec.json.encode(name).decode()
    address = msgspec.json.encode(email).decode() if email else "  # you@example.org"
    return f"""\
# Settings of this workspace. `refflow check` tells what is wrong with a change.
name: {quoted}
email: {address}
zone: {zone}
holidays: []                # days without messages, as 2026-12-25
window: {{days: mon-fri, hours: 09:00-17:30}}
gap: 3bd                    # least time between two unanswered messages to one person
approval: every             # every | first | none: which messages wait for your word
"""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        # The loader says where it goes wrong; a wrong letter here must not hide the rest.
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise RefflowError(f"{path} cannot be read: {error.strerror}.") from error
