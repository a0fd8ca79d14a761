"""What reads as a number, and what it is worth."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import RecordError
from graders.extract import reference_number, same_number
from support.found import last_number, parse_number

SPELLINGS_OF_72 = """\
72|072|+72|72.|72,|72;|72!|72.0|72.00|72.|７２|٧٢|7\u200b2|72\u00a0|\ufeff72|$72|$72.00|€72|72 €
£72|72 USD|USD 72|USD72|US$72|**72**|`72`|"72"|“72”|'72'|(72)|[72]|{72}|_72_|*72*|$72$|\\(72\\)
\\[72\\]|\\boxed{72}|$\\boxed{72}$|\\$72|\\text{72}|72 \\text{ km}|\\mathbf{72}|- 72|* 72|= 72
x = 72|answer: 72|the answer is 72|72 dollars|72km|72 km/h|72%|72\\%|72 percent|72 m2|72 m^2
72 m²|72^{\\circ}|72nd|144/2|\\frac{144}{2}|7.2e1|7.2 x 10^1|7.2×10¹|0.72e2|720e-1|<<6*12=72>>72
#72|72:|...72|72...|72?|~72|≈72|72 clips in all|about 72 each|CO2: 72|>72|<b>72</b>|72 🎉""".replace(
    "\n", "|"
).split("|")

VALUES = {
    "-72": -72,
    "−72": -72,
    "–72": -72,
    "-$72": -72,
    "$-72": -72,
    "−$72": -72,
    "-(72)": -72,
    "-**72**": -72,
    "-US$72": -72,
    "\\boxed{-72}": -72,
    "x=-72": -72,
    "1,234,567": 1234567,
    "1,234.50": Fraction(2469, 2),
    "1\u00a0234": 1234,
    "1\u202f234\u2009567": 1234567,
    "1{,}234": 1234,
    "1\\,234": 1234,
    "100,200": 100200,
    ".5": Fraction(1, 2),
    "-.5": Fraction(-1, 2),
    "0.1": Fraction(1, 10),
    "1/2": Fraction(1, 2),
    "-1/2": Fraction(-1, 2),
    "1 1/2": Fraction(3, 2),
    "-1 1/2": Fraction(-3, 2),
    "½": Fraction(1, 2),
    "2½": Fraction(5, 2),
    "−½": Fraction(-1, 2),
    "\\frac{1}{2}": Fraction(1, 2),
    "-\\dfrac{1}{2}": Fraction(-1, 2),
    "3\\frac{1}{2}": Fraction(7, 2),
    "1e3": 1000,
    "1E-3": Fraction(1, 1000),
    "1.5 \\times 10^{3}": 1500,
    "1.5*10^3": 1500,
    "1.5×10⁻³": Fraction(3, 2000),
    "2 million": 2_000_000,
    "1.5 billion": 1_500_000_000,
    "50%": 50,
    "0": 0,
    "-0": 0,
    "00": 0,
    "1e400": 10**400,
}

NO_ONE_NUMBER = """\
| |.|,|-|+|$|#|nan|NaN|inf|-inf|Infinity|None|{}|[]|\u200b|I don't know|seventy-two|½½|²
\\boxed{}|<<6*12=72>>|<<6*12=72|<<72|1 3/2|7,2|1,2,3|1,234,56|1.234,56|1 234|72 or 73|70 71 72
70, 71, 72|70/71/72|70–72|72-73|48 - 24|72 * 10|6*12=72|72 is wrong, it is 73|$5 by 2020|1.2.3
2024-01-05|01/02/2024|12:30|3:4|7^2|7²|7**2|10^3|2**3|72k|72K|72M|72B|72bn|7a2|0x48|72e5x|12h30
72/0|7.2/0.1|1e401|1e999999|1e-999999|\\sqrt{72}|2\\pi|√72|±72|≥72|≠72|\\pm 72|\\frac{72}{x}|∞
CO2|x72|x_72|m^2""".replace("\n", "|").split("|")


@pytest.mark.parametrize("text", SPELLINGS_OF_72)
def test_every_spelling_of_72_is_72(text):
    assert parse_number(text) == 72
    assert same_number(f"working: 6 * 12 = 99\n#### {text}", "6 * 12 = 72\n#### 72", marker="####")


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_spellings_are_worth_their_value_exactly(text, value):
    assert parse_number(text) == value
    assert isinstance(parse_number(text), (int, Fraction))


@pytest.mark.parametrize("text", NO_ONE_NUMBER)
def test_what_is_not_one_number_is_none(text):
    assert parse_number(text) is None
    assert not same_number(f"#### {text}", "#### 72", marker="####")


@pytest.mark.parametrize(
    "text",
    ["71", "73", "-72", "7.2", "720", "7200", ".72", "0.72", "27", "722", "72.4", "71.6", "7", "2", "0", "1"],
)
@pytest.mark.parametrize("marker", [None, "####"])
def test_wrong_numbers_are_wrong(text, marker):
    assert not same_number(f"#### {text}", "#### 72", marker=marker)


