"""Code is extracted from hostile completions too, in linear time."""

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


def ran(code, given=""):
    """Return the names that the code defines, or the output that it prints."""
    assert isinstance(code, CodeText)
    lines = iter(given.split("\n"))
    printed: list = []
    names: dict = {"__name__": "__main__", "input": lambda: next(lines), "print": printed.append}
    exec(code.whole(), names)
    return names["f"](4) if "f" in names else printed


F = "```python\ndef f(n):\n    return two(n)\n```\n"
TWO = "def two(n):\n    return n + n\n"


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{TWO}# f uses it\n```\n{F}",
        f'```python\ndef two(n):\n    """Helps f to double."""\n    return n + n\n```\n{F}',
        f"```\n{TWO}```\n{F}",
        f"{F}with\n```python\n{TWO}```\n",
        f"```python\nk = 2\n```\n```python\ndef two(n): return k * n\n```\n{F}",
        f"```python\n{TWO}```\n```python\nx = int(input())\n```\n{F}",
        f"```python\n{TWO}```\n{F}For:\n```python\nnums = [1, 2\n```\n",
        f"```python\nimport nowhere\n```\nis not needed.\n```python\n{TWO}```\n{F}",
        f"```python\n{TWO}```\n```py\nfrom __future__ import annotations\ndef f(n: X): return two(n)\n```",
        f"```python\n{TWO}```\n{F}As in:\n```\ndef f(n): ...\n```\n",
        f"```python\n{TWO}def f(n): return n\n```\nWait.\n{F}",
        "```python\nfrom math import *\n```\n```python\ndef f(n): return floor(n * 2)\n```",
        "```py\n# f.py\ndef f(n): return n * 2\n```\n"
        "```py\n# test_f.py\nfrom f import f\nassert f(2) == 5\n```",
    ],
)
def test_the_blocks_that_the_function_needs_come_before_it(text):
    assert ran(function_code(text, "f")) == 8


DOUBLES = "```python\nn = int(input())\nprint(2 * n)\n```\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{DOUBLES}```\nInput: n = 2\nOutput: 4\n```",
        f"{DOUBLES}```\nn = 2\n```",
        f"{DOUBLES}```\n# input\n2\n# output\n4\n```",
        f"{DOUBLES}```python\n# 2 -> 4\n```",
        f"{DOUBLES}The key is:\n```python\nprint(2 * n)\n```",
        f"```python\n{TWO}```\nThen:\n```python\nprint(two(int(input())))\n```",
        f"```python\n# u.py\nfrom __future__ import annotations\n{TWO}```\n"
        "```py\n# main.py\n"
        "from __future__ import annotations\nfrom u import two\nprint(two(int(input())))\n```",
        "```\nprint(2 * int(input()))\n```",
    ],
)
def test_examples_and_snippets_are_no_program(text):
    assert ran(program_code(text), "4") == [8]


BODY = "def f(n):\n    return 2 * n"


@pytest.mark.parametrize(
    "text",
    [
        f"<answer>```python\n{BODY}\n```</answer>",
        f"**Solution:**```python\n{BODY}\n```",
        f"Here: ```python title=x\n{BODY}\n```",
        f"```python3.11\n{BODY}\n```",
        f"```python\n{BODY}```\nIt doubles.\n```python\nf(2)```",
        f"Call ```f(2)```\nof\n```python\n{BODY}\n```",
        "```python\ndef f(n):\n    # ```\n    return 2 * n\n```",
    ],
)
def test_a_fence_may_share_its_line(text):
    assert ran(function_code(text, "f")) == 8


def test_a_wrong_place_of_a_future_stays_wrong():
    with pytest.raises(SyntaxError):
        ran(function_code(f"x = 1\nfrom __future__ import annotations\n{BODY}", "f"))


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
def test_finding_code_without_a_fence_takes_linear_time(start, filling):
    assert_linear(program_code, lambda size: start + filling * (size // len(filling) - len(start)), LONGEST)


@pytest.mark.parametrize("named", ["", "# a{}.py\n"])
def test_many_blocks_take_no_more_than_their_length(named):
    def chain(size):
        return "".join(
            f"```python\n{named.format(at)}def a{at}(): return a{at + 1}()\n```\n" for at in range(size)
        )

    def read(text):
        function_code(text, "a0")
        program_code(text)

    assert_linear(read, chain, 800)
