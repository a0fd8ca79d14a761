"""The code is found in hostile completions too, in time that grows with their length alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_text import LONGEST, CodeText, function_code, program_code
from graders.extract import Missing
from support.growth import assert_linear

START = 'import math\n\n\ndef two(n):\n    return n + n\n\n\ndef f(n):\n    """Double a number."""\n'


@pytest.mark.parametrize(
    "body",
    [
        "    return two(n)\n",
        "return two(n)",
        "x = two(n)\nreturn x",
        "x = two(n)\n    return x",
        "for x in [two(n)]:\n        y = x\n    return y",
        "```python\n    return two(n)\n```",
        "    return two(n)\n\n\ndef g(n):\n    return 1\n",
        "    return two(n)\n\nThis returns twice the number.",
        "    return two(n)\n\nif __name__ == '__main__':\n    print(f(2))",
        "```python\ndef f(n: int) -> int:\n    return two(n)\n```",
        f"```python\n{START}    return two(n)\n```",
    ],
)
def test_a_completion_may_continue_the_prompt(body):
    code = function_code(body, "f", START)
    assert isinstance(code, CodeText)
    names: dict = {"__name__": "solution"}
    exec(code.whole(), names)
    assert names["f"](4) == 8


def test_prose_does_not_continue_the_prompt():
    for text in ("I do not know.", "return the double of n", "", "```sql\nSELECT 1\n```"):
        assert isinstance(function_code(text, "f", START), Missing)


def test_a_program_is_its_last_block_or_the_file_called_main():
    text = "```python\n# main.py\nimport util\nprint(util.n)\n```\n```python\n# util.py\nn = 3\n```"
    code = program_code(text)
    assert isinstance(code, CodeText)
    assert code.source.startswith("# main.py")
    assert code.modules == {"util": "# util.py\nn = 3"}
    assert isinstance(program_code("The program prints 3."), Missing)


def test_a_completion_that_is_too_long_is_unread():
    for read in (lambda text: function_code(text, "f"), program_code):
        assert isinstance(read("def f(n): pass\n" + "#" * LONGEST), Missing)


PIECES = [
    ">>> ",
    "```python\n",
    "```",
    "~~~",
    "def f(n):",
    "class Solution:",
    "\n",
    "    ",
    "return n",
    "from a import f",
    "# a.py",
    '"""',
    "'''",
    "x = ",
    "import a",
    "It is",
    "f(2)",
    "`",
    "\r\n",
    "\ufeff",
    "if __name__",
    "\t",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(), st.sampled_from([None, START])
)
def test_no_text_raises(text, start):
    assert isinstance(function_code(text, "f", start), CodeText | Missing)
    assert isinstance(program_code(text), CodeText | Missing)


@pytest.mark.parametrize(
    "piece", [*PIECES, " ", "a", "a[", "a, ", "import ", "for a in ", "a: ", "from a import "]
)
def test_a_long_text_takes_no_more_than_its_length(piece):
    def read(text):
        function_code(text, "f", START)
        program_code(text)

    assert_linear(read, lambda size: piece * (size // len(piece)), LONGEST)


@pytest.mark.parametrize("start", ["for x", "a:", "a", "from a", "a,b", "import a", "f", "a ```", "class A"])
@pytest.mark.parametrize("filling", [" ", "\t", ", ", "a "])
def test_no_line_of_code_is_looked_for_again_and_again(start, filling):
    assert_linear(program_code, lambda size: start + filling * (size // len(filling) - len(start)), LONGEST)
