"""A connection to the SQLite file of a workspace, and what its errors mean to a person."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from refflow.errors import RefflowError

from .log import LogDamaged, LogUnavailable


def connect(path: Path | str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to the database of a workspace, set up as refflow needs it.

    Raises `LogUnavailable` when the file cannot be opened, and `LogDamaged` when it is no database.
    """
    try:
        connection = _for_reading(Path(path)) if read_only else sqlite3.connect(path, timeout=30)
    except sqlite3.DatabaseError as error:
        raise said(error, path) from error
    try:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA cache_size = -65536")
        if not read_only:
            connection.execute("PRAGMA synchronous = FULL")
            # A file that is not refflow's own is left as it is.
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone():
                write_ahead(connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        connection.close()
        raise said(error, path) from error
    return connection


def in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of a database that lives as long as it is open; `connection` is closed."""
    copy = connect(":memory:")
    try:
        connection.backup(copy)
    except sqlite3.Error as error:
        copy.close()
        raise said(error, file_of(connection)) from error
    connection.close()
    return copy


def write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for each other. The file keeps this mode."""
    connection.execute("PRAGMA journal_mode = WAL")


def _for_reading(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, also where nothing can be written."""
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=30)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        # A reader, too, keeps an index of the write-ahead log beside the file, unless it is told that the
        # file stays as it is. That may be said only where no write-ahead log waits to be taken in.
        waiting = path.with_name(f"{path.name}-wal")
        if waiting.exists() and waiting.stat().st_size:
            raise LogUnavailable(
                f"{path} cannot be read where it lies: {waiting.name} holds changes to be taken in, and nothing"
                " can be written there. Copy the folder to a place where you may write."
            ) from error
        return sqlite3.connect(f"{uri}?immutable=1", uri=True)
    except BaseException:
        connection.close()
        raise
    return connection


def said(error: sqlite3.Error | UnicodeDecodeError, path: Path | str) -> RefflowError:
    """What an error of SQLite means to a person."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in text:
        # The text of the error quotes what a column contains.
        return LogDamaged(f"{path} is damaged: a text in it is not UTF-8. Restore it from a backup.")
    if text in ("no such table: event", "no such table: workspace"):
        return LogDamaged(f"{path} has no refflow log in it. Restore it from a backup, or check the path.")
    if "not a database" in text or "malformed" in text:
        return LogDamaged(
            f"{path} is not a refflow database, or is damaged ({text}). Restore it from a backup."
        )
    if "full" in text:
        return LogUnavailable(
            f"The disk that holds {path} is full. Nothing was written; free some space first."
        )
    if "readonly" in text or "read-only" in text:
        return LogUnavailable(
            f"{path} is read-only. Nothing was written; check who may write the file and folder."
        )
    if "locked" in text or "busy" in text:
        return LogUnavailable(f"{path} is in use by another program. Nothing was written; try again.")
    if "unable to open" in text:
        return LogUnavailable(f"{path} cannot be opened. Check that it exists and who may write to its folder.")
    return LogUnavailable(f"{path}: {text}.")


def file_of(connection: sqlite3.Connection) -> str:
    """The path of the database, for messages."""
    try:
        return str(connection.execute("PRAGMA database_list").fetchone()[2]) or "the database"
    except sqlite3.OperationalError:
        # The name of a file need not be UTF-8.
        return "the database"


def roll_back(connection: sqlite3.Connection) -> None:
    """Leave the open transaction, if any, as if it had not begun."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