def test_the_last_number_counts_without_a_marker():
    assert last_number("12 and then 72 clips.\n\nThat is all!") == 72
    assert last_number("no digits") is None
    assert last_number("72, see version 1.2.3") is None
    assert last_number("so 6 * 12 = <<6*12=72>>72 clips") == 72
    assert last_number("so it is 72\n<<6*12=99>>") == 72
    assert last_number("x " * 20_000 + "72 " + "y " * 4_000) == 72


def test_a_sign_after_a_number_is_an_operation():
    assert last_number("48-24") == 24
    assert last_number("48 -24") == -24
    assert last_number("it fell by 10% to -24") == -24


@pytest.mark.parametrize(
    "reference", ["", "no number", "####", "#### ,", "#### ten", "1.2.3", "#### 7 or 8", "72\n####"]
)
def test_a_reference_without_its_number_is_the_records_fault(reference):
    with pytest.raises(RecordError):
        same_number("#### ,", reference, marker="####")


@pytest.mark.parametrize("reference", [float("nan"), float("inf"), None, True, [], {}])
def test_what_is_no_number_is_no_reference(reference):
    for marker in (None, "####"):
        with pytest.raises(RecordError):
            same_number("#### 1", reference, marker=marker)


def test_a_reference_may_lack_the_marker_if_it_is_one_number():
    assert reference_number("$1,080", marker="####") == 1080
    assert reference_number(0.1) == Fraction(1, 10)
    assert reference_number(72, marker="####") == 72
    with pytest.raises(RecordError):
        reference_number("48/2 is 24, and 24 + 48 is 72", marker="####")


def test_equality_is_exact_and_tolerance_is_as_written():
    assert same_number("0.1", "1/10")
    assert same_number("0.30000000000000004", "0.3", tolerance=1e-9)
    assert not same_number("0.30000000000000004", "0.3")
    assert same_number("72.3", "72", tolerance=0.3)
    assert not same_number("72.30001", "72", tolerance=0.3)
    assert not same_number("9007199254740993", "9007199254740992")
    assert not same_number("no number", "72", tolerance=1e300)
    for tolerance in (-1, float("nan"), float("inf")):
        with pytest.raises((ValueError, OverflowError)):
            same_number("1", "1", tolerance=tolerance)


@given(st.integers(-(10**30), 10**30))
def test_integers_read_back_however_they_are_written(value):
    for text in (
        str(value),
        f"{value:,}",
        f"{value:,}".replace(",", "\u202f"),
        f"{value}.00",
        f"**{value}**",
        f"{value} km",
    ):
        assert parse_number(text) == value
        assert last_number(f"first 12, then {text}\nand so on") == value


@given(st.fractions(max_denominator=10**6))
def test_fractions_read_back(value):
    assert parse_number(f"{value.numerator}/{value.denominator}") == value
    sign = "-" if value < 0 else ""
    assert parse_number(f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back_as_they_are_written(value):
    assert parse_number(repr(value)) == Fraction(repr(value))
    assert same_number(repr(value), value)


@given(
    st.lists(st.integers(0, 999), min_size=2, max_size=5),
    st.sampled_from([" ", ", ", " or ", "\t", "; ", " = ", " * "]),
)
def test_several_numbers_are_no_answer(values, joint):
    assert parse_number(joint.join(map(str, values))) is None


@given(st.text() | st.text("0123456789.,/-+eE^ $%\\{}<>x×½\u00a0", max_size=60))
def test_no_text_raises(text):
    for value in (parse_number(text), last_number(text)):
        assert value is None or (isinstance(value, (int, Fraction)) and -(10**1100) < value < 10**1100)
    same_number(text, "72")
    same_number("#### " + text, "72", marker="####")


@given(st.text(max_size=40), st.text("0123456789,. -", max_size=20))
def test_reading_is_the_same_with_space_around(text, more):
    assert parse_number(text + more) == parse_number(f"  {text + more}  ")


HOSTILE = [
    "1",
    "1 ",
    "1,",
    "1.",
    "1/",
    "1:",
    "1-",
    "1,234,",
    "(",
    "\\",
    "{",
    "-",
    "$",
    "A",
    "-A",
    "\n",
    "a\n",
    "1.2.3\n",
    "1e",
    "_",
    "1_",
    " ",
    "９",
    "\u200b",
    "<<",
    "<<1",
    "<",
    "\\frac{1",
    "\\frac{",
    "1 1/",
    "1x10",
    "-*",
    "1x10^",
    "million ",
    "1 million ",
    "½",
    "1½",
    "\u00a01",
    "^",
    "1^",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_takes_linear_time(piece):
    text = piece * (1_000_000 // len(piece))
    for reading in (
        parse_number,
        last_number,
        lambda text: same_number(text + "#### " + text, "72", marker="####"),
    ):
        start = time.process_time()
        reading(text)
        # Linear work takes well under a second; anything quadratic takes hours.
        assert time.process_time() - start < 10


def test_a_number_of_5000_digits_is_no_number():
    assert parse_number("7" * 5000) is None
    assert last_number("72\n" + "7" * 5000) is None
    assert parse_number("7" * 600) == int("7" * 600)
