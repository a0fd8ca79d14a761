"""Stems English words with Porter's algorithm and the extensions that nltk 3.10 uses by default.

Source: M. F. Porter, "An algorithm for suffix stripping" (1980). Each step is a table of suffixes. Only the
first matching suffix is tried, even if its condition fails.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 100
"""Maximum length of a word to stem, in letters."""
_IRREGULAR = {
    **dict.fromkeys(("sky", "skies"), "sky"),
    **{"dying": "die", "lying": "lie", "tying": "tie"},
    **{word + end: word for word in ("inning", "outing", "canning") for end in ("", "s")},
    **{word: word for word in ("news", "howe", "proceed", "exceed", "succeed")},
}
_PLURALS = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
_STEP_2 = (
    *(("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize")),
    *(("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize")),
    *(("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful")),
    *(("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful")),
)
_STEP_3 = (
    *(("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", "")),
    ("ness", ""),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism"),
    *("ate", "iti", "ous", "ive", "ize"),
)


def stem(word: str) -> str:
    """Return the stem of a lowercase word: `studies` and `studied` both become `studi`."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not 2 < len(word) <= LONGEST:
        return word
    word = _without_plural(word)
    word = _without_ending(word)
    if word.endswith("y") and len(word) > 2 and _shape(word)[-2] == "c":
        word = word[:-1] + "i"
    word = _step_2(word)
    word = _replaced(word, _STEP_3)
    word = _step_4(word)
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_short(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    end, new = next(((end, new) for end, new in _PLURALS if word.endswith(end)), ("", ""))
    return word[: len(word) - len(end)] + new


def _without_ending(word: str) -> str:
    """Remove `ied`, `ed` or `ing` and repair the stem's spelling."""
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    end = next(
        (end for end in ("ed", "ing") if word.endswith(end) and "v" in _shape(word[: -len(end)])), None
    )
    if end is None:
        return word
    word = word[: -len(end)]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    shape = _shape(word)
    if len(word) > 1 and word[-1] == word[-2] and shape[-1] == "c":
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if shape.count("vc") == 1 and _ends_short(word) else word


def _step_2(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]):
        word = word[:-2]
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) else word
    return _replaced(word, _STEP_2)


def _step_4(word: str) -> str:
    end = next((end for end in _STEP_4 if word.endswith(end)), "")
    rest = word[: len(word) - len(end)]
    holds = _measure(rest) > 1 and (end != "ion" or rest[-1] in "st")
    return rest if holds else word


def _replaced(word: str, table: Sequence[tuple[str, str]]) -> str:
    """Replace a suffix if it is preceded by a vowel and a consonant."""
    for end, new in table:
        if word.endswith(end):
            rest = word[: len(word) - len(end)]
            return rest + new if _measure(rest) else word
    return word


def _shape(word: str) -> str:
    """Map a word to its vowels (`v`) and consonants (`c`). A `y` after a consonant is a vowel."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape[-1:] == "c")
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """Return Porter's m, the number of times a consonant follows a vowel."""
    return _shape(word).count("vc")


def _ends_short(word: str) -> bool:
    """Return True if a word ends in consonant, vowel, consonant (`hop`) or is a vowel and a consonant."""
    shape = _shape(word)
    return (shape[-3:] == "cvc" and word[-1] not in "wxy") or shape == "vc"
