"""Rewrites right answers in equivalent forms, which a grader should also accept.

Inside tags, boxes, JSON and fences, only the answer itself is rewritten, because punctuation added there
would become part of the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from harness.audit.answer_kinds import items, letter, number
from harness.audit.formats import SLOT, Format

__all__ = ["FORMS", "OBJECT_LINES", "OBJECT_TURNED", "THOUSANDS", "ZEROS", "Form", "Right", "closed_slot"]

ZEROS, THOUSANDS = "zero decimals", "thousands with a comma, or without"
OBJECT_TURNED, OBJECT_LINES = "keys in another order", "JSON over several lines"
"""Names of the forms that can be recognized from how a recorded completion spells the answer."""

_PREFIX = (
    "In 2019 there were 3 of them at $45 each, and 12 + 7 = 19, so I start from there and look at it again."
)
_POLITE = "I hope this helps! Please tell me if I should explain any of the steps."
_LONG = " ".join([_POLITE, "I went through all of it twice and I am happy with how it came out."] * 2)
_FULL_WIDTH = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")


class Right(NamedTuple):
    """A right answer in an accepted format."""

    format: Format
    kind: str
    """The kind of answer, one of `harness.audit.answer_kinds.KINDS`."""
    gold: str
    wrong: str
    """A wrong answer for the same record."""
    ordered: bool = True
    """Whether the order of list items may matter."""

    @property
    def text(self) -> str:
        """The completion, which should be rewarded."""
        return self.said(self.gold)

    def said(self, answer: str) -> str:
        """Return the completion with a different answer in the slot."""
        return str(self.format.fill(answer))


class Form(NamedTuple):
    """A way to rewrite a right answer."""

    id: str
    """The id of the rule that a grader violates by refusing this form."""
    name: str
    """The name of the form, as used in messages."""
    keeps: str
    """Why the rewritten answer is still right."""
    write: Callable[[Right], str | None]
    """Function that returns the completion with the rewritten answer, or None if the form does not apply."""
    used: Callable[[str, str, str], object]
    """Function that returns a true value if a recorded completion uses the form. Its arguments are the text
    before the answer, the answer and the text after it.
    """
    everyday: bool = False
    """Whether models use the form so often that refusing it is costly even if no recorded completion contains
    it.
    """


def closed_slot(one: Format) -> bool:
    """Return True if the text after the slot closes it, as a tag, brace, quote or fence does."""
    return bool(one.template.rpartition(SLOT)[2].strip(" \n.")) or not one.template


def _open(write: Callable[[str], str], *kinds: str) -> Callable[[Right], str | None]:
    """Return a function that rewrites an answer in an open slot, for some or all kinds of answers."""

    def changed(right: Right) -> str | None:
        if closed_slot(right.format) or (kinds and right.kind not in kinds) or "\n" in right.gold:
            return None
        return right.said(write(right.gold))

    return changed


def _number(write: Callable[[str], str | None]) -> Callable[[Right], str | None]:
    """Return a function that rewrites a number in an open or a closed slot."""

    def changed(right: Right) -> str | None:
        if right.kind != "number" or number(right.gold) is None:
            return None
        written = write(right.gold)
        return None if written is None or written == right.gold else right.said(written)

    return changed


def _thousands(gold: str) -> str | None:
    plain = gold.replace(",", "")
    if "," in gold:
        return plain
    found = re.fullmatch(r"(-?)(\d{4,15})(\.\d+)?", plain)
    return f"{found[1]}{int(found[2]):,}{found[3] or ''}" if found and plain.lstrip("-")[0] != "0" else None


def _zeros(gold: str) -> str | None:
    return f"{gold}.00" if re.fullmatch(r"-?\d{1,15}", gold) else None


def _minus(gold: str) -> str | None:
    return gold.replace("-", "\u2212", 1) if gold.startswith("-") else None


def _marker(write: Callable[[str], str]) -> Callable[[Right], str | None]:
    """Return a function that rewrites the text before an open slot."""

    def changed(right: Right) -> str | None:
        before, _, after = right.format.template.partition(SLOT)
        if closed_slot(right.format) or not before.strip() or write(before) == before:
            return None
        return write(before) + right.gold + after

    return changed


def _letters(write: Callable[[str], str]) -> Callable[[Right], str | None]:
    def changed(right: Right) -> str | None:
        said = letter(right.gold) if right.kind == "choice" else None
        return right.said(write(said)) if said and write(said) != right.gold else None

    return changed


def _yes_no(write: Callable[[str], str]) -> Callable[[Right], str | None]:
    def changed(right: Right) -> str | None:
        return (
            right.said(write(right.gold))
            if right.kind == "yes-no" and write(right.gold) != right.gold
            else None
        )

    return changed


def _object(write: Callable[[object], str]) -> Callable[[Right], str | None]:
    def changed(right: Right) -> str | None:
        if right.kind != "json":
            return None
        try:
            written = write(json.loads(right.gold))
        except ValueError:
            return None
        return None if written == right.gold else right.said(written)

    return changed


def _other_order(right: Right) -> str | None:
    found = items(right.gold) if right.kind == "list" and not right.ordered else None
    if found is None or len(found) < 2 or len(set(found)) < len(found):
        return None
    if right.gold.lstrip()[:1] == "[":
        return right.said(json.dumps(list(reversed(json.loads(right.gold))), ensure_ascii=False))
    mark = next(mark for mark in ("\n", ";", ",") if mark in right.gold)
    return right.said((mark if mark == "\n" else f"{mark} ").join(reversed(found)))


def _turned(given: object) -> str:
    return json.dumps(dict(reversed(given.items())) if isinstance(given, dict) else given, ensure_ascii=False)


def _ends_in(*marks: str) -> Callable[[str, str, str], object]:
    return lambda before, gold, after: before.rstrip(" ").endswith(marks)


def _text(write: Callable[[Right], str]) -> Callable[[Right], str | None]:
    return lambda right: write(right) if right.format.template else None


def _never(before: str, gold: str, after: str) -> bool:
    """Return False. Used for forms that cannot be recognized in a recorded completion."""
    return False


_AFTER = "the answer is in the same place, and the sentence after it claims nothing"
_VALUE = "the value is the same"

FORMS: tuple[Form, ...] = (
    Form(
        *("B02", "working with other numbers before the answer", "the answer is still last"),
        _text(lambda right: f"{_PREFIX}\n{right.text}"),
        lambda before, gold, after: len(before.strip()) > len(_PREFIX) / 2,
        everyday=True,
    ),
    Form(
        *("B02", "300 characters of working before the answer", "the answer is still last"),
        _text(lambda right: f"{' '.join([_PREFIX] * 3)}\n{right.text}"),
        lambda before, gold, after: len(before.strip()) > 250,
        everyday=True,
    ),
    Form(
        *("B02", "1,000 characters of working before the answer", "the answer is still last"),
        _text(lambda right: f"{' '.join([_PREFIX] * 10)}\n{right.text}"),
        lambda before, gold, after: len(before.strip()) > 800,
        everyday=True,
    ),
    Form(
        *("B09", "a reasoning block before the answer", "reasoning is not part of the answer"),
        lambda right: (
            None
            if right.format.template[:1] in ("", "<")
            else f"<think>\n{_PREFIX}\n</think>\n\n{right.text}"
        ),
        lambda before, gold, after: "</think>" in before,
        everyday=True,
    ),
    Form(
        *("B01", "a polite sentence after the answer", _AFTER),
        _text(lambda right: f"{right.text}\n\n{_POLITE}"),
        lambda before, gold, after: after.partition("\n")[2].strip(),
        everyday=True,
    ),
    Form(
        *("B01", "300 polite characters after the answer", _AFTER),
        _text(lambda right: f"{right.text}\n\n{_LONG}"),
        lambda before, gold, after: len(after.partition("\n")[2].strip()) > 200,
        everyday=True,
    ),
    Form(
        *("B01", "1,000 polite characters after the answer", _AFTER),
        _text(lambda right: f"{right.text}\n\n{' '.join([_LONG] * 4)}"),
        lambda before, gold, after: len(after.partition("\n")[2].strip()) > 700,
    ),
    Form(
        "B03", "a period after the answer", _VALUE, _open("{}.".format), lambda b, g, after: after[:1] == "."
    ),
    Form("B03", "a newline at the end", _VALUE, _text(lambda right: f"{right.text}\n"), _never),
    Form(
        *("B03", "Windows line endings", _VALUE),
        _text(lambda right: right.text.replace("\n", "\r\n") + "\r\n"),
        lambda before, gold, after: "\r\n" in before + after,
    ),
    Form("B04", ZEROS, _VALUE, _number(_zeros), _never),
    Form("B04", THOUSANDS, _VALUE, _number(_thousands), _never),
    Form("B05", "bold type", "markup is not part of the answer", _open("**{}**".format), _ends_in("**")),
    Form("B05", "code marks", "markup is not part of the answer", _open("`{}`".format), _ends_in("`")),
    Form(
        *("B05", "dollar signs around math", "markup is not part of the answer"),
        _open("${}$".format, "number"),
        _never,
    ),
    Form(
        *("B05", "a box", "a box holds an answer"),
        _open("\\boxed{{{}}}".format, "number", "choice"),
        _ends_in("\\boxed{"),
    ),
    Form("B06", "a typographic minus sign", _VALUE, _number(_minus), lambda b, g, a: b[-1:] == "\u2212"),
    Form(
        *("B06", "a non-breaking space", _VALUE),
        _marker(lambda before: re.sub(r" $", "\u00a0", before)),
        lambda before, gold, after: before[-1:] == "\u00a0",
    ),
    Form(
        *("B06", "full-width digits", _VALUE),
        _number(lambda gold: gold.translate(_FULL_WIDTH)),
        _never,
    ),
    Form(
        *("B07", "a dollar sign before the number", "contested: the task may want a unit or none"),
        _number(lambda gold: f"${gold}" if gold[:1].isdigit() else None),
        lambda before, gold, after: before[-1:] == "$",
    ),
    Form(
        "B08", "two spaces after the marker", _VALUE, _marker(lambda before: f"{before.rstrip()}  "), _never
    ),
    Form(
        "B08",
        "no space after the marker",
        _VALUE,
        _marker(str.rstrip),
        lambda before, g, a: before[-1:] in "#:",
    ),
    Form("B08", "the marker in lower case", _VALUE, _marker(str.lower), _never),
    Form(
        *("B10", "a wrong answer that is corrected", "contested: the last answer may or may not count"),
        _text(lambda right: f"{right.said(right.wrong)}\n\nWait, that is wrong. It is this:\n\n{right.text}"),
        _never,
    ),
    Form("B11", "a letter in parentheses", "it is the same option", _letters("({})".format), _ends_in("(")),
    Form("B11", "a letter with a period", "it is the same option", _letters("{}.".format), _never),
    Form("B11", "a lower-case letter", "it is the same option", _letters(str.lower), _never),
    Form("B11", "an initial capital", "it is the same word", _yes_no(str.capitalize), _never),
    Form("B11", "upper case", "it is the same word", _yes_no(str.upper), _never),
    Form(
        *("B12", OBJECT_TURNED, "an object's keys have no order"),
        _object(_turned),
        _never,
        everyday=True,
    ),
    Form(
        *("B12", "items in another order", "the prompts ask for no order"),
        _other_order,
        _never,
        everyday=True,
    ),
    Form(
        *("B12", OBJECT_LINES, "white space between values has no meaning"),
        _object(lambda given: json.dumps(given, indent=2, ensure_ascii=False)),
        _never,
        everyday=True,
    ),
)
"""All forms, ordered by how much reward a refusal costs, highest first."""
