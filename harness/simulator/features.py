"""Computes hashed style features of a completion, which are the vector phi of the simulator's policy.

The vector is sparse and has length one. Its features are the completion's words, formatting markers, and
buckets of its length and of its count of numbers, but never the prompt, the reference, a label or the value
of a number. The policy can therefore learn how right answers are usually written, but not which answer is
right. Hashes are computed with `zlib.crc32`, so they are the same in every process.
"""

from __future__ import annotations

import math
import re
import sys
import zlib
from functools import lru_cache
from typing import Final

__all__ = ["DIMENSIONS", "Features", "features", "length_in_tokens", "length_span", "named_features"]

Features = tuple[tuple[int, float], ...]
"""A sparse vector: (index, value) pairs in ascending order of the index."""

DIMENSIONS: Final = 4096
"""Length of theta, 2^12 buckets for the few hundred words that occur in a pool."""

_CHARACTERS_PER_TOKEN: Final = 4.0
_MANY_LINES: Final = 6
# The size of the cache. Steps use the same few groups again, but caching all groups of a large pool would
# fill the memory.
_CACHED: Final = 1 << 14
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TELLING = re.compile(r"[^\W_]")
"""Only lines that match this pattern count as repeated, because any text repeats separators and brackets."""
_LONGEST: Final = 16
_COUNTS: Final = ((0, "no"), (1, "1"), (2, "2"), (4, "3-4"), (8, "5-8"), (16, "9-16"), (math.inf, "17+"))
"""Buckets for the count of numbers in a completion, each with its maximum and its name."""

_MARKERS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern, re.MULTILINE))
    for name, pattern in (
        ("empty", r"\A\s*\Z"),
        ("hashes", r"####"),
        ("boxed", r"\\boxed"),
        ("answer-colon", r"^[ \t]*(?:A|Answer)[ \t]*:"),
        ("calculator", r"<<[^<>\n]*>>"),
        ("think", r"</?think>"),
        ("tag", r"<\|?\w+\|?>"),
        ("code", r"```"),
        ("bold", r"\*\*"),
        ("bullet", r"^[ \t]*[-*•]\s"),
        ("numbered", r"^[ \t]*\d+[.)]\s"),
        ("heading", r"^#{1,3}\s"),
        ("table", r"^[ \t]*\|"),
        ("json", r"^[ \t]*[{\[]"),
        ("latex", r"\$[^$\n]+\$|\\\("),
        ("equation", r"\d\s*=\s*\d"),
        ("arrow", r"->|=>|→"),
        ("question", r"\?"),
        ("exclamation", r"!"),
        ("blank-line", r"\n[ \t]*\n"),
        ("no-words", r"\A[\W\d_]+\Z"),
        ("opens-with-digit", r"\A\W*\d"),
        ("ends-with-digit", r"\d\W*\Z"),
        ("ends-with-stop", r"\.\s*\Z"),
        ("shouting", r"\b[A-Z]{4,}\b"),
    )
)


def length_in_tokens(text: str) -> float:
    """Estimate the length of a text in tokens.

    The estimate is a quarter of the number of characters, because the model's tokenizer is not available.
    """
    return len(text) / _CHARACTERS_PER_TOKEN


def length_span(bucket: int) -> tuple[int, int | None]:
    """Return a length bucket's minimum and maximum number of characters, with None for no maximum."""
    low, high = (math.ceil(8 * (2 ** (edge / 2) - 1) - 1e-9) for edge in (bucket, bucket + 1))
    return low, None if bucket >= _LONGEST else high - 1


def named_features(text: str) -> list[str]:
    """Return the names of a completion's features, such as `word:therefore`, `marker:bold` or `numbers:2`."""
    return list(_described(text)[1])


def features(text: str) -> Features:
    """Describe a completion's style as a sparse vector of length one.

    The words, the markers and the two buckets are blocks of equal weight, so that the many words of a long
    text do not outweigh its format.

    Args:
        text: The completion.

    Returns:
        Pairs of index and value. The squares of the values sum to one.
    """
    return _described(text)[0]


@lru_cache(maxsize=_CACHED)
def _described(text: str) -> tuple[Features, tuple[str, ...]]:
    vector: dict[int, float] = {}
    blocks = _blocks(text)
    for names in blocks:
        weight = 1.0 / math.sqrt(len(names)) if names else 0.0
        for name in names:
            code = zlib.crc32(name.encode("utf-8", "surrogatepass"))
            # The top bit gives the sign, so two names in one bucket cancel as often as they add up.
            index, sign = code % DIMENSIONS, 1.0 if code & 0x80000000 else -1.0
            vector[index] = vector.get(index, 0.0) + sign * weight
    norm = math.sqrt(math.fsum(value * value for value in vector.values()))
    phi = tuple((index, vector[index] / norm) for index in sorted(vector)) if norm else ()
    return phi, tuple(sys.intern(name) for names in blocks for name in names)


def _blocks(text: str) -> tuple[list[str], list[str], list[str]]:
    words = sorted(set(_WORD.findall(text.lower())))
    markers = [name for name, pattern in _MARKERS if pattern.search(text)]
    lines = [line.strip() for line in text.splitlines()]
    if text.count("\n") >= _MANY_LINES:
        markers.append("many-lines")
    told = [line for line in lines if _TELLING.search(line)]
    if len(set(told)) < len(told):
        markers.append("repeated-line")
    bucket = min(_LONGEST, int(2 * math.log2(1 + len(text) / 8)))
    count = len(_NUMBER.findall(text))
    numbers = next(said for most, said in _COUNTS if count <= most)
    return (
        [f"word:{word}" for word in words],
        [f"marker:{name}" for name in markers],
        [f"length:{bucket}", f"numbers:{numbers}"],
    )
