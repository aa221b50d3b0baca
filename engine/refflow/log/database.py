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
        if read_only:
            # Without a folder to write to, SQLite cannot keep the shared index of a write-ahead log.
            connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        else:
            connection = sqlite3.connect(path, timeout=30)
    except sqlite3.DatabaseError as error:
        raise said(error, path) from error
    try:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA cache_size = -65536")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        connection.close()
        raise said(error, path) from error
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
        # A reader, too, needs to write beside it: SQLite keeps the index of a write-ahead log there.
        return LogUnavailable(f"{path} cannot be opened. Check that it exists and who may write to its folder.")
    return LogUnavailable(f"{path}: {text}.")


def file_of(connection: sqlite3.Connection) -> str:
    """The path of the database, for messages."""
    return str(connection.execute("PRAGMA database_list").fetchone()[2]) or "the database"


def roll_back(connection: sqlite3.Connection) -> None:
    """Leave the open transaction, if any, as if it had not begun."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
