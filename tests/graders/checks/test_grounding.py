"""Quotations and citations, matched with their sources, and errors in records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders import Reward, Sample
from graders.checks import grounding
from graders.checks._sources import holds, parts_of, searchable
from graders.checks.grounding import citations, quotations
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear

PAGE = page("grounding.md")
RECORD = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
CHECKS = {"quotations": quotations, "citations": citations}
WORD = st.text("abcdef", min_size=1, max_size=5)
SOURCE = st.lists(WORD, min_size=8, max_size=30)


def sample_of(completion: str, **record: Any) -> Sample[Any]:
    given = {**RECORD, **record}
    messages = [*given["messages"], {"role": "assistant", "content": completion}]
    return Sample({**given, "id": "1", "messages": messages})


def paid(call: str, completion: str, **record: Any) -> Reward:
    return eval(call, dict(CHECKS))(sample_of(completion, **record))


@pytest.mark.parametrize(
    ("call", "completion", "value"),
    [
        (call.strip("`"), completion, value)
        for title in ("Quotations", "Citations")
        for call, cell, value in rows(PAGE, title, 3)
        for completion in spans(cell)
    ],
)
def test_a_completion_is_paid_as_the_page_says(call, completion, value):
    found = paid(call, completion)
    assert ("unread" if found.metrics["unread"] else f"{found.value:.2g}") == value


def test_the_metrics_count():
    found = paid('quotations(sources="documents")', '"covers two years", "a b c" and "two"')
    assert found.metrics == {"unread": 0, "quotations": 2, "ungrounded": 1}
    found = paid('citations(sources="documents", expected="relevant")', "Two [2] [2] [9].")
    assert found.metrics == {"unread": 0, "citations": 2, "unknown": 1, "precision": 0, "recall": 0}
    found = paid('citations(sources="documents", expected="relevant")', "Two [1] [2].")
    assert (found.metrics["precision"], found.metrics["recall"]) == (0.5, 1)


@pytest.mark.parametrize(
    ("documents", "completion", "right"),
    [
        ("The cat sat down.", 'the "cat sat down" [1]', 1),
        ([{"id": "doc-2", "text": "The cat sat down."}], 'the "cat sat down" [doc-2]', 1),
        ([{"id": 7, "page_content": "The cat sat down."}], 'the "cat sat down" [7]', 1),
        ([{"content": "The cat sat down."}, "Dogs bark."], 'the "cat sat down" [2]', 1),
        ({"A": "The cat sat down."}, 'the "cat sat down" [a]', 1),
        ({"A": {"text": "The cat sat down."}}, 'the "cat sat down" [A]', 1),
        ({"Annual Report": "The cat sat down."}, 'the "cat sat down" [annual report]', 1),
        (["The cat sat down."], 'the "cat sat up" [2]', 0),
        (["\u4eca\u5929\u5929\u6c14\u5f88\u597d"], '\u4ed6\u8bf4"\u5929\u6c14\u5f88\u597d"\u3002[1]', 1),
        (['\u05e6\u05d4"\u05dc \u05db\u05d0\u05df'], '\u05e6\u05d4"\u05dc [2]', 0),
        ({"1": "\u732b\u304c\u5ea7\u3063\u305f\u3002"}, "\u300c\u5ea7\u3063\u305f\u300d [1]", 1),
        ({"1": "\u732b\u304c\u5ea7\u3063\u305f\u3002"}, "\u300c\u5ea7\u3063\u3066\u300d [2]", 0),
    ],
)
def test_sources_are_texts_lists_and_objects(documents, completion, right):
    for call in CHECKS:
        assert paid(f'{call}(sources="documents")', completion, documents=documents).value == right


def test_the_prompt_may_number_its_sources():
    prompt = "[1] The cat sat down.\n[2] Dogs bark.\nWhat did the cat do?"
    check = citations()
    for completion, right in (("It sat [1].", 1), ("It sat [1][2].", 1), ("It sat [3].", 0)):
        assert check(make_sample(completion, prompt=prompt)).value == right


def test_a_record_may_expect_no_citation():
    check = 'citations(sources="documents", expected="relevant")'
    assert paid(check, "Nobody knows.", relevant=[]).value == 1
    assert paid(check, "Nobody knows [1].", relevant=[]).value == 0
    assert paid(check, "", relevant=[]).value == 0


@pytest.mark.parametrize("call", CHECKS)
@pytest.mark.parametrize(
    "documents", [None, "", " ", [], {}, 7, True, [""], ["..."], [7], {"a": None}, {"a": ""}]
)
def test_a_record_without_sources_is_at_fault_whatever_the_completion(call, documents):
    for completion in ("", 'the "cat sat down" [1]'):
        with pytest.raises(RecordError, match="documents"):
            paid(f'{call}(sources="documents")', completion, documents=documents)


@pytest.mark.parametrize(
    ("call", "record", "message"),
    [
        (
            'quotations(sources="documents")',
            {"documents": [{"id": 1}]},
            "source '1' of the record's documents has no",
        ),
        ('quotations(sources="documents")', {"documents": ["a b c", {"id": 1}]}, "two sources '1'"),
        ("quotations()", {"messages": [{"role": "user", "content": ""}]}, "the prompt contains no sources"),
        ("citations()", {}, "the prompt numbers no sources in brackets"),
        (
            'citations(sources="documents", expected="relevant")',
            {"relevant": [3]},
            "names '3', which is not the ID of",
        ),
        ('citations(sources="documents", expected="relevant")', {"relevant": None}, "is not a list of IDs"),
        ('citations(sources="documents", expected="relevant")', {"relevant": [True]}, "is not a list of IDs"),
        (
            'citations(sources="documents", expected="reference_answer")',
            {"reference_answer": "Two years."},
            "the record's reference_answer is not a list of IDs",
        ),
    ],
)
def test_a_record_that_cannot_be_graded_is_at_fault(call, record, message):
    for completion in ("", "Two [1]."):
        with pytest.raises(RecordError, match=re.escape(message)):
            paid(call, completion, **record)


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = grounding


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UNTYPED.quotations(sources=""), "not blank"),
        (lambda: UNTYPED.quotations(sources=["a"]), "not blank"),
        (lambda: UNTYPED.quotations(min_words=0), "min_words=0"),
        (lambda: UNTYPED.quotations(partial=1), "True or False"),
        (lambda: UNTYPED.quotations(take="quotes"), "take='quotes'"),
        (lambda: UNTYPED.citations(expected=7), "not blank"),
        (lambda: UNTYPED.citations(required="no"), "True or False"),
        (lambda: UNTYPED.citations(max_chars=-1), "max_chars=-1"),
    ],
)
def test_invalid_options_are_refused_immediately(make, message):
    with pytest.raises(DecorationError, match=message):
        make()


@given(
    SOURCE,
    st.data(),
    st.sampled_from(['"{}"', "\u201c{}\u201d", "\u00ab {} \u00bb", '"{}," she said', "> {}\n"]),
)
def test_text_in_the_source_is_never_rejected(words, data, frame):
    start = data.draw(st.integers(0, len(words) - 3))
    end = data.draw(st.integers(start + 3, len(words)))
    completion = frame.format(" ".join(words[start:end]).title())
    check = quotations(sources="documents")
    assert check(sample_of(completion, documents=[" ".join(words)])).value == 1


@given(SOURCE, st.lists(WORD, min_size=3, max_size=6))
def test_text_that_is_in_no_source_is_never_paid(words, quotation):
    inside = any(words[at : at + len(quotation)] == quotation for at in range(len(words)))
    found = quotations(sources="documents")(sample_of(f'"{" ".join(quotation)}"', documents=" ".join(words)))
    assert found.value == inside


@given(st.sets(st.integers(1, 9), min_size=1), st.sets(st.integers(1, 12)), st.booleans())
def test_citations_are_compared_as_sets(expected, cited, partial):
    documents = [f"Text {at}." for at in range(1, 10)]
    completion = "So it is " + "".join(f"[{one}]" for one in sorted(cited))
    check = citations(sources="documents", expected="relevant", partial=partial)
    found = check(sample_of(completion, documents=documents, relevant=sorted(expected)))
    f1 = 2 * len(expected & cited) / (len(expected) + len(cited))
    assert found.value == (f1 if partial else float(expected == cited))
    exist = citations(sources="documents")(sample_of(completion, documents=documents))
    assert exist.value == (bool(cited) and max(cited) <= 9)


@given(
    st.text('"\u201c\u201d\u00ab\u00bb[]()>`.\u2026 \n1ab,-\u3010\u3011\u2020\\', max_size=40), st.booleans()
)
def test_no_completion_raises_and_every_reward_is_in_range(completion, partial):
    assume("<" not in completion)
    for made in (quotations, citations):
        for required in (True, False):
            check = made(sources="documents", partial=partial, required=required)
            assert 0 <= check(sample_of(completion)).value <= 1


def test_parts_are_found_in_order_and_whole():
    source = searchable("one two three four five six")
    assert holds(source, parts_of("one two ... two three")) is False
    assert holds(source, parts_of("One two ... three four \u2026 five")) is True
    assert holds(source, parts_of("ne two")) is False


HOSTILE = [
    '"a b c" ',
    '"',
    "\u201c",
    "> a b c\n",
    "[1-2]",
    "[",
    "[1",
    "[a1]",
    "\u3010",
    "`",
    "```\n",
    "... ",
    "[...]",
    "-",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear_in_the_text(unit):
    checks = [made(sources="documents", max_chars=10**6) for made in (quotations, citations)]
    assert_linear(
        lambda sample: [check(sample) for check in checks],
        lambda size: sample_of((unit * size)[:size]),
        200_000,
    )
