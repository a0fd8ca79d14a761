"""OpenAI's graders score as OpenAI documents, and failures have no reward."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
from typing import Any

import pytest

from graders import ConfigurationError, RecordError, Reward, SampleError, grader
from graders.adapters import from_openai
from graders.adapters.openai import OpenAISpecError, openai_run
from graders.testing import invoke, make_sample

ANSWER = "{{ sample.output_text }}"
REFERENCE = "{{ item.reference_answer }}"


def string_check(operation: str = "eq", given: str = ANSWER, wanted: str = REFERENCE) -> dict[str, Any]:
    return {
        "type": "string_check",
        "name": "checked",
        "operation": operation,
        "input": given,
        "reference": wanted,
    }


def multi(formula: str, **graders: dict[str, Any]) -> dict[str, Any]:
    return {"type": "multi", "name": "joined", "graders": graders, "calculate_output": formula}


def graded(spec: Any, completion: str, reference: Any = None, **fields: Any) -> Reward:
    answer = from_openai(spec)(make_sample(completion, reference, **fields))
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


def run(spec: Any, completion: str, **item: Any) -> Any:
    return asyncio.run(openai_run(spec, completion, item))


def flags(found: Any) -> set[str]:
    return {name for name, value in found.errors.items() if value is True}


@pytest.mark.parametrize(
    ("operation", "completion", "reference", "reward"),
    [
        ("eq", "Paris", "Paris", 1),
        ("eq", "paris", "Paris", 0),
        ("eq", "Paris ", "Paris", 0),
        ("ne", "Paris", "Paris", 0),
        ("ne", "paris", "Paris", 1),
        ("like", "It is Paris.", "Paris", 1),
        ("like", "Paris", "It is Paris.", 0),
        ("like", "It is paris.", "Paris", 0),
        ("ilike", "IT IS PARIS.", "Paris", 1),
        ("ilike", "Rome", "Paris", 0),
    ],
)
def test_operations_match_the_guide(operation, completion, reference, reward):
    assert graded(string_check(operation), completion, reference).value == reward
    assert run(string_check(operation), completion, reference_answer=reference).reward == reward


def test_a_formula_joins_scores_that_are_the_rewards_components():
    spec = multi("(a + 2 * b) / 3 + a ^ 2 - 1", a=string_check(), b=string_check("like"))
    found = graded(spec, "Paris", "Paris")
    assert (found.value, found.components) == (1, {"a": 1, "b": 1})
    assert found.metrics["unread"] == 0


def test_a_grader_that_the_formula_does_not_use_is_still_a_component():
    assert graded(multi("a", a=string_check(), b=string_check("ne")), "x", "x").components == {"a": 1, "b": 0}


def test_python_keywords_may_name_graders():
    spec = multi(
        "class + min(lambda, min) / 2",
        **{"class": string_check(), "lambda": string_check()},
        min=string_check(),
    )
    assert graded(spec, "x", "x").value == 1.5


def test_a_division_by_zero_fails_the_sample_and_names_the_values():
    spec = multi("1 / a", a=string_check())
    with pytest.raises(SampleError, match=r"'1 / a' has no value with a = 0: .*division by zero") as caught:
        graded(spec, "no", "yes")
    assert caught.value.kind == "value"
    found = run(spec, "no", reference_answer="yes")
    assert (found.reward, found.sub_rewards, flags(found)) == (0, {}, {"other_error"})


def test_a_value_that_the_record_lacks_is_the_records_fault_and_a_flag_at_openai():
    spec = string_check(wanted="{{item.city.name}}")
    for fields in ({}, {"city": None}, {"city": {"name": None}}, {"city": ["name"]}):
        with pytest.raises(RecordError, match=r"item\.city\.name is not there") as caught:
            graded(spec, "Paris", **fields)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        found = run(spec, "Paris", **fields)
        assert (found.reward, flags(found)) == (0, {"invalid_variable_error"})


def test_a_completion_that_lacks_a_value_is_unread_and_earns_nothing():
    spec = string_check(given="{{sample.output_json.city}}")
    for completion in ("Paris", '{"town": "Paris"}', '{"city": null}', "", "[]"):
        found = graded(spec, completion, "Paris")
        assert (found.value, found.metrics["unread"]) == (0, 1)
        assert "invalid_variable_error" in flags(run(spec, completion, reference_answer="Paris"))
    assert "sample_parse_error" in flags(run(spec, "Paris", reference_answer="Paris"))
    assert graded(spec, ' {"city": "Paris"}\n', "Paris").value == 1


def test_a_completion_that_lacks_a_value_in_a_judges_prompt_is_a_flag_at_openai():
    turn = {"role": "user", "content": "Score {{sample.output_json.city}}"}
    spec = {"type": "score_model", "model": "o3-mini-2025-01-31", "input": [turn], "range": [1, 5]}
    table = {"o3-mini-2025-01-31": {"model": "m", "service": "openai", "base_url": "http://127.0.0.1:9/v1"}}
    found = asyncio.run(openai_run(spec, "Paris", {}, table))
    assert (found.reward, flags(found)) == (0, {"invalid_variable_error", "sample_parse_error"})
    answer = from_openai(spec, models=table)(make_sample("Paris"))
    assert asyncio.run(answer) == Reward(1, metrics={"unread": 1, "judge_calls": 0})


@pytest.mark.parametrize("operation", ["eq", "like", "ilike"])
@pytest.mark.parametrize("blank", ["", " \n", "\u200b", None])
def test_two_empty_texts_never_match(operation, blank):
    spec = string_check(operation, given="{{sample.output_text}}", wanted="{{item.answer}}")
    for completion in ("", blank or "", "Paris"):
        with pytest.raises(RecordError):
            graded(spec, completion, answer=blank)


def test_a_blank_reference_from_the_completion_is_unread():
    spec = string_check("like", given="{{item.answer}}", wanted="{{sample.output_json.city}}")
    found = graded(spec, '{"city": ""}', answer="Paris")
    assert (found.value, found.metrics["unread"]) == (0, 1)
    both = string_check(given="{{sample.output_json.a}}", wanted="{{sample.output_json.b}}")
    assert graded(both, '{"a": "", "b": ""}').value == 0


def test_texts_around_empty_values_do_not_match_either():
    spec = string_check("like", wanted="Answer: {{item.answer}}")
    with pytest.raises(RecordError, match=r"item\.answer is blank"):
        graded(spec, "Answer: anything", answer="")


@pytest.mark.parametrize("operation", ["eq", "like"])
def test_a_records_texts_around_an_empty_completion_earn_nothing(operation):
    spec = string_check(operation, given="{{item.unit}}{{sample.output_text}}", wanted="{{item.unit}}")
    found = graded(spec, "", unit="km")
    assert (found.value, found.metrics["unread"]) == (0, 1)


def test_tool_calls_are_values_of_the_completion():
    spec = multi(
        "0.5 * called + 0.5 * given",
        called=string_check(given="find", wanted="{{sample.output_tools[0].function.name}}"),
        given=string_check(
            given='{"city": "{{item.city}}"}', wanted="{{sample.output_tools[0].function.arguments}}"
        ),
    )
    sample = make_sample("", city="Paris")
    function = {"name": "find", "arguments": '{"city": "Paris"}'}
    sample.messages[-1]["tool_calls"] = [{"id": "1", "type": "function", "function": function}]
    assert from_openai(spec)(sample).value == 1
    assert from_openai(spec)(make_sample("find", city="Paris")).value == 0


def test_the_record_has_its_fields_its_reference_and_its_prompt():
    record = "{{item.reference_answer}} {{item.unit}} {{item.messages[0].content}}"
    text = f"{record} {{{{sample.choices[0].message.content}}}}"
    spec = string_check(given=text, wanted="72 clips how many? #### 72")
    assert graded(spec, "#### 72", 72, prompt="how many?", unit="clips").value == 1


def test_a_reference_of_the_single_key_text_is_that_text_by_both_names():
    for name in ("reference_answer", "reference_answer.text"):
        assert graded(string_check(wanted=f"{{{{item.{name}}}}}"), "Paris", {"text": "Paris"}).value == 1
        assert graded(string_check(wanted=f"{{{{item.{name}}}}}"), "Paris", "Paris").value == 1


def similar(metric: str, **more: Any) -> dict[str, Any]:
    texts = {"input": ANSWER, "reference": REFERENCE}
    return {"type": "text_similarity", "name": "s", "evaluation_metric": metric, **texts, **more}


@pytest.mark.parametrize(
    ("metric", "reward"),
    [
        ("fuzzy_match", 0.7755),
        ("bleu", 0.2659),
        ("gleu", 0.4286),
        ("meteor", 0.5889),
        ("rouge_1", 0.6),
        ("rouge_2", 0.5),
        ("rouge_3", 0.3333),
        ("rouge_4", 0),
        ("rouge_5", 0),
        ("rouge_l", 0.6),
    ],
)
def test_metrics_match_rapidfuzz_nltk_and_rouge_score(metric, reward):
    found = graded(similar(metric), "fuzzy wuzzy was a bear", "fuzzy wuzzy was bald indeed")
    assert found.value == pytest.approx(reward, abs=5e-5)
    assert graded(similar(metric), "fuzzy wuzzy was a bear", "fuzzy wuzzy was a bear").value == pytest.approx(
        1
    )


def test_a_threshold_is_a_metric_and_does_not_change_the_score():
    found = graded(similar("rouge_1", pass_threshold=0.5), "a b", "a c d e f")
    assert found.value == pytest.approx(2 / 7)
    assert found.metrics["passed"] == 0
    joined = graded(multi("a", a=similar("rouge_1", pass_threshold=0.25)), "a b", "a c d e f")
    assert joined.metrics["a.passed"] == 1


@pytest.mark.parametrize("metric", ["fuzzy_match", "bleu", "rouge_l"])
def test_a_completion_with_nothing_to_compare_or_too_much_is_unread(metric):
    for completion in ("", "?!" if metric != "bleu" else " ", "word " * 40_000):
        found = graded(similar(metric), completion, "fuzzy wuzzy was a bear")
        assert (found.value, found.metrics["unread"]) == (0, 1)


@pytest.mark.parametrize(
    ("metric", "reference"), [("bleu", "two words"), ("rouge_3", "two words"), ("rouge_1", "東京")]
)
def test_a_reference_with_too_little_to_compare_is_the_records_fault(metric, reference):
    with pytest.raises(RecordError, match="cannot be compared"):
        graded(similar(metric), "two words", reference)


def test_a_python_grader_runs_unchanged_in_a_separate_process():
    source = "import os\n\ndef grade(sample, item):\n    return float(sample['output_text'] == item['city'])"
    spec = {"type": "python", "source": source}
    assert graded(spec, "Paris", city="Paris").value == 1
    found = run(spec, "Rome", city="Paris")
    assert (found.reward, flags(found), found.type) == (0, set(), "python")


@pytest.mark.parametrize(
    ("body", "kind", "flag"),
    [
        ("return item['nothing']", "exception", "python_grader_runtime_error"),
        ("return 'good'", "value", "python_grader_runtime_error"),
        ("return float('nan')", "value", "python_grader_runtime_error"),
        ("return None", "value", "python_grader_runtime_error"),
        ("open('/etc/passwd')", "exception", "python_grader_runtime_error"),
    ],
)
def test_a_python_grader_that_fails_gives_no_reward(body, kind, flag):
    spec = multi("1 - a", a={"type": "python", "source": f"def grade(sample, item):\n    {body}"})
    with pytest.raises(SampleError) as caught:
        graded(spec, "Paris")
    assert caught.value.kind == kind
    found = run(spec, "Paris")
    assert (found.reward, found.sub_rewards, flags(found)) == (1, {"a": 0}, {flag})
    details = found.errors[f"{flag}_details"]
    assert details in (caught.value.message, f"{caught.value.message} (/graders/a/source:2)")


@pytest.mark.parametrize("taken", ["sample['output_json']['city']", "sample.get('output_json').get('city')"])
def test_a_python_grader_that_needs_json_leaves_other_completions_unread(taken):
    spec = {"type": "python", "source": f"def grade(sample, item):\n    return float({taken} == 'Oslo')"}
    check = grader(from_openai(spec))
    assert check.grade(make_sample('{"city": "Oslo"}')).value == 1
    unread = check.grade(make_sample("Oslo"))
    assert (unread.value, unread.metrics["unread"]) == (0, 1)
    assert "python_grader_runtime_error" in flags(run(spec, "Oslo"))
    with pytest.raises(SampleError, match="exception: "):
        check.grade(make_sample("[]"))


@pytest.mark.parametrize("fault", ["nothing", "open('/etc/passwd')", "__import__('nowhere')"])
def test_a_fault_in_a_python_grader_is_a_failure_for_every_completion(fault):
    source = f"def grade(sample, item):\n    {fault}\n    return sample['output_json']['score']"
    check = grader(from_openai({"type": "python", "source": source}))
    for completion in ("no JSON", '{"score": 1}'):
        with pytest.raises(SampleError, match="exception: "):
            check.grade(make_sample(completion))


def test_an_import_with_a_fallback_may_be_missing():
    source = (
        "try:\n    import rapidfuzz as fuzzy\nexcept ImportError:\n    import fuzzywuzzy as fuzzy\n\n\n"
        "def grade(sample, item):\n    return float(bool(fuzzy))"
    )
    assert graded({"type": "python", "source": source}, "text").value == 1


@pytest.mark.parametrize(
    "text", ["[" * 150 + "]" * 150, '{"a":' * 85 + "1" + "}" * 85, "[" + "0," * 200_000 + "0]"]
)
def test_json_beyond_the_limits_is_ignored_and_fails_no_sample(text):
    source = "def grade(sample, item):\n    return float('output_json' in sample)"
    assert graded({"type": "python", "source": source}, text).value == 0
    assert graded({"type": "python", "source": source}, '{"a":' * 70 + "1" + "}" * 70).value == 1
    unread = graded(string_check("like", "{{sample.output_json}}", "1"), text)
    assert (unread.value, unread.metrics["unread"]) == (0, 1)


def test_a_completion_that_is_too_long_for_a_python_grader_is_unread():
    spec = {"type": "python", "source": "def grade(sample, item):\n    return 1"}
    found = graded(spec, "x" * 1_000_001)
    assert (found.value, found.metrics["unread"]) == (0, 1)
    assert "more than 1,000,000 characters" in str(found.reason)
    assert flags(run(spec, "x" * 1_000_001)) == {"other_error"}
    assert graded(spec, "\U0001f600" * 1_000_000).value == 1
    assert graded(string_check("like", wanted="{{item.a}}"), "x" * 1_000_001 + "y", a="y").value == 1


def test_a_python_grader_that_does_not_end_is_ended():
    spec = {"type": "python", "source": "def grade(sample, item):\n    while True:\n        pass"}
    found = asyncio.run(openai_run(spec, "Paris", {}, seconds=0.2))
    assert (found.reward, flags(found)) == (0, {"python_grader_server_error"})
    assert found.errors["python_grader_server_error_type"] == "timeout"


@pytest.mark.parametrize(
    ("top", "body", "said"),
    [
        ("import requests", "return 1", "line 1: imports requests, which OpenAI's image"),
        ("", "import requests\n    return 1", "line 3: imports requests, which OpenAI's image"),
        ("from . import x", "return 1", "no files next to it"),
        ("from .x import y", "return 1", "no files next to it"),
        ("", "__import__('requests')", "ModuleNotFoundError"),
        ("if True:\n    import requests", "return 1", "ModuleNotFoundError"),
        ("", "open('x')", "no file"),
        ("", "return len('a' * 10**10)", "1024 MB"),
    ],
)
def test_a_runs_messages_name_no_argument_that_only_code_could_pass(top, body, said):
    source = f"{top}\ndef grade(sample, item):\n    {body}"
    for spec in ({"type": "python", "source": source}, multi("a", a={"type": "python", "source": source})):
        found = run(spec, "Paris")
        (details,) = [each for each in found.errors.values() if isinstance(each, str)]
        assert said in details
        assert "=" not in details


def test_a_judge_without_any_table_of_models_names_no_argument():
    judge = {"type": "score_model", "name": "j", "model": "o3", "input": [{"role": "user", "content": "x"}]}
    assert run(judge, "Paris").errors["model_grader_server_error_details"].endswith("to the table of models")


def test_packages_of_another_image_may_be_imported_if_installed():
    spec = {"type": "python", "source": "import hypothesis\ndef grade(sample, item):\n    return 1"}
    assert "does not include" in run(spec, "a").errors["python_grader_server_error_type"]
    assert run({**spec, "image_tag": "2027-01-01"}, "a").reward == 1
    spec["source"] = spec["source"].replace("hypothesis", "nowhere")
    missing = run({**spec, "image_tag": "2027-01-01"}, "a").errors["python_grader_server_error_type"]
    assert "imports nowhere, which is not installed here" in missing


def test_imports_for_type_checking_may_be_missing():
    imports = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import requests\n"
    source = f"{imports}def grade(sample, item):\n    return 1"
    assert graded({"type": "python", "source": source}, "a").value == 1


def test_a_run_has_all_flags_of_openai():
    found = run(string_check(), "Paris", reference_answer="Paris")
    assert len(found.errors) == 14
    assert set(found.errors.values()) == {False, None}
    assert (found.name, found.type, found.scores, found.tokens) == ("checked", "string_check", {}, {})


def test_the_scoring_function_becomes_a_grader():
    graded_by = grader(range=(0, 1))(from_openai(multi("a", a=string_check())))
    samples = [make_sample("x", "x", id="1"), make_sample("y", "x", id="2"), make_sample("y", id="3")]
    good, bad, fault = invoke(graded_by, samples)
    unread = {"unread": 0, "a.unread": 0}
    assert good == Reward(1, metrics=unread, components={"a": 1})
    assert bad == Reward(0, metrics=unread, components={"a": 0})
    assert getattr(fault, "kind", "") == "record"


def test_the_grader_is_found_in_a_method_a_job_and_a_file(tmp_path):
    method = {
        "type": "reinforcement",
        "reinforcement": {"grader": string_check(), "hyperparameters": {"n_epochs": 1}},
    }
    job = {"model": "o4-mini", "training_file": "file-1", "method": method}
    path = tmp_path / "grader.json"
    path.write_text(json.dumps(job), encoding="utf-8-sig")
    for spec in (
        string_check(),
        {"grader": string_check()},
        method,
        method["reinforcement"],
        job,
        path,
        str(path),
    ):
        assert graded(spec, "x", "x").value == 1


def test_an_error_of_a_spec_can_be_pickled_and_names_file_and_place(tmp_path):
    path = tmp_path / "grader.json"
    path.write_text(json.dumps({"grader": string_check("neq")}))
    with pytest.raises(OpenAISpecError) as caught:
        from_openai(path)
    assert str(caught.value) == f"{path} /grader/operation: 'neq' is not an operation: write ne"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.pointer) == (str(caught.value), "/grader/operation")


def test_a_python_grader_needs_the_packages_of_its_imports():
    source = "import rdkit\n\ndef grade(sample, item):\n    return 1.0"
    with pytest.raises(ConfigurationError, match="rdkit"):
        from_openai({"type": "python", "source": source})
