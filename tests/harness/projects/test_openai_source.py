"""JSON graders of OpenAI and Azure, read to make a project."""

from __future__ import annotations

import json
import sys
import tomllib

import pytest

from harness.errors import InputError
from harness.projects.openai_source import read_openai_source
from harness.projects.python_source import read_python_source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is confined only on Linux")

CHECK = {
    "type": "string_check",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
}
JUDGE = {
    "type": "score_model",
    "model": "o4-mini-2025-04-16",
    "range": [1, 5],
    "input": [{"role": "user", "content": "{{sample.output_text}} and {{item.reference_answer}}"}],
}
TICKETS = {
    "type": "multi",
    "graders": {
        "team": CHECK | {"input": "{{sample.output_json.team}}", "reference": "{{item.team}}"},
        "words": {
            "type": "text_similarity",
            "evaluation_metric": "rouge_l",
            "input": "{{sample.output_json.summary}}",
            "reference": "{{item.reference_answer.summary}}",
        },
        "code": {
            "type": "python",
            "source": "def grade(sample, item):\n"
            "    out = sample.get('output_json') or {}\n"
            "    return float(out.get('level') == item['level'])\n",
        },
    },
    "calculate_output": "0.5 * team + 0.3 * words + 0.2 * code",
}


def read(spec, name="spec.json", **options):
    return read_openai_source(json.dumps(spec).encode(), name, **options)


def test_a_multi_grader_is_made_with_samples_that_it_grades():
    imported = read({"type": "reinforcement", "reinforcement": {"grader": TICKETS}})
    assert set(imported.files) == {"grader.py", "spec.json"}
    assert imported.sources == ("grader.py", "spec.json")
    assert (imported.runs_code, imported.asks_judge, imported.range) == (True, False, (0.0, 1.0))
    assert (len(imported.records), len(imported.rollouts)) == (3, 9)
    first = imported.rollouts[0]
    assert json.loads(first["messages"][-1]["content"]) == {
        "team": first["team"],
        "summary": first["reference_answer"]["summary"],
        "level": first["level"],
    }
    assert "multi" in imported.kind
    assert any(note.place == "spec.json /reinforcement/grader/graders/team" for note in imported.notes)


def test_the_source_stays_as_it_was_and_gets_a_name_that_make_can_read():
    text = json.dumps(CHECK, indent=7).encode()
    imported = read_openai_source(text, "folder/my grader (v2).json")
    assert imported.files["my_grader_v2.json"] == text
    assert b'"my_grader_v2.json"' in imported.files["grader.py"]


def test_a_judge_s_model_comes_from_the_table_whatever_its_date():
    imported = read(JUDGE)
    table = tomllib.loads(imported.files["models.toml"].decode())
    assert list(table) == ["o4-mini-2025-04-16"]
    assert imported.judge_models == tuple(table.values())
    assert (imported.asks_judge, imported.range) == (True, (1, 5))
    assert len(imported.rollouts) == 9


def test_a_named_model_is_asked_instead():
    imported = read(JUDGE, models={"o4-mini-2025-04-16": "us.amazon.nova-pro-v1:0"})
    assert imported.judge_models == ("us.amazon.nova-pro-v1:0",)


def test_keys_of_an_endpoint_are_taken_out():
    spec = {"type": "endpoint", "url": "https://example.com/grade", "headers": {"X-Key": "hidden-word-5"}}
    imported = read(spec)
    assert imported.secrets == ("GRADER_HEADER_X_KEY",)
    assert all(b"hidden-word-5" not in content for content in imported.files.values())
    assert any("no known range" in note.what for note in imported.notes)
    assert read(spec, range=(0, 10)).range == (0, 10)


@pytest.mark.parametrize(
    ("spec", "models", "message"),
    [
        (JUDGE | {"model": "grok-9"}, {}, "spec.json /model: there is no known replacement for grok-9"),
        (
            JUDGE,
            {"gpt-4o": "x"},
            "--judge: the grader does not call a model gpt-4o. It calls o4-mini-2025-04-16",
        ),
        (CHECK, {"gpt-4o": "x"}, "It calls no model"),
        (CHECK | {"operation": "neq"}, {}, "spec.json /operation: .*write ne"),
        (CHECK | {"type": "strings"}, {}, "spec.json /type: "),
        (
            {"type": "multi", "graders": {"a": TICKETS}, "calculate_output": "a"},
            {},
            "/graders/a/type: is multi",
        ),
        (TICKETS | {"calculate_output": "team / 0"}, {}, "spec.json /calculate_output: "),
        (TICKETS | {"calculate_output": "team + tone"}, {}, "it names tone"),
        (
            {"type": "python", "source": "def grade(sample, item)\n  return 1"},
            {},
            "spec.json /source: line 1",
        ),
        (
            {"type": "python", "source": "import torch\ndef grade(sample, item):\n  return 1.0"},
            {},
            "/source: line 1: imports torch",
        ),
        ([CHECK], {}, "spec.json: is a list"),
    ],
)
def test_what_cannot_be_used_has_its_place_and_a_way_out(spec, models, message):
    with pytest.raises(InputError, match=message):
        read(spec, models=models)


