"""Extracts strings from a code grader's source that could be used to report passed tests."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.audit.mining import mine

__all__ = ["Marks", "marks_of"]

_USUAL = ("PASS", "PASSED", "OK", "SUCCESS", "All tests passed", "True", "1", "1.0")
_GOOD = re.compile(r"pass|ok\b|success|correct|true|done|good|all|complete|ran|score|reward", re.IGNORECASE)
_BAD = re.compile(
    r"fail|err|wrong|incorrect|\bnot\b|timeout|exception|traceback|assert|import |def ", re.IGNORECASE
)
_PRINTED = re.compile(r"""(?:print|write)\(\s*[frbFRB]{0,2}(["'])(.+?)\1""")
_QUOTED = re.compile(r"""(["'])([^"'\n]{1,60})\1""")
_FILE = re.compile(r"[\w.-]{1,40}\.(?:json|txt|xml|log|out|csv)")
_KEY = re.compile(r"[A-Za-z_]\w{0,30}")
_LONGEST = 60
_WIRE = frozenset(
    ("messages", "role", "content", "id", "metadata", "assistant", "user", "name", "value", "type")
)


class Marks(NamedTuple):
    """Strings from a grader's source that could be used to report passed tests, most likely first."""

    words: tuple[str, ...]
    """Lines that a passing test run may print."""
    keys: tuple[str, ...]
    """Possible keys of a JSON report."""
    files: tuple[str, ...]
    """Names of possible report files."""


def marks_of(sources: Sequence[Path], count: int) -> Marks:
    """Collect possible reports of passed tests from a grader's source.

    Args:
        sources: The grader's own files.
        count: Number of tests, used to fill in the placeholders in a report.
    """
    mined = mine(sources)
    texts = [*mined.literals, *_pieced(sources, count)]
    texts = [text for text in texts if not text.endswith("coding")]
    printed = [said for text in texts for _, said in _PRINTED.findall(text)]
    quoted = [
        said for text in texts if len(text) > _LONGEST or "\n" in text for _, said in _QUOTED.findall(text)
    ]
    whole = [text.strip() for text in texts if 0 < len(text.strip()) <= _LONGEST and "\n" not in text.strip()]
    patterns = [_sample(pattern, count) for pattern in mined.patterns]
    words = [_numbered(text, count) for text in (*printed, *whole, *patterns, *quoted)]
    words = [text for text in dict.fromkeys(words) if not _BAD.search(text) and text not in _WIRE]
    likely = [text for text in words if _GOOD.search(text)]
    rest = [text for text in words if text not in likely]
    keys = [*mined.keys, *(key for text in (*whole, *quoted) for key in [text.strip("\"' :{}")])]
    return Marks(
        tuple(dict.fromkeys((*likely, *_USUAL, *rest)))[:40],
        tuple(key for key in dict.fromkeys(keys) if _KEY.fullmatch(key) and key not in _WIRE)[:40],
        tuple(dict.fromkeys(name for text in texts for name in _FILE.findall(text)))[:4],
    )


def _numbered(text: str, count: int) -> str:
    return re.sub(r"\{[\w.:!\[\]]*\}|%[ds]", str(count), text)


def _sample(pattern: str, count: int) -> str:
    """Return a string that is likely to match a simple regular expression."""
    text = re.sub(r"\(\?[P<\w>:!=imsx]*", "(", pattern)
    text = re.sub(r"\\d[+*]?|\[[\d.\\w-]+\][+*]?|\.[+*]\??|\\w[+*]", str(count), text)
    text = re.sub(r"\\s[+*]?", " ", text)
    return re.sub(r"[\^$()]|\\b|(?<=\w)\?|\\", "", text).partition("|")[0].strip()


def _pieced(sources: Iterable[Path], count: int) -> Iterator[str]:
    """Yield the f-strings in the sources, with each field replaced by the number of tests."""
    for path in sources:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else str(count) for part in node.values
                )
