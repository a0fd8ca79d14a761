"""Errors in OpenAI graders name their place in the JSON and the fix."""

from __future__ import annotations

import json
import re
from typing import Any

import openai.types.graders as typed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import DecorationError
from graders.adapters import from_openai
from graders.adapters.openai import (
    OpenAISpecError,
    openai_notes,
    openai_packages,
    openai_range,
    spec_document,
)

CHECK = {"type": "string_check", "name": "c", "input": "{{sample.output_text}}", "reference": "{{item.a}}"}
CHECK = {**CHECK, "operation": "eq"}
SIMILAR: dict[str, Any] = {**{key: CHECK[key] for key in ("input", "reference")}, "type": "text_similarity"}
SIMILAR = {**SIMILAR, "name": "s", "evaluation_metric": "fuzzy_match", "pass_threshold": 0.8}
PYTHON = {
    "type": "python",
    "name": "p",
    "source": "def grade(sample, item):\n    return 1.0",
    "image_tag": "2025-05-08",
}
TURN = {"role": "user", "content": "Score {{sample.output_text}} by {{item.a}}"}
SCORE = {"type": "score_model", "name": "m", "model": "o3-mini-2025-01-31", "input": [TURN], "range": [0, 5]}
LABEL = {"type": "label_model", "name": "l", "model": "gpt-4o-2024-08-06", "input": [TURN]}
LABEL = {**LABEL, "labels": ["good", "bad"], "passing_labels": ["good"]}
ENDPOINT = {
    "type": "endpoint",
    "name": "e",
    "url": "https://example.com/grade",
    "headers": {"x-key": "${KEY}"},
}
MULTI = {
    "type": "multi",
    "name": "all",
    "graders": {"a": CHECK, "b": SIMILAR},
    "calculate_output": "(a + b) / 2",
}
GONE = object()


