from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks.choices import choice, choice_set, label, yes_no
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample


def fits(check, completion, reference):
    return bool(check(make_sample(completion, reference)))


def test_choice_reads_the_reference_by_the_same_rules():
    for reference in ("B", "(B)", "B. Paris", "Answer: B", "\\boxed{B}"):
        assert fits(choice(), "b", reference)
    for reference in ("E", "Paris", "A or B", "BC"):
        with pytest.raises(RecordError):
            fits(choice(), "B", reference)
    assert fits(choice("ABCDEFGHIJ"), "Answer: J", "J")


@pytest.mark.parametrize(
    "reference",
    [
        "Since A is wrong, the answer is B",
        "The answer is A. Wait, B is correct",
        "a) is wrong. Answer: B",
        "（Ａ）错误，答案是B",
    ],
)
def test_a_reference_that_names_another_letter_first_is_not_read(reference):
    with pytest.raises(RecordError, match="before it settles on B"):
        fits(choice(), "B", reference)


@pytest.mark.parametrize(
    "reference",
    ["b) a dog", "答案是B", "Answer: B, not A", "The correct answer is (B) Paris.", "B - Vitamin C"],
)
def test_a_reference_that_names_its_letter_first_is_read(reference):
    assert fits(choice(), "B", reference)
    assert not fits(choice(), "A", reference)


@pytest.mark.parametrize("completion", ["A", "B", "C", "D"])
def test_a_constant_wins_only_its_own_share(completion):
    assert [fits(choice(), completion, reference) for reference in "ABCD"].count(True) == 1


@pytest.mark.parametrize(
    ("completion", "says"),
    [
        ("Yes.", "yes"),
        ("YES", "yes"),
        ("**yes**", "yes"),
        ("[yes]", "yes"),
        ("True", "yes"),
        ("no", "no"),
        ("No, it is too far.", "no"),
        ("false", "no"),
        ("It is far.\nAnswer: no", "no"),
        ("There is no doubt.\n\nYes", "yes"),
        ("Yes, it is.\nThere is no doubt.", "yes"),
        ("Answer: yes\nwait\nAnswer: no", "no"),
        ("The answer is yes.", "yes"),
        ("", None),
        ("maybe", None),
        ("yes and no", None),
        ("yes/no", None),
        ("Answer: yes or no", None),
        ("yesterday", None),
        ("nothing", None),
        ("Yes. No.", None),
        ("Answer:", None),
        ("Yes, there is no doubt.", "yes"),
        ("Yes. No other reading is possible.", "yes"),
        ("Answer: Yes, there is no reason to doubt", "yes"),
        ("Yes — there is no issue", "yes"),
        ("是", "yes"),
        ("<answer>yes</answer>", "yes"),
        ("Ja", "yes"),
        ("No, it is not true.", "no"),
        ("不是", "no"),
        ("nein", "no"),
        ("Нет", "no"),
        ("It is not true", None),
        ("The answer is not yes", None),
        ("I cannot say yes", None),
        ("no doubt", None),
        ("是不是", None),
        ("对错", None),
        ("Wahr.", "yes"),
        ("Das ist nicht wahr.", None),
    ],
)
def test_yes_no(completion, says):
    assert fits(yes_no(), completion, "yes") is (says == "yes")
    assert fits(yes_no(), completion, "no") is (says == "no")


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        *(("có", "không"), ("ใช่", "ไม่ใช่"), ("হ্যাঁ", "না"), ("అవును", "కాదు"), ("так", "ні"), ("ya", "tidak")),
        ("ndiyo", "hapana"),
    ],
)
def test_a_label_reads_yes_and_no_in_another_language_by_its_words(yes, no):
    check = label({"yes": ["yes", yes], "no": ["no", no]})
    for completion, says in (
        (yes, "yes"),
        (f"{yes.capitalize()}.", "yes"),
        (no, "no"),
        (f"Answer: {no}.", "no"),
    ):
        assert [fits(check, completion, other) for other in ("yes", "no")] == [says == "yes", says == "no"]


def test_yes_no_takes_booleans_as_references():
    assert fits(yes_no(), "yes", True)
    assert fits(yes_no(), "no", False)
    assert not fits(yes_no(), "yes", False)


