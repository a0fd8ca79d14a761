"""Phrases that take back an answer, in every language of the table and at every position of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks.choices import choice, choice_set, label, yes_no
from graders.checks.json_fields import json_fields
from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.checks.text import exact, normalized
from graders.errors import RecordError
from graders.extract import after_marker, boxed, json_block, last_number, parse_number, tag
from graders.extract._retractions import is_taken_back
from graders.testing import make_sample

TAKEN_BACK = [
    "\nThat is wrong.",
    " Actually, no.",
    " Scratch that.",
    " That's not right.",
    " No.",
    " Wait, that is incorrect.",
    "\n\nI was wrong.",
    " Never mind.",
    " Hmm, that can't be right.",
    " This is false.",
    " It isn't the right answer.",
    " Not really.",
    "\n*Actually that is wrong.*",
    " I take that back.",
    " Forget it.",
    " Just kidding!",
    " Or not.",
    " This answer is incorrect.",
    " My answer is wrong.",
    " That was a mistake.",
    " I made a mistake.",
    " On second thought, no.",
    " Wrong!",
    " Ignore that.",
    " That does not make sense.",
    "不对。",
    "。不对。",
    "。这是错的。",
    "。等等，不对。",
    "。我算错了。",
    "。这个答案是错误的。",
    " Das ist falsch.",
    " Nein, das stimmt nicht.",
    " Non, c'est faux.",
    " Ce n'est pas correct.",
    " No, eso es incorrecto.",
    " Me equivoqué.",
    " Não, isso está errado.",
    " Isso não é correto.",
    " No, è sbagliato.",
    " Questo è sbagliato.",
    " Нет, это неверно.",
    " Неверно.",
    " Это неправильно.",
    " いや、違います。",
    "。それは間違いです。",
    " 아니요, 틀렸습니다.",
    " 그것은 틀렸습니다.",
    " لا، هذا خطأ.",
    " هذا غير صحيح.",
    " नहीं, यह गलत है।",
    " यह गलत है।",
    " Không, điều này sai.",
    " Tidak, itu salah.",
    " Hapana, jibu hili ni makosa.",
    " ไม่ใช่ คำตอบนี้ผิด",
    " না, এটি ভুল।",
    " కాదు, ఇది తప్పు.",
    " Ні, це неправильно.",
]
KEPT = [
    " That is right, no other option fits.",
    " B is wrong.",
    " No other answer is possible.",
    " No other option works.",
    " It is wrong to choose B.",
    " This is not a trick.",
    " Could it be B? No.",
    " B is tempting. That is wrong.",
    " B says 5. This is incorrect.",
    " Many choose B. That is wrong.",
    " It cannot be B.",
    " That is not B.",
    " This is because B is false.",
    " It is not B.",
    " None of the others fit.",
    " It is the only one that is not wrong.",
    " Not B.",
    " There is no error here.",
    " False statements are B and C.",
    " Therefore the answer is A.",
    " It is correct.",
    " That is correct, not wrong.",
    " No doubt.",
    " B、C 都不对。",
    " 其他选项不正确。",
    " B ist falsch.",
    " C'est la seule possible.",
    " Es la única correcta, no hay otra.",
    " Das ist richtig.",
]
CLAIMS = ["Answer: {}", "The answer is {}", "\\boxed{{{}}}", "<answer>{}</answer>", "答案是{}", "{}"]


def paid(check, completion, reference):
    return float(check(make_sample(completion, reference))) > 0


READERS = {
    "choice": (choice(), "A", CLAIMS),
    "choice_set": (choice_set(), "A, C", CLAIMS),
    "label": (label(["cat", "dog"]), "cat", CLAIMS),
    "yes_no": (yes_no(), "yes", CLAIMS),
    "number": (number(), "72", [*CLAIMS, "So 6 * 12 = {}", "**{}**", "Antwort: {}", "1 + 1 = 2\n\n{}"]),
    "marked": (number(marker="####"), "72", ["#### {}", "6 * 12\n#### ${}", "####\n{}"]),
    "boxed_number": (boxed_number(), "72", ["\\boxed{{{}}}", "$\\boxed{{ {} }}$"]),
    "list": (list_of_numbers(marker="####"), "1, 2", ["#### {}"]),
    "boxed": (exact(take="boxed"), "dog", ["\\boxed{{{}}}"]),
    "tag": (normalized(take="tag"), "dog", ["<answer>{}</answer>"]),
    "after_marker": (exact(take="after_marker"), "dog", ["#### {}"]),
}


@pytest.mark.parametrize("name", READERS)
def test_a_claim_that_is_taken_back_is_unread(name):
    check, answer, claims = READERS[name]
    for claim in claims:
        assert paid(check, claim.format(answer), answer), claim
        for back in TAKEN_BACK:
            for end in ("", "."):
                text = claim.format(answer) + end + back
                assert not paid(check, text, answer), text


def test_a_json_value_that_is_taken_back_is_unread():
    check = json_fields(fields=["a"])
    for form in ('{"a": 72}', 'It is {"a": 72}', '```json\n{"a": 72}\n```'):
        assert paid(check, form, {"a": 72})
        for back in TAKEN_BACK:
            assert not paid(check, form + "\n" + back, {"a": 72}), back


@pytest.mark.parametrize("back", [".\nThat is wrong.", "\nActually, no.", "\n不对。"])
def test_a_reference_that_is_taken_back_cannot_be_graded(back):
    for check, reference in (
        (number(marker="####"), "#### 72"),
        (number(take="tag"), "<answer>72</answer>"),
        (boxed_number(), "\\boxed{72}"),
        (number(), "72"),
        (exact(take="boxed"), "\\boxed{dog}"),
        (choice(), "Answer: B"),
    ):
        with pytest.raises(RecordError):
            paid(check, "72", reference + back)


@pytest.mark.parametrize("reason", KEPT)
def test_a_sentence_about_another_answer_changes_no_answer(reason):
    for answer, other in (("72", "5"), ("dog", "Cat")):
        behind = "\n" + reason.strip().replace("A", answer).replace("B", other).replace("C", "9")
        assert boxed(f"\\boxed{{{answer}}}{behind}") == answer
        assert tag(f"<answer>{answer}</answer>{behind}") == answer
        assert after_marker(f"#### {answer}{behind}") == answer


@given(
    st.sampled_from(["\\boxed{{{}}}", "#### {}", "<answer>{}</answer>", "The answer is {}."]),
    st.integers(2, 99),
    st.integers(100, 999),
)
def test_that_is_wrong_is_about_the_number_in_the_previous_sentence(claim, right, other):
    text = claim.format(right)
    check = number(marker="####") if claim.startswith("#") else number(take="tag" if "<" in claim else None)
    assert paid(check, text, right)
    assert not paid(check, f"{text}\nI got {right}. That is wrong.", right)
    if "boxed" in claim or "#" in claim or "<" in claim:
        assert paid(check, f"{text}\nSome get {other}. That is wrong.", right)


def test_another_element_is_judged_separately():
    assert tag("<valid>yes</valid>\n<error>no</error>", "valid") == "yes"
    assert not tag("<valid>yes</valid>\n<b>No.</b>", "valid")


def test_the_last_answer_counts_after_one_that_is_taken_back():
    assert after_marker("#### 70\nThat is wrong.\n#### 72") == "72"
    assert boxed("\\boxed{70} Wait, no. \\boxed{72}") == "72"
    assert tag("<answer>70</answer> I was wrong. <answer>72</answer>") == "72"
    assert json_block('{"a": 1} Wrong! {"a": 2}') == {"a": 2}
    assert last_number("\\boxed{70} That is wrong.\nFinal answer: 72") == 72
    assert not after_marker("#### 70\nThat is wrong.\n#### 72", which="first")
    assert not parse_number("72. That is wrong.")


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_sentence_about_another_answer_takes_nothing_back(claim):
    for reason in KEPT:
        text = claim.format("A") + "." + reason
        assert paid(choice(), text, "A"), text


def test_words_that_take_back_a_yes_explain_a_no():
    for text in ("No. That is wrong.", "Answer: no. It is not true.", "No, it is false."):
        assert paid(yes_no(), text, "no"), text
    assert not paid(yes_no(), "No. Scratch that.", "no")


@given(st.lists(st.sampled_from(TAKEN_BACK + KEPT), max_size=4), st.sampled_from(TAKEN_BACK))
def test_an_answer_that_is_taken_back_first_is_unread_whatever_follows(more, back):
    text = "The answer is A." + back + "".join(one for one in more if "the answer is A" not in one)
    assert not paid(choice(), text, "A"), text


@given(st.lists(st.sampled_from(TAKEN_BACK + KEPT), max_size=4).map("".join))
def test_a_text_in_another_script_takes_back_the_same_as_ascii(said):
    wide = said + " \u00e9"
    if said.isascii():
        assert is_taken_back("A" + said, 1, bool) == is_taken_back("A" + wide, 1, bool), said
