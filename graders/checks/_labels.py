"""Finds the label that a completion or a reference settles on, such as `yes` or `positive`."""

from __future__ import annotations

import re
from collections import deque
from itertools import islice, pairwise

from ..errors import DecorationError
from ..extract import Missing
from ..extract._conjunctions import AND, OR, OR_ANYWHERE
from ..extract._denial_phrases import small
from ..extract._denials import NO_DOUBT, is_asked, is_denied, is_doubted
from ..extract._math_words import math_words
from ..extract._phrases import REVISED, YES_NO, claim_patterns, is_foreign, plain_width
from ..extract._retractions import is_taken_back
from ._options import text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

    class Mention(NamedTuple):
        """A label found in a text.

        `is_bare` is False if the label is the start of a longer statement, like `no` in `no one knows`.
        """

        name: str
        start: int
        end: int
        is_bare: bool
else:
    from collections import namedtuple

    Mention = namedtuple("Mention", "name start end is_bare")

_CLAIMS = claim_patterns(is_small=True)
_REVISIONS, _NEAR, _CLAUSE, _MOST, _MOST_CLAIMS = 64, 40, 80, 1_000, 64
_TAKEN_BACK = Missing("it takes back the label that it names", "several")
_SEVERAL = Missing("it names several labels", "several")
_AROUND = " \t\r.,;:!\"'`*_()[]{}$-#>"
_JOINED = re.compile(
    r"[\s*_`\"'()$]{0,4}(?:[/&|,]\s{0,3})?"
    rf"(?:(?:(?:\b(?:{OR}|{AND}|nor|either|rather|maybe|perhaps|possibly)\b|{OR_ANYWHERE})[\s/,]{{0,3}}){{1,3}}|[/&|]|[-=]>)"
    r"[\s*_`\"'(.$]{0,4}",
    re.IGNORECASE,
)
_NO_WORD = re.compile(r"[\W_]{0,8}")
_BARE_END = re.compile(r"[\s*_`\"')]{0,4}(?:[.!?;,]|\Z)")
# Matches after a label that stands alone, rather than starting a statement.
_BESIDE_END = re.compile(
    rf"[\s*_`\"')\]}}$]{{0,4}}(?:[.!?;,/|&]|\Z|{OR_ANYWHERE}|\b(?:{OR}|{AND}|nor|maybe|perhaps|possibly|because|since)\b)"
)
_LAST_WORD = re.compile(r"\b([^\W_]{1,24})[\s:,]{0,3}\Z")
_NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class LabelReader:
    """Finds the label that a text settles on.

    Args:
        labels: The labels, or a mapping from each label to the words that mean it.

    Raises:
        DecorationError: There are fewer than two labels, a word is blank, or two labels share a word.
    """

    def __init__(self, labels: Sequence[str] | Mapping[str, Sequence[str]]) -> None:
        self._words = _words(labels)
        self._pattern = re.compile("|".join(map(_spelled, sorted(self._words, key=len, reverse=True))))

    def read(self, text: str, strict: bool) -> str | Missing:
        """Return the label that a completion or a reference settles on.

        `strict` has no effect because a text must always settle on a single label.
        """
        text = NO_DOUBT.sub(" ", math_words(_folded(text)))
        stripped = text.strip()
        lines = stripped.split("\n")
        alone = self._words.get(_word(lines[-1].strip(_AROUND)))
        claims = deque(_CLAIMS[is_foreign(text)].finditer(text), _MOST_CLAIMS)
        if claims:
            claimed = self._claimed(text, list(claims))
            rivals = alone and not isinstance(claimed, Missing) and alone != claimed
            return _SEVERAL if rivals else claimed
        first = lines[0].strip(_AROUND)
        if alone:
            opened = self._words.get(_word(first), alone)
            revised = REVISED.search(stripped, len(lines[0]), len(stripped) - len(lines[-1]))
            return alone if opened == alone or revised else _SEVERAL
        opening = self._pattern.match(first)
        if opening and not is_asked(first, opening.end()):
            return self._kept(self._leading(first), text)
        found = [one for one in self._mentions(text) if not is_doubted(text, one.start)]
        return self._kept(_settled({one.name for one in found}), text[found[-1].end :] if found else "")

    def _claimed(self, text: str, claims: list[re.Match[str]]) -> str | Missing:
        """Return the label in the last claim, unless an earlier claim of a different label still counts."""
        last = claims[-1]
        if is_doubted(text, last.start()):
            return Missing("what it claims is denied or doubted")
        claimed = text[self._claim_end(last) :].strip()
        settled = self._leading(claimed.partition("\n")[0].strip(_AROUND))
        if isinstance(settled, Missing):
            return settled
        named = {settled, *self._joined_before(text, last.start())}
        for claim, following in pairwise(claims):
            found = self._bare_claim(text, claim, following.start())
            if _outranks(text, found.end() if found else claim.end(), following):
                named = {settled}
            elif found:
                named.add(self._words[_word(found[0])])
        return self._kept(_settled(named), claimed, is_announced=True)

    def _claim_end(self, claim: re.Match[str]) -> int:
        """Return the end of a claim's opening words, excluding a final word that is a label (`likely`)."""
        filler = _LAST_WORD.search(claim[0])
        is_label = filler is not None and filler.start() > 0 and filler[1] in self._words
        return claim.start() + filler.start() if filler and is_label else claim.end()

    def _bare_claim(self, text: str, claim: re.Match[str], end: int) -> re.Match[str] | None:
        """Return the label after a claim if it stands alone and is not denied, doubted or asked about."""
        begin = self._claim_end(claim)
        while begin < end and text[begin] in _AROUND:
            begin += 1
        found = self._pattern.match(text, begin, end)
        if found is None or not _BESIDE_END.match(text, found.end()):
            return None
        unsaid = is_denied(text, *found.span()) or is_asked(text, found.end(), near=True)
        return None if unsaid or is_doubted(text, claim.start()) else found

    def _joined_before(self, text: str, end: int) -> list[str]:
        """Return the label joined to the following claim by a conjunction: `yes` in `yes or Answer: no`."""
        found = deque(self._pattern.finditer(text, max(0, end - _NEAR), end), 1)
        return [self._words[_word(one[0])] for one in found if _JOINED.fullmatch(text, one.end(), end)]

    def _leading(self, text: str) -> str | Missing:
        """Return the label at the start of a text or, if there is none, the only label in the text.

        Labels after the first are considered part of the reason for it, unless they stand alone.
        """
        found = self._mentions(text)
        if not self._pattern.match(text) or not found or found[0].start:
            return _settled({one.name for one in found})
        named = {found[0].name}
        for before, one in pairwise(found):
            stop = text[max(0, one.start - 8) : one.start].rstrip(" *_")[-1:] in tuple(".!?;")
            beside = one.start == before.end or _JOINED.fullmatch(text, before.end, one.start)
            if beside or (one.is_bare and (stop or _NO_WORD.fullmatch(text, before.end, one.start))):
                named.add(one.name)
        return _settled(named)

    def _mentions(self, text: str) -> list[Mention]:
        """Return the labels in a text, excluding those that the text denies or asks about.

        The list is empty if there are more than `_MOST` labels.
        """
        found = list(islice(self._pattern.finditer(text), _MOST + 1))
        if len(found) > _MOST:
            return []
        starts = {one.start() for one in found}  # 是不是: neither label denies the other
        bare = _bare(text, found)
        named: list[Mention] = []
        behind = -1  # the end of the previous mention, if that mention counts
        for one, (is_bare, is_followed) in zip(found, bare, strict=True):
            start, end = one.span()
            # In `no yes` and `spam not spam`, the first label does not deny the second: both are candidates.
            said = end in starts or (behind >= 0 and is_bare and _is_beside(text, behind, start))
            if not said and is_followed:
                before = text[max(0, start - _CLAUSE) : end]
                said = not is_denied(before, len(before) - (end - start), len(before))
            said = said or not is_denied(text, start, end)
            behind = -1
            if said and not is_asked(text, end, answers=starts):
                named.append(Mention(self._words[_word(one[0])], start, end, is_bare))
                behind = end
        return named

    def _kept(self, settled: str | Missing, text: str, *, is_announced: bool = False) -> str | Missing:
        """Return the settled label unless the text takes it back, as in `Yes. Wait, no.`."""
        first = self._pattern.search(text)
        if isinstance(settled, Missing) or first is None:
            return settled
        for revision in islice(REVISED.finditer(text), _REVISIONS):
            again = self._pattern.search(text, revision.end(), revision.end() + _NEAR)
            if again and _BARE_END.match(text, again.end()):
                same = self._words[_word(again[0])] == settled
                if same == is_denied(text, *again.span()):
                    return _TAKEN_BACK
        taken_back = is_taken_back(
            text,
            first.end(),
            self._pattern.search,
            is_negative=_word(first[0]) in YES_NO["no"],
            is_announced=is_announced,
        )
        return _TAKEN_BACK if taken_back else settled


