from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.errors import DecorationError, RecordError
from graders.extract._conjunctions import OR
from graders.testing import make_sample


def fits(check, completion, reference):
    return bool(check(make_sample(completion, reference)))


# Wrong answers to 72: near, scaled, with another sign, or with other digits.
LADDER = [
    "71",
    "73",
    "72.4",
    "71.6",
    "72.72",
    "71.28",
    "720",
    "7200",
    "7.2",
    "0.72",
    "-72",
    "172",
    "2",
    "7",
    "27",
    "0",
    "1",
    "72e1",
    "72 * 10",
]


@pytest.mark.parametrize("wrong", LADDER)
def test_a_wrong_number_is_wrong_without_a_tolerance(wrong):
    assert not fits(number(), wrong, "72")
    assert not fits(number(marker="####"), f"#### {wrong}", "#### 72")
    assert not fits(boxed_number(), f"\\boxed{{{wrong}}}", "72")


def test_tolerances_reach_as_far_as_they_say():
    assert fits(number(tolerance=0.5), "72.5", "72")
    assert not fits(number(tolerance=0.5), "72.500001", "72")
    assert fits(number(relative=0.01), "72.72", "72")
    assert not fits(number(relative=0.01), "72.7200001", "72")
    assert fits(number(relative=0.01), "-72.72", "-72")
    assert not fits(number(relative=0.5), "0.05", "0")
    assert not fits(number(relative=0.1), "-0.05", "0.05")


@given(st.floats(-0.1, 0.1).filter(bool))
def test_no_constant_wins_small_references(reference):
    assert not fits(number(), "ANSWER: 0", reference)
    assert not fits(number(relative=0.01), "ANSWER: 0", reference)


@pytest.mark.parametrize(
    "options",
    [
        {"tolerance": -1},
        {"tolerance": "1"},
        {"tolerance": float("nan")},
        {"relative": float("inf")},
        {"relative": True},
        {"marker": ""},
        {"marker": 7},
    ],
)
def test_invalid_options_are_refused(options):
    with pytest.raises(DecorationError):
        number(**options)
    with pytest.raises(DecorationError):
        list_of_numbers(**options)


def test_references_of_several_kinds():
    assert fits(number(), "72", 72)
    assert fits(number(), "0.1", 0.1)
    assert fits(number(marker="A:"), "A: 72", "so 6 * 12\nA: 72")
    assert fits(boxed_number(), "\\boxed{72}", "6 * 12 = \\boxed{72}")
    assert fits(list_of_numbers(), "1, 2.5", [1, 2.5])
    assert fits(list_of_numbers(marker="####"), "3 + 4\n#### 1 and 2", "5\n#### 1, 2")
    assert fits(list_of_numbers(marker="####"), "3 + 4\n#### 1 and 2", "1, 2")
    for check, reference in (
        (boxed_number(), "1 or 2"),
        (number(), [72]),
        (list_of_numbers(), ["a"]),
        (list_of_numbers(), "1.2.3"),
        (list_of_numbers(marker="####"), "1 ####"),
    ):
        with pytest.raises(RecordError):
            fits(check, "1", reference)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,000, 2,000", [1000, 2000]),
        ("1,2,3", [1, 2, 3]),
        ("100 200", [100, 200]),
        ("100,200", [100200]),
        ("-1,2,-3", [-1, 2, -3]),
        ("\\{\\frac12, 1 3/4\\}", [0.5, 1.75]),
        ("$1$, $2$, and 3.", [1, 2, 3]),
        ("1,234.50; 1.234,75", [1234.5, 1234.75]),
    ],
)
def test_a_list_is_read_with_its_separators(text, values):
    assert fits(list_of_numbers(), text, values)
    assert fits(list_of_numbers(), "; ".join(map(str, values)), text)


@pytest.mark.parametrize(
    "text", ["[-1, 2)", "1 or 2", "1, x < 2", "1, 2\\sqrt{3}", "2 million, 3", "- 1\n2", "1-2"]
)
def test_what_is_no_list_of_numbers_is_unread(text):
    assert list_of_numbers()(make_sample(text, "1, 2")).metrics == {"unread": 1.0}
    with pytest.raises(RecordError):
        fits(list_of_numbers(), "1, 2", text)


@pytest.mark.parametrize("text", ["x in (1, 2)", "x = 1, y = 2", "72 clips", "The numbers are 1, 2.", "nan"])
def test_a_reference_is_a_list_and_nothing_else(text):
    with pytest.raises(RecordError):
        fits(list_of_numbers(), "1, 2", text)


