from __future__ import annotations

from contextlib import closing

import pytest

from harness.errors import InputError
from harness.projects.python_source import read_python_source
from harness.targets.own_process import OwnProcessTarget

TRL = """
import re

def tagged(completions, answer, **kwargs):
    texts = [completion[0]["content"] for completion in completions]
    found = [re.search("<answer>(.*)</answer>", text) for text in texts]
    return [1.0 if f and f[1] == a else -0.5 for f, a in zip(found, answer)]
"""
VERL = """
from .reading import number_in

def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float(number_in(solution_str) == ground_truth["target"]), "length": len(solution_str)}
"""
READING = "def number_in(text):\n    return text.partition('#### ')[2] or None\n"
HANDLER = """
import json

def lambda_handler(event, context):
    answers = []
    for item in event:
        answer = item.get("reward_model", {}).get("ground_truth")
        texts = [turn["content"] for turn in item["prompt"] if turn["role"] == "assistant"]
        score = 1.0 if answer and texts[-1].endswith(answer) else 0.0
        answers.append({"id": item["my_key"], "aggregate_reward_score": score})
    return {"statusCode": 200, "body": json.dumps(answers)}
"""
PROTOCOL = """
from eval_protocol import EvaluateResult, reward_function

@reward_function
def same(messages, ground_truth=None, **kwargs):
    return EvaluateResult(score=1.0 if messages[-1].content == ground_truth else 0.0, reason="compared")
"""
KIT = """
from llm_eval_kit.graders.decorator import grader
from llm_eval_kit.models.results import EvaluateResult

@grader(name="same", description="the same text")
def same(messages, ground_truth, **kwargs):
    return EvaluateResult(score=1.0 if messages[-1].content == ground_truth else 0.0)
"""
OPENAI = "def grade(sample, item):\n    return 1.0 if item['city'] in sample['output_text'] else 0.0\n"


@pytest.fixture
def read(tmp_path):
    """Write files, and read the first one as a Python source."""

    def read_files(files, **options):
        for name, text in files.items():
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_python_source(tmp_path / next(iter(files)), **options)

    return read_files


@pytest.fixture
def rewards_of(tmp_path):
    """Grade the rollouts of an imported grader, written to a new folder."""

    def grade(imported):
        folder = tmp_path / "project"
        for name, content in imported.files.items():
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        with closing(OwnProcessTarget(f"{folder / imported.module}.py:{imported.function}")) as target:
            return [target.grade([rollout]).items[0].reward for rollout in imported.rollouts]

    return grade


@pytest.mark.parametrize(
    ("files", "trust", "low", "rewards"),
    [
        ({"tagged.py": TRL}, False, -0.5, [1, -0.5, -0.5]),
        ({"tagged.py": TRL}, True, -0.5, [1, -0.5, -0.5]),
        ({"score.py": VERL, "reading.py": READING}, False, 0, [1, 0, 0]),
        ({"city.py": OPENAI}, False, 0, [1, 0, 0]),
        ({"protocol.py": PROTOCOL}, False, 0, [1, 0, 0]),
        ({"protocol.py": PROTOCOL}, True, 0, [1, 0, 0]),
        ({"kit.py": KIT}, False, 0, [1, 0, 0]),
    ],
)
def test_a_file_becomes_a_grader_with_samples_that_it_grades_here(
    read, rewards_of, files, trust, low, rewards
):
    imported = read(files, trust=trust)
    assert imported.range == (low, 1)
    assert rewards_of(imported) == rewards * 3
    assert len(imported.records) == 3
    assert {name: imported.files[name].decode() for name in files} == files
    assert imported.sources == tuple(sorted([*files, "grader.py"]))


def test_a_handler_is_called_in_the_dialect_that_it_reads(read, rewards_of):
    imported = read({"handler.py": HANDLER})
    assert b'wire="sagemaker-oss-verl"' in imported.files["grader.py"]
    assert 1.0 in rewards_of(imported)
    assert 0.0 in rewards_of(imported)


def test_several_functions_of_a_trainer_make_one_reward(read):
    source = (
        "def short(completions, **kw): return [float(len(c) < 9) for c in completions]\n"
        "def loud(completions, **kw): return [-2.0 if '!' in c else 1.0 for c in completions]\n"
        "class Trainer:\n    def __init__(self, **options): ...\n"
        "def train(): Trainer(reward_funcs=[short, loud], reward_weights=[1.0, 0.5])\n"
    )
    imported = read({"rewards.py": source})
    assert imported.range == (-1, 1.5)
    assert imported.timeout_s == 15
    text = imported.files["grader.py"].decode()
    assert "weights=[1, 0.5]" in text
    assert "conversational=False" in text


