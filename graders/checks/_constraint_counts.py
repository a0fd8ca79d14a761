"""Verifiable instructions about the number of keywords, letters, words, sentences, paragraphs or capitals.

A count is a pair: the number of certain occurrences and the number of possible ones. `at least` uses the
certain occurrences and `less than` uses the possible ones, so doubtful words do not help to satisfy either.
"""

from __future__ import annotations

import re

from .._invisible import composed
from ._visible import UNSPACED, says_something, unmarked
from ._whole_words import MARKS, certain_words, whole_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Kept: TypeAlias = Callable[[str], bool | None]
    Count: TypeAlias = Callable[[str], tuple[int, int]]

RELATIONS: dict[str, Callable[[int, int, int], bool]] = {
    "at least": lambda certain, possible, number: certain >= number,
    "less than": lambda certain, possible, number: possible < number,
    "at most": lambda certain, possible, number: possible <= number,
    "more than": lambda certain, possible, number: certain > number,
    "exactly": lambda certain, possible, number: certain == number == possible,
}
"""Relations between a count and a number. IFEval has only the first two."""

_IN_WORD = rf"[^\W{UNSPACED}]"
_PIECE = re.compile(rf"[{UNSPACED}]|(?:{_IN_WORD}|[{MARKS}])++")
_WORD = re.compile(rf"[{UNSPACED}]|(?:{_IN_WORD}|[{MARKS}])++(?:['\u2019-](?:{_IN_WORD}|[{MARKS}])++)*+")
_SIGN = re.compile(r"\w")
# The end of a sentence: the punctuation, closing quotes or emphasis, and white space or the end.
_END = re.compile(
    r"(?:(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]*_]*+(?=\s|\Z)|[\u3002\uff01\uff1f\u0964\u0965\u061f\u06d4]++)"
)
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st sr jr rev gen col capt lt sgt gov sen rep hon vs etc e.g i.e cf al fig no vol
    inc ltd co corp dept est approx ave blvd jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k
    u.n p.s p.p.s a.m p.m ph.d m.d b.a m.a
    """.split()
)
_BEFORE_END = re.compile(r"[\w.]{1,12}\Z")


def related(count: Count, relation: str, number: int) -> Kept:
    """Require a relation between a count and a number, such as `at least`."""
    holds = RELATIONS[relation]
    return lambda text: holds(*count(text), number)


def occurrences(wanted: str) -> Count:
    """Count a keyword, ignoring case. A whole word is certain and a part of a word is possible."""
    anywhere = re.compile(re.escape(wanted), re.IGNORECASE)
    whole = certain_words(wanted)
    return lambda text: (sum(1 for _ in whole(text)), sum(1 for _ in anywhere.finditer(text)))


def existence(keywords: Sequence[str]) -> Kept:
    """Require all keywords as whole words."""
    finders = [certain_words(keyword) for keyword in keywords]
    return lambda text: all(any(True for _ in find(text)) for find in finders)


def frequency(relation: str, keyword: str, frequency: int) -> Kept:
    """Require a keyword to occur a certain number of times."""
    return related(occurrences(keyword), relation, frequency)


def forbidden_words(forbidden_words: Sequence[str]) -> Kept:
    """Forbid the given words."""
    patterns = [whole_words(word) for word in forbidden_words]

    def kept(text: str) -> bool:
        plain = unmarked(text)  # a word counts even if markup or another form of its letters hides it
        shown = dict.fromkeys((text, plain, composed(plain, "NFKC")))
        return not any(pattern.search(each) for pattern in patterns for each in shown)

    return kept


def letter_frequency(let_relation: str, letter: str, let_frequency: int) -> Kept:
    """Require a character to occur a certain number of times, ignoring case."""
    sign = letter.lower()

    def count(text: str) -> tuple[int, int]:
        found = text.lower().count(sign)
        return found, found

    return related(count, let_relation, let_frequency)


def number_words(relation: str, num_words: int) -> Kept:
    """Require a certain number of words."""
    return related(count_words, relation, num_words)


def count_words(text: str) -> tuple[int, int]:
    """Count words. `don't` and `well-known` are each certainly one word and possibly two."""
    certain = sum(1 for found in _WORD.finditer(text) if says_something(found[0]))
    return certain, sum(1 for found in _PIECE.finditer(text) if _SIGN.search(found[0]))


def number_sentences(relation: str, num_sentences: int) -> Kept:
    """Require a certain number of sentences."""
    return related(count_sentences, relation, num_sentences)


def count_sentences(text: str) -> tuple[int, int]:
    """Count sentences. Text without letters is only possibly a sentence."""
    certain = possible = start = 0
    for found in _END.finditer(text):
        if found[0][0] == "." and (
            before := _BEFORE_END.search(text, max(start, found.start() - 12), found.start())
        ):
            word = before[0].lower()
            if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and before[0].isupper()):
                continue
            if word.isdigit() and not text[start : found.start()].strip(f"{word} \t\n*-("):
                continue
        certain += any(map(str.isalpha, text[start : found.end()]))
        possible += 1
        start = found.end()
    rest = text[start:].strip()
    return certain + any(map(str.isalpha, rest)), possible + bool(rest)


def number_paragraphs(num_paragraphs: int) -> Kept:
    """Require exactly N paragraphs, separated by `***`."""

    def kept(text: str) -> bool:
        parts = text.split("***")
        parts = parts[not parts[0].strip() : len(parts) - (not parts[-1].strip())]
        return len(parts) == num_paragraphs and all(map(says_something, parts))

    return kept


def nth_paragraph_first_word(num_paragraphs: int, nth_paragraph: int, first_word: str) -> Kept:
    """Require N paragraphs separated by blank lines, one of which starts with the given word."""
    wanted = first_word.lower()

    def kept(text: str) -> bool:
        parts = [part for part in text.split("\n\n") if part.strip()]
        if len(parts) != num_paragraphs or not all(map(says_something, parts)):
            return False
        first = parts[nth_paragraph - 1].split(None, 1)[0].lower().lstrip("'").lstrip('"')
        return re.split(r"[.,?!'\"]", first, maxsplit=1)[0] == wanted

    return kept


def capital_word_frequency(capital_relation: str, capital_frequency: int) -> Kept:
    """Require a certain number of all-caps words. Single letters are doubtful."""

    def count(text: str) -> tuple[int, int]:
        capitals = [found[0] for found in _WORD.finditer(text) if found[0].isupper()]
        return sum(1 for word in capitals if sum(map(str.isalpha, word)) > 1), len(capitals)

    return related(count, capital_relation, capital_frequency)