def _is_beside(text: str, end: int, start: int) -> bool:
    """Return True if there is nothing but an optional conjunction between two labels."""
    return bool(_NO_WORD.fullmatch(text, end, start) or _JOINED.fullmatch(text, end, start))


def _bare(text: str, found: Sequence[re.Match[str]]) -> list[tuple[bool, bool]]:
    """Return two flags for each label: it stands alone, and the label right after it stands alone."""
    bare: list[tuple[bool, bool]] = []
    following = None
    for one in reversed(found):
        beside = following is not None and bare[-1][0] and _is_beside(text, one.end(), following.start())
        bare.append((beside or _BESIDE_END.match(text, one.end()) is not None, beside))
        following = one
    bare.reverse()
    return bare


def _outranks(text: str, behind: int, claim: re.Match[str]) -> bool:
    """Return True if a claim replaces the previous one: it is a revision, is final or is on its own line."""
    line = text.rfind("\n", max(behind - 1, claim.start() - 24), claim.start())
    own_line = line >= 0 and ":" in text[line : claim.end()]
    final = "inal" in text[max(behind, claim.start() - 8) : claim.end()]
    return own_line or final or REVISED.search(text, behind, claim.start()) is not None


def _words(labels: Sequence[str] | Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Map each word, in lowercase, to the label that it means."""
    if isinstance(labels, str) or not hasattr(labels, "__len__") or len(labels) < 2:
        raise DecorationError(f"labels={labels!r}: write a list of two or more labels")
    for name in labels:
        text_option("labels", name)
    meanings = labels if isinstance(labels, dict) else {name: (name,) for name in labels}
    words: dict[str, str] = {}
    for name, spellings in meanings.items():
        if isinstance(spellings, str):
            raise DecorationError(f"labels[{name!r}]={spellings!r}: write a list of words")
        for spelling in spellings:
            word = _word(_folded(text_option(f"labels[{name!r}]", spelling).strip()))
            if words.setdefault(word, name) != name:
                raise DecorationError(
                    f"{spelling!r} means both {words[word]!r} and {name!r}: keep one of them"
                )
    if len(set(words.values())) < 2:
        raise DecorationError(f"labels={labels!r}: write two or more different labels")
    return words


def _settled(named: set[str]) -> str | Missing:
    if len(named) > 1:
        return _SEVERAL
    return named.pop() if named else Missing("it names no label")


def _folded(text: str) -> str:
    """Convert a text to lowercase and plain widths. `small` runs last because folding `™` yields capitals."""
    return text.lower() if text.isascii() else small(plain_width(text.casefold()))


def _word(text: str) -> str:
    """Normalize a label by replacing hyphens, underscores and runs of spaces between words with one space."""
    return _SEPARATORS.sub(" ", text)


def _spelled(word: str) -> str:
    """Return a pattern that matches a label, as a whole word if its script separates words.

    The pattern starts with a literal character so that the regular expression engine can skip ahead to it.
    """
    first = re.escape(word[0])
    body = r"[\s_-]{1,3}".join(map(re.escape, word.split(" "))).removeprefix(first)
    before = "" if _NO_SPACES.match(word[0]) else rf"(?<!\w{first})(?<!\w-{first})"
    behind = "" if _NO_SPACES.match(word[-1]) else r"(?!-?\w)"
    return f"{first}{before}{body}{behind}"


# The pattern begins with a separator, so the regular expression engine skips everything else.
_SEPARATORS = re.compile(r"[\s_-](?<=\w.)[\s_-]*(?=\w)", re.DOTALL)
