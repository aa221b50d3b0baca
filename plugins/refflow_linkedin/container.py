"""What an export comes in: a zip, a folder, or one table of it."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from refflow.api import RefflowError, UsageError

_MAX_RATIO = 100
# Whatever its ratio, a file as small as this is no bomb.
_SMALL = 64 * 1024
_MAX_DEPTH = 4
_DATED = re.compile(r"(?<!\d)(\d{2})-(\d{2})-(\d{4})(?!\d)")


class UnsafeExport(RefflowError):
    """The zip could write outside its folder or fill the disk. Ask LinkedIn for the export again."""


class ExportFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an export. `name` is its path in there, with slashes; `open` may be called again."""

    name: str
    open: Callable[[], IO[bytes]]


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an export by name. `dated` is the day of the export when a folder or zip is named by it."""

    files: tuple[ExportFile, ...]
    dated: date | None = None


@contextmanager
def opened(path: Path) -> Iterator[Export]:
    """The export at `path`, whose files may be opened until the block ends.

    Raises UsageError when there is nothing to read, UnsafeExport, or RefflowError for a damaged zip.
    """
    try:
        if path.is_dir():
            yield Export(files=_in_folder(path), dated=_day_in(path.resolve().name))
        elif not path.exists():
            raise UsageError(f"{path} does not exist.")
        elif _is_archive(path):
            with _archive(path) as archive:
                yield Export(files=_in_zip(path, archive), dated=_day_in(path.name))
        else:
            file = ExportFile(name=path.name, open=partial(_bytes_of, path))
            yield Export(files=(file,), dated=_day_in(path.name) or _day_in(path.resolve().parent.name))
    except OSError as error:
        raise RefflowError(f"{path} cannot be read: {error.strerror or 'input error'}.") from error


def _bytes_of(path: Path) -> IO[bytes]:
    return path.open("rb")


def _is_archive(path: Path) -> bool:
    # A workbook that calls itself .csv is a zip as well; it is met, and named, as a table.
    return path.suffix.lower() == ".zip" or (path.suffix.lower() != ".csv" and zipfile.is_zipfile(path))


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    # Besides its own error, zipfile lets those of decoding a damaged directory through.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise RefflowError(f"{path} is not a whole zip file. Download the export again.") from None


def _in_folder(root: Path) -> tuple[ExportFile, ...]:
    return tuple(
        ExportFile(name=file.relative_to(root).as_posix(), open=partial(_bytes_of, file))
        for file in sorted(_walk(root))
    )


def _walk(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= _MAX_DEPTH:
            inner.clear()
        yield from (here / name for name in names if not (here / name).is_symlink())


def _in_zip(path: Path, archive: zipfile.ZipFile) -> tuple[ExportFile, ...]:
    members = archive.infolist()
    if danger := _danger(members, path.stat().st_size):
        raise UnsafeExport(f"{path} is not safe to read: {danger}. Ask LinkedIn for the export again.")
    return tuple(
        ExportFile(name=member.filename, open=partial(archive.open, member))
        for member in sorted(members, key=lambda member: member.filename)
        if not member.is_dir()
    )


def _danger(members: list[zipfile.ZipInfo], packed: int) -> str | None:
    """Why the archive is refused, or None. `packed` is its size in bytes."""
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename
        if name in seen:
            return f"two of its files are called {name!r}"
        seen.add(name)
        if _leads_out(name):
            return f"the name {name!r} leads out of it"
        if stat.S_ISLNK(member.external_attr >> 16):
            return f"{name!r} is a symbolic link"
        if _is_bomb(member.file_size, member.compress_size):
            return f"{name!r} unpacks to over {_MAX_RATIO} times its size"
    return f"it unpacks to over {_MAX_RATIO} times its size" if _is_bomb(_unpacked(members), packed) else None


def _leads_out(name: str) -> bool:
    absolute = name.startswith("/") or name[1:2] == ":"
    return absolute or "\\" in name or "\0" in name or ".." in name.split("/")


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > _SMALL and unpacked > _MAX_RATIO * packed


def _unpacked(members: list[zipfile.ZipInfo]) -> int:
    return sum(member.file_size for member in members)


def _day_in(name: str) -> date | None:
    """The day in a name such as `Complete_LinkedInDataExport_12-31-2024.zip`."""
    if not (found := _DATED.search(name)):
        return None
    month, day, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None
