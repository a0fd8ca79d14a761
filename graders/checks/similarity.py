"""Checks for an answer's token-based similarity to the reference: F1, BLEU, GLEU, ROUGE and METEOR.

Use these checks if more than one wording is right. They measure only wording, so an answer that contradicts
the reference in a single word earns almost full reward. Given the same tokens, they compute the same values
as nltk 3.10 and rouge-score 0.1.2. If there are several references, the best match counts.

A completion that is empty, has no tokens or is longer than `max_chars` is unread and earns nothing. Texts are
never truncated. The metric `similarity` is the value before `at_least` is applied.
"""

from __future__ import annotations

from ..errors import DecorationError
from ..extract import Missing
from . import _overlap
from ._alike import alike
from ._options import LONGEST, count_option, flag_options
from ._stems import stem as stem_of
from ._tokens import CUTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take
    from ._tokens import Cut, Tokens

_MOST_CHARS = 100_000  # keeps ROUGE-L, whose time is the product of two lengths, under a second


def token_f1(
    *,
    tokens: Cut = "words",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the F1 score of the answer's tokens and the reference's, in any order.

    It rewards the reference's words in any order, wording that means the opposite and words from the prompt.
    On 500 GSM8K solutions, the reward was 1.00 for the reference's words in alphabetical order, 0.97 for the
    reference with a wrong result, 0.42 for the prompt and 0.20 for the 40 most common words. If references
    are similar, it also rewards the reference of another record, to the extent that the two overlap.

    Args:
        tokens: The tokenizer: `words` (lowercase, no punctuation, for every script), `rouge`, `wordpunct`,
            `spaces` or `squad`. docs/similarity.md has a table.
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The best match counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = token_f1()
        >>> check(make_sample("the red cat", "A red cat.")).value  # two of three tokens in both
        0.6666666666666666
    """
    return _similar(_overlap.f1, tokens, take, alternatives, at_least, max_chars)


def bleu(
    *,
    order: int = 4,
    smoothing: int = 1,
    tokens: Cut = "words",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the answer's BLEU score, as computed by nltk's `sentence_bleu`.

    It rewards wording that means the opposite, and any common word a little unless `smoothing` is 0. On
    500 GSM8K solutions, the reward was 0.97 for the reference with a wrong result, 0.49 for the reference
    repeated twice, 0.10 for the prompt and 0.01 for another record's solution. If references are similar, it
    also rewards the reference of another record, to the extent that the two overlap.

    Args:
        order: The length of the longest n-grams that count, 1 to 9. All lengths have equal weight. A
            reference must have at least that many tokens.
        smoothing: The number of a method in nltk's `SmoothingFunction`, 0 to 7. It sets the precision for
            lengths without a matching n-gram. With method 0, an answer with such a length earns nothing.
            Method 6 needs an `order` of 3 or more.
        tokens: The tokenizer: `words` (lowercase, no punctuation, for every script), `rouge`, `wordpunct`,
            `spaces` or `squad`.
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The best match counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = bleu()
        >>> round(check(make_sample("the cat sat on a mat", "The cat sat on the mat.")).value, 4)
        0.5373
    """
    count_option("order", order, 1, 9)
    count_option("smoothing", smoothing, 0, 7)
    if smoothing == 6 and order < 3:
        raise DecorationError(f"smoothing=6 needs an order of 3 or more, and order={order}: write order=4")
    return _similar(
        lambda answer, right: _overlap.bleu(answer, right, order, smoothing),
        tokens,
        take,
        alternatives,
        at_least,
        max_chars,
        fewest=order,
        needs=f"order={order}",
    )


def gleu(
    *,
    tokens: Cut = "words",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is Google BLEU (GLEU), as computed by nltk's `sentence_gleu`.

    GLEU is the smaller of precision and recall over all n-grams of one to four tokens. Unlike BLEU, it needs
    no smoothing and treats the answer and the reference alike.

    It rewards wording that means the opposite and words from the prompt. On 500 GSM8K solutions, the reward
    was 0.97 for the reference with a wrong result, 0.49 for the reference repeated twice, 0.31 for its words
    in alphabetical order and 0.16 for the prompt. If references are similar, it also rewards the reference of
    another record, to the extent that the two overlap.

    Args:
        tokens: The tokenizer: `words` (lowercase, no punctuation, for every script), `rouge`, `wordpunct`,
            `spaces` or `squad`.
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The best match counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = gleu()
        >>> check(make_sample("the cat sat on a mat", "The cat sat on the mat.")).value
        0.6111111111111112
    """
    return _similar(_overlap.gleu, tokens, take, alternatives, at_least, max_chars)


def rouge(
    *,
    n: int | Literal["L"] = "L",
    stem: bool = False,
    tokens: Cut = "words",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the F-measure of ROUGE-1 to ROUGE-5 or ROUGE-L, as in rouge-score.

    It rewards wording that means the opposite and words from the prompt. On 500 GSM8K solutions, ROUGE-L
    was 0.97 for the reference with a wrong result, 0.67 for the first half of the reference, 0.30 for the
    prompt and 0.11 for the 40 most common words. For the prompt, ROUGE-2 was 0.18 and ROUGE-1 0.42. If
    references are similar, it also rewards the reference of another record, to the extent that the two
    overlap.

    Args:
        n: The length of the n-grams that count, 1 to 5, or `L` for the longest common subsequence. A
            reference must have at least that many tokens.
        stem: Whether to compare English words of four letters or more by their Porter stems.
        tokens: The tokenizer: `words` (lowercase, no punctuation, for every script), `rouge` (rouge-score's
            own), `wordpunct`, `spaces` or `squad`.
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The best match counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = rouge()
        >>> round(check(make_sample("the cat sat on a mat", "The cat sat on the mat.")).value, 4)
        0.8333
    """
    flag_options(stem=stem)
    if n == "L":
        score, fewest = _overlap.rouge_l, 1
    else:
        fewest = count_option("n", n, 1, 5, ", or 'L'")
        score = lambda answer, right: _overlap.rouge_n(answer, right, fewest)  # noqa: E731
    return _similar(
        score, tokens, take, alternatives, at_least, max_chars, fewest=fewest, needs=f"n={n}", stemmed=stem
    )


def meteor(
    *,
    stem: bool = True,
    tokens: Cut = "words",
    take: Take | None = None,
    alternatives: str | None = None,
    at_least: float = 0,
    max_chars: int = LONGEST,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check whose reward is the answer's METEOR score, without synonyms.

    The reward is computed like nltk's `meteor_score`, except that nltk also matches synonyms from WordNet, a
    30 MB database. Answers with synonyms therefore earn less. On 1,000 pairs, the difference was 0.002 on
    average and at most 0.056. Identical texts earn 1 here but `1 - 0.5 / tokens**3` in nltk.

    It rewards length, because recall has nine times the weight of precision. On 500 GSM8K solutions, the
    reward was 0.91 for the reference repeated twice, 0.76 for the reference followed by the prompt, 0.97 for
    the reference with a wrong result and 0.32 for the prompt alone. If references are similar, it also
    rewards the reference of another record, to the extent that the two overlap.

    Args:
        stem: Whether English words also match if just their Porter stems are equal.
        tokens: The tokenizer: `words` (lowercase, no punctuation, for every script), `rouge`, `wordpunct`,
            `spaces` or `squad`. Case is always ignored.
        take: Extracts the answer from a completion or a reference. None uses the whole text.
        alternatives: The record field that lists other accepted answers. The best match counts.
        at_least: The minimum similarity that earns a reward.
        max_chars: The maximum length of an answer, in characters, up to 100,000.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = meteor()
        >>> round(check(make_sample("cats were sitting", "The cat was sitting.")).value, 4)
        0.2564
    """
    flag_options(stem=stem)
    return _similar(
        lambda answer, right: _overlap.meteor(answer, right, stem),
        tokens,
        take,
        alternatives,
        at_least,
        max_chars,
    )


def _similar(
    score: Callable[[Tokens, Tokens], float],
    tokens: object,
    take: Take | None,
    alternatives: str | None,
    at_least: float,
    max_chars: int,
    *,
    fewest: int = 1,
    needs: str = "",
    stemmed: bool = False,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check from a similarity of token lists. References must have at least `fewest` tokens."""
    cut = CUTS.get(tokens) if isinstance(tokens, str) else None
    if cut is None:
        raise DecorationError(f"tokens={tokens!r}: write one of {', '.join(CUTS)}")

    def read(text: str, strict: bool) -> Tokens | Missing:
        found = cut(text)
        if not found:
            return Missing(f"it contains no tokens (tokens={tokens!r})")
        if strict and len(found) < fewest:
            return Missing(f"{needs} needs {fewest} tokens, and it has {len(found)} (tokens={tokens!r})")
        return tuple(map(_stem, found)) if stemmed else found

    return alike(
        read,
        score,
        take=take,
        alternatives=alternatives,
        at_least=at_least,
        max_chars=max_chars,
        most_chars=_MOST_CHARS,
    )


def _stem(token: str) -> str:
    """Stem a token that has four or more letters, as in rouge-score."""
    return stem_of(token) if len(token) > 3 else token