def test_labels_of_several_words_are_read_longest_first():
    mood = label({"positive": ["positive", "good"], "negative": ["negative", "bad", "not good"]})
    assert fits(mood, "This is not good.", "negative")
    assert not fits(mood, "This is not good.", "positive")
    assert fits(mood, "Good", "POSITIVE")
    assert fits(label(["C++", "C"]), "It is C++!", "C++")
    assert fits(label(["very_good", "bad"]), "very good", "very_good")
    assert not fits(label(["positive", "negative"]), "non-positive", "positive")
    assert not fits(label(["entailment", "contradiction"]), "It is not a contradiction", "contradiction")


@pytest.mark.parametrize(
    "labels",
    [
        [],
        ["a"],
        "ab",
        ["a", "A "],
        ["a", ""],
        {"a": "xy", "b": ["z"]},
        {"a": ["x"], "b": ["X"]},
        {"a": ["x"], "b": []},
    ],
)
def test_invalid_labels_are_refused(labels):
    with pytest.raises(DecorationError):
        label(labels)


@pytest.mark.parametrize("letters", ["", "A", "AA", "ab", 7, None])
def test_invalid_letters_are_refused(letters):
    with pytest.raises(DecorationError):
        choice(letters)


FORMS = [
    "Answer: {}",
    "The answer is {}.",
    "So \\boxed{{{}}}",
    "<answer>{}</answer>",
    "{}",
    "I think.\nAnswer: **{}**",
    "答案是{}",
    "The correct answers are {}",
    "\\boxed{{\\text{{{}}}}}",
]
LISTS = [", ".join, "、".join, " and ".join, "".join, lambda letters: "".join(f"({one})" for one in letters)]
some = st.sets(st.sampled_from("ABCD"), min_size=1).map(sorted)


@given(
    some, some, st.sampled_from(FORMS), st.sampled_from(LISTS), st.sampled_from([list, ", ".join, "".join])
)
def test_a_set_of_letters_pays_only_when_it_is_the_references(right, named, form, joined, reference):
    sample = make_sample(form.format(joined(named)), reference(right))
    assert choice_set()(sample).metrics["unread"] == 0
    assert float(choice_set()(sample)) == (named == right)


@pytest.mark.parametrize("completion", ["The answer is a, c", "Answer: option A, C", "Ａ，Ｃ", "A\nC"])
def test_a_set_is_read_whole_however_it_is_written(completion):
    assert float(choice_set()(make_sample(completion, "A, C"))) == 1
    assert float(choice_set()(make_sample(completion, "C"))) == 0


@given(some, some, st.sampled_from("ABCD"))
def test_partial_credit_never_grows_by_a_wrong_letter(right, named, more):
    check = choice_set(partial=True)
    paid = [
        float(check(make_sample(", ".join(sorted(one)), right)))
        for one in (named, {*named, more}, set("ABCD"))
    ]
    assert (paid[1] >= paid[0]) if more in right else (paid[1] <= paid[0])
    assert paid[2] == (len(right) == 4)


@pytest.mark.parametrize(
    "completion",
    [
        "A or C",
        "Answer: A, C, maybe B",
        "The answer is not A, C",
        "Answer: A, C are wrong",
        "Answer: A, C\nB",
        "Answer: A, C\nWait, B too.",
        "Answer: A dog and a cat",
        "A cat",
        "",
        "A, E",
        "Answer: bad",
        "Answer: a cad",
        "abc",
    ],
)
def test_a_set_that_is_hedged_or_denied_is_unread(completion):
    answer = choice_set(partial=True)(make_sample(completion, "A, C"))
    assert (float(answer), answer.metrics["unread"]) == (0.0, 1.0)


@pytest.mark.parametrize(
    "reference", ["A or C", "Paris", "A, E", "", [], ["A", 1], ["AC"], "Since A is wrong, C"]
)
def test_a_reference_that_is_no_set_of_letters_is_refused(reference):
    with pytest.raises(RecordError):
        choice_set()(make_sample("A, C", reference))