def test_lists():
    assert fits(list_of_numbers(tolerance=0.1), "1.1, 2", "1, 2")
    assert not fits(list_of_numbers(), "", "1")
    assert not fits(list_of_numbers(), "1, 2, 12:30", "1, 2")
    assert not fits(list_of_numbers(), "1 " * 500_000, "1")
    assert fits(list_of_numbers(ordered=False), "(2; 1)", "1, 2")


@given(st.lists(st.integers(-999, 999), min_size=1, max_size=8), st.randoms())
@settings(max_examples=50)
def test_a_list_equals_itself_and_its_shuffle_only_without_order(values, random):
    text = ", ".join(map(str, values))
    shuffled = list(values)
    random.shuffle(shuffled)
    other = ", ".join(map(str, shuffled))
    assert fits(list_of_numbers(), text, text)
    assert fits(list_of_numbers(ordered=False), other, text)
    assert fits(list_of_numbers(), other, text) is (shuffled == values)
    assert not fits(list_of_numbers(ordered=False), f"{text}, 1000", text)


# Forms of a non-negative number in docs/answers.md. The frames below make completions of them.
FORMS = {
    "plain": lambda value: str(value),
    "grouped": lambda value: f"{value:,}",
    "thin spaces": lambda value: f"{value:,}".replace(",", "\u2009"),
    "spaces": lambda value: f"{value:,}".replace(",", " "),
    "apostrophes": lambda value: f"{value:,}".replace(",", "'"),
    "latex groups": lambda value: f"{value:,}".replace(",", "{,}"),
    "cents": lambda value: f"${value:,}.00",
    "comma cents": lambda value: f"{value:,}".replace(",", ".") + ",00 €" if value > 999 else f"{value} €",
    "quotient": lambda value: f"{2 * value}/2",
    "frac": lambda value: f"\\frac{{{3 * value}}}{{3}}",
    "wide": lambda value: str(value).translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
    "arabic": lambda value: str(value).translate({48 + digit: 0x660 + digit for digit in range(10)}),
    "bold": lambda value: f"**{value}**",
    "math": lambda value: f"$\\mathbf{{{value}}}$",
    "unit": lambda value: f"{value}\\text{{ cm}}^2",
    "code": lambda value: f"CHF {value}",
    "percent": lambda value: f"{value}\\%",
    "power": lambda value: f"{value} x 10^0",
    "footnote": lambda value: f"{value} [1]",
    "named": lambda value: f"x = {value}",
}
FRAMES = [
    "The answer is {}.",
    "so it is\n{}",
    "So \\boxed{{{}}}.",
    "Answer: {}",
    "1 + 1 = 2\nFinal answer: {}",
]
# Announcements of a number in other languages, and the words that follow it.
CLAIMS_ABROAD = [
    "Antwort: {}. Das sind 3 Schritte.",
    "Die Antwort lautet {}. Es waren 3.",
    "Réponse : {}. En 3 étapes.",
    "La réponse est donc {}. Elle a 3 enfants.",
    "La respuesta es {}. Son 3 pasos.",
    "Resposta final: {}. São 3 pessoas.",
    "La risposta è {}. In 3 passi.",
    "Ответ — {}. Всего 3 шага.",
    "答案是{}。一共3步。",
    "答：{}。一共3步。",
    "答えは{}です。3人です。",
    "정답은 {}입니다. 3단계입니다.",
    "الإجابة هي {}. هناك 3 خطوات.",
    "उत्तर {} है। 3 चरण।",
    "Câu trả lời là {}. Có 3 bước.",
    "Jawabannya adalah {}. Ada 3 langkah.",
    "Jibu ni {}. Hatua ni 3.",
    "คำตอบคือ {} มีสาม",
    "উত্তর হল {}। 3টি ধাপ।",
    "సమాధానం {}. ఇవి 3 దశలు.",
    "Відповідь: {}. Усього 3 кроки.",
]
SIGNS = ["-", "\u2212", "minus ", "negative "]
# Contexts in which a number has another value or is not an answer.
UNDONE = """not {}|half of {}|twice {}|> {}|< {}|\\sqrt{{{}}}|{} + 1|{} - 1|1 - {}
${}!$|{}^2|2^{}|{}x|\\pm {}|at least {}|{} or more|{} or 987654|[0, {}]|({}, 1)
{} million|{}k|{} dozen|{} and a half|2({})|f({})|- {}|\u2014{}|{}_7|{}\\pi|{}i|{}/0""".replace(
    "\n", "|"
).split("|")
VALUES = st.integers(2, 10**7)


