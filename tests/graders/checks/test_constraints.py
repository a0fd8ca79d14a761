"""Verifiable instructions of every kind: generated completions that follow all or break one."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Reward
from graders.checks._constraint_counts import count_sentences, count_words
from graders.checks._constraint_kinds import KINDS, Instruction
from graders.checks._languages import LANGUAGES, language_of
from graders.checks.constraints import constraints
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear
from support.instructed_texts import SENTENCES, plans

PAGE = page("constraints.md")
TABLE = [
    (tomllib.loads(f"x = {{{spans(one)[0]}}}")["x"], spans(kept), spans(broken))
    for one, kept, broken in rows(PAGE, "Kinds of instructions", 3)
]


def paid(completion: str, *tables: dict[str, Any], **options: Any) -> Reward:
    return constraints(constraints=[*tables], **options)(make_sample(completion))


@pytest.mark.parametrize(("table", "kept", "broken"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_an_instruction_is_kept_as_the_page_says(table, kept, broken):
    assert kept
    assert broken
    assert {text: paid(text, table).value for text in kept} == dict.fromkeys(kept, 1.0)
    assert {text: paid(text, table).value for text in broken} == dict.fromkeys(broken, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_pays_for_an_empty_completion(kind):
    tables = [table for table, *_ in TABLE if table["kind"] == kind]
    assert tables, "the page has no row"
    for table in tables:
        for text in ("", " ", "\n", "\u200b", "...", '""', "****** ******", "\u2800", "___", "\x00"):
            assert paid(text, table) == Reward(0.0, metrics={"unread": 1.0, "kept": 0.0, table["kind"]: 0.0})
            assert paid(text, table, loose=True).value == 0


def test_the_page_lists_the_languages():
    listed = PAGE.partition("\n## Languages\n")[2].partition("\n## ")[0]
    assert {one for one in spans(listed.replace("\n", " ")) if len(one) == 2} == LANGUAGES


def test_what_is_not_kept_is_named_and_counted_by_kind():
    sample = make_sample(
        "war and peace, war",
        instruction_id_list=["keywords:frequency", "keywords:frequency", "punctuation:no_comma"],
        kwargs=[
            {"relation": "at least", "keyword": "war", "frequency": 2, "num_words": None},
            {"relation": "at least", "keyword": "peace", "frequency": 2.0},
            {},
        ],
    )
    found = constraints()(sample)
    assert found.value == 0
    assert found.metrics == {
        "unread": 0,
        "kept": 1 / 3,
        "keywords:frequency": 0.5,
        "punctuation:no_comma": 0,
    }
    first = "keywords:frequency(relation='at least', keyword='peace', frequency=2)"
    assert found.reason == f"not kept: {first}; punctuation:no_comma"
    assert constraints(partial=True)(sample).value == 1 / 3


def test_instructions_of_all_records_and_of_one_are_added_where_both_are_asked_for():
    sample = make_sample("one, two", instruction_id_list=["startend:quotation"], kwargs=[{}])
    fixed = [{"kind": "punctuation:no_comma"}]
    assert set(constraints(constraints=fixed)(sample).metrics) == {"unread", "kept", "punctuation:no_comma"}
    both = constraints(constraints=fixed, field="instruction_id_list")(sample)
    assert set(both.metrics) == {"unread", "kept", "punctuation:no_comma", "startend:quotation"}


def test_a_reference_that_is_an_object_may_hold_them():
    told = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    assert constraints()(make_sample("one two", told)).value == 1
    assert constraints()(make_sample("one, two", told)).value == 0


def test_a_language_that_cannot_be_told_is_unread():
    french = {"kind": "language:response_language", "language": "fr"}
    assert paid("Paris", french).metrics["unread"] == 1
    assert paid("The dog is in the park.", french).metrics["unread"] == 0


def test_loose_readings_leave_out_the_first_and_the_last_line_and_asterisks():
    no_comma, quoted = {"kind": "punctuation:no_comma"}, {"kind": "startend:quotation"}
    for text in ("Sure, here it is:\none", "one\nBye, bye", "Sure, yes:\none\nBye, bye"):
        assert paid(text, no_comma).value == 0
        assert paid(text, no_comma, loose=True).value == 1
    assert paid("Sure, here it is:\none, two", no_comma, loose=True).value == 0
    assert paid('**"one"**', quoted, loose=True).value == 1
    assert paid("Sure, here it is:\n...", no_comma, loose=True).value == 0


def test_take_finds_what_has_to_keep_them():
    no_comma = {"kind": "punctuation:no_comma"}
    assert paid("First, this: <answer>one</answer>", no_comma, take="tag").value == 1
    assert paid("one", no_comma, take="tag").metrics["unread"] == 1


CONTRADICTORY = "ifeval-374"  # forbids a word of the prompt, which it also asks to repeat


def every_text(shared_data):
    for line in (shared_data / "ifeval" / "records.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        kinds, tables = record["instruction_id_list"], record["kwargs"]
        whole, breaking = plans(kinds, tables)
        yield record["id"], kinds, tables, None, whole.text()
        for at, plan in enumerate(breaking):
            if plan is not None:
                yield record["id"], kinds, tables, at, plan.text()


def test_generated_texts_follow_all_of_ifevals_instructions_or_break_exactly_one(
    shared_data,
):
    check, records = constraints(), set()
    for name, kinds, tables, broken, text in every_text(shared_data):
        records.add(name)
        sample = make_sample(text, instruction_id_list=kinds, kwargs=tables)
        if name == CONTRADICTORY:
            with pytest.raises(RecordError, match="contradict each other"):
                check(sample)
            continue
        found = check(sample)
        kept = [bool(Instruction(*one).is_kept([text])) for one in zip(kinds, tables, strict=True)]
        assert kept == [at != broken for at in range(len(kinds))], (name, broken, text)
        assert found.value == (broken is None), (name, broken, text)
    assert len(records) == 271


@pytest.mark.parametrize("language", SENTENCES)
def test_words_identify_a_language(language):
    text = SENTENCES[language]
    assert language_of(text) == language
    assert language_of(f"{text.capitalize()}. [name] 12 {text}!") == language
    assert language_of(text.upper()) == language


WORDS = {name: text.split() for name, text in SENTENCES.items() if len(text.split()) > 8}


@given(st.data(), st.sampled_from(sorted(WORDS)), st.sampled_from(sorted(WORDS)))
def test_no_language_is_taken_for_another(data, one, other):
    words = data.draw(st.permutations(WORDS[one]))
    assert language_of(" ".join(words)) == one
    if one != other:
        mixed = language_of(" ".join([*words, *WORDS[other]]))
        assert mixed in (None, one, other)


@pytest.mark.parametrize(
    "text", ["", "12 34", "Emma", "OK", "x y z", "\u10d0\u10d1\u10d2\u10d3\u10d4\u10d5", "네"]
)
def test_too_little_text_tells_no_language(text):
    assert language_of(text) is None


@given(
    st.lists(
        st.sampled_from(["one", "Zwei", "\u0434\u0432\u0430", "\u0939\u093f\u0928\u094d\u0926\u0940"]),
        max_size=30,
    )
)
def test_words_are_counted(words):
    assert count_words(" ".join(words)) == (len(words), len(words))
    assert count_words(", ".join(words) + " ... - *") == (len(words), len(words))


@given(
    st.lists(
        st.sampled_from(["We had it", "Ask Dr. Smith", "It is 3.5 m", "Yes", "See e.g. this"]), max_size=9
    )
)
def test_sentences_are_counted(sentences):
    for end in (". ", "! ", "?\n", '." ', "...\n\n", ".** "):
        assert count_sentences("".join(one + end for one in sentences)) == (len(sentences), len(sentences))


ANY = st.text() | st.text("*-#[]<>\"'.,!? \nabAB1{}:", max_size=60)
BOTH = [
    (table, *(constraints(constraints=[table], loose=loose) for loose in (False, True)))
    for table, *_ in TABLE
]


@given(ANY, st.sampled_from(BOTH))
def test_no_text_raises_and_what_is_read_loosely_is_paid_no_less(text, row):
    table, *checks = row
    strict, loose = (check(make_sample(text)) for check in checks)
    assert strict.value in (0, 1)
    assert strict.value <= loose.value
    assert strict.value == strict.metrics["kept"] == strict.metrics[table["kind"]]


RELATED = {
    "keywords:frequency": ("relation", "frequency", {"keyword": "a"}),
    "keywords:letter_frequency": ("let_relation", "let_frequency", {"letter": "a"}),
    "length_constraints:number_words": ("relation", "num_words", {}),
    "length_constraints:number_sentences": ("relation", "num_sentences", {}),
    "change_case:capital_word_frequency": ("capital_relation", "capital_frequency", {}),
}


@given(ANY, st.sampled_from(sorted(RELATED)), st.integers(1, 9))
def test_no_text_keeps_an_instruction_and_its_opposite(text, kind, number):
    relation, count, others = RELATED[kind]
    kept = {
        name: paid(text, {"kind": kind, relation: name, count: number, **others}).value
        for name in ("at least", "less than", "at most", "more than", "exactly")
    }
    assert kept["at least"] + kept["less than"] <= 1
    assert kept["more than"] + kept["at most"] <= 1
    assert kept["exactly"] <= min(kept["at least"], kept["at most"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "instruction_id_list is not a list of instructions"),
        ({"instruction_id_list": []}, "instruction_id_list is not a list of instructions"),
        ({"instruction_id_list": "punctuation:no_comma"}, "is not a list of instructions"),
        ({"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, "one table for each kind"),
        ({"instruction_id_list": ["punctuation:no_comma"], "kwargs": [[]]}, "entry 1, is not a table"),
        (
            {"instruction_id_list": ["no_comma"]},
            "'no_comma' is not a kind of instruction: write one of IFEval's, such as punctuation:no_comma",
        ),
        ({"instruction_id_list": [None]}, "None is not a kind"),
        (
            {
                "instruction_id_list": ["length_constraints:number_words"],
                "kwargs": [{"relation": "at least"}],
            },
            "entry 1: length_constraints:number_words: it needs num_words: write a whole number, 1 or more",
        ),
        (
            {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{"num_words": 3}]},
            "has no argument num_words: it takes no arguments",
        ),
        (
            {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": "xx"}]},
            "language='xx': write one of ar, bg",
        ),
    ],
)
def test_invalid_instructions_are_the_records_fault(fields, message):
    with pytest.raises(RecordError, match=message):
        constraints()(make_sample("one", **fields))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constraints": []}, "write a list of tables"),
        ({"constraints": "punctuation:no_comma"}, "write a list of tables"),
        ({"constraints": ["punctuation:no_comma"]}, "write a list of tables"),
        ({"constraints": [{}]}, "None is not a kind of instruction"),
        ({"constraints": [{"kind": "keywords:existence", "keywords": "a"}]}, "keywords='a': write a list"),
        ({"constraints": [{"kind": "keywords:existence", "keywords": [" "]}]}, "not blank"),
        (
            {
                "constraints": [
                    {"kind": "keywords:letter_frequency", "let_relation": "at least", "letter": "ab"}
                ]
            },
            "letter='ab': write one letter",
        ),
        (
            {
                "constraints": [
                    {"kind": "length_constraints:number_words", "relation": "around", "num_words": 2}
                ]
            },
            "relation='around': write one of at least, less than",
        ),
        (
            {
                "constraints": [
                    {"kind": "length_constraints:number_words", "relation": "at most", "num_words": 0}
                ]
            },
            "num_words=0: write a whole number, 1 or more",
        ),
        (
            {
                "constraints": [
                    {
                        "kind": "length_constraints:nth_paragraph_first_word",
                        "num_paragraphs": 2,
                        "nth_paragraph": 3,
                        "first_word": "it",
                    }
                ]
            },
            "nth_paragraph=3: write 2 or less",
        ),
        (
            {
                "constraints": [
                    {"kind": "startend:end_checker", "end_phrase": "Well, bye."},
                    {"kind": "punctuation:no_comma"},
                ]
            },
            "no completion meets both punctuation:no_comma and startend:end_checker",
        ),
        ({"loose": 1}, "write True or False"),
        ({"partial": "yes"}, "write True or False"),
        ({"field": " "}, "not blank"),
        ({"arguments": None}, "not blank"),
        ({"take": "nothing"}, "write one of"),
    ],
)
def test_an_invalid_option_is_refused(options, message):
    with pytest.raises(DecorationError, match=message):
        constraints(**options)


def test_every_kind_takes_linear_time():
    instructions = [Instruction(table["kind"], {**table, "kind": None}) for table, *_ in TABLE]
    work = lambda text: [one.is_kept([text]) for one in instructions]  # noqa: E731
    for piece in ("a", "a ", ".", "._", "_", "*", "* a\n", "[", "<<", "p.", "\n", "-'", "\u3002", "\u093f"):
        assert_linear(work, lambda size: piece * (size // len(piece)) + "b", 20_000)  # noqa: B023


@pytest.mark.parametrize("said", ["name", "_name_", "__name__", "na**me**", "*name*", "na<i></i>me"])
def test_emphasis_hides_no_forbidden_word(said):
    check = constraints(constraints=[{"kind": "keywords:forbidden_words", "forbidden_words": ["name"]}])
    assert check(make_sample(f"My {said} is Ada")).value == 0
    assert check(make_sample("I am Ada")).value == 1
