"""Long completions of kinds that slow programs down, such as repeated parts and unclosed tags."""

from __future__ import annotations

from typing import NamedTuple

from harness.audit.case import Case
from harness.audit.formats import SLOT
from harness.audit.mining import mine_for
from harness.audit.regex_texts import pumps_of

__all__ = ["LongText", "long_texts"]

_PLAIN = (
    *(" ", "\n", "1", "a", "a b ", "1,", ". ", "(", "[", "{", "<", "<a>", "#", "*", "\\", '"', "- "),
    *("\\boxed{", "<answer>", "<think>", "```", "$", '{"a":'),
)
_MOST_TEXTS = 140
_MOST_PARTS = 16
_LONGEST_PART = 40


class LongText(NamedTuple):
    """A completion that can have any length because one part of it is repeated."""

    before: str
    again: str
    after: str = ""

    def of(self, size: int) -> str:
        """Return the completion at the given length.

        Args:
            size: Total number of characters in the repetitions.
        """
        return self.before + self.again * (size // len(self.again)) + self.after


def long_texts(case: Case) -> list[LongText]:
    """Return the forms to try on a grader, starting with those based on its regular expressions and markers.

    Args:
        case: The audit, with the grader's source and accepted formats.
    """
    mined = mine_for(case.subject.sources, case.opener.grader_name)
    found: list[LongText] = []
    for pattern in mined.patterns:
        for pump in pumps_of(pattern)[:6]:
            # If the end of a text does not match, the pattern tries every alternative.
            found += LongText(pump.before, pump.again, "\x00"), LongText("", pump.before + pump.again, "\x00")
    for part in _markers(case):
        found += LongText("", part), LongText(part, " ", "x"), LongText(part, "1", "x"), LongText(part, "a ")
    found += [LongText("", part, after) for part in _PLAIN for after in ("", "x")]
    kept = [each for each in found if each.again and len(each.again) <= _LONGEST_PART]
    return list(dict.fromkeys(kept))[:_MOST_TEXTS]


def _markers(case: Case) -> list[str]:
    """Return the text around the answer in accepted formats, and tags and short literals from the source."""
    mined = mine_for(case.subject.sources, case.opener.grader_name)
    parts: dict[str, None] = {}
    for one in case.control.formats if case.control is not None else ():
        before, _, after = one.template.partition(SLOT)
        parts |= dict.fromkeys(text.strip() for text in (before, after))
    for tag in mined.tags:
        parts |= dict.fromkeys((f"<{tag}>", f"<{tag}", f"</{tag}>"))
    short = [text for text in mined.literals if not text.isalnum() and 1 < len(text.strip()) <= 12]
    parts |= dict.fromkeys(sorted(short, key=lambda text: not set(text) & set("<{[(#`$\\")))
    return [part for part in parts if part][:_MOST_PARTS]
