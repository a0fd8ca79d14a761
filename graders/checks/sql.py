"""Checks that compare a completion's SQL query with the reference, by form or by result."""

from __future__ import annotations

from functools import cache

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ._answers import comparing, take_option
from ._optional import optional
from ._options import choice_option, count_option, number_option, share_option, text_option
from ._sql_text import query_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take
    from ._sql_scratch import Outcome, Row, Scratch

    Order: TypeAlias = Literal["reference", "always", "never"]

EXTRA = "sql"

_ORDERS = ("reference", "always", "never")
_FAULTS = ("refused", "failed", "stopped")
_MOST_PAIRED = 200


def sql_equal(*, dialect: str = "sqlite", take: Take | None = None) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion's query is equivalent in form to the reference's.

    Both queries are parsed and compared as syntax trees. The comparison ignores white space, comments, the
    case of keywords and names, quotes around names, redundant parentheses, aliases, the names of common table
    expressions, and the order of terms in AND, OR, IN and GROUP BY. It does not ignore ORDER BY, LIMIT,
    DISTINCT or the order of columns. The query is taken from the last code block labeled as SQL, else from
    the last unlabeled code block, else from the whole text. Anything other than a single query is unread.

    It rewards only queries of the same form. A query that returns the same result in another way, such as
    with a join instead of a subquery, earns nothing. Prefer `sql_result` if you have a database. The check
    does not know the tables, so `name` and `t.name` are different in a query on several tables.

    Args:
        dialect: The name of the SQL dialect in sqlglot, such as `postgres`, `mysql` or `bigquery`.
        take: Extracts the part of a completion that contains the query. None searches the whole completion.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: sqlglot is not installed.

    Example:
        >>> check = sql_equal()
        >>> right = "SELECT name FROM staff WHERE age > 30 AND city = 'Rome'"
        >>> check(make_sample("select s.name from staff s where s.city = 'Rome' and s.age > 30", right)).value
        1.0
        >>> check(make_sample("SELECT name FROM staff WHERE age >= 30 AND city = 'Rome'", right)).value
        0.0
    """
    parsed = _parser(text_option("dialect", dialect))

    def read(text: str, strict: bool) -> str | Missing:
        query = query_text(text)
        return query if isinstance(query, Missing) else parsed(query)

    return comparing(
        read, lambda found, right: float(found == right), what="one SQL query", take=take_option(take)
    )


def sql_result(
    *,
    script: str | None = None,
    field: str = "script",
    order: Order = "reference",
    tolerance: float = 0,
    relative: float = 1e-9,
    steps: int = 10_000_000,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion's query returns the same result as the reference's, using SQLite.

    Each query runs on a fresh copy of an in-memory database created by a script of CREATE TABLE and INSERT
    statements. The query may only read. It is stopped after `steps` steps of SQLite's virtual machine, 1
    second of processor time, 128 MB of memory or 10,000 rows, or if a value has more than 20,000 bytes. See
    `docs/sql.md`. Duplicate rows and the order of columns count, but column names do not. In addition to
    `unread`, the metrics `refused` (the query does more than read), `failed` (SQLite reports an error) and
    `stopped` are 1 or 0.

    It rewards any query that returns the right result on these rows. If tables `a` and `b` both have three
    rows, `SELECT count(*) FROM a` is right for `b` too. Provide several databases, as a list of scripts, so
    that a query must be right on all of them. A query that does not read a table, such as `SELECT 3`, earns
    nothing if the reference reads one. A reference that returns no rows or only NULL raises a `RecordError`,
    because every query that finds nothing would be right. This check needs only SQLite, which is part of
    Python.

    Args:
        script: SQL that creates the database for all records.
        field: The record field that contains the record's own script or a list of scripts. Ignored if
            `script` is given.
        order: Whether the order of rows counts: `always`, `never`, or `reference` to count it only if the
            reference has an ORDER BY.
        tolerance: The largest difference between numbers that count as equal.
        relative: The largest difference as a fraction of the reference's number. It allows for sums that
            differ slightly because they were added in another order. The larger of the two tolerances
            applies. `relative` is ignored if both numbers are integers.
        steps: The maximum number of steps of SQLite's virtual machine for a query.
        take: Extracts the part of a completion that contains the query. None searches the whole completion.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = sql_result(script="CREATE TABLE t (n); INSERT INTO t VALUES (1), (2), (3);")
        >>> check(make_sample("SELECT n FROM t WHERE n <> 1", "SELECT n FROM t WHERE n > 1")).value
        1.0
        >>> check(make_sample("DELETE FROM t", "SELECT n FROM t WHERE n > 1")).metrics["refused"]
        1.0
    """
    from ._sql_scratch import run

    choice_option("order", order, _ORDERS)
    number_option("tolerance", tolerance, 0)
    share_option("relative", relative)
    count_option("steps", steps)
    text_option("field", field)
    shared = None if script is None else _databases(text_option("script", script), "script=", DecorationError)

    def reading(given: object) -> Callable[[str, bool], Outcome | Missing]:
        databases = shared or _databases(given, f"the record's field {field!r}", RecordError)

        def read(text: str, strict: bool) -> Outcome | Missing:
            query = query_text(text)
            if isinstance(query, Missing):
                return query
            outcome = run(query, databases, steps)
            return _comparable(outcome) if strict else outcome

        return read

    def same(found: Outcome, right: Outcome) -> float:
        if found.results is None or right.results is None or (right.reads and not found.reads):
            return 0.0
        ordered = right.ordered if order == "reference" else order == "always"
        pairs = zip(found.results, right.results, strict=True)
        return float(all(_same_rows(one, other, ordered, tolerance, relative) for one, other in pairs))

    return comparing(
        None,
        same,
        what="a query whose result can be compared",
        take=take_option(take),
        field=field if shared is None else None,
        reading=reading,
        metrics=lambda answer: {name: float(answer is not None and answer.fault == name) for name in _FAULTS},
    )


