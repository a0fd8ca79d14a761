"""Mathematical answers compared by value."""

from __future__ import annotations

import signal
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Reward, grader
from graders.checks import maths as module
from graders.checks._maths_slot import with_points
from graders.checks.maths import maths
from graders.errors import DecorationError, RecordError
from graders.extract import parse_number
from graders.testing import invoke, make_sample
from support.doc_tables import page, spans
from support.growth import assert_linear

CHECKS: dict[str, Any] = {}
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in page("maths.md").splitlines()
    if line.startswith("| `maths(")
]


def check_of(call: str) -> Any:
    if call not in CHECKS:
        CHECKS[call] = eval(call, {"maths": maths})
    return CHECKS[call]


def paid(completion: str, reference: str, call: str = "maths()") -> float:
    answer = check_of(call)(make_sample(completion, reference))
    assert answer.value == 0 or not answer.metrics["unread"]
    return float(answer.value)


@pytest.mark.parametrize(
    ("call", "reference", "completion", "expected"),
    [
        (call.strip("`"), spans(reference)[0], completion, expected)
        for call, reference, completions, expected in ROWS
        for completion in spans(completions)
    ],
)
def test_an_answer_is_paid_as_the_table_says(call, reference, completion, expected):
    assert expected in ("yes", "no")
    assert paid(completion, reference, call) == (expected == "yes")


def test_the_table_is_found():
    assert len(ROWS) > 35


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("We get \\boxed{5}.", 1),
        ("\\boxed{5} \\boxed{5}", 1),
        ("First \\boxed{3}, and later \\boxed{5}", 0),
        ("First \\boxed{3}. Final answer: $5$", 1),
        ("The answer is 3. The final answer is 5.", 1),
        ("The answer is 3. So the answer is 5.", 0),
        ("The answer is $5$, since $2 + 3 = 5$.", 1),
        ("Let $x = 3$. Then $y = 5$.", 1),
        ("Final Answer: The number of boxes is 5. I hope it is correct.", 1),
        ("\\boxed{5}. That is wrong.", 0),
        ("The answer is $5$. Actually, no.", 0),
        ("The answer is not 5.", 0),
        ("\\boxed{5}\\sqrt{2}", 0),
        ("\\boxed{5} million", 0),
        ("\\boxed{5", 0),
        ("\\boxed{}", 0),
        ("$5$ and $6$", 0),
        ("It costs $5 or $6", 0),
        ("It is 5.", 1),
        ("So it is 5 in all", 1),
        ("five", 0),
        ("", 0),
    ],
)
def test_the_expression_that_counts_is_found(completion, expected):
    assert paid(completion, "5") == expected


@pytest.mark.parametrize(
    ("reference", "options", "message"),
    [
        ("\\frac{1", {}, "is not one expression"),
        ("the value of x", {}, "it contains words"),
        ("\\boxed{}", {}, "empty"),
        ("1 + 1 +", {}, "is not one expression"),
        ("9^{9^{9}}", {}, "too large"),
        ("1, 2", {"kind": "scalar"}, "is not one value: its kind is set, not scalar"),
        ("5", {"kind": "tuple"}, "is not a tuple"),
        ("[1, 2", {"kind": "interval"}, "is not an interval"),
        ("x + 1", {"kind": "equation"}, "is not an equation"),
        ("\\boxed{1} is not \\boxed{2}", {}, "changes it"),
    ],
)
def test_a_reference_that_is_no_such_expression_is_the_records_fault(reference, options, message):
    with pytest.raises(RecordError, match=message):
        maths(**options)(make_sample("5", reference))


@pytest.mark.parametrize(
    "reference",
    [
        "We add. Final Answer: The final answer is $28\\%$. I hope it is correct.",
        'The final answer is \\"$28$\\".',
        "\x08oxed{28}",
        "\\\x0crac{56}{2}",
        "\x0crac{56}{2}",
    ],
)
def test_a_reference_that_claims_or_that_lost_a_backslash_is_read(reference):
    assert paid("\\boxed{28}", reference) == 1
    assert paid("\\boxed{29}", reference) == 0


@given(st.integers(0, 10**9), st.integers(0, 3), st.booleans())
def test_decimal_commas_are_read_as_graders_extract_reads_them(digits, places, grouped):
    whole = f"{digits:,}".replace(",", ".") if grouped else str(digits)
    text = f"{whole},{'125'[:places]}" if places else whole
    assert parse_number(with_points(text)) == parse_number(text, decimal=",")


UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "number"}, "'any', 'scalar'"),
        ({"units": True}, "'reference', 'ignore'"),
        ({"decimal": "'"}, "write one of '.', ','"),
        ({"tolerance": -1}, "0 or more"),
        ({"relative": float("nan")}, "0 or more"),
        ({"take": "json"}, "pass a function"),
    ],
)
def test_invalid_options_are_refused_immediately(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.maths(**options)


def test_take_finds_the_expression():
    check = maths(take="tag")
    answers = [check(make_sample(text, "1/2")) for text in ("<answer>$0.5$</answer>", "$0.5$")]
    assert [answer.value for answer in answers] == [1, 0]


HOSTILE = [
    "9**9**9**9",
    "$9^{9^{9^{9}}}$",
    "\\boxed{10^{10^{10}}}",
    "$99999999!$",
    "$9!!!!!!!!$",
    "$\\binom{100000000}{50000000}$",
    "$\\sum_{k=1}^{99999999} k$",
    "$\\prod_{k=1}^{99999} k^{k^k}$",
    "$((((((2^{9999})^{9999})^{9999})^{9999})^{9999}))$",
    "\\boxed{" + "\\frac{1}{" * 500 + "2" + "}" * 500 + "}",
    "$" + "(" * 300 + "2" + ")" * 300 + "$",
    "$" + "\\sqrt{" * 60 + "2" + "}" * 60 + "$",
    "$" + "+".join(["x"] * 199) + "$",
    "$" + "-" * 390 + "1$",
    "$" + "1," * 5000 + "1$",
    "\\boxed{" + "9" * 5000 + "}",
    "\\boxed{" + "{" * 5000,
    "$x^{99999999}$",
]


def test_a_hostile_answer_costs_its_own_sample_alone():
    samples = [make_sample(text, "5") for hostile in HOSTILE for text in (hostile, "$\\sqrt{25}$")]
    answers = invoke(grader(timeout_s=60)(maths()), samples)
    assert [one.value for one in answers if isinstance(one, Reward)] == [0, 1] * len(HOSTILE)


def test_no_timer_of_the_library_is_set():
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    assert paid("$\\sqrt{12}$", "2\\sqrt{3}") == 1
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


def test_numbers_and_lists_of_them_are_compared_without_the_library():
    program = (
        "import sys\n"
        "from graders.checks.maths import maths\n"
        "from graders.testing import make_sample\n"
        "pairs = [('1/2', '$0.5$'), ('\\\\{1, 2\\\\}', '$2, 1$'), ('[0, 1)', '$0 \\\\le x < 1$'), "
        "('(1, 2)', '$(1,2)$')]\n"
        "print([maths()(make_sample(given, right)).value for right, given in pairs])\n"
        "print({'sympy', 'math_verify'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[1.0, 1.0, 1.0, 1.0]\nset()\n"


FRACTIONS = st.fractions(-50, 50, max_denominator=12)


def _latex(value: Fraction, data: Any) -> str:
    """Draw one of the LaTeX forms of a fraction."""
    sign, top, bottom = ("-" if value < 0 else ""), abs(value.numerator), value.denominator
    times = data.draw(st.integers(1, 4))
    forms = [
        f"{sign}\\frac{{{top * times}}}{{{bottom * times}}}",
        f"{sign}{top}/{bottom}",
        f"{sign}\\sqrt{{\\frac{{{top * top}}}{{{bottom * bottom}}}}}",
        f"{sign}{top} \\cdot {bottom}^{{-1}}",
    ]
    return data.draw(st.sampled_from(forms))


@given(FRACTIONS, FRACTIONS, st.data())
@settings(max_examples=40, deadline=None)
def test_an_answer_is_right_where_its_value_is_the_reference_s_and_nowhere_else(right, other, data):
    reference = _latex(right, data)
    assert paid(f"So it is $\\boxed{{{_latex(right, data)}}}$.", reference) == 1
    assert paid(f"So it is $\\boxed{{{_latex(other, data)}}}$.", reference) == (right == other)


@given(st.lists(FRACTIONS, min_size=1, max_size=5, unique=True), st.lists(FRACTIONS, max_size=5), st.data())
@settings(max_examples=40, deadline=None)
def test_a_set_is_right_where_it_has_the_reference_s_elements(right, other, data):
    def listed(values: list[Fraction]) -> str:
        return ", ".join(f"{one.numerator}/{one.denominator}" for one in values)

    shuffled = data.draw(st.permutations(right))
    call = 'maths(kind="set")'
    assert paid(f"\\boxed{{{listed(shuffled)}}}", f"\\{{{listed(right)}\\}}", call) == 1
    if other:
        assert paid(f"$\\{{{listed(other)}\\}}$", listed(right), call) == (set(right) == set(other))


@given(
    FRACTIONS, FRACTIONS, st.sampled_from(["[]", "()", "[)", "(]"]), st.sampled_from(["[]", "()", "[)", "(]"])
)
@settings(max_examples=40, deadline=None)
def test_an_interval_is_right_with_the_reference_s_ends_alone(low, high, brackets, others):
    def interval(signs: str) -> str:
        return f"{signs[0]}{low}, {high}{signs[1]}"

    def inequality(signs: str) -> str:
        left, right = (" \\le " if sign in "[]" else " < " for sign in signs)
        return f"{low}{left}x{right}{high}"

    for said in (interval(others), inequality(others)):
        assert paid(f"${said}$", interval(brackets), 'maths(kind="interval")') == (brackets == others)


@given(st.text(max_size=60) | st.text("0123456789+-*/^(){}[]\\$=<>,.xyefracsqtbo ", max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_text_raises(text):
    assert 0 <= paid(text, "\\sqrt{7777}") <= 1


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "$1$ ",
        "\\boxed{1} ",
        "\\boxed",
        "{",
        "the answer is ",
        "\\(",
        "$1$ or ",
        "5 km ",
        "= 1 ",
        "\\text{",
        "1,2",
        "$1$ Thus ",
        "\\boxed{1} x = ",
        "\x0c",
    ],
)
def test_a_long_text_takes_linear_time(unit):
    check = maths(decimal="," if unit == "1,2" else ".")
    for lead in ("", "\\boxed{"):
        assert_linear(
            check, lambda size, lead=lead: make_sample(lead + unit * (size // len(unit)), "5"), 200_000
        )