def test_notes_say_what_is_mapped_and_what_grades_otherwise_with_file_and_line(read):
    source = "import random\ndef f(completions, answer, **kw):\n    print(1)\n    return [random.random()]\n"
    notes = [(each.how, each.place, each.what) for each in read({"rewards.py": source}).notes]
    column = "the column answer is the record's field of that name, else its reference_answer"
    assert ("mapped", "rewards.py:2", column) in notes
    assert ("approximated", "rewards.py:3", "its output is dropped") in notes
    assert [place for how, place, what in notes if "random.random" in what] == ["rewards.py:4"]


def test_a_long_text_in_the_source_is_no_model_and_takes_no_time(read):
    source = f'X = "a.{"b-" * 100_000}!"\n{SERVICE}'
    assert read({"judge.py": source}, trust=True).judge_models == ("us.amazon.nova-pro-v1:0",)


def test_keys_that_are_read_of_a_record_are_said(read):
    said = [each.what for each in read({"score.py": VERL, "reading.py": READING}).notes]
    assert "these keys of a reference object are read: target" in said


def test_a_range_that_is_given_holds(read):
    assert read({"tagged.py": TRL}, range=(-3.0, 3.0)).range == (-3, 3)


def test_what_a_range_that_is_given_does_not_hold_is_no_sample(read):
    imported = read({"tagged.py": TRL}, range=(0.0, 1.0))
    assert all(each["messages"][-1]["content"] for each in imported.rollouts)  # an empty one earns -0.5
    [left_out] = [each.what for each in imported.sample_notes if "got no reward" in each.what]
    assert "outside the range 0 to 1" in left_out


def test_a_range_that_does_not_show_is_widened_to_what_is_paid(read):
    imported = read({"longer.py": "def longer(completions, **kw): return [len(c) / 8 for c in completions]"})
    assert imported.range[0] == 0
    assert imported.range[1] > 1
    [of_range] = [each.what for each in imported.notes if "the range is" in each.what]
    assert of_range.startswith("a made-up sample earned")


def test_packages_of_what_grades_alone_are_needed(read):
    source = "import pytest\ndef f(completions): return [1.0]\ndef g():\n    import click, not_there\n"
    script = "if __name__ == '__main__':\n    import trl\n"
    imported = read({"rewards.py": source + script})
    assert list(imported.packages) == ["pytest"]
    assert [each for each in imported.notes if each.how == "unsupported"] == []


def test_a_package_that_may_lack_is_said_required_and_the_first_step(read):
    source = "try:\n    import skbio.x\n    import not_there\nexcept ImportError:\n    not_there = None\n"
    imported = read({"rewards.py": f"{source}def f(completions): return [1.0 if not_there else 0.5]"})
    notes = {each.place: each for each in imported.notes if each.how == "unsupported"}
    assert {each.place for each in notes.values()} == {"rewards.py:2", "rewards.py:3"}
    assert (
        notes["rewards.py:3"].what == "imports not_there, which is not installed here: pip install not_there"
    )
    assert all("pip install" in str(each.step) for each in notes.values())
    assert imported.packages == {"skbio": "scikit-bio", "not_there": "not_there"}
    # After the package is installed, confined code may import it.
    assert b'packages=("not_there", "skbio")' in imported.files["grader.py"]
    [warned] = [each for each in imported.notes if each.what.startswith("without")]
    assert (warned.place, warned.what) == (
        "rewards.py:6",
        "without not_there and skbio every sample earns 0.5",
    )


SERVICE = """
import boto3

def lambda_handler(event, context):
    client = boto3.client("bedrock-runtime")
    return client.converse(modelId="us.amazon.nova-pro-v1:0", messages=[])
"""


