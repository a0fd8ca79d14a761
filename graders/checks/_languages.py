"""Detects the language of a text from its script, then from common words and distinctive letters.

The language is undecided if most of the letters are not in a single script or no language clearly leads, as
in a name or a text that mixes two languages.
"""

from __future__ import annotations

import re

from .._invisible import composed
from ._language_words import LETTERS, OTHER, WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SHARE = 0.7
"""Minimum fraction of letters in the language's script. Names and formulas may use other scripts."""
FEWEST_LETTERS = 5
"""Minimum number of letters needed to identify a language by its script alone."""
_FEWEST_HITS, _LEAD, _LEAST = 2, 2.5, 0.12

_SCRIPTS = {
    "latin": r"A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "cyrillic": r"\u0400-\u052f",
    "arabic": r"\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff",
    "devanagari": r"\u0900-\u0963\u0970-\u097f",
    "han": r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": r"\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "ko": r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "el": r"\u0370-\u03ff\u1f00-\u1fff",
    "he": r"\u0590-\u05ff\ufb1d-\ufb4f",
    "bn": r"\u0980-\u09e5\u09f0-\u09ff",
    "pa": r"\u0a00-\u0a65\u0a70-\u0a7f",
    "gu": r"\u0a80-\u0ae5\u0af0-\u0aff",
    "ta": r"\u0b80-\u0be5",
    "te": r"\u0c00-\u0c65\u0c70-\u0c7f",
    "kn": r"\u0c80-\u0ce5\u0cf0-\u0cff",
    "ml": r"\u0d00-\u0d65\u0d70-\u0d7f",
    "th": r"\u0e00-\u0e4e",
}
"""Character ranges of each script. A script used by only one language is named by its language code.
"""
_RUN = re.compile("|".join([*(f"(?P<{name}>[{signs}]+)" for name, signs in _SCRIPTS.items()), r"[^\W\d_]+"]))

LANGUAGES = frozenset(
    (
        *(name for name in _SCRIPTS if len(name) == 2),
        "ja",
        "zh",
        *(one for each in WORDS.values() for one in each),
    )
)
"""Codes (ISO 639-1) of the languages that can be detected."""


def _table() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the languages in which each word is common, by script."""
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    for script, languages in WORDS.items():
        hits = made.setdefault(script, {})
        for language, listed in languages.items():
            for word in set(listed.split()):
                hits[word] = (*hits.get(word, ()), language)
    return made


_known: dict[str, dict[str, tuple[str, ...]]] = {}


def language_of(text: str) -> str | None:
    """Return the language code of a text, or None if the language is undecided."""
    words: dict[str, dict[str, int]] = {}
    letters: dict[str, int] = {}
    total = 0
    for found in _RUN.finditer(composed(text).lower()):
        script, word = found.lastgroup or "", found[0]
        total += len(word)
        letters[script] = letters.get(script, 0) + len(word)
        if script in WORDS:
            counted = words.setdefault(script, {})
            counted[word] = counted.get(word, 0) + 1
    eastern = letters.get("kana", 0)
    if eastern * 10 > letters.get("han", 0):
        letters["kana"] = eastern + letters.pop("han", 0)
    script = max(letters, key=letters.__getitem__, default="")
    if not script or letters[script] < SHARE * total:
        return None
    if script in WORDS:
        return _by_words(script, words[script].items())
    code = {"kana": "ja", "han": "zh"}.get(script, script)
    return code if letters[script] >= FEWEST_LETTERS and code in LANGUAGES else None


def _by_words(script: str, words: Iterable[tuple[str, int]]) -> str | None:
    """Return the language whose words and letters clearly outnumber those of every other language.

    Words shared by two languages do not count when those two are compared.
    """
    if not _known:
        _known.update(_table())
    table, own = _known[script], LETTERS.get(script, {})
    found: dict[tuple[str, ...], int] = {}
    hits: dict[str, int] = {}
    total = common = 0
    for word, times in words:
        total += times
        owners = table.get(word, ())
        common += times * bool(owners)
        owners = owners or tuple(code for code, signs in own.items() if any(sign in word for sign in signs))
        found[owners] = found.get(owners, 0) + times
        for language in owners:
            hits[language] = hits.get(language, 0) + times
    best = max(hits, key=hits.__getitem__, default=OTHER)
    if common < _FEWEST_HITS or hits[best] < max(_FEWEST_HITS, _LEAST * total) or best == OTHER:
        return None
    for other in hits.keys() - {best}:
        mine = sum(times for owners, times in found.items() if best in owners and other not in owners)
        theirs = sum(times for owners, times in found.items() if other in owners and best not in owners)
        if mine < max(1, _LEAD * theirs):
            return None
    return best