def changed(spec: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {key: value for key, value in {**spec, **keys}.items() if value is not GONE}


def within(spec: dict[str, Any], formula: str = "a") -> dict[str, Any]:
    return changed(MULTI, graders={"a": spec}, calculate_output=formula)


def fault(spec: Any) -> OpenAISpecError:
    with pytest.raises(OpenAISpecError) as caught:
        openai_notes(spec)
    return caught.value


def python(source: str) -> dict[str, Any]:
    return changed(PYTHON, source=source)


def turn(**keys: Any) -> dict[str, Any]:
    return changed(SCORE, input=[TURN, changed(TURN, **keys)])


FAULTS = [
    ({}, "/type", "is missing: write string_check"),
    ({"type": None}, "/type", "is null"),
    ({"type": 3}, "/type", "is 3: write one of"),
    (changed(CHECK, type="string_chek"), "/type", "write string_check"),
    (changed(CHECK, type="string_similarity"), "/type", "write text_similarity"),
    (changed(CHECK, input=GONE), "/input", "is missing"),
    (changed(CHECK, input=7), "/input", "is a number: write a string"),
    (changed(CHECK, input=" "), "/input", "is blank"),
    (changed(CHECK, reference=GONE), "/reference", "is missing"),
    (changed(CHECK, reference=""), "/reference", "is blank"),
    (changed(CHECK, name=["c"]), "/name", "is a list: write a string"),
    (changed(CHECK, operation=GONE), "/operation", "is missing: write eq, ne, like or ilike"),
    (changed(CHECK, operation="neq"), "/operation", "write ne"),
    (changed(CHECK, operation="contains"), "/operation", "write like"),
    (changed(CHECK, operation="EQ"), "/operation", "write eq"),
    (changed(SIMILAR, evaluation_metric=GONE), "/evaluation_metric", "is missing: write fuzzy_match"),
    (changed(SIMILAR, evaluation_metric="cosine"), "/evaluation_metric", "embeddings .* write fuzzy_match"),
    (changed(SIMILAR, evaluation_metric="rouge"), "/evaluation_metric", "write rouge_1"),
    (changed(SIMILAR, evaluation_metric="rouge_6"), "/evaluation_metric", "write rouge_"),
    (changed(SIMILAR, evaluation_metric="rougeL"), "/evaluation_metric", "write rouge_l"),
    (changed(SIMILAR, pass_threshold="high"), "/pass_threshold", "'high': write a number"),
    (changed(SIMILAR, pass_threshold=True), "/pass_threshold", "a boolean: write a number"),
    (changed(CHECK, input="{{item.a"), "/input", "no closing braces"),
    (changed(CHECK, input="{{ sample.output_text }"), "/input", "no closing braces"),
    (changed(CHECK, input="{{}}"), "/input", "names no value"),
    (changed(CHECK, input="{{ }}"), "/input", "names no value"),
    (changed(CHECK, input="{{item}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{item.}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{item..a}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{item.a[x]}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{item.a[-1]}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{item.a | upper}}"), "/input", "is not a valid path"),
    (changed(CHECK, input="{{row.a}}"), "/input", r"write \{\{item.NAME\}\}"),
    (changed(CHECK, input="{{output_text}}"), "/input", "names no value"),
    (changed(CHECK, input="{{items.a}}"), "/input", "names no value"),
    (changed(CHECK, input="{{sample.text}}"), "/input", "a completion has output_text"),
    (changed(CHECK, input="{{sample.output_audio.data}}"), "/input", "a completion has output_text"),
    (changed(CHECK, input="{{sample.output_text.name}}"), "/input", "write sample.output_json"),
    (changed(PYTHON, source=GONE), "/source", "is missing"),
    (python("def grade(sample, item)\n    return 1"), "/source", "line 1: .*correct the Python"),
    (python("x = 1\n\ndef grade(sample, item):\nreturn 1"), "/source", "line 4"),
    (python("def score(sample, item):\n    return 1"), "/source", "defines no function grade"),
    (python("class A:\n    def grade(sample, item): ..."), "/source", "defines no function grade"),
    (python("def grade(sample):\n    return 1"), "/source", "line 1: grade does not take exactly two"),
    (
        python("\ndef grade(sample, item, more):\n    return 1"),
        "/source",
        "line 2: grade does not take exactly two",
    ),
    (python("def grade(*both):\n    return 1"), "/source", "not take exactly two"),
    (python("async def grade(sample, item):\n    return 1"), "/source", "grade is async"),
    (python("def grade(sample, item):\n    return 1\n\0"), "/source", "no Python|null"),
    (python("(" * 5000), "/source", ""),
    (python("def grade(sample, item):\n    return 1\n" + "#" * 262_144), "/source", "256 kB"),
    (
        python("import re\nimport requests\n\ndef grade(sample, item):\n    return 1"),
        "/source",
        "line 2: imports requests",
    ),
    (python("def grade(sample, item):\n    from . import other\n    return 1"), "/source", "line 2: imports"),
    (changed(SCORE, model=GONE), "/model", "is missing"),
    (changed(SCORE, model=" "), "/model", "is blank"),
    (changed(SCORE, range=[1, 0]), "/range", "from 1 to 0: write the lower bound first"),
    (changed(SCORE, range=[1, 1]), "/range", "lower bound first"),
    (changed(SCORE, range=[0]), "/range", "two numbers"),
    (changed(SCORE, range=["0", "1"]), "/range", "two numbers"),
    (changed(SCORE, range=[0, True]), "/range", "two numbers"),
    (changed(SCORE, range=[0, 10**400]), "/range", "two numbers"),
    (changed(SCORE, range=5), "/range", "is a number: write a list"),
    (changed(SCORE, input="Score {{sample.output_text}}"), "/input", "is a string: write a list"),
    (changed(SCORE, input=[]), "/input", "is empty"),
    (changed(SCORE, input=["Score"]), "/input/0", "is a string: write an object"),
    (changed(SCORE, sampling_params=[]), "/sampling_params", "is a list: write an object"),
    (turn(role="judge"), "/input/1/role", "'judge': write one of system"),
    (turn(role=GONE), "/input/1/role", "is missing"),
    (turn(type="text"), "/input/1/type", "write one of message|message"),
    (turn(content=GONE), "/input/1/content", "is missing"),
    (turn(content=7), "/input/1/content", "is a number"),
    (turn(content=[]), "/input/1/content", "is empty"),
    (turn(content="{{a.b}}"), "/input/1/content", "names no value"),
    (
        turn(content=["x", {"type": "input_image", "image_url": "u"}]),
        "/input/1/content/1/type",
        "only receive text",
    ),
    (turn(content={"type": "input_text"}), "/input/1/content/text", "is missing"),
    (turn(content=["{{item.a"]), "/input/1/content/0", "no closing braces"),
    (changed(LABEL, labels=GONE), "/labels", "is missing"),
    (changed(LABEL, labels=["good", 1]), "/labels/1", "is a number: write a string"),
    (changed(LABEL, labels=["good", "good"]), "/labels/1", "written twice"),
    (changed(LABEL, passing_labels=[]), "/passing_labels", "is empty"),
    (
        changed(LABEL, passing_labels=["good", "fine"]),
        "/passing_labels/1",
        "'fine' is not one of the labels: write one of good, bad",
    ),
    (changed(ENDPOINT, url=GONE), "/url", "is missing"),
    (changed(ENDPOINT, headers={"x-key": 7}), "/headers/x-key", "is a number: write a string"),
    (changed(ENDPOINT, headers={"a/b~c": 7}), "/headers/a~1b~0c", "is a number"),
    (changed(ENDPOINT, rate_limit=0), "/rate_limit", "is 0: write a number"),
    (changed(MULTI, graders=GONE), "/graders", "is missing"),
    (changed(MULTI, graders=[CHECK, SIMILAR]), "/graders", "is a list: write an object"),
    (changed(MULTI, graders=CHECK), "/graders", "is one grader"),
    (changed(MULTI, graders={}), "/graders", "is empty"),
    (changed(MULTI, graders={"a": "b"}), "/graders/a", "is a string: write an object"),
    (changed(MULTI, graders={"": CHECK}), "/graders/", "is not a valid name"),
    (changed(MULTI, graders={"grader_error": CHECK}), "/graders/grader_error", "is not a valid name"),
    (within(MULTI), "/graders/a/type", "cannot contain another"),
    (within(changed(CHECK, operation="neq")), "/graders/a/operation", "write ne"),
    (within(python("def grade(a")), "/graders/a/source", "line 1"),
    (changed(MULTI, calculate_output=GONE), "/calculate_output", r'is missing: write "a \+ b"'),
    (changed(MULTI, calculate_output=1), "/calculate_output", "is a number"),
    (changed(MULTI, calculate_output="a + c"), "/calculate_output", "names c, and the parts are a, b"),
    (changed(MULTI, calculate_output="(a + b"), "/calculate_output", "not a valid formula"),
    (changed(MULTI, calculate_output="0.5 * a + 0.5 * b)"), "/calculate_output", "not a valid formula"),
    (
        changed(MULTI, graders={"a-b": CHECK}, calculate_output="a-b"),
        "/calculate_output",
        "letters, digits and _: rename 'a-b'",
    ),
    (
        changed(MULTI, graders={"größe": CHECK}, calculate_output="größe"),
        "/calculate_output",
        "rename 'größe'",
    ),
    (changed(MULTI, calculate_output="mean(a, b)"), "/calculate_output", "calls mean"),
    (changed(MULTI, calculate_output="abs(a, b)"), "/calculate_output", "calls abs"),
    (changed(MULTI, calculate_output="a / 0"), "/calculate_output", "divides by 0"),
    (changed(MULTI, calculate_output="a if b else 0"), "/calculate_output", "cannot contain"),
    (changed(MULTI, calculate_output="a.real"), "/calculate_output", "cannot contain"),
    (changed(MULTI, calculate_output=""), "/calculate_output", "not a valid formula"),
    (changed(MULTI, calculate_output="__import__('os')"), "/calculate_output", "write at most"),
    ({"method": {"type": "supervised"}}, "/method/type", "has no grader"),
    (
        {"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "x"}}}},
        "/method/reinforcement/grader/type",
        "'x'",
    ),
    ({"method": {"type": "reinforcement", "reinforcement": 1}}, "/method/reinforcement", "is a number"),
    ({"grader": [CHECK]}, "/grader", "is a list"),
    ({"testing_criteria": [CHECK]}, "/testing_criteria", "give one of its graders"),
    ([CHECK], "", "is a list: give one object"),
    (None, "", "is null"),
]


@pytest.mark.parametrize(("spec", "pointer", "message"), FAULTS)
def test_a_fault_has_its_place_and_says_what_to_write(spec, pointer, message):
    found = fault(spec)
    assert found.pointer == pointer
    assert re.search(message, found.message), found.message
    assert isinstance(found, DecorationError)
    assert str(found).startswith(f"{pointer or 'the grader'}: ")
    assert "\n" not in str(found)


@pytest.mark.parametrize(("spec", "pointer", "message"), FAULTS)
def test_a_fault_has_its_place_inside_of_a_job_too(spec, pointer, message):
    if isinstance(spec, dict) and "type" in spec:
        job = {"model": "o4-mini", "method": {"type": "reinforcement", "reinforcement": {"grader": spec}}}
        assert fault(job).pointer == f"/method/reinforcement/grader{pointer}"


@pytest.mark.parametrize(
    ("text", "pointer", "message"),
    [
        ('{"type": "string_check", "type": "multi"}', "/type", "written twice"),
        ('{"type": "multi", "graders": {"a": {}, "a": {}}}', "/graders/a", "written twice"),
        ('{"type": "score_model", "range": [0, NaN]}', "", "NaN"),
        ('{"type": "score_model", "range": [0, Infinity]}', "", "Infinity"),
        ('{"type": "string_check",}', "", "line 1, column 2"),
        ("", "", "is not JSON"),
        ("[]", "", "is a list"),
        ('"multi"', "", "is a string"),
        ("{" * 100_000, "", "is not JSON|levels deep"),
        ('{"a":' * 3_000 + "1" + "}" * 3_000, "", "levels deep"),
        ("[" * 100_000, "", "levels deep"),
        ('{"a": ' + "9" * 5_000 + "}", "", "is not JSON"),
        (b"\xff\xfe", "", "is not UTF-8"),
        (b'{"type": "x"}' + b" " * 20_000_000, "", "is larger"),
    ],
)
def test_a_document_that_is_not_a_graders_json_says_so(text, pointer, message):
    with pytest.raises(OpenAISpecError) as caught:
        openai_notes(spec_document(text))
    assert caught.value.pointer == pointer
    assert re.search(message, caught.value.message)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(OpenAISpecError, match=r"no\.json: cannot be read: No such file"):
        from_openai(tmp_path / "no.json")
    with pytest.raises(OpenAISpecError, match="cannot be read"):
        from_openai(tmp_path)
    with pytest.raises(OpenAISpecError, match="is JSON text: give the parsed object"):
        from_openai(json.dumps(CHECK))


EVERY: list[dict[str, Any]] = [CHECK, SIMILAR, PYTHON, SCORE, LABEL, ENDPOINT, MULTI]


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec["type"])
def test_a_name_may_be_missing_and_what_may_be_left_out_may_be_null(spec):
    optional = ("name", "pass_threshold", "image_tag", "range", "sampling_params", "headers", "rate_limit")
    for absent in (GONE, None):
        assert openai_notes(changed(spec, **dict.fromkeys(optional, absent)))


TYPES: dict[str, Any] = {
    "string_check": typed.StringCheckGrader,
    "text_similarity": typed.TextSimilarityGrader,
    "python": typed.PythonGrader,
    "score_model": typed.ScoreModelGrader,
    "label_model": typed.LabelModelGrader,
}


@pytest.mark.parametrize("spec", [CHECK, SIMILAR, PYTHON, SCORE, LABEL], ids=lambda spec: spec["type"])
def test_the_sdks_typed_objects_are_read_like_their_json(spec):
    # `multi` is left out, because the SDK types its `graders` as one grader instead of an object of graders.
    model = TYPES[spec["type"]].model_validate(spec)
    notes = [(note.pointer, note.how, note.what) for note in openai_notes(spec)]
    for given_ in (model, model.to_dict(), model.model_dump(), json.loads(model.to_json())):
        assert [(note.pointer, note.how, note.what) for note in openai_notes(given_)] == notes


def test_unknown_keys_are_noted_with_their_places():
    spec = changed(MULTI, graders={"a": changed(CHECK, weight=2), "b": SIMILAR}, why="because")
    ignored = [note.pointer for note in openai_notes(spec) if note.how == "unsupported"]
    assert ignored == ["/graders/a/weight", "/why"]


def test_the_jobs_settings_outside_its_grader_are_noted():
    method = {
        "type": "reinforcement",
        "reinforcement": {"grader": CHECK, "hyperparameters": {}, "response_format": {}},
    }
    ignored = [note.pointer for note in openai_notes({"method": method}) if note.how == "unsupported"]
    assert ignored == ["/method/reinforcement/hyperparameters", "/method/reinforcement/response_format"]


def test_what_a_grader_pays_for_is_noted():
    notes = openai_notes(within(changed(CHECK, operation="ne"), "1 - a"))
    said = {note.pointer: note.what for note in notes}
    assert "even an empty one" in said["/graders/a"]
    assert "the reward is 1 if all of its graders score 0" in said["/calculate_output"]


@pytest.mark.parametrize("operation", ["like", "ilike"])
def test_a_grader_that_pays_for_a_part_of_a_field_is_noted(operation):
    swapped = changed(CHECK, operation=operation, input="{{item.a}}", reference="{{sample.output_text}}")
    assert [note.what for note in openai_notes(swapped) if "one letter" in note.what]
    assert not [
        note.what for note in openai_notes(changed(CHECK, operation=operation)) if "one letter" in note.what
    ]


def test_how_lists_and_objects_are_compared_is_noted():
    said = "".join(note.what for note in openai_notes(changed(CHECK, input="{{sample.choices}}")))
    assert "sample.choices is written with its keys, roles and ids" in said
    assert "two empty lists never match" in said
    content = changed(CHECK, input="{{sample.choices[0].message.content}}")
    assert not [note for note in openai_notes(content) if "is written with its keys" in note.what]


def test_a_field_that_services_keep_for_themselves_is_noted():
    notes = openai_notes(changed(CHECK, reference="{{item.id}}"))
    assert [note.how for note in notes if note.what.startswith("item.id is not available")] == ["unsupported"]


def test_a_grader_that_reads_no_completion_is_noted():
    notes = openai_notes(within(changed(CHECK, input="The answer")))
    assert "/graders/a" in [note.pointer for note in notes if "all completions of a record" in note.what]
    assert not [note for note in openai_notes(MULTI) if "all completions of a record" in note.what]


def test_a_grader_that_changes_no_reward_is_noted():
    notes = openai_notes(changed(MULTI, calculate_output="a"))
    assert [note.pointer for note in notes if "changes no reward" in note.what] == ["/graders/b"]


@pytest.mark.parametrize("metric", ["fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_5", "rouge_l"])
def test_a_metric_whose_variant_is_not_documented_is_approximated(metric):
    [note] = [
        each for each in openai_notes(changed(SIMILAR, evaluation_metric=metric)) if "metric" in each.pointer
    ]
    assert (note.how, note.pointer) == ("approximated", "/evaluation_metric")
    assert "not documented" in note.what


@pytest.mark.parametrize(
    ("formula", "bounds"),
    [
        ("a", (0, 1)),
        ("m", (0, 5)),
        ("(100 - abs(p - m)) / 100", (0.95, 1)),
        ("m / 5", (0, 1)),
        ("0.5 * a + 2 * p", (0, 2.5)),
        ("a - p", (-1, 1)),
        ("-m", (-5, 0)),
        ("min(a, 0.5) * max(p, 0.25)", (0, 0.5)),
        ("m ^ 2 - 1", (-1, 24)),
        ("(m - 2) ^ 2", (0, 9)),
        ("(m - 2) ^ 3", (-8, 27)),
        ("2 ^ -a", (0.5, 1)),
        ("1 / (1 + m)", (1 / 6, 1)),
        ("floor(m / 2) + ceil(a)", (0, 3)),
        ("sqrt(m) / sqrt(5)", (0, 1)),
        ("log(1 + m)", (0, 1.791759469228055)),
        ("exp(-m)", (0.006737946999085467, 1)),
        ("0.75", (0, 1)),
        ("1 / m", None),
        ("log(m)", None),
        ("m ^ -2", None),
        ("(m - 2) ^ a", None),
        ("a + e", None),
    ],
)
def test_the_range_of_a_formula_follows_from_those_of_its_graders(formula, bounds):
    graders = {"a": CHECK, "p": PYTHON, "m": SCORE, "e": ENDPOINT}
    found = openai_range({**MULTI, "graders": graders, "calculate_output": formula})
    assert found == (bounds and pytest.approx(bounds))


def test_packages_are_those_of_the_image_with_their_versions():
    source = (
        "import numpy as np, re\nfrom sklearn.metrics import f1_score\n"
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n\n"
        "def grade(sample, item):\n    import yaml\n    return 1.0"
    )
    found = openai_packages(within(python(source)))
    assert [(one.module, one.package, one.version, one.line, one.pointer) for one in found] == [
        ("numpy", "numpy", "2.2.4", 1, "/graders/a/source"),
        ("sklearn", "scikit-learn", "1.6.1", 2, "/graders/a/source"),
        ("torch", "torch", None, 4, "/graders/a/source"),
        ("yaml", "pyyaml", "6.0.2", 9, "/graders/a/source"),
    ]


def test_another_image_may_hold_other_packages():
    spec = changed(python("import torch\n\ndef grade(sample, item):\n    return 1"), image_tag="2027-01-01")
    assert "/image_tag" in [note.pointer for note in openai_notes(spec)]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in leaves(each, (*path, key)))]


PLAIN: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANY = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)
WHOLE: Any = changed(
    MULTI, graders={str(each["type"]): each for each in EVERY[:-1]}, calculate_output="python ^ 2"
)


@given(st.sampled_from(leaves(WHOLE)[1:]), ANY)
def test_any_value_anywhere_is_accepted_or_refused_with_its_location(path, value):
    spec = json.loads(json.dumps(WHOLE))
    inside: Any = spec
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    try:
        openai_notes(spec)
        openai_range(spec)
    except OpenAISpecError as error:
        there = "".join(f"/{step}" for step in path)
        near = error.pointer.startswith((there, "/calculate_output", "/".join(there.split("/")[:3])))
        assert near or there.startswith(error.pointer)  # noqa: PT017
