"""Runs a model's SQL queries on an in-memory database created by a trusted script.

A query may only read: when SQLite compiles it, anything that writes, attaches, sets or loads is rejected.
There are limits on the steps of SQLite's virtual machine, which are the same on every machine, and on
processor time, memory, the size of values and the number of rows. Each query runs on its own copy of the
database.
"""

from __future__ import annotations

import os
import sqlite3
import time
from functools import lru_cache

from ..extract import Missing
from ._sql_text import query_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Row: TypeAlias = tuple[Any, ...]

MOST_ROWS = 10_000
"""Maximum number of rows in a result."""

_SECONDS = 1.0
_MEMORY = 128 * 2**20
_SCRIPT_STEPS = 100_000_000
_LONGEST_VALUE = 20_000
_MOST_TEXT = 4 * 2**20
_STEPS_AT_ONCE = 200
_TICKS_A_LOOK = 16
_MOST_EXPANDED = 500
_KEPT = 16

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
# The functions of https://sqlite.org/lang_corefunc.html, lang_aggfunc, lang_mathfunc, lang_datefunc,
# windowfunctions and json1, except those that return random values, inspect this process, or load code.
_FUNCTIONS = frozenset(
    """abs char coalesce concat concat_ws format glob hex ifnull iif if instr length like likelihood likely
    lower ltrim max min nullif octet_length printf quote replace round rtrim sign soundex substr substring
    trim typeof unhex unicode unlikely upper count avg sum total group_concat string_agg median
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi
    pow power radians sin sinh sqrt tan tanh trunc
    current_date current_time current_timestamp date time datetime julianday strftime timediff unixepoch
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    json json_array json_array_length json_extract json_object json_type json_valid json_quote
    json_group_array json_group_object -> ->>""".split()
)
_TABLES = frozenset({"json_each", "json_tree"})


class Outcome:
    """The outcome of a query on all databases of a record.

    Args:
        results: The rows of each database. None if the query did not finish on all databases.
        fault: `refused`, `failed` or `stopped`. None if the query finished.
        reason: The reason why the query did not finish.
        reads: True if the query read from a table.
        ordered: True if the query orders its result.
    """

    __slots__ = ("fault", "ordered", "reads", "reason", "results")

    def __init__(
        self,
        results: list[list[Row]] | None,
        fault: str | None = None,
        reason: str = "",
        reads: bool = False,
        ordered: bool = False,
    ) -> None:
        self.results, self.fault, self.reason, self.reads = results, fault, reason, reads
        self.ordered = ordered


def run(query: str, databases: Sequence[Scratch], steps: int) -> Outcome:
    """Run a query on every database.

    Args:
        query: A single query.
        databases: The databases.
        steps: Maximum total number of SQLite virtual machine steps for all databases.
    """
    if _expanded(query) > _MOST_EXPANDED:
        return Outcome(None, "stopped", "it repeats its common table expressions too often")
    watch = _Watch(steps, _SECONDS)
    made = Outcome([], ordered=_is_ordered(query))
    for database in databases:
        rows = database.run(query, watch)
        if isinstance(rows, Outcome):
            return rows
        assert made.results is not None
        made.results.append(rows[0])
        made.reads = made.reads or rows[1]
    return made


class Scratch:
    """An in-memory database. Each query runs on a separate copy.

    Args:
        script: SQL that creates and fills the tables.

    Raises:
        ValueError: The script fails or does not create a table.
    """

    def __init__(self, script: str) -> None:
        # The thread that grades may be another one than the thread that creates the database.
        self._made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._made.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        watch = _Watch(_SCRIPT_STEPS, 20 * _SECONDS)
        self._made.set_progress_handler(watch.tick, _STEPS_AT_ONCE)
        try:
            self._made.executescript(script)
            found = self._made.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            self._tables = {str(name).lower() for (name,) in found} | _TABLES
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            watch.raise_held()
            raise ValueError(watch.why or str(error)) from None
        if self._made.in_transaction:
            self._made.execute("COMMIT")
        self._made.set_progress_handler(None, 0)
        if self._tables == _TABLES:
            raise ValueError("it creates no table")

    def run(self, query: str, watch: _Watch) -> tuple[list[Row], bool] | Outcome:
        """Return a query's rows and True if it read from a table, or its outcome if it did not finish.

        Args:
            query: A single query.
            watch: The limits that stop the query.
        """
        copy = sqlite3.connect(":memory:", isolation_level=None)
        gate = _Gate(self._tables)
        try:
            self._made.backup(copy)
            copy.execute("PRAGMA temp_store = MEMORY")  # write no files, so that the memory limit applies
            if "json_" in query.lower():  # their first use writes to the database
                copy.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')")
            copy.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            for limit, value in _LIMITS.items():
                copy.setlimit(limit, value)
            copy.set_authorizer(gate.decide)
            copy.set_progress_handler(watch.tick, _STEPS_AT_ONCE)
            rows = _fetched(copy.execute(query))
        except MemoryError:
            return Outcome(None, "stopped", "it takes too much memory")
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError, OverflowError) as error:
            watch.raise_held()
            if gate.refused:
                return Outcome(None, "refused", f"it may not use {gate.refused}")
            if watch.why:
                return Outcome(None, "stopped", watch.why)
            if str(error) == "interrupted":
                raise TimeoutError("the query was interrupted from outside") from None
            return Outcome(None, "stopped" if "too big" in str(error) else "failed", str(error))
        finally:
            copy.close()
        watch.raise_held()
        if rows is None:
            return Outcome(None, "stopped", f"its result has more than {MOST_ROWS:,} rows, or too much text")
        return rows, gate.reads


