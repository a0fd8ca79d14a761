import ast
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.folded import folded, named_constants
from harness.audit.mining import asks_a_service, mine, mine_for

SOURCE = '''
    """A docstring."""
    import re, json
    from openai import OpenAI

    WORDS = ("alpha", "beta")
    PATTERN = re.compile(rf"(?:{'|'.join(WORDS)}) #\\d{3}")

    def first(sample):
        """Another one."""
        text = sample.completion
        if "<verdict>" in text and text.endswith("Done."):
            return 0.75
        return bool(PATTERN.search(text))

    def second(sample):
        obj = json.loads(sample.completion)
        return obj.get("state") == "closed" and obj["score"] > 3 and len({1, 2}) == 2
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "g.py"
    path.write_text(textwrap.dedent(SOURCE))
    return path


def test_literals_patterns_numbers_tags_and_keys_are_found(file):
    mined = mine([file])
    assert {"alpha", "beta", "<verdict>", "Done.", "closed"} <= set(mined.literals)
    assert not any("docstring" in text or "Another" in text for text in mined.literals)
    assert mined.patterns == (r"(?:alpha|beta) #\d3",)
    assert {"0.75", "3"} <= set(mined.numbers)
    assert mined.tags == ("verdict",)
    assert {"state", "score"} <= set(mined.keys)
    assert ("state", "closed") in mined.values
    assert ("score", 4) in mined.values
    assert mined.hashes
    assert asks_a_service([file])


@pytest.mark.parametrize("check", ["checks.judge:judge_label", "checks.numbers:number"])
def test_a_configured_judge_asks_a_service(tmp_path, check):
    file = tmp_path / "grader.toml"
    file.write_text(f'[steps.last]\ncheck = "{check}"\n')
    assert asks_a_service([file]) == (check == "checks.judge:judge_label")


def test_only_the_code_used_by_a_function_is_read(file):
    first = mine_for([file], "first")
    assert {"alpha", "Done."} <= set(first.literals)
    assert first.patterns
    assert "closed" not in first.literals
    second = mine_for([file], "second")
    assert "Done." not in second.literals
    assert second.keys
    assert mine_for([file], "unknown") == mine([file])


@pytest.mark.parametrize("content", [b"def (", b"\x00", b"\xff\xfe", b"x = " + b"(" * 5000])
def test_files_that_are_not_python_are_skipped(tmp_path, content):
    (tmp_path / "g.py").write_bytes(content)
    (tmp_path / "data.json").write_text('"text"')
    assert mine([tmp_path / "g.py", tmp_path / "data.json", tmp_path / "gone.py"]).literals == ()


def fold(text):
    tree = ast.parse(text)
    assert isinstance(tree.body[-1], ast.Expr)
    return folded(tree.body[-1].value, named_constants(tree))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' + 'b'", "ab"),
        ("A = 'x'\nf'<{A}>{1}'", "<x>1"),
        ("A = ['x', 'y']\n'|'.join(A)", "x|y"),
        ("A = {'x': 1, 'y.': 2}\n'|'.join(map(re.escape, A))", r"x|y\."),
        ("'|'.join(re.escape(w) for w in ('a', 'b'))", "a|b"),
        ("A = A\nA", None),
        ("f(1)", None),
        ("'a' + unknown", None),
        ("A = A + 'x'\nA", None),
    ],
)
def test_constants_are_concatenated(text, expected):
    assert fold(text) == expected


@given(st.lists(st.text(max_size=8), max_size=5))
def test_any_texts_are_joined_as_python_joins_them(texts):
    assert fold(f"'|'.join({texts!r})") == "|".join(texts)
    assert fold(" + ".join(map(repr, [*texts, ""]))) == "".join(texts)
    assert fold(f"re.escape({texts[0]!r})" if texts else "re.escape('.')") == re.escape(
        texts[0] if texts else "."
    )