@pytest.mark.parametrize(
    "completion",
    [
        "Answer: yes. Wait, not yes.",
        "Yes. Wait, no.",
        "Yes.\nActually, no.",
        "Yes, but no.",
        "是。等等，不是。",
    ],
)
def test_a_label_that_is_taken_back_is_no_answer(completion):
    for reference in ("yes", "no"):
        assert float(yes_no()(make_sample(completion, reference))) == 0


def test_what_only_looks_like_taking_back_leaves_the_label():
    for completion in (
        "Yes. I mean it: yes.",
        "Yes. However, it is not no.",
        "Yes, but no other way is shorter.",
    ):
        assert float(yes_no()(make_sample(completion, "yes"))) == 1


DOUBTS = ["It is not true that", "It is false that", "It is wrong that", "It is incorrect to say that"]
DOUBTS += ["I doubt that", "I do not think", "Nobody can deny whether", "If", "Unless", "Suppose"]
READERS = [(choice(), "B"), (choice_set(), "A, C"), (yes_no(), "yes"), (label(["cat", "dog"]), "dog")]


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize(("check", "reference"), READERS, ids=["choice", "choice_set", "yes_no", "label"])
def test_no_check_pays_what_the_clause_before_a_claim_denies_or_doubts(check, reference, doubt):
    for claim in ("the answer is", "the answer:"):
        text = f"{doubt} {claim} {reference}"
        assert float(check(make_sample(text, reference))) == 0, text
        assert float(check(make_sample(text + ".", reference))) == 0, text


@pytest.mark.parametrize(("check", "reference"), READERS, ids=["choice", "choice_set", "yes_no", "label"])
def test_a_reason_that_calls_something_false_leaves_the_claim_after_it(check, reference):
    text = f"Since the first is false the answer is {reference}"
    assert float(check(make_sample(text, reference))) == 1


NAMES = ["positive", "negative", "neutral", "very positive"]
SPELLED = st.sampled_from([str, str.upper, str.capitalize, lambda name: name.replace(" ", "_")])
RIGHT = ["{}", "{}.", "**{}**", '"{}"', "({})", "{}!", "# {}", "Answer: {}", "The answer is {}.", "Label: {}"]
RIGHT += ["\\boxed{{{}}}", "\\boxed{{\\text{{{}}}}}", "<answer>\n{}\n</answer>", "Final answer: **{}**"]
RIGHT += [
    "The words tell.\n\n**{}**",
    "{}, because of the tone.",
    "{}. The tone says so.",
    "I think it is {}.",
]
RIGHT += ["It is {} since it praises.", "答案是{}", "Antwort: {}", '{{"label": "{}"}}', "It is {}, no doubt."]
WRONG = [
    "not {}",
    "{} is wrong",
    "It is not {}.",
    "{} or {other}",
    "either {} or {other}",
    "non-{}",
    "un{}",
    "{}ly",
]
WRONG += [
    "The answer is not {}",
    "Answer: {}. Wait, {other}.",
    "Answer: {}\nThat is wrong.",
    "Answer: {} {other}",
]
WRONG += [
    "Answer: {}, maybe {other}",
    "Answer: {} (or {other})",
    "{}, {other}",
    "{} -> {other}",
    "{} vs {other}",
]
WRONG += ["Answer: {}-ish", "Answer: far from {}", "Answer: {} - {other}", "{}/{other}", "Answer: {}. No."]
WRONG += ["anything but {}", "I doubt that the answer is {}", "neither {} nor {other}", "{}. Scratch that."]


@given(st.sampled_from(NAMES), SPELLED, st.sampled_from(RIGHT))
def test_a_label_is_paid_in_every_form_and_spelling(name, spelled, form):
    text = form.format(spelled(name))
    assert [one for one in NAMES if fits(label(NAMES), text, one)] == [name]


@given(st.sampled_from(NAMES[:3]), st.sampled_from(NAMES[:3]), SPELLED, st.sampled_from(WRONG))
def test_a_label_that_is_denied_or_joined_to_another_is_never_paid(name, other, spelled, form):
    if other != name:
        text = form.format(spelled(name), other=other)
        assert not fits(label(NAMES), text, name), text
