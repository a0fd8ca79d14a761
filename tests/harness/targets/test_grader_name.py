from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Grader
from graders.configured import configured_grader
from harness.errors import InputError
from harness.targets.grader_name import GraderName, named, names_the_check
from harness.targets.in_process import InProcessTarget
from harness.targets.loading import load
from harness.targets.opening import TargetChoice, describe
from support.rft_command import rft

ITEM = {
    "id": "1",
    "messages": [{"role": "assistant", "content": "so\n#### 72"}],
    "reference_answer": "#### 72",
}
NUMBER = """checks.numbers:number(marker="####")"""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my_grader:right", GraderName("my_grader", "right")),
        ("my_grader.py", GraderName("my_grader.py", "")),
        ("a (1).py:right", GraderName("a (1).py", "right")),
        (NUMBER, GraderName("graders.checks.numbers", "number", {"marker": "####"})),
        (
            "checks.numbers:number(marker='A:', tolerance=-0.5)",
            GraderName("graders.checks.numbers", "number", {"marker": "A:", "tolerance": -0.5}),
        ),
        (
            "checks.choices:label(labels=['a', 'b'],)",
            GraderName("graders.checks.choices", "label", {"labels": ["a", "b"]}),
        ),
        ("checks.choices:yes_no()", GraderName("graders.checks.choices", "yes_no", {})),
    ],
)
def test_a_name_is_read_in_its_parts_and_written_in_one_spelling(text, name):
    assert named(text) == name
    assert named(str(name)) == name


VALUES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(st.sampled_from("marker which take tolerance".split()), VALUES | st.lists(VALUES)))
def test_every_literal_survives_its_spelling(options):
    name = GraderName("graders.checks.numbers", "number", options)
    assert named(str(name)) == name


@given(st.text("()='\"#,.:a1[]{}_ \n\\", max_size=30))
def test_no_name_is_anything_but_read_or_refused(text):
    with contextlib.suppress(InputError):
        named(f"checks.numbers:number{text}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("checks.numbers:number(marker=####)", ("not written like a Python call", "single quotes")),
        ("checks.numbers:number(", ("not written like",)),
        ("checks.numbers:number()()", ("not written like",)),
        ("checks.numbers:number() + 1", ("not written like",)),
        ("checks.numbers:number('####')", ("an option has no name", "marker=")),
        ("checks.numbers:number(**{})", ("an option has no name",)),
        ("checks.text:exact(take=boxed)", ("take=boxed is not a literal", 'take="boxed"')),
        ("checks.numbers:number(marker=open('x').read())", ("is not a literal",)),
        (
            "checks.numbers:number(tolerance=-1)",
            ("tolerance=-1: write 0 or more", "`rft graders number`"),
        ),
        ("checks.numbers:number(markr='#')", ("has no option markr; it has marker, which", "rft graders")),
        (
            "checks.numbers:numbr()",
            ("there is no numbr", "Checks there: boxed_number, list_of_numbers, number."),
        ),
        ("checks.nope:number()", ("does not exist", "Ready checks are in checks.choices, checks.")),
        (
            "checks.numbers:parse_number(text='1')",
            ("has no check parse_number; it has",),
        ),
        (
            "graders.examples.word_problems:word_problem()",
            ("is already a grader", "Leave out the parentheses"),
        ),
    ],
)
def test_what_cannot_be_meant_says_what_to_write(text, said):
    with pytest.raises(InputError) as caught:
        load(text)
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.place


def test_a_check_inside_of_a_line_is_made_here_as_in_lambda():
    line = "checks.combined:all_of(parts={'a': {'check': 'checks.numbers:number', 'marker': '####'}, 'b': {"
    line += "'check': 'checks.text:matches', 'pattern': '(?s).*72'}})"
    [item] = InProcessTarget(line).grade([ITEM]).items
    assert item.reward == configured_grader(line).grade(ITEM).value == 1


def test_a_check_of_any_number_of_checks_is_named_in_a_line():
    parts = "[{'check': 'checks.numbers:number'}, {'check': 'checks.text:exact'}]"
    line = f"checks.text:any_of(checks={parts})"
    [item] = InProcessTarget(line).grade([ITEM]).items
    assert item.reward == configured_grader(line).grade(ITEM).value == 1


