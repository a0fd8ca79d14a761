"""The letter that a completion gives as its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.extract import _choices
from support.found import choice_letter


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "(B)",
        "[B]",
        "B.",
        "B)",
        "B:",
        " B\n",
        "**B**",
        "`B`",
        '"B"',
        "$B$",
        "\\text{B}",
        "\\boxed{B}",
        "\\boxed{\\text{B}}",
        "\\boxed{(B)}",
        "\\boxed{B) dog}",
        "Answer: B",
        "answer: b",
        "Answer:B",
        "Answer - B",
        "ANSWER: (B)",
        "**Answer:** B",
        "**Answer: B**",
        "Answer:\nB",
        "Final answer: $\\text{B}$",
        "Answer: \\(B\\)",
        "The answer is B",
        "The answer is (B).",
        "the answer is b.",
        "The answer is: **B**",
        "The correct answer is B because A is wrong",
        "The answer is option B",
        "The correct option is B.",
        "The best choice would be B",
        "I choose B",
        "So the answer should be B.",
        "Answer: B, not A",
        "Answer: B) A dog ran",
        "B) a dog",
        "B. A dog",
        "B: dog",
        "**B.** dog",
        "(B) dog",
        "Option B is right",
        "It is (B) as I said: (B)",
        "B\n\nBecause dogs bark.",
        "So it is **B**.",
        "Answer: A\nNo, wait.\nAnswer: B",
        "A) cat\nB) dog\nC) cow\nD) hen\nAnswer: B",
        "Answer: A, but \\boxed{B}",
    ],
)
def test_settles_on_b(text):
    assert choice_letter(text) == "B"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "E",
        "Answer: E",
        "ABCD",
        "AB",
        "A B",
        "A, B, C, D",
        "A or B",
        "Answer: B or C",
        "Answer: B/C",
        "Answer: B, C",
        "Answer: (B) and (C)",
        "Answer: B C",
        "Answer: **A** or **B**",
        "Answer: A | B | C | D",
        "Answer: A dog",
        "The answer is a dog",
        "A dog barks.",
        "A dog.\nA cat.",
        "I am a cat",
        "the answer is not B",
        "A) cat\nB) dog",
        "(A) (B)",
        "\\boxed{}x\\boxed{A, B}",
        "\\boxed{dog}",
        "Bananas",
        "B12",
        "Answer: Bananas",
        "Answer: B's",
    ],
)
def test_settles_on_nothing(text):
    assert choice_letter(text) is None


def test_the_letter_a_is_not_the_article():
    assert choice_letter("A") == "A"
    assert choice_letter("Answer: A") == "A"
    assert choice_letter("The answer is A.") == "A"
    assert choice_letter("Answer: A because dogs bark") == "A"
    assert choice_letter("Answer: (A) dog") == "A"
    assert choice_letter("A dog would be my answer") is None
    assert choice_letter("answer: a") == "A"


def test_other_alphabets():
    assert choice_letter("Answer: J", "ABCDEFGHIJ") == "J"
    assert choice_letter("Answer: I am not sure", "ABCDEFGHIJ") is None
    assert choice_letter("Answer: D", "ABC") is None
    for letters in ("", "A", "AA", "ab", "A1", "ÄB"):
        with pytest.raises(ValueError, match="different capitals"):
            choice_letter("A", letters)


CLAIMED = [
    "The answer is B because A is wrong",
    "The answer is A. Wait, no, the answer is B",
    "I said A. Correction: B",
    "<answer>B</answer>",
    "x <answer>B</answer>",
    '{"answer": "B"}',
    "Total \\boxed{42}.\n\nAnswer: B",
    "Answer: B\n so \\boxed{42}",
    "A) Paris B) London C) Rome Answer: B",
    "B) London",
    "Ｂ",
    "（B）",
    "【B】",
    "答案是B",
    "答案：B",
    "选B",
    "选择B",
    "故选B",
    "正确答案为B",
    "应选B",
    "所以选B。",
    "故選 B。",
    "正確答案為 B",
    "Antwort: B",
    "Die richtige Antwort ist B.",
    "Réponse : B",
    "La bonne réponse est la B.",
    "Respuesta: B",
    "La respuesta correcta es B.",
    "Resposta: B",
    "A resposta correta é a B.",
    "Risposta: B",
    "La risposta corretta è B",
    "Ответ: B",
    "Правильный ответ — B.",
    "答えはBです。",
    "正解：B",
    "정답: B",
    "정답은 B입니다.",
    "الإجابة: B",
    "الإجابة الصحيحة هي B",
    "उत्तर: B",
    "सही उत्तर B है",
    "B is correct",
    "It's B",
    "So B.",
    "I'd choose B",
    "answer must be B",
    "B - Paris",
    "“B”",
    "Answer：B",
    "B is the correct answer.",
    "So it must be B.",
    "Therefore, B",
    "I would go with B.",
    "I would pick B",
    "b. 4",
    "Ans: B",
    "Final: B",
    "Answer – B",
    "Answer -> B",
    "must be: answer has to be B",
    "The answer is 'B'",
    "Option A is wrong, option B is right",
    "There is no doubt that the answer is B",
    "Since it is not A, the answer is B",
    "The answer is probably B",
    "The answer is B rather than A",
    "The answer is B instead of A.",
    "So the answer is \\box{B}",
    "选项B正确",
    "B选项是正确的",
    "A错误，B正确",
    "答案不是A，而是B",
    "ANSWER: B because option A is wrong",
    "The answer is B. (A) is wrong.",
]
DENIED_OR_SEVERAL = [
    "It cannot be (B)",
    "not B",
    "The answer is not (B).",
    "Option B is wrong.",
    "(B) is not the answer.",
    "Answer: B is incorrect",
    "We can rule out option B.",
    "The answer isn't B",
    "neither A nor B",
    "除了B",
    "不是B",
    "答案不是B",
    "不选B",
    "Answer: B (or C)",
    "B, or possibly C",
    "Answer: B, or possibly C",
    "B vs C",
    "Answer: B vs C",
    "Answer: B maybe C",
    "Answer: B? or C?",
    "B=C",
    "Answer: B=C",
    "A-D",
    "Answer: B-D",
    "The answer is A or B",
    "The answer is either A or B",
    "The answer is B. Wait, B is wrong.",
    "I do not think the answer is B",
    "If the answer is B, then x",
    "Is the answer B?",
    "Answer: В",
    "The answer is a dog",
    "So I think",
    "Answer: B. The answer is C",
    "Rather than (B)",
    "instead of (B)",
    "答案是B吗？",
    "B错误",
    "Antwort ist nicht B",
    "La respuesta no es B",
    "答えはBではない",
    "정답은 B가 아닙니다",
    "B^2",
    "Answer: B12",
    "Answer: 不是B",
    "La réponse n'est pas B",
    "Ответ не B",
    "The answer is A. No, the answer is neither A nor B",
]


@pytest.mark.parametrize("text", CLAIMED)
def test_a_claim_counts_in_every_form_and_language(text):
    assert choice_letter(text) == "B"


@pytest.mark.parametrize("text", DENIED_OR_SEVERAL)
def test_a_denied_doubted_or_hedged_letter_is_not_an_answer(text):
    assert choice_letter(text) is None


@given(
    st.permutations("ABCD"),
    st.sampled_from(
        ["The answer is {}", "Answer: {}", "\\boxed{{{}}}", "答案是{}", "<answer>{}</answer>", "Antwort: {}"]
    ),
    st.sampled_from(["", ".", " because {} is wrong.", ", not {}.", ". {} is incorrect."]),
    st.sampled_from(["", "({}) is wrong. ", "It cannot be ({}).\n", "We can rule out option {}.\n"]),
)
def test_a_claim_is_paid_even_if_it_denies_other_letters(letters, form, reason, lead):
    right, *others = letters
    text = lead.format(others[0]) + form.format(right) + reason.format(others[1])
    assert choice_letter(text) == right


@given(
    st.permutations("ABCD"),
    st.sampled_from(
        [
            "not {}",
            "It cannot be ({}).",
            "The answer is not {}.",
            "({}) is wrong.",
            "Option {} is incorrect.",
            "不是{}",
            "答案不是{}",
            "neither {} nor {}",
            "rather than ({})",
            "We rule out option {}.",
            "{}错误",
            "The answer is {} or {}",
            "Answer: {}, maybe {}",
            "Answer: {} vs {}",
            "\\boxed{{{}, {}}}",
            "The answer is {}. The answer is {}.",
        ]
    ),
)
def test_a_letter_that_is_denied_or_listed_with_another_is_never_paid(letters, form):
    assert choice_letter(form.format(*letters)) is None


@given(
    st.permutations("ABCD"), st.sampled_from(["Wait, no, the answer is", "Correction:", "Actually, it is"])
)
def test_a_revision_is_the_last_claim(letters, revised):
    one, other, *_ = letters
    assert choice_letter(f"The answer is {one}. {revised} {other}") == other


def test_digits_are_letters_too():
    assert choice_letter("The answer is 2.", "1234") == "2"
    assert choice_letter("答案是2", "1234") == "2"
    for text in ("Answer: 2 apples", "Answer: 25", "Answer: 2.5", "Answer: 2 or 3"):
        assert choice_letter(text, "1234") is None


@given(
    st.sampled_from("ABCD"),
    st.sampled_from("ABCD"),
    st.sampled_from(
        [
            " or ",
            "/",
            ", ",
            " and ",
            " & ",
            " ",
            " oder ",
            " ou ",
            " o ",
            " или ",
            " atau ",
            " hoặc ",
            "或",
            "または",
        ]
    ),
)
def test_naming_two_letters_is_not_an_answer(one, other, joint):
    if one != other:
        assert choice_letter(f"Answer: {one}{joint}{other}") is None


@given(st.text() | st.text("ABab()*. \nanswer:is", max_size=40))
def test_no_text_raises(text):
    assert choice_letter(text) in (None, "A", "B", "C", "D")


PIECES = [
    "A dog ran. ",
    "has a dog, ",
    "B\n",
    "_B_\n",
    "not ",
    "Is it ",
    "I doubt that the ",
    "But wait, ",
    "\n",
    "所以 ",
]
CLAIMS = [
    "answer: ",
    "Answer is ",
    "**Answer:** ",
    "Answer is (",
    "final answer is **",
    "Answer: **(",
    "\\boxed{",
    "answer is $\\boxed{\\text{",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=4),
    st.sampled_from(CLAIMS),
    st.sampled_from(["A", "B", "b", "C", "Z"]),
    st.sampled_from(
        [
            "",
            ".",
            ")",
            ").",
            "**",
            ")**.",
            "}",
            "}}",
            "}$.",
            "}.$",
            "}}$",
            "\n",
            " ",
            "?",
            " not",
            " is wrong",
        ]
    ),
)
def test_the_shortcut_for_a_plain_claim_reads_the_same_as_the_full_analysis(pieces, claim, letter, end):
    text = "".join([*pieces, claim, letter, end])
    patterns = _choices._compile("ABCD")
    short = _choices._plain_claim(text, "ABCD", patterns)
    assert short is None or short == _choices._settled(text, "ABCD", patterns)


def test_only_the_last_single_letters_are_read():
    assert choice_letter("Answer: A. " + "Answer: B. " * 4000) == "B"
    assert choice_letter("Answer: A. Answer: B. ") is None


@given(
    st.permutations("ABCD"),
    st.sampled_from(["are wrong", "are incorrect", "are not right", "were ruled out"]),
)
def test_a_list_of_letters_that_is_denied_claims_none_of_them(letters, wrong):
    first, second, third, right = letters
    for listed in (f"({first}), ({second}) and ({third})", f"({first}, {second})", f"{first} and {second}"):
        for lead in ("so", "Hence", "Therefore", "Thus"):
            said = f"{lead} {listed} {wrong}."
            assert choice_letter(said) is None, said
            assert choice_letter(f"{said} The answer is ({right}).") == right, said


SIDE_BY_SIDE = [
    "{a} {b}",
    "{a} or {b}",
    "{a}, {b}",
    "{a}/{b}",
    "{a} | {b}",
    "({a}) ({b})",
    "{a}\n{b}",
    "{a} {a} {b}",
]
SIDE_BY_SIDE += [
    f"Answer: {form}" for form in ("{a} {b}", "{a}, {b}", "{a} or {b}", "{a} {b} {c}", "{a} {a} {b}")
]
SIDE_BY_SIDE += [
    "{a} or Answer: {b}.",
    "The answer is {a} or the answer is {b}",
    "\\boxed{{{a}}} or \\boxed{{{b}}}",
]
SIDE_BY_SIDE += [
    "Answer: {a} \\lor {b}",
    "${a} \\vee {b}$",
    "Answer: {a} ∨ {b}",
    "Answer: {a} \\text{{ or }} {b}",
]


@given(st.permutations("ABCDI"), st.sampled_from(SIDE_BY_SIDE))
def test_letters_side_by_side_are_several(letters, form):
    a, b, c, *_ = letters
    text = form.format(a=a, b=b, c=c)
    assert not choice_letter(text, "ABCDI"), text


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Answer: C A dog is one", "C"),
        ("Answer: C I think", "C"),
        ("Answer: A. No change", "A"),
        ("Answer: B) Vitamin A and D", "B"),
        ("Answer: B) c", "B"),
        ("Answer: B (yes)", "B"),
        ("$B \\text{ is the answer}$", "B"),
        ("Answer: c, a dog", "C"),
        ("A resposta é a B.", "B"),
    ],
)
def test_an_explanation_of_a_letter_is_not_another_letter(text, letter):
    assert choice_letter(text) == letter
