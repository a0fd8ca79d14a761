"""Scores the overlap of two token lists from 0 to 1, as computed by nltk 3.10 and rouge-score 0.1.2.

Each function takes the completion's tokens followed by the reference's tokens. The running time is linear,
except for `rouge_l`, where it grows with the product of the two lengths.
"""

from __future__ import annotations

from collections import Counter
from math import exp, fsum, log

from ._stems import stem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Tokens: TypeAlias = Sequence[str]

_EPSILON = 0.1  # the constants of nltk's smoothing methods 1, 4 and 6
_K = 5
_ALPHA = 5
_RECALL = 0.9  # METEOR's weight of recall, and its penalty for fragmented order
_BREAKS, _POWER = 0.5, 3


def f1(answer: Tokens, right: Tokens) -> float:
    """Return the harmonic mean of token precision and recall."""
    return rouge_n(answer, right, 1)


def rouge_n(answer: Tokens, right: Tokens, n: int) -> float:
    """Return ROUGE-n, the F-measure of n-grams."""
    mine, theirs = _ngrams(answer, n), _ngrams(right, n)
    return _f_measure(_common(mine, theirs), mine.total(), theirs.total())


def rouge_l(answer: Tokens, right: Tokens) -> float:
    """Return ROUGE-L, the F-measure of the longest common subsequence."""
    return _f_measure(_longest_common(answer, right), len(answer), len(right))


def gleu(answer: Tokens, right: Tokens) -> float:
    """Return Google BLEU, the smaller of precision and recall over all n-grams of one to four tokens."""
    common = most = other = 0
    for n in range(1, 5):
        mine, theirs = _ngrams(answer, n), _ngrams(right, n)
        common, most, other = common + _common(mine, theirs), most + mine.total(), other + theirs.total()
    return common / max(most, other, 1)


def bleu(answer: Tokens, right: Tokens, order: int, smoothing: int) -> float:
    """Return sentence BLEU, smoothed with a method of nltk's `SmoothingFunction`.

    Methods 5 and 7 may exceed 1 in nltk. Here, their results are capped at 1.
    """
    counts = [_precision(answer, right, n) for n in range(1, order + 1)]
    if not counts[0][0]:
        return 0.0
    shares = _smoothed(counts, answer, right, smoothing)
    if smoothing in (0, 6) and not all(shares):  # nltk raises an error for method 6
        return 0.0
    brevity = min(0.0, 1 - len(right) / len(answer))
    return min(1.0, exp(brevity + fsum(log(share) / order for share in shares if share > 0)))


def meteor(answer: Tokens, right: Tokens, stemmed: bool) -> float:
    """Return METEOR as in nltk, but without synonyms and with a score of 1 for equal lists."""
    mine, theirs = [token.lower() for token in answer], [token.lower() for token in right]
    if mine == theirs:
        return 1.0
    pairs = _aligned(dict(enumerate(mine)), dict(enumerate(theirs)), stemmed)
    if not pairs:
        return 0.0
    matched = len(pairs)
    precision, recall = matched / len(mine), matched / len(theirs)
    mean = precision * recall / (_RECALL * precision + (1 - _RECALL) * recall)
    breaks = sum(at != before + 1 or to != earlier + 1 for (before, earlier), (at, to) in _neighbors(pairs))
    return mean * (1 - _BREAKS * ((breaks + 1) / matched) ** _POWER)


def _ngrams(tokens: Tokens, n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[at:] for at in range(n)), strict=False))


def _common(mine: Counter[tuple[str, ...]], theirs: Counter[tuple[str, ...]]) -> int:
    return sum(min(count, theirs[one]) for one, count in mine.items() if one in theirs)


def _f_measure(common: int, mine: int, theirs: int) -> float:
    return 2 * common / (mine + theirs) if common else 0.0


def _longest_common(one: Tokens, other: Tokens) -> int:
    """Return the length of the longest common subsequence, using a bit-parallel algorithm.

    Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
    """
    places: dict[str, int] = {}
    for at, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << at
    full = row = (1 << len(one)) - 1
    for token in other:
        if found := row & places.get(token, 0):
            row = (row + found | row - found) & full
    return (full ^ row).bit_count()


def _precision(answer: Tokens, right: Tokens, n: int) -> tuple[int, int]:
    mine = _ngrams(answer, n)
    return _common(mine, _ngrams(right, n)), max(1, mine.total())


def _smoothed(counts: list[tuple[int, int]], answer: Tokens, right: Tokens, method: int) -> list[float]:
    """Smooth the precision of each order with a method of Chen and Cherry (2014), using nltk's numbering."""
    shares = [common / of for common, of in counts]
    if method == 2:
        shares[1:] = [(common + 1) / (of + 1) for common, of in counts[1:]]
    if method in (1, 3, 4, 7):
        for rank, at in enumerate([at for at, share in enumerate(shares) if not share], 1):
            shares[at] = _in_place_of_none(method, rank, len(answer)) / counts[at][1]
    if method == 6:
        for at in range(2, len(shares)):
            expected = shares[at - 1] ** 2 / shares[at - 2] if shares[at - 2] else 0.0
            shares[at] = (counts[at][0] + _ALPHA * expected) / (max(0, len(answer) - at) + _ALPHA)
    if method in (5, 7):
        common, of = _precision(answer, right, len(counts) + 1)
        before = shares[0] + 1
        for at, after in enumerate([*shares[1:], common / of]):
            shares[at] = before = (before + shares[at] + after) / 3
    return shares


def _in_place_of_none(method: int, rank: int, length: int) -> float:
    """Return the number of matches to assume for the `rank`-th order without matches, counting from 1."""
    if method == 1:
        return _EPSILON
    halved = 0.5**rank
    return halved if method == 3 else log(length) * halved / _K


def _aligned(mine: dict[int, str], theirs: dict[int, str], stemmed: bool) -> list[tuple[int, int]]:
    """Pair equal tokens and then tokens with equal stems, starting from the end as in nltk."""
    pairs = _matched(mine, theirs)
    if stemmed:
        mine = {at: stem(token) for at, token in mine.items()}
        pairs += _matched(mine, {at: stem(token) for at, token in theirs.items()})
    return sorted(pairs)


def _matched(mine: dict[int, str], theirs: dict[int, str]) -> list[tuple[int, int]]:
    """Remove the tokens that occur on both sides and return their index pairs."""
    places: dict[str, list[int]] = {}
    for at, token in theirs.items():
        places.setdefault(token, []).append(at)
    pairs = [(at, places[token].pop()) for at, token in reversed(mine.items()) if places.get(token)]
    for at, to in pairs:
        del mine[at], theirs[to]
    return pairs


def _neighbors(pairs: list[tuple[int, int]]) -> zip[tuple[tuple[int, int], tuple[int, int]]]:
    return zip(pairs, pairs[1:], strict=False)