class _Watch:
    """Stops a query that exceeds its limits.

    Args:
        steps: Maximum number of SQLite virtual machine steps.
        seconds: Maximum processor time.
    """

    def __init__(self, steps: int, seconds: float) -> None:
        self._left = steps
        self._until = time.thread_time() + seconds
        self._memory = _resident() + _MEMORY
        self._ticks = 0
        self._held: BaseException | None = None
        self.why = ""

    def tick(self) -> int:
        """Return 1 to stop SQLite. Exceptions are stored because SQLite would swallow them."""
        try:
            self._left -= _STEPS_AT_ONCE
            self._ticks += 1
            if self._left < 0:
                self.why = "it takes too many steps"
            elif time.thread_time() > self._until:
                self.why = "it takes too much processor time"
            elif not self._ticks % _TICKS_A_LOOK and _resident() > self._memory:
                self.why = "it takes too much memory"
            return 1 if self.why else 0
        except BaseException as error:  # for example the grader's own time limit
            self._held = error
            return 1

    def raise_held(self) -> None:
        """Raise the exception stored by `tick`."""
        if self._held is not None:
            raise self._held


class _Gate:
    """Decides what a query may do while SQLite compiles it.

    Args:
        tables: Names of the tables that the query may read, in lowercase.
    """

    def __init__(self, tables: set[str]) -> None:
        self._tables = tables
        self.refused = ""
        self.reads = False

    def decide(self, action: int, first: str | None, second: str | None, *_: object) -> int:
        """Return SQLITE_OK for reading scratch tables or calling a listed function, else SQLITE_DENY."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        table = (first or "").lower()
        if action == sqlite3.SQLITE_READ and table in self._tables:
            self.reads = True
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and not second and not table.startswith("sqlite_"):
            return sqlite3.SQLITE_OK  # counts the rows of a common table expression
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        named = {sqlite3.SQLITE_FUNCTION: f"{second}()", sqlite3.SQLITE_READ: f"the table {first}"}
        self.refused = named.get(action, "anything but SELECT")
        return sqlite3.SQLITE_DENY


@lru_cache(_KEPT)
def scratch(script: str) -> Scratch | Missing:
    """Return the database that a script creates, or `Missing` if it fails or does not create a table."""
    try:
        return Scratch(script)
    except ValueError as error:
        return Missing(str(error))


def _is_ordered(query: str) -> bool:
    """Return True if a query orders its whole result rather than only part of it."""
    depth, before, ordered = 0, "", False
    for part in query_parts(query):
        depth += (part == "(") - (part == ")")
        word = part.lower()
        ordered = ordered or (not depth and before == "order" and word == "by")
        if not part.startswith(("--", "/*")):
            before = word
    return ordered


def _fetched(cursor: sqlite3.Cursor) -> list[Row] | None:
    """Return all rows of a result, or None if there are too many rows or there is too much text."""
    rows: list[Row] = []
    text = 0
    for row in cursor:
        rows.append(row)
        text += sum(len(one) for one in row if isinstance(one, (str, bytes)))
        if len(rows) > MOST_ROWS or text > _MOST_TEXT:
            return None
    return rows


def _expanded(query: str) -> int:
    """Count a query's SELECTs after its common table expressions are expanded.

    SQLite expands a common table expression at every use while compiling the query, and nothing can interrupt
    that. Twenty expressions, each of which uses the previous one twice, become a million SELECTs.
    """
    weights: dict[str, int] = {}
    totals, name = [0], [""]
    parts = [
        part.strip('"`[]').lower() for part in query_parts(query) if not part.startswith(("--", "/*", "'"))
    ]
    for at, part in enumerate(parts):
        if part == "(":
            before = parts[at - 1] if at else ""
            made = _made_name(parts, at) if before in ("as", "materialized") else ""
            totals.append(0)
            name.append(made)
        elif part == ")" and len(totals) > 1:
            total, made = totals.pop(), name.pop()
            if made:
                weights[made] = 1 + total
            else:
                totals[-1] += total
        elif part in weights and parts[at + 1 : at + 2] != ["."]:
            totals[-1] += weights[part]
        elif part == "select":
            totals[-1] += 1
        if totals[-1] > _MOST_EXPANDED:
            return totals[-1]
    return sum(totals)


def _made_name(parts: list[str], at: int) -> str:
    """Return the name of the common table expression whose query opens at `at`: `name (columns) AS (`."""
    back = at - 2
    while back >= 0 and parts[back] in ("as", "not"):
        back -= 1
    if back >= 0 and parts[back] == ")":
        while back >= 0 and parts[back] != "(":
            back -= 1
        back -= 1
    return parts[back] if back >= 0 else ""


_memory_of: dict[int, int] = {}
"""Each process's open memory file, reused so that a stopped query does not leave an open file behind."""


def _resident() -> int:
    """Return this process's memory in bytes. If it is unknown, return 0, which disables the limit."""
    try:
        process = os.getpid()
        if process not in _memory_of:
            _memory_of[process] = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        return int(os.pread(_memory_of[process], 100, 0).split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, ValueError, IndexError):
        return 0