@given(VALUES, st.sampled_from(sorted(FORMS)), st.sampled_from(FRAMES))
def test_a_right_number_is_paid_in_every_form(value, form, frame):
    text = FORMS[form](value)
    assert fits(number(), frame.format(text), value), (frame, text)
    assert fits(number(marker="####"), f"#### {text}", f"#### {value}"), text
    assert fits(boxed_number(), f"\\boxed{{{text}}}", str(value)), text


@given(VALUES, VALUES, st.sampled_from(sorted(FORMS)), st.sampled_from(FRAMES))
def test_a_wrong_number_is_paid_in_no_form(value, other, form, frame):
    text = FORMS[form](other)
    for check, completion in (
        (number(), frame.format(text)),
        (number(marker="####"), f"#### {text}"),
        (boxed_number(), f"\\boxed{{{text}}}"),
    ):
        assert fits(check, completion, value) is (value == other), completion


@given(VALUES, VALUES, st.sampled_from(CLAIMS_ABROAD), st.sampled_from(["", "-"]))
def test_a_number_is_claimed_in_every_language(value, other, claim, sign):
    assert fits(number(), claim.format(f"{sign}{value}"), f"{sign}{value}"), claim
    assert not fits(number(), claim.format(f"{sign}{other + value}"), f"{sign}{value}"), claim
    assert not fits(number(), claim.format(f"{sign}{value + 3}"), 3), claim


@given(
    VALUES, st.sampled_from(SIGNS), st.sampled_from(["plain", "grouped", "quotient", "cents", "wide", "bold"])
)
def test_a_sign_is_never_lost(value, sign, form):
    text = sign + FORMS[form](value)
    assert fits(number(), f"The answer is {text}.", -value), text
    assert not fits(number(), f"The answer is {text}.", value), text


@given(
    VALUES, st.sampled_from(UNDONE), st.sampled_from(["plain", "grouped", "frac"]), st.sampled_from(FRAMES)
)
def test_what_is_not_the_number_is_never_paid(value, undone, form, frame):
    text = undone.format(FORMS[form](value))
    assert not fits(number(), frame.format(text), value), (frame, text)
    assert not fits(number(marker="####"), f"#### {text}", value), text
    assert not fits(boxed_number(), f"\\boxed{{{text}}}", value), text
    with pytest.raises(RecordError):
        fits(number(), "1", text)


@given(st.lists(st.integers(-999, 999), min_size=2, max_size=9), st.sampled_from(["- ", "* ", "• ", ""]))
def test_a_list_with_an_item_a_line_reads_as_its_items_unless_it_goes_on(numbers, bullet):
    text = "\n".join(f"{bullet}{one}" for one in numbers)
    check = list_of_numbers()
    assert check(make_sample(text, numbers)).value == 1
    assert check(make_sample(f"{text}, ...", numbers)).metrics == {"unread": 1.0}


@given(
    st.integers(0, 999),
    st.integers(1, 999),
    st.sampled_from([*OR.split("|"), "或者", "または", "หรือ", "또는", "أو", "या"]),
)
def test_one_of_two_numbers_is_no_answer_in_any_language(one, more, joint):
    for text in (f"{one} {joint} {one + more}", f"x = {one} {joint} x = {one + more}"):
        assert number()(make_sample(text, str(one + more))).metrics == {"unread": 1.0}


@given(st.integers(0, 999), st.integers(1, 999), st.sampled_from(["between {} and {}", "zwischen {} und {}"]))
def test_the_end_of_a_range_is_not_the_answer(low, more, form):
    text = form.format(low, low + more)
    assert number()(make_sample(f"It is {text}.", str(low + more))).metrics == {"unread": 1.0}


@given(
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from(
        [
            "Moment, es sind {}.",
            "En fait, c'est {}.",
            "En realidad es {}.",
            "Na verdade, é {}.",
            "In realtà è {}.",
        ]
        + [
            "Ой, {}.",
            "На самом деле {}.",
            "等等，应该是{}。",
            "いや、{}です。",
            "사실 {}입니다.",
            "असल में {}।",
            "Sebenarnya {}.",
        ]
    ),
)
def test_a_correction_takes_back_only_another_number(one, other, form):
    found = number()(make_sample(f"Antwort: {one}. {form.format(other)}", str(one)))
    assert found.value == (one == other)
    assert number()(make_sample(f"Antwort: {one}. {form.format('x')}", str(one))).value == 1


@pytest.mark.parametrize(
    "answer",
    ["Un total de {}.", "Der Preis von {} Euro.", "大于{}的数不存在，答案是{}", "Это на 24 больше: {}."],
)
def test_words_of_comparison_elsewhere_leave_a_number_what_it_is(answer):
    assert number()(make_sample(answer.format(72, 72), "72")).value == 1