def test_what_is_no_json_is_refused_with_its_line():
    with pytest.raises(InputError, match=r"spec.json: is not JSON \(line 2, column 1"):
        read_openai_source(b'{"type":\n', "spec.json")


def test_numbers_are_made_up_where_sentences_cannot_be_graded():
    source = (
        "def grade(sample, item):\n"
        "    return 1.0 if float(sample['output_text'] or 0) == float(item['n']) else 0.0"
    )
    imported = read({"type": "python", "source": source})
    assert [rollout["messages"][-1]["content"] for rollout in imported.rollouts[:3]] == ["42", "17", ""]


def test_a_grader_that_grades_nothing_here_has_no_rollouts_and_says_why():
    source = "def grade(sample, item):\n    raise RuntimeError('never')"
    imported = read({"type": "python", "source": source})
    assert imported.rollouts == ()
    assert any("RuntimeError: never" in note.what for note in imported.sample_notes)


def test_the_whole_json_of_a_completion_is_made_up_too():
    imported = read(
        CHECK | {"input": "{{sample.output_json}}", "operation": "like", "reference": "{{item.name}}"}
    )
    assert imported.rollouts[0]["name"] in imported.rollouts[0]["messages"][-1]["content"]


def test_notes_name_the_file_without_its_folders():
    imported = read(CHECK, name="/somewhere/else/spec.json")
    assert {note.place.partition(" ")[0] for note in imported.notes} == {"spec.json"}


def test_half_a_character_in_a_source_whose_keys_are_taken_out_is_kept_as_json_escapes_it():
    headers = {"X-Key": "hidden-word-5"}
    spec = {"type": "endpoint", "name": "half \ud800", "url": "https://example.com/", "headers": headers}
    [copy] = [content for name, content in read(spec).files.items() if name.endswith(".json")]
    assert b"half \\ud800" in copy
    assert json.loads(copy)["name"] == "half \ud800"


def test_a_range_that_was_computed_is_written_exactly():
    judge = {**JUDGE, "range": [0.1234567891, 1234567.5]}
    imported = read(judge)
    assert imported.range == (0.1234567891, 1234567.5)
    assert b"range=(0.1234567891, 1234567.5)" in imported.files["grader.py"]
    assert any(note.what == "its rewards are 0.1234567891 to 1234567.5" for note in imported.notes)


def test_a_range_is_widened_to_what_python_pays_unless_it_is_given():
    source = "def grade(sample, item):\n    return 7.5 * (sample['output_text'] == item['gold'])"
    spec = {"type": "python", "source": source}
    imported = read(spec)
    assert (imported.range, len(imported.rollouts)) == ((0, 8), 9)
    assert b"range=(0, 8)" in imported.files["grader.py"]
    assert any("earned 7.5, so the range is 0 to 8" in note.what for note in imported.notes)
    assert read(spec, range=(0, 1)).range == (0, 1)


SOURCE = """import random
SEEN = []
def grade(sample, item):
    print(sample)
    try:
        wanted = float(item["size"])
    except ValueError:
        return 0.0
    SEEN.append(wanted)
    return random.random()
"""


@pytest.mark.parametrize("is_file", [True, False])
def test_python_gets_the_same_warnings_in_a_file_and_in_json(is_file, tmp_path):
    if is_file:
        (tmp_path / "g.py").write_text(SOURCE)
        place, imported = "g.py:", read_python_source(tmp_path / "g.py")
    else:
        place, imported = "spec.json /source:", read({"type": "python", "name": "p", "source": SOURCE})
    told = {each.place.removeprefix(place): each.what for each in imported.notes if each.place[-1].isdigit()}
    assert told["4"] == "its output is dropped"
    assert "this pays 0, like a wrong answer" in told["7"]
    assert told["9"].startswith("SEEN is not kept")
    assert told["10"].startswith("random.random returns the same in each call")


def test_what_confined_python_cannot_do_is_unsupported_and_left_to_do():
    source = "def grade(sample, item):\n    if item['x'] == 'no':\n        open('x')\n    return 1.0\n"
    [note] = [each for each in read({"type": "python", "source": source}).notes if each.how == "unsupported"]
    assert (note.place, note.what[:19]) == ("spec.json /source:3", "open opens a file, ")
