"""The emulator's SQLite database.

Related rows are written in one transaction, so a kill leaves either all of them or none.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from harness.disk import lock
from harness.errors import InputError

__all__ = ["Database"]

_SCHEMA_VERSION: Final = 1
_PIECE_BYTES: Final = 1024 * 1024

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, object TEXT, content BLOB);
CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, status TEXT, object TEXT,
  plan TEXT);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, job TEXT, id TEXT UNIQUE, object TEXT);
CREATE INDEX IF NOT EXISTS events_of_job ON events (job, seq);
CREATE TABLE IF NOT EXISTS checkpoints (seq INTEGER PRIMARY KEY, job TEXT, id TEXT UNIQUE, object TEXT);
CREATE TABLE IF NOT EXISTS models (id TEXT PRIMARY KEY, job TEXT, base TEXT, created INTEGER, theta BLOB,
  own TEXT);
CREATE TABLE IF NOT EXISTS theta (job TEXT PRIMARY KEY, weights BLOB);
CREATE TABLE IF NOT EXISTS own (job TEXT, completion TEXT, weight REAL, PRIMARY KEY (job, completion))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draws (seq INTEGER PRIMARY KEY, job TEXT, step INTEGER, grp TEXT, completion TEXT,
  reward REAL, error TEXT, advantage REAL, length REAL);
CREATE INDEX IF NOT EXISTS draws_of_job ON draws (job);
CREATE TABLE IF NOT EXISTS evaluated (job TEXT, completion TEXT, reward REAL, PRIMARY KEY (job, completion))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aliases (alias TEXT PRIMARY KEY, id TEXT);
CREATE TABLE IF NOT EXISTS retries (key TEXT PRIMARY KEY, digest TEXT, id TEXT);
"""
_TABLES: Final = tuple(line.split()[5] for line in _SCHEMA.splitlines() if line.startswith("CREATE TABLE"))

_OTHER_STATE: Final = "Name another folder with --state-dir, or remove this one."
_OTHER_HOLDER: Final = "Stop that emulator, or name another folder with --state-dir."
# A killed process may take a moment to release the lock.
_HOLDER_LEAVES_S: Final = 3.0


class Database:
    """The emulator's database. Every write outside `transaction()` is a separate transaction.

    Args:
        folder: The folder that holds `emulator.sqlite3`, created if it does not exist.

    Raises:
        InputError: Another version wrote the folder's state, or another emulator is using the folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # Autocommit, because transactions are opened explicitly. Threads share the connection under the lock.
        path = folder / "emulator.sqlite3"
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            # In this mode a killed process loses nothing. A power failure may lose the last steps, which then
            # run again.
            self._db.execute("PRAGMA synchronous = NORMAL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"not an emulator's state ({error})", place=str(path), fix=_OTHER_STATE
            ) from error
        if version not in (0, _SCHEMA_VERSION):
            message = f"state of version {version}, this emulator writes {_SCHEMA_VERSION}"
            raise InputError(message, place=str(path), fix=_OTHER_STATE)
        # Two emulators with the same state would both run its jobs.
        self._holder = lock(
            folder / "emulator.lock", "this emulator's state", patience=_HOLDER_LEAVES_S, fix=_OTHER_HOLDER
        )
        self._db.executescript(f"{_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION};")
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit either all writes in the `with` block or none. The outermost of nested blocks commits."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the database and release the folder."""
        with self._lock:
            self._db.close()
            self._holder.close()

    def clear(self) -> None:
        """Delete all rows."""
        with self.transaction():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Run a query and return all rows."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def write(self, sql: str, *values: object) -> None:
        """Run a statement that writes."""
        with self._lock:
            self._db.execute(sql, values)

    def fill_blob(
        self, table: str, column: str, where: str, values: Sequence[object], content: BinaryIO
    ) -> None:
        """Write a stream into a blob of the same length, one piece at a time."""
        with self.transaction():
            ((row,),) = self.rows(f"SELECT rowid FROM {table} WHERE {where}", *values)
            with self._db.blobopen(table, column, row) as blob:
                while piece := content.read(_PIECE_BYTES):
                    blob.write(piece)

    def blob_pieces(self, table: str, column: str, where: str, values: Sequence[object]) -> Iterator[bytes]:
        """Yield a blob, one piece at a time."""
        with self._lock:
            ((row,),) = self.rows(f"SELECT rowid FROM {table} WHERE {where}", *values)
            blob = self._db.blobopen(table, column, row, readonly=True)
        try:
            while True:
                with self._lock:
                    piece = blob.read(_PIECE_BYTES)
                if not piece:
                    return
                yield piece
        finally:
            with self._lock:
                blob.close()

    def write_all(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Write many rows, either all or none."""
        with self.transaction():
            self._db.executemany(sql, rows)
