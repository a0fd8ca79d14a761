"""Checks for choices: a letter, several letters, a label, or yes or no.

A completion is right if it settles on the choice in the reference. A completion that settles on no choice or
several is wrong. A reference that does so raises a `RecordError`. A model that always gives the most common
choice is right as often as that choice occurs, so compare a run's mean reward with how frequent that choice
is.
"""

from __future__ import annotations

import re
from functools import partial

from ..errors import DecorationError, RecordError
from ..extract import Missing, choice_letter
from ..extract._phrases import YES_NO, plain_width
from ._answers import comparing
from ._labels import LabelReader
from ._letter_sets import LetterSets
from ._options import flag_options, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

_DIGITS = 4
_NOT_BEFORE = r"(?<![A-Za-z0-9\u00c0-\u04ff])"


def choice(
    letters: str = "ABCD",
    *,
    options: str | None = None,
    first_index: Literal[0, 1] | None = None,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion settles on the reference's letter.

    The check parses the completion and the reference with the rules of `graders.extract.choice_letter`, so
    both may be written as `(B)` or `B. Paris`. A reference must also name its letter first: `Since A is
    wrong, the answer is B` raises a `RecordError`.

    With `options`, the text of exactly one option also counts as an answer: `The answer is Paris`, `B)
    Paris`. If a letter and a text disagree, there is no answer. The reference may be a letter or the text of
    an option. A reference that could be either (`C`, if the text of option A is `C`) raises a `RecordError`.

    It rewards lucky guesses (on average, one in N with N letters) and answers without reasons.

    Args:
        letters: The letters to choose from, in uppercase.
        options: The record field that contains the options: a list of texts in the order of the letters, or
            an object that maps letters to texts. Only letters that have an option can be answers.
        first_index: The index of the first option, 0 or 1, if references are indexes. None if references are
            letters or texts. The check never guesses that a number is an index.
        take: Extracts the answer from a completion or a reference. None uses the whole text.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = choice()
        >>> [check(make_sample(text, "B")).value for text in ("Answer: B", "A or B")]
        [1.0, 0.0]
    """
    _alphabet(letters)
    if first_index is not None and (isinstance(first_index, bool) or first_index not in (0, 1)):
        raise DecorationError(f"first_index={first_index!r}: write 0 or 1, the index of the first option")
    references = None if first_index is None else partial(_indexed_letter, letters=letters, first=first_index)
    what = f"one of the letters {letters}"
    if options is not None:
        from ._option_texts import options_reader

        field = text_option("options", options)
        return comparing(
            None,
            str.__eq__,
            what=f"the letter or the text of one of the options in {field}",
            take=take,
            references=references,
            field=field,
            reading=options_reader(field, letters),
        )
    either = letters + letters.lower()
    named = re.compile(rf"{_NOT_BEFORE}(?:[{letters}](?![A-Za-z0-9\u00c0-\u04ff])|[{either}](?=[).:\]]))")

    def read(text: str, strict: bool) -> str | Missing:
        """Return the letter that a text settles on. A reference must not name another letter first."""
        letter = choice_letter(text, letters)
        if strict and not isinstance(letter, Missing):
            first = named.search(plain_width(text))
            if first and first[0].upper() != letter:
                return Missing(f"it names {first[0]} before it settles on {letter}", "several")
        return letter

    return comparing(read, str.__eq__, what=what, take=take, references=references)


def choice_set(
    letters: str = "ABCD", *, partial: bool = False, take: Take | None = None
) -> Callable[[Sample[Any]], Reward]:
    r"""Create a check that the completion names all letters of the reference and no others.

    The reference is a string such as `A, C` or `AC`, or a list of letters. A completion may consist only of
    letters. Otherwise, the check parses the text after the last `answer:` or `answer is`, or in the last box
    or `<answer>`. This text must contain only letters: `A, C`, `A and C`, `(A)(C)`, `AC`. `A or C` is not an
    answer, nor is a claim that the completion later revises.

    It rewards lucky guesses. With partial credit, a model earns part of the reward by naming the letters
    that are right most often.

    Args:
        letters: The letters to choose from, in uppercase.
        partial: Whether to give partial rewards: the fraction of the right letters in the answer minus the
            fraction of the wrong letters, but at least 0. Naming all letters earns nothing unless all are
            right. Naming one right letter earns part of the reward.
        take: Extracts the answer from a completion or a reference. None uses the whole text.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = choice_set()
        >>> [check(make_sample(text, "A, C")).value for text in ("A and C", "A")]
        [1.0, 0.0]
    """
    _alphabet(letters)
    flag_options(partial=partial)

    def share(named: frozenset[str], right: frozenset[str]) -> float:
        if not partial:
            return float(named == right)
        wrong = len(named - right) / max(1, len(letters) - len(right))
        return max(0.0, len(named & right) / len(right) - wrong)

    return comparing(
        LetterSets(letters).read,
        share,
        what=f"one or more of the letters {letters}",
        take=take,
        references=_letters_text,
    )


def label(
    labels: Sequence[str] | Mapping[str, Sequence[str]], *, take: Take | None = None
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion settles on the reference's label.

    Labels must be whole words. Case is ignored, hyphens and underscores count as spaces, and the longest
    label is tried first (`very good` before `good`). The check uses the first of these parts that exists: the
    line after the last `answer:`, `answer is`, `label:` or `verdict:`, or a box or `<answer>`; the last line,
    if it is only a label; the first line, if it starts with a label; the whole answer. If a line starts with
    a label, the text after it is taken as the reason (`Yes, there is no other way`), unless it names another
    label as an answer: `yes and no`, `no yes`, `Answer: yes or Answer: no` and `Yes. Wait, no.` are not
    answers. A label that the text denies does not count, as in `It is not true` or `non-positive`.

    It rewards always giving the most frequent label as often as that label is right, so balance the records.
    It also rewards a label in a denial whose wording it does not recognize, such as `the opposite of
    positive in every respect`.

    Args:
        labels: The labels, or a table that maps each label to the words that mean it.
        take: Extracts the answer from a completion or a reference. None uses the whole text.

    Raises:
        DecorationError: There are fewer than two labels, a word is blank, or two labels share a word.

    Example:
        >>> check = label(labels=["positive", "negative"])
        >>> [check(make_sample(text, "positive")).value for text in ("It is positive.", "not positive")]
        [1.0, 0.0]
    """
    return comparing(
        LabelReader(labels).read, str.__eq__, what="one of the labels", take=take, references=_label_text
    )


def yes_no(*, take: Take | None = None) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion answers yes or no as the reference does. True and false also count.

    Yes and no are recognized in English, Chinese, German, French, Spanish, Portuguese, Italian, Russian,
    Japanese, Korean, Arabic and Hindi: `是`, `nein`, `oui`, `нет`. For other languages, use `label` with the
    appropriate words: `label({"yes": ["yes", "có"], "no": ["no", "không"]})`. The reference may also be a
    JSON boolean.

    It rewards lucky guesses: half of all guesses if the records are balanced and more if they are not.

    Args:
        take: Extracts the answer from a completion or a reference. None uses the whole text.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = yes_no()
        >>> [check(make_sample(text, "yes")).value for text in ("Yes, it is.", "yes and no")]
        [1.0, 0.0]
    """
    return label(YES_NO, take=take)


def _alphabet(letters: str) -> None:
    """Check that the letters are valid.

    Raises:
        DecorationError: The letters are invalid.
    """
    try:
        choice_letter("", letters)
    except (ValueError, AttributeError, TypeError) as error:
        raise DecorationError(f"letters={letters!r}: write capitals such as 'ABCD' ({error})") from None


def _indexed_letter(sample: Sample[Any], letters: str, first: int) -> Sequence[str]:
    """Return the letter of the option at the reference's index.

    Raises:
        RecordError: The reference is not the index of an option.
    """
    text = sample.reference_text.strip()
    index = int(text) - first if text.isascii() and text.isdigit() and len(text) < _DIGITS else -1
    if not 0 <= index < len(letters):
        raise RecordError(
            f"the reference answer {text[:40]!r} is not the index of an option: "
            f"write a number from {first} to {len(letters) - 1 + first}"
        )
    return (letters[index],)


def _letters_text(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference as a single string, joining a list of letters."""
    reference = sample.reference_answer
    if not isinstance(reference, list):
        return (sample.reference_text,)
    if not all(isinstance(letter, str) and len(letter.strip()) == 1 for letter in reference):
        raise RecordError("the reference answer is not a list of letters: write ['A', 'C']")
    return (", ".join(letter.strip() for letter in reference),)


def _label_text(sample: Sample[Any]) -> Sequence[str]:
    """Return the reference as a string, even if it is a JSON boolean."""
    reference = sample.reference_answer
    return (str(reference) if isinstance(reference, bool) else sample.reference_text,)
