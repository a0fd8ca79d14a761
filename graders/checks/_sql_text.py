"""Extracts the SQL query from a completion's code block or from its whole text."""

from __future__ import annotations

import re

from ..extract import Missing
from ..extract._blocks import fences

LONGEST = 10_000
"""Maximum length of a query, in characters."""

DEEPEST = 60
"""Maximum nesting depth of parentheses in a query."""

_DIALECTS = frozenset(
    {"sqlite", "sqlite3", "postgres", "bigquery", "snowflake", "duckdb", "oracle", "redshift"}
)
# Comments and parentheses may precede the first word of a statement.
_FIRST_WORD = re.compile(r"(?:[\s(;]++|--[^\n]*+(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*+\*/)*+([A-Za-z]++)")
_STATEMENTS = frozenset(
    """select with values insert update delete replace create drop alter attach detach pragma vacuum begin
    commit end rollback savepoint release reindex analyze explain merge truncate grant""".split()
)
_PARTS = re.compile(
    r"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`|\[[^\]]*+\]|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/"
    r"|\w++|\S",
)


def query_text(text: str) -> str | Missing:
    """Return the SQL statement in a text, in any dialect.

    The last complete code block labeled as SQL is used or, if there is none, the last unlabeled block that
    starts like a statement. If there are no code blocks, the whole text is used.

    Args:
        text: A completion, a reference, or the part of either that contains the answer.

    Returns:
        The statement, or `Missing` if there is none or it is too long or nested too deeply.
    """
    blocks = list(fences(text)) if "```" in text or "~~~" in text else []
    if blocks:
        whole = [one for one in blocks if one.closed]
        labeled = [one.content for one in whole if one.language in _DIALECTS or one.language.endswith("sql")]
        plain = [one.content for one in whole if not one.language and begins_as_statement(one.content)]
        if not labeled and not plain:
            return Missing("no complete code block contains SQL")
        text = (labeled or plain)[-1]
    if not begins_as_statement(text):
        return Missing("it does not begin as an SQL statement")
    if len(text) > LONGEST:
        return Missing(f"the SQL is longer than {LONGEST:,} characters", "not exact")
    depth = 0
    for part in query_parts(text):
        depth += (part == "(") - (part == ")")
        if depth > DEEPEST:
            return Missing(f"the SQL nests parentheses more than {DEEPEST} deep", "not exact")
    return text.strip()


def begins_as_statement(text: str) -> bool:
    """Return True if the text starts like an SQL statement."""
    found = _FIRST_WORD.match(text)
    return found is not None and found[1].lower() in _STATEMENTS


def query_parts(text: str) -> list[str]:
    """Split a query into tokens. Strings, quoted names and comments are single tokens."""
    return _PARTS.findall(text)
