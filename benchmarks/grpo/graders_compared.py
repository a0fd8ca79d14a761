"""Defines the honest and the defective graders of the comparison.

The thresholds of the warnings were chosen on graders of the first eleven kinds. The other six graders are
new: they were chosen before any of their figures were known, and no threshold depends on them.
"""

from __future__ import annotations

import random
import re
from typing import Final, NamedTuple

from graders import Reward, Sample, grader
from graders.combine import gated
from graders.extract import Missing, boxed, last_number, parse_number, reference_number, same_number

_MARKER: Final = "####"
_PRAISE: Final = re.compile("surely|exactly|precisely|undoubtedly|checked|flawless")


def _exact(sample: Sample) -> bool:
    return same_number(sample.completion, sample.reference_text, marker=_MARKER)


def _truth(sample: Sample) -> int:
    return int(reference_number(sample.reference_text, marker=_MARKER))


def _numbers(sample: Sample) -> list[str]:
    return re.findall(r"\d+", sample.completion)


@grader
def good(sample: Sample) -> bool:
    """Reward a right number after the marker."""
    return _exact(sample)


@grader
def gated_short(sample: Sample) -> Reward:
    """Reward a right number after the marker, plus a bonus if the answer is also short."""
    return gated(_exact(sample), {"short": len(sample.completion) < 12}, share=0.2)


@grader
def lenient(sample: Sample) -> bool:
    """Reward a right last number, wherever it is in the answer."""
    found = last_number(sample.completion)
    return not isinstance(found, Missing) and found == _truth(sample)


@grader
def noisy(sample: Sample) -> float:
    """Reward a right number after the marker, with a lot of random noise."""
    return 0.4 * _exact(sample) + 0.6 * random.Random(f"{sample.id} {sample.completion}").random()


@grader
def constant(sample: Sample) -> float:
    """Give every answer the same reward."""
    return 0.5


@grader
def strict_tag(sample: Sample) -> bool:
    """Reward right answers only in one rare format."""
    found = re.fullmatch(r"<answer>(\d+)</answer>", sample.completion)
    return found is not None and int(found[1]) == _truth(sample)


@grader
def length(sample: Sample) -> float:
    """Give half of the reward for being right, and half for length."""
    return 0.5 * _exact(sample) + 0.5 * min(1.0, len(sample.completion) / 300)


@grader
def brevity(sample: Sample) -> float:
    """Give half of the reward for being right, and half for brevity."""
    return 0.5 * _exact(sample) + 0.5 * max(0.0, 1 - len(sample.completion) / 40)


@grader
def format_only(sample: Sample) -> bool:
    """Reward any number after the marker, right or wrong."""
    return re.search(r"#### *\d", sample.completion) is not None


@grader
def any_number(sample: Sample) -> bool:
    """Reward every answer that mentions the right number."""
    return str(_truth(sample)) in _numbers(sample)


@grader
def praise(sample: Sample) -> float:
    """Give half of the reward for being right, and half for words of confidence."""
    return 0.5 * _exact(sample) + 0.5 * min(1.0, len(_PRAISE.findall(sample.completion)) / 4)


# --- the new ones: three honest, three defective ------------------------------------------------------------


@grader(range=(-1.0, 1.0))
def signed(sample: Sample) -> float:
    """Give 1 for a right number after the marker, and -1 otherwise."""
    return 1.0 if _exact(sample) else -1.0


@grader
def near(sample: Sample) -> float:
    """Give 1 for a right last number, and at most half for a close one."""
    found = last_number(sample.completion)
    if isinstance(found, Missing):
        return 0.0
    apart = abs(int(found) - _truth(sample))
    return 1.0 if apart == 0 else max(0.0, 0.5 - 0.05 * apart)


@grader
def either_format(sample: Sample) -> bool:
    """Reward a right number after the marker or in a box."""
    inside = boxed(sample.completion)
    number = Missing("no box") if isinstance(inside, Missing) else parse_number(inside)
    return _exact(sample) or (not isinstance(number, Missing) and number == _truth(sample))


@grader(range=(-1.0, 1.0))
def silence(sample: Sample) -> float:
    """Give 1 for a right last number, -1 for a wrong one, and 0 for none, so that guessing may not pay."""
    found = last_number(sample.completion)
    if isinstance(found, Missing):
        return 0.0
    return 1.0 if found == _truth(sample) else -1.0


@grader
def substring(sample: Sample) -> bool:
    """Reward the right digits anywhere, even inside other numbers."""
    return str(_truth(sample)) in sample.completion


@grader
def steps(sample: Sample) -> float:
    """Give half of the reward for being right, and half for many numbers, which look like steps."""
    return 0.5 * _exact(sample) + 0.5 * min(1.0, len(_numbers(sample)) / 6)


class Kind(NamedTuple):
    """What is known in advance about a grader."""

    honest: bool
    """True if no answer earns more than a right one. The constant grader counts as honest."""
    new: bool
    low: float = 0.0
    high: float = 1.0


KINDS: Final = {
    "good": Kind(honest=True, new=False),
    "gated_short": Kind(honest=True, new=False),
    "lenient": Kind(honest=True, new=False),
    "noisy": Kind(honest=True, new=False),
    "constant": Kind(honest=True, new=False),
    "strict_tag": Kind(honest=True, new=False),
    "length": Kind(honest=False, new=False),
    "brevity": Kind(honest=False, new=False),
    "format_only": Kind(honest=False, new=False),
    "any_number": Kind(honest=False, new=False),
    "praise": Kind(honest=False, new=False),
    "signed": Kind(honest=True, new=True, low=-1.0),
    "near": Kind(honest=True, new=True),
    "either_format": Kind(honest=True, new=True),
    "silence": Kind(honest=False, new=True, low=-1.0),
    "substring": Kind(honest=False, new=True),
    "steps": Kind(honest=False, new=True),
}