def test_a_file_called_checks_is_a_file():
    assert named("checks.toml") == GraderName("checks.toml", "")


def test_a_named_check_is_a_grader():
    target = InProcessTarget(NUMBER)
    assert isinstance(target.handler, Grader)
    assert target.bounds == (0.0, 1.0)
    [item] = target.grade([ITEM]).items
    assert (item.reward, item.metrics) == (1.0, {"unread": 0.0})


def test_its_options_are_part_of_its_name_and_its_fingerprint():
    facts = [
        describe(TargetChoice(grader=f"checks.numbers:number({options})"))[1]
        for options in ("marker='####'", 'marker="####"', "marker='A:'")
    ]
    assert facts[0].ref == "graders.checks.numbers:number(marker='####')"
    assert facts[0] == facts[1]
    assert facts[0].sha256 != facts[2].sha256


def test_a_module_of_ones_own_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "numbers_of_mine.py").write_text(
        "from graders import grader\n\n\ndef at(value):\n    return grader(lambda sample: value)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert InProcessTarget("checks.numbers_of_mine:at(value=0.5)").grade([ITEM]).items[0].reward == 0.5


def test_workers_make_it_again(tmp_path: Path):
    rollouts = tmp_path / "rollouts.jsonl"
    rollouts.write_text("".join(json.dumps({**ITEM, "id": str(each)}) + "\n" for each in range(200)))
    done = rft(tmp_path, "replay", "rollouts.jsonl", "-g", NUMBER, "--cores", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["mean"] == 1.0
    assert [path.name.rpartition("-")[2] for path in (tmp_path / "runs").iterdir()] == ["number"]


@pytest.mark.parametrize(
    ("grader", "check", "same"),
    [
        ("grader.toml", "grader.toml", True),
        ("./grader.toml", "grader.toml", True),
        ("/srv/project/grader.toml", "grader.toml", True),
        ("project/grader.toml", "other/grader.toml", False),
        ("my_grader.toml", "grader.toml", False),
        ("grader.py", "grader.toml", False),
        ("checks.numbers:number( )", " graders.checks.numbers:number()", True),
        ("checks.numbers:number(which='last', marker='x')", "checks.numbers:number(marker='x')", False),
        ("grader.toml", "checks.numbers:number()", False),
        ("grader.toml", "", False),
        ("grader.toml", None, False),
    ],
)
def test_a_grader_is_the_check_that_a_variable_names(grader, check, same):
    assert names_the_check(grader, check) is same


def test_a_file_describes_a_grader_for_every_target_here(tmp_path):
    (tmp_path / "grader.toml").write_text('check = "checks.numbers:number"\nmarker = "####"\n')
    (tmp_path / "rollouts.jsonl").write_text(json.dumps(ITEM) + "\n")
    target = InProcessTarget("grader.toml", tmp_path)
    [graded] = target.grade([ITEM]).items
    assert graded.reward == 1
    assert list(target.fingerprint.files) == [str(tmp_path / "grader.toml")]
    before = target.sha256
    done = rft(tmp_path, "replay", "rollouts.jsonl", "-g", "grader.toml", "--json")
    assert done.returncode == 0
    (tmp_path / "grader.toml").write_text('check = "checks.numbers:number"\n')
    assert InProcessTarget("grader.toml", tmp_path).sha256 != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("check = ", "grader.toml: not valid TOML"),
        (
            'check = "checks.numbers:number"\nmarkr = "x"',
            "grader.toml: checks.numbers:number has no option markr",
        ),
        ('check = "checks.choices:label"\nlabels = 5', "grader.toml: "),
        ('check = "checks.numbers:number"\ntake = "no_such"', "grader.toml: take="),
    ],
)
def test_a_file_that_describes_no_grader_is_an_input_error(tmp_path, text, message):
    (tmp_path / "grader.toml").write_text(text)
    with pytest.raises(InputError) as error:
        InProcessTarget("grader.toml", tmp_path)
    assert str(error.value).startswith(message)
    with pytest.raises(InputError, match="describes one grader"):
        InProcessTarget("grader.toml:x", tmp_path)
