"""Checks of choices: a letter, a label, yes or no.

A completion is right when it settles on the choice of the reference. One that settles on none, or on several,
is wrong; a reference that does is a `RecordError`. A model that always gives the most common choice is right
that often: compare a run's mean reward with that share.
"""

from __future__ import annotations

import re

from ..errors import DecorationError
from ..extract import Missing, choice_letter
from ._answers import comparing
from ._options import text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

_CLAIM = re.compile(r"(?i:\banswer|\blabel|\bverdict)\b[\s*_`\"']{0,6}(?:is\b|[:=])")
_AROUND = " \t\r.,;:!?\"'`*_()[]{}$-#>"
YES_NO = {"yes": ("yes", "true"), "no": ("no", "false")}


def choice(letters: str = "ABCD", *, take: Take | None = None) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion settles on the reference's letter.

    The rules are those of `graders.extract.choice_letter`; they read the reference too, so `(B)` and
    `B. Paris` will do.

    Args:
        letters: The letters there are to choose from, in upper case.
        take: Finds the answer in a text first; None reads all of it.

    Raises:
        DecorationError: The letters cannot be meant.
    """
    try:
        choice_letter("", letters)
    except (ValueError, AttributeError, TypeError) as error:
        raise DecorationError(f"letters={letters!r}: write capitals such as 'ABCD' ({error})") from None
    return comparing(
        lambda text, strict: choice_letter(text, letters),
        str.__eq__,
        what=f"one of the letters {letters}",
        take=take,
    )


def label(
    labels: Sequence[str] | Mapping[str, Sequence[str]], *, take: Take | None = None
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion settles on the reference's label.

    Labels are found as whole words, in any case, the longest first (`very good` before `good`). What
    decides, in this order: the line after the last `answer:`, `answer is`, `label:` or `verdict:`; the last
    line, when it is a label and nothing else; the first line, when it starts with a label; the whole answer.
    The deciding text has to name exactly one label: `yes and no` is no answer.

    Args:
        labels: The labels, or for each label the words that mean it.
        take: Finds the answer in a text first; None reads all of it.

    Raises:
        DecorationError: There are fewer than two labels, a word is blank, or means two labels.
    """
    words = _words(labels)
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def settled(text: str) -> str | Missing:
        """The one label that a text names."""
        named = {words[found[0]] for found in pattern.finditer(text)}
        if len(named) > 1:
            return Missing("it names several labels", "several")
        return named.pop() if named else Missing("it names no label")

    def read(text: str, strict: bool) -> str | Missing:
        """The label that a text settles on."""
        text = text.casefold()
        claims = [claim.end() for claim in _CLAIM.finditer(text)]
        if claims:
            return settled(text[claims[-1] :].strip().partition("\n")[0])
        lines = text.strip().split("\n")
        last, first = lines[-1].strip(_AROUND), lines[0].strip(_AROUND)
        if last in words:
            return words[last]
        if pattern.match(first):
            return settled(first)
        return settled(text)

    return comparing(read, str.__eq__, what="one of the labels", take=take, references=_label_text)


def yes_no(*, take: Take | None = None) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion says yes or no as the reference does; true and false are read alike.

    The reference may also be a JSON boolean.

    Args:
        take: Finds the answer in a text first; None reads all of it.

    Raises:
        DecorationError: An option cannot be meant.
    """
    return label(YES_NO, take=take)


def _words(labels: Sequence[str] | Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The label that each word means, words in small letters."""
    if isinstance(labels, str) or len(labels) < 2:
        raise DecorationError(f"labels={labels!r}: write a list of two or more labels")
    meanings = labels if isinstance(labels, dict) else {name: (name,) for name in labels}
    words: dict[str, str] = {}
    for name, spellings in meanings.items():
        if isinstance(spellings, str):
            raise DecorationError(f"labels[{name!r}]={spellings!r}: write a list of words")
        for spelling in spellings:
            word = text_option(f"labels[{name!r}]", spelling).strip().casefold()
            if words.setdefault(word, name) != name:
                raise DecorationError(
                    f"{spelling!r} means both {words[word]!r} and {name!r}: keep one of them"
                )
    if len(set(words.values())) < 2:
        raise DecorationError(f"labels={labels!r}: write two or more different labels")
    return words


def _label_text(sample: Sample[Any]) -> Sequence[str]:
    """The reference as text, a JSON boolean too."""
    reference = sample.reference_answer
    return (str(reference) if isinstance(reference, bool) else sample.reference_text,)
