"""The outbox: a folder with one file per message, for channels that leave a file for the user to act on.

A file's name begins with its message's id, so a message has at most one file, whoever asks and however often.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from .channel import Permanent, Retryable

_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9_]{0,63}(?:-[a-z0-9_]+)*")
_LONGEST_NAME = 40


class Outbox:
    """The files with one `suffix` in `folder`, which is made when the first is written."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder = folder
        self.suffix = suffix

    def find(self, message: str) -> Path | None:
        """The file of the message with that id, whatever its contact was called then.

        Raises OSError when the folder cannot be read.
        """
        stem = _stem(message)
        return next((path for path in self._files() if path.name.startswith(f"{stem}--")), None)

    def write(self, message: str, contact_name: str, content: bytes) -> Path:
        """Write the file of a message in one step: after a crash it is there as a whole or not at all.

        Raises `Retryable` when the disk does not allow it, and `Permanent` rather than replace a file.
        """
        path = self.folder / f"{_stem(message)}--{_slug(contact_name)}{self.suffix}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            in_the_way = self.find(message)
            if in_the_way is None:
                _write_whole(path, content)
        except OSError as error:
            reason = error.strerror or error
            raise Retryable(f"The outbox {self.folder} cannot be written to: {reason}") from error
        if in_the_way is not None:
            raise Permanent(f"{in_the_way} is in the way and was changed by others; move it elsewhere")
        return path

    def _files(self) -> Iterator[Path]:
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return
        yield from (self.folder / name for name in names if name.endswith(self.suffix))


def _stem(message: str) -> str:
    if len(message) <= 64 and _PLAIN_ID.fullmatch(message):
        return message
    # Two ids must not share a name, not even on a disk that ignores case.
    digest = hashlib.sha256(message.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = re.sub("[^a-z0-9]+", "-", message.lower()).strip("-")[:32].strip("-")
    return f"{readable or 'message'}-{digest}"


def _slug(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    kept = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in composed)
    return "-".join(kept.split())[:_LONGEST_NAME].strip("-") or "contact"


def _write_whole(path: Path, content: bytes) -> None:
    import tempfile  # with what it imports; every command would wait for it

    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Windows has no handle on a folder, and makes a rename last by itself.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
