"""The strings that are read as a number, and their values."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graders.errors import RecordError
from graders.extract import reference_number, same_number
from support.found import last_number, parse_number

SPELLINGS_OF_72 = """\
72|072|+72|72.|72,|72;|72.0|72.00|72.|７２|٧٢|7\u200b2|72\u00a0|\ufeff72|$72|$72.00|€72|72 €
£72|72 USD|USD 72|USD72|US$72|**72**|`72`|"72"|“72”|'72'|(72)|[72]|{72}|_72_|*72*|$72$|\\(72\\)
\\[72\\]|\\boxed{72}|$\\boxed{72}$|\\$72|\\text{72}|72 \\text{ km}|\\mathbf{72}|* 72|= 72
x = 72|answer: 72|the answer is 72|72 dollars|72km|72 km/h|72%|72\\%|72 percent|72 m2|72 m^2
72 m²|72^{\\circ}|72nd|144/2|\\frac{144}{2}|7.2e1|7.2 x 10^1|7.2×10¹|0.72e2|720e-1|<<6*12=72>>72
#72|72:|...72|72...|72?|~72|≈72|72 clips in all|about 72 each|CO2: 72|<b>72</b>|72 🎉
\\underline{72}|\\mathsf{72}|\\boldsymbol{72}|\\mbox{72}|\\large 72|\\bm{72}|\\color{red}{72}|72^{\\text{nd}}
72\\,\\mathrm{m}^2|72\\text{ cm}^2|72\\textnormal{ miles}|\\angle APC = 72^\\circ|72[1]|72¹|48 + 24 = 72
72 (seventy-two)|It is 72!|72!!!|72†|72*|CHF 72|kr 72|Rs. 72|72 ft²|72个|答案是72。|72元|72 kg·m|\\approx 72
72 = 72.0|72 because 6*12 = 72|72 (48 + 24)|72 \\pmod{11}|it is—72|72-hour|72/day|\\frac{144}2""".replace(
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
    "x = - 72": -72,
    "-Rs 5": -5,
    "-₩5": -5,
    "-\\(5\\)": -5,
    "-'5'": -5,
    "-[5]": -5,
    "-<b>5</b>": -5,
    "{-}5": -5,
    "\\text{-}5": -5,
    "&minus;5": -5,
    "-「72」": -72,
    "=  -  72": -72,
    "minus $5": -5,
    "negative 72": -72,
    "负72": -72,
    "($1,234.50)": Fraction(-2469, 2),
    "$(72)$": 72,
    "72 dollars ($72)": 72,
    "-($5)": -5,
    "11,\\! 111": 11111,
    "14 {, }916": 14916,
    "1 000 000": 1_000_000,
    "1’080": 1080,
    "12,34,567": 1234567,
    "€1.234,56": Fraction(30864, 25),
    "٧٫٥": Fraction(15, 2),
    "\\frac94": Fraction(9, 4),
    "\\cfrac{1}{3}": Fraction(1, 3),
    "\\frac{3.5}{2}": Fraction(7, 4),
    "\\boxed{\\frac{1}{2}}": Fraction(1, 2),
    "3⁄4": Fraction(3, 4),
    "50%": 50,
    "0": 0,
    "-0": 0,
    "00": 0,
    "1e400": 10**400,
}

NO_ONE_NUMBER = """\
| |.|,|-|+|$|#|nan|NaN|inf|-inf|Infinity|None|{}|[]|\u200b|I don't know|seventy-two|½½|²
\\boxed{}|<<6*12=72>>|<<6*12=72|<<72|1 3/2|7,2|1,2,3|1,234,56|72 or 73|70 71 72
70, 71, 72|70/71/72|70–72|72-73|48 - 24|72 * 10|72 is wrong, it is 73|$5 by 2020|1.2.3
2024-01-05|01/02/2024|12:30|3:4|7^2|7²|7**2|10^3|2**3|72k|72K|72M|72B|72bn|7a2|0x48|72e5x|12h30
72/0|7.2/0.1|1e401|1e999999|1e-999999|\\sqrt{72}|2\\pi|√72|±72|≥72|≠72|\\pm 72|\\frac{72}{x}|∞
CO2|x72|x_72|m^2|>72|> 72|72!|$72!$|- 72|- $5|—5|$-$-5|72 lakh|72 crore|72 dozen|72 mil|72 hundred
2 million|$5m|sqrt(72)|half of 72|not 72|isn't 72|72 + one|72x|72i|2\\sqrt{3}|x in (1,2)|(1,2)|[0,1)|[-3,2]
{1, 2}|\\{1\\}|x < 5|x \\le 5|5 \\pm 0.1|5 +- 0.1|1011_2|1011₂|x+2n+1|96-10\\sqrt{21}|\\frac{1+\\sqrt{5}}{2}
3 + 4i|5!|0.333...|72 = 6*12|72 = 73|3,14|0,5|0,072|at least 72|72 or more|twice 72|72 and a half|72万
3分之1|3点5|f(72)|3(72)|(3)(4)|2^72|72^x|5'6"|72+|x-72|72-x|72 squared|72 / 2x|\\binom{5}{2}|72/x
72 (73)|72 (or 73)|-\\frac{-1}{2}|1_000|7\\boxed{2}|\\boxed{7}\\boxed{2}|7<sup>2</sup>
72 plus tax|$5 by 2020|<=72|>=72|!72|▲72|−  72|72~80|72 thousandths|72 mil|72 mln|72 Mrd|72만|72 लाख|72ล้าน
72 млн|72 millones|72 tausend|72 mod 5|⌊72⌋|72 is wrong|cannot be 72|2x = 72|-x = 72
12-12/2.5|2.5:3|7/\\frac{1}{2}|72 - \\pi|\\pi minus 72|x * 72 * n|72 over n|7_(2+1)|3&72|72&x
~~72~~|<del>72</del>""".replace("\n", "|").split("|")


@pytest.mark.parametrize("text", SPELLINGS_OF_72)
def test_every_spelling_of_72_is_72(text):
    assert parse_number(text) == 72
    assert same_number(f"working: 6 * 12 = 99\n#### {text}", "6 * 12 = 72\n#### 72", marker="####")


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_spellings_have_their_exact_value(text, value):
    assert parse_number(text) == value
    assert isinstance(parse_number(text), (int, Fraction))


@pytest.mark.parametrize("text", NO_ONE_NUMBER)
def test_a_text_that_is_not_one_number_is_missing(text):
    assert parse_number(text) is None
    assert not same_number(f"#### {text}", "#### 72", marker="####")


@pytest.mark.parametrize(
    "text",
    ["71", "73", "-72", "7.2", "720", "7200", ".72", "0.72", "27", "722", "72.4", "71.6", "7", "2", "0", "1"],
)
@pytest.mark.parametrize("marker", [None, "####"])
def test_wrong_numbers_are_wrong(text, marker):
    assert not same_number(f"#### {text}", "#### 72", marker=marker)


SCALED = {
    "72k": 72_000,
    "$3.5M": 3_500_000,
    "2 million": 2_000_000,
    "1.5 Billion": 1_500_000_000,
    "$2bn": 2 * 10**9,
    "2 lakh": 200_000,
    "72 km": 72,
    "72": 72,
}


@pytest.mark.parametrize(("text", "value"), SCALED.items())
def test_scale_is_read_on_request(text, value):
    assert parse_number(text, scale=True) == value
    assert parse_number(text) in (None, 72)


COMMAS = {
    "4,5": Fraction(9, 2),
    "4.5": Fraction(9, 2),
    "1.234": 1234,
    "1,234": Fraction(1234, 1000),
    "1.234,56": Fraction(30864, 25),
    "1.234.567": 1234567,
    "1,234,567": 1234567,
    "0,072": Fraction(72, 1000),
    "0.5": Fraction(1, 2),
}


@pytest.mark.parametrize(("text", "value"), COMMAS.items())
def test_a_comma_is_the_decimal_separator_on_request(text, value):
    assert parse_number(text, decimal=",") == value


STRICT = {
    "72 km": 72,
    "#### 72": 72,
    "$x = 72$": 72,
    "k=72": 72,
    "$72$ m": 72,
    "72\\text{ cm}^2": 72,
    "$72\\%$": 72,
    "($72)": -72,
    "CHF 72\n": 72,
    "$\\frac{1}{3}$ meters": Fraction(1, 3),
    "$|AB| = 72$": 72,
    "$f(x)=72$": 72,
    "$S_{10} = 72$": 72,
    "\\angle ABC = 72^\\circ": 72,
}
NOT_STRICT = """Boeing 747|Apollo 11|50 Cent|7 Eleven|72 clips|(72)|[72]|{72}|≈72|~72|about 72|72 [1]
72 (see 2)|48 + 24 = 72|page 3|72 (source: page 3)|The answer is 72.|1 of 2|5 or so|nan|None|3,14
2x = 72|a + b = 72|x > y = 72|3 = 72|f(x) = 72x|f(2) = 72 or 73""".replace("\n", "|").split("|")


@pytest.mark.parametrize(("text", "value"), STRICT.items())
def test_a_reference_is_one_number_as_a_whole(text, value):
    assert parse_number(text, strict=True) == value


@pytest.mark.parametrize("text", [*NOT_STRICT, *NO_ONE_NUMBER])
def test_a_text_that_is_not_one_number_as_a_whole_is_not_a_reference(text):
    assert parse_number(text, strict=True) is None
    with pytest.raises(RecordError):
        reference_number(text)


@pytest.mark.parametrize(
    "reference", ["", "no number", "####", "#### ,", "#### ten", "1.2.3", "#### 7 or 8", "72\n####"]
)
def test_a_reference_without_its_number_is_the_records_fault(reference):
    with pytest.raises(RecordError):
        same_number("#### ,", reference, marker="####")


@pytest.mark.parametrize("reference", [float("nan"), float("inf"), None, True, [], {}])
def test_a_value_that_is_not_a_number_is_not_a_reference(reference):
    for marker in (None, "####"):
        with pytest.raises(RecordError):
            same_number("#### 1", reference, marker=marker)


def test_a_reference_may_lack_the_marker_if_it_is_one_number():
    assert reference_number("$1,080", marker="####") == 1080
    assert reference_number(0.1) == Fraction(1, 10)
    assert reference_number(72, marker="####") == 72
    with pytest.raises(RecordError):
        reference_number("48/2 is 24, and 24 + 48 is 72", marker="####")


def test_equality_is_exact_and_so_is_the_tolerance():
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
def test_integers_are_read_in_every_format(value):
    for text in (
        str(value),
        f"{value:,}",
        f"{value:,}".replace(",", "\u202f"),
        f"{value}.00",
        f"**{value}**",
        f"{value} km",
    ):
        assert parse_number(text) == value
        assert last_number(f"first 12, then {text} at the end\nand so on") == value


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
    st.lists(st.integers(0, 99), min_size=2, max_size=5, unique=True),
    st.sampled_from([" ", ", ", " or ", "\t", "; ", " = ", " * "]),
)
def test_several_numbers_are_not_an_answer(values, joint):
    assert parse_number(joint.join(map(str, values))) is None


PIECES = [
    *(
        "answer: ",
        "答案是",
        "7",
        "2.5",
        "1,234",
        ".",
        ",",
        "'",
        "\u066b",
        "\u066c",
        "\u00a0",
        " ",
        "&#50;",
        "²",
    ),
    *("₂", "½", "٣", "３", "\\frac12", "<sup>", "(", ")", "=", "x", "e5", "k"),
]


@given(
    st.text()
    | st.text("0123456789.,/-+eE^ $%\\{}<>x×½\u00a0", max_size=60)
    | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
)
@example("72.5'1")
@example("The answer is x&#50;.")
def test_no_text_raises(text):
    for value in (parse_number(text), last_number(text), parse_number(text, decimal=",", scale=True)):
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


def test_a_number_of_5000_digits_is_unread():
    assert parse_number("7" * 5000) is None
    assert last_number("72\n" + "7" * 5000) is None
    assert parse_number("7" * 600) == int("7" * 600)