def test_code_that_asks_a_service_is_imported_only_as_trusted_and_is_not_called(read):
    with pytest.raises(InputError, match=r"judge.py:5: boto3.client opens a connection.*--trust"):
        read({"judge.py": SERVICE})
    imported = read({"judge.py": SERVICE}, trust=True)
    assert imported.asks_judge
    assert imported.judge_models == ("us.amazon.nova-pro-v1:0",)
    assert imported.rollouts == ()
    assert len(imported.records) == 3
    assert b'wire="open-weight-root"' in imported.files["grader.py"]


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"r.py": "def f(completions, /, **kw): ..."}, {}, "r.py:1: f takes completions as positional-only"),
        (
            {"r.py": "def compute_score(text, ground_truth): ..."},
            {},
            "r.py:1: compute_score needs text. verl passes data_source, solution_str",
        ),
        ({"r.py": "from ..models import X\n" + TRL}, {}, "r.py:1: imports ..models, which is not next to it"),
        (
            {"r.py": "from .more import X\n" + TRL, "more.py": "X = 1"},
            {"trust": True},
            "r.py:1: uses relative imports",
        ),
        ({"r.py": "import not_there\n" + TRL}, {}, "r.py:1: imports not_there, which is not installed here"),
        (
            {"r.py": "import llm_eval_kit\n" + TRL},
            {},
            "function that is an llm-eval-kit @grader: --take NAME",
        ),
        ({"r.py": "import skbio\n" + TRL}, {}, "r.py:1: imports skbio.* pip install scikit-bio"),
        ({"r.py": "import trl\n" + TRL}, {}, "r.py:1: imports trl.*a separate file, without the trainer"),
        ({"r.py": "import rich\n" + OPENAI}, {}, "r.py:1: imports rich, which OpenAI's image"),
        ({"r.py": f"# coding: latin-1\n# é\n{OPENAI}".encode("latin-1")}, {}, "r.py: is not UTF-8"),
        ({"r.py": "async def lambda_handler(event, context): ..."}, {}, "r.py:1: lambda_handler is async"),
        ({"r.py": OPENAI}, {"trust": True}, "--trust: an OpenAI python grader always runs confined"),
        ({"r.py": "def f(completions):\n    return open('x')"}, {}, "r.py:2: open opens a file"),
        ({"r.py": "def f("}, {}, "r.py:1: is not valid Python"),
        ({"r.py": "x = 'é'".encode("latin-1")}, {}, "r.py:1: is not valid Python"),
        ({"r.ipynb": "{}"}, {}, "is a notebook. Convert it to Python first: jupyter nbconvert"),
        ({"r.txt": ""}, {}, "is not a Python file"),
        ({"r.PY": TRL}, {}, "r.PY: ends in .PY, but Python imports only .* in .py. Rename it to r.py."),
        ({"json.py": TRL}, {}, "would hide the standard library's module"),
        (
            {"r.py": TRL},
            {"kind": "java"},
            "--as: java is not a kind of Python grader. Use one of lambda, trl",
        ),
        ({"r.py": TRL}, {"functions": ["g"]}, "r.py: there is no function g. It defines tagged."),
    ],
)
def test_what_cannot_be_imported_is_refused_with_its_place(read, files, options, message):
    with pytest.raises(InputError, match=message):
        read(files, **options)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("def g(x): return open(x)", r"pkg/b.py:1: open opens a file"),
        (
            "import not_there\ndef g(x): return 1",
            r"pkg/b.py:1: imports not_there, which is not installed here",
        ),
    ],
)
def test_a_place_in_a_package_beside_the_file_is_said_with_its_folder(read, tmp_path, inner, message):
    (tmp_path / "pkg").mkdir()
    files = {
        "r.py": "import pkg.b\ndef f(completions): return pkg.b.g(1)",
        "pkg/__init__.py": "",
        "pkg/b.py": inner,
    }
    with pytest.raises(InputError, match=message) as raised:
        read(files)
    assert str(raised.value).startswith(f"{tmp_path / 'pkg' / 'b.py'}:1: ")


def test_what_python_warns_of_in_the_source_is_not_said_here(read):
    assert read({"r.py": TRL.replace('"<answer>(.*)</answer>"', '"<answer>(\\d*)</answer>"')}).rollouts


DEEP = "".join(f"    elif x == {at}: x = 0\n" for at in range(1500))
DEEP = f"    x = 1\n    if x == 0: pass\n{DEEP}"


def test_code_that_is_nested_too_deeply_to_be_followed_is_refused(read):
    with pytest.raises(InputError, match="r.py: nests its code too deeply to be read. Split its longest"):
        read({"r.py": f"def f(completions, **kwargs):\n{DEEP}    return [1.0]\n"})


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_python_source(tmp_path / "none.py")
    with pytest.raises(InputError, match="is a folder"):
        read_python_source(tmp_path)


def test_a_module_beside_it_hides_nothing_of_the_grader_s_own_process(tmp_path):
    (tmp_path / "rewards.py").write_text(
        "import typing_extensions\ndef compute_score(data_source, solution_str, ground_truth): return 1.0\n"
    )
    (tmp_path / "typing_extensions.py").write_text("")
    with pytest.raises(
        InputError, match="typing_extensions.py: a module called typing_extensions would hide"
    ):
        read_python_source(tmp_path / "rewards.py")