@cache
def _parser(dialect: str) -> Callable[[str], str | Missing]:
    """Return a function that converts a query to its canonical form.

    Raises:
        DecorationError: sqlglot does not know the dialect.
        ConfigurationError: sqlglot is not installed.
    """
    from ._sql_canonical import Query

    sqlglot = optional("sqlglot", EXTRA)
    try:
        known = sqlglot.Dialect.get_or_raise(dialect)
    except ValueError:
        raise DecorationError(
            f"dialect={dialect!r}: write one that sqlglot knows, such as 'sqlite', 'postgres' or 'mysql'"
        ) from None
    query = Query(known, dialect, sqlglot.exp)

    def parsed(text: str) -> str | Missing:
        try:
            statements = [one for one in sqlglot.parse(text, read=known) if one is not None]
            if len(statements) != 1:
                return Missing("it contains several statements", "several")
            if not isinstance(statements[0], (sqlglot.exp.Query, sqlglot.exp.Values)):
                return Missing("it is not a query")
            if not all(select.expressions for select in statements[0].find_all(sqlglot.exp.Select)):
                return Missing("it selects nothing")
            return query.canonical(statements[0])
        except sqlglot.errors.SqlglotError:
            return Missing(f"it does not parse as {dialect} SQL")
        except RecursionError:
            return Missing("it is nested too deeply", "not exact")

    return parsed


def _databases(given: object, where: str, error: type[DecorationError | RecordError]) -> Sequence[Scratch]:
    """Create the databases for a script or a list of scripts.

    Raises:
        DecorationError: The option's script does not create a database.
        RecordError: The record's script does not create a database.
    """
    from ._sql_scratch import scratch

    scripts = given if isinstance(given, list) else [given]
    made = []
    for one in scripts:
        if not isinstance(one, str) or not one.strip():
            raise error(
                f"{where} contains no SQL script: write CREATE TABLE and INSERT statements, or a list of such"
            )
        database = scratch(one)
        if isinstance(database, Missing):
            raise error(f"{where} creates no database to query: {database.reason}")
        made.append(database)
    if not made:
        raise error(f"{where} lists no SQL script")
    return made


def _comparable(outcome: Outcome) -> Outcome | Missing:
    """Return the outcome of the reference's query, or `Missing` if its result cannot be compared."""
    if outcome.results is None:
        return Missing(outcome.reason, "not exact")
    if all(value is None for rows in outcome.results for row in rows for value in row):
        return Missing(
            "it returns no row, or nothing but NULL, as many queries would: give it rows to return"
        )
    return outcome


def _same_rows(
    found: Sequence[Row], right: Sequence[Row], ordered: bool, tolerance: float, relative: float
) -> bool:
    """Return True if two results contain the same rows, in the same order if `ordered` is True."""
    if len(found) != len(right) or {*map(len, found)} != {*map(len, right)}:
        return False

    def alike(one: Row, other: Row) -> bool:
        return all(_same_value(*pair, tolerance, relative) for pair in zip(one, other, strict=True))

    if ordered:
        return all(map(alike, found, right))
    buckets: dict[tuple[object, ...], tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((found, right)):
        for row in rows:
            exact = tuple(None if isinstance(one, (int, float)) else (type(one), one) for one in row)
            buckets.setdefault(exact, ([], []))[side].append(row)
    return all(_paired(one, other, alike) for one, other in buckets.values())


def _paired(found: list[Row], right: list[Row], alike: Callable[[Row, Row], bool]) -> bool:
    """Return True if rows that differ only in numbers can be paired so that each pair is equal."""
    if len(found) != len(right):
        return False

    def numbers(row: Row) -> list[float]:
        return [one for one in row if isinstance(one, (int, float))]

    found, right = sorted(found, key=numbers), sorted(right, key=numbers)
    if all(map(alike, found, right)):
        return True
    if len(found) > _MOST_PAIRED:
        return False
    left = list(right)
    for row in found:
        place = next((at for at, other in enumerate(left) if alike(row, other)), None)
        if place is None:
            return False
        del left[place]
    return True


def _same_value(one: object, other: object, tolerance: float, relative: float) -> bool:
    """Return True if two values are equal, within the tolerances for numbers."""
    if not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
        return type(one) is type(other) and one == other
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) <= tolerance
    return abs(one - other) <= max(tolerance, relative * abs(other))
