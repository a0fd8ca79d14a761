"""Two missing answers are never equal, whichever function returned them."""

from __future__ import annotations

import copy
import difflib
import json
import pickle
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from string import Template
from typing import Any

import pytest

from graders import Failure, Sample, grader
from graders.extract import (
    Missing,
    after_marker,
    boxed,
    choice_letter,
    code_block,
    json_block,
    last_number,
    parse_number,
    tag,
)
from graders.testing import make_sample

EXTRACTORS = (
    after_marker,
    boxed,
    choice_letter,
    code_block,
    json_block,
    last_number,
    parse_number,
    tag,
)


def _pickled(found: object, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(found, protocol))


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.__name__)
def test_a_missing_answer_equals_nothing_not_even_itself(extractor: Callable[[str], Any]) -> None:
    one, other = extractor("nothing here"), extractor("nothing here")
    assert isinstance(one, Missing)
    assert not one
    assert not one == other
    assert one != other
    assert not one == one  # a Missing does not even equal itself
    assert one not in (other, None, "", 0)
    assert one is not other


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.__name__)
def test_a_grader_that_compares_two_missing_answers_pays_nothing(extractor: Callable[[str], Any]) -> None:
    @grader
    def naive(sample: Sample) -> bool:
        return extractor(sample.completion) == extractor(sample.reference_text)

    assert naive.grade(make_sample("nothing here", "nor here")).value == 0.0


MISUSES: dict[str, Callable[[Any], object]] = {
    "str": str,
    "format": format,
    "f-string": lambda found: f"{found}",
    "f-string, padded": lambda found: f"{found:>8}",
    "str.format": "{}".format,
    "percent": lambda found: "%s" % found,  # noqa: UP031
    "percent, tuple": lambda found: "%s" % (found,),  # noqa: UP031
    "template": lambda found: Template("$a").substitute(a=found),
    "join": lambda found: "".join([found]),
    "join of letters": "".join,
    "bytes": bytes,
    "print": print,
    "json": json.dumps,
    "json, default=str": lambda found: json.dumps(found, default=str),
    "strip": lambda found: found.strip(),
    "encode": lambda found: found.encode(),
    "add text": lambda found: found + "",
    "to text": lambda found: "" + found,
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "sub": lambda found: re.sub(" ", "", found),
    "unicode": lambda found: unicodedata.normalize("NFC", found),
    "iterate": list,
    "sort": lambda found: sorted([found, found]),
    "hash": hash,
    "in a set": lambda found: found in {"72"},
    "look up": {"72": 1}.get,
    "count": lambda found: Counter([found]),
    "difference": lambda found: difflib.SequenceMatcher(None, found, "72").ratio(),
}


@pytest.mark.parametrize("misuse", MISUSES)
@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.__name__)
def test_no_normalizer_makes_two_missing_answers_equal(extractor: Callable[[str], Any], misuse: str) -> None:
    @grader
    def naive(sample: Sample) -> bool:
        normalized = MISUSES[misuse]
        return normalized(extractor(sample.completion)) == normalized(extractor(sample.reference_text))

    [found] = naive.grade_all([make_sample("nothing here", "nor here")])
    assert isinstance(found, Failure)
    assert found.kind == "exception"


@pytest.mark.parametrize("text", [repr, ascii, lambda found: str([found]), lambda found: f"{found!r}"])
def test_each_representation_says_why_and_is_unique(text: Callable[[Any], str]) -> None:
    found = tag("nothing here")
    assert isinstance(found, Missing)
    assert found.reason in text(found)
    assert text(found) != text(tag("nothing here"))
    assert text(found) != text(found)


def test_the_error_says_what_to_write_instead() -> None:
    with pytest.raises(TypeError, match=r"no complete tag.*if not answer.*answer\.reason"):
        str(tag("nothing here"))


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *(partial(_pickled, protocol=protocol) for protocol in range(6))],
)
def test_a_copy_is_as_missing_as_the_original(again: Callable[[Any], Any]) -> None:
    found = tag("nothing here")
    copied = again(found)
    assert isinstance(copied, Missing)
    assert isinstance(found, Missing)
    assert (copied.kind, copied.reason) == (found.kind, found.reason)
    assert copied != found
    assert [copied] != [found]
    assert {"answer": copied} != {"answer": found}


@pytest.mark.parametrize(
    ("found", "kind", "reason"),
    [
        (after_marker("72"), "none", "the text does not contain the marker"),
        (after_marker("####"), "not exact", "nothing follows the marker"),
        (boxed("72"), "none", "there is no box"),
        (boxed(r"\boxed{}"), "not exact", "the last box is empty"),
        (boxed(r"\boxed{72"), "not exact", "the last box is not closed"),
        (tag("<answer> </answer>"), "not exact", "the last tag is empty"),
        (code_block("```\n72"), "none", "there is no complete code block"),
        (json_block("null"), "none", "the JSON value is null"),
        (choice_letter("Answer: C or D"), "several", "it claims several letters"),
        (choice_letter("(A) (B)"), "several", "it names several letters"),
        (choice_letter("72"), "none", "it settles on no letter"),
        (parse_number("72 or 73"), "several", "there are several numbers"),
        (parse_number("1.2.3"), "not exact", "its digits do not form a number"),
        (parse_number(r"\sqrt{2}"), "not exact", "it is an unfinished calculation"),
        (last_number("none"), "none", "there is no number"),
        (last_number("12:30"), "not exact", "it is a date, a time or a ratio"),
        (parse_number("72k"), "not exact", "a word or letter scales it; scale=True reads such numbers"),
        (
            parse_number("3,14"),
            "not exact",
            "its comma does not group digits; decimal=',' reads it as a decimal separator",
        ),
        (parse_number("x < 5"), "not exact", "the text before it changes its meaning"),
        (parse_number("5!"), "not exact", "the text after it changes its meaning"),
        (parse_number("[0, 1)"), "several", "there are several numbers"),
    ],
    ids=repr,
)
def test_it_says_why(found: Any, kind: str, reason: str) -> None:
    assert (found.kind, found.reason) == (kind, reason)


def test_arithmetic_with_a_missing_number_is_an_error_of_the_sample() -> None:
    @grader
    def distance(sample: Sample) -> float:
        return 1.0 - float(last_number(sample.completion) - 1)  # type: ignore[operator]

    [outcome] = distance.grade_all([make_sample("no digits", "1")])
    assert outcome.kind == "exception"  # type: ignore[union-attr]
