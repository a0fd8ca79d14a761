from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Sample, grader
from graders.configured import grader_of_table
from harness.data.validate import Report, validate
from harness.errors import InputError
from harness.samples import RECORDS
from harness.targets.in_process import InProcessTarget
from harness.targets.reference_checks import check_references
from support.judge_endpoint import JudgeEndpoint

JUDGE_NAME = "checks.judge:judge_label"
JUDGED = {"ask": "Is it right?", "labels": {"good": 1, "poor": 0}, "model": "m"}
JUDGE = f"{JUDGE_NAME}({', '.join(f'{name}={value!r}' for name, value in JUDGED.items())}"


def checked(path: Path, references: list[Any], check: Any) -> Report:
    prompt = [{"role": "user", "content": "Q?"}]
    path.write_text(
        "".join(json.dumps({"messages": prompt, "reference_answer": one}) + "\n" for one in references),
        encoding="utf-8",
    )
    report = validate(path)
    report.findings.clear()
    report.by_severity.clear()
    check_references(
        report, path, InProcessTarget(check), check if isinstance(check, str) else "own.py:check"
    )
    return report


def found(report: Report) -> list[tuple[str, int | None]]:
    return [(one.id, one.place.line if one.place else None) for one in report.findings]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            "checks.numbers:number()",
            ["72", "#### 72", "\\boxed{72}", 72, {"text": "72"}],
            ["Boeing 747", None, "nan"],
        ),
        ('checks.numbers:number(marker="A:")', ["72", "A: 72", "so A: 72"], ["seventy-two", {"a": 1}]),
        ("checks.numbers:boxed_number()", ["\\boxed{72}", "72"], ["\\boxed{}"]),
        ("checks.choices:choice()", ["B", "(B)"], ["B or C", "Paris"]),
        ("checks.text:exact()", ["Paris", ["Paris", "Rome"]], ["", {"a": "b"}, [1]]),
        ('checks.text:exact(take="tag")', ["Paris", "<answer>Paris</answer>"], [None]),
        ('checks.text:exact(take="code_block")', ["x = 1"], [""]),
        ("checks.json_fields:json_fields()", [{"a": 1}, [1, 2], '{"a": 1}', 72], ["Paris", {}, '{"a": 1,}']),
        (
            "checks.tools:tool_calls()",
            [
                {"calls": [{"f": {"a": ["", 1], "b": [[{"c": [2, ""]}]]}}, {"g": {}}]},
                [{"name": "f", "arguments": {"a": {"b": ["x"]}}}],
                '[{"function": {"name": "f", "arguments": "{\\"a\\": 1}"}}]',
                "[f(a=1)]",
                {"ground_truth": [{"f": {"a": [1]}}]},
            ],
            [[], "Paris", {"f": {"a": 1}}, None],
        ),
        (
            "checks.dates:date()",
            ["2026-11-26", "26 November", ["14:30"]],
            ["03/04/2026", "2026-02-30", "now"],
        ),
        (
            "checks.similarity:bleu()",
            ["The cat sat down.", ["a b c d", "e f g h"], {"text": "a b c d"}],
            ["The cat", "...", None],
        ),
        ('checks.similarity:rouge(n=1, tokens="rouge")', ["The cat"], ["\u6771\u4eac"]),
        ("checks.similarity:meteor()", ["Dogs", "\u6771\u4eac"], ["a" * 10_001]),
        ("checks.fuzzy:fuzzy()", ["Paris", ["Paris", "Rome"]], ["?!", [1]]),
        ("checks.grounding:citations()", [], ["Two years [1]."]),
        (
            "checks.constraints:constraints()",
            [{"instruction_id_list": ["detectable_format:json_format"], "kwargs": [{}]}],
            [{"instruction_id_list": ["nope"]}, {"instruction_id_list": ["keywords:existence"]}, None],
        ),
        (
            'checks.required:must_contain(field="reference_answer")',
            ["Paris", ["Paris", "14 days"]],
            [None, [], [" "]],
        ),
        ("checks.refusals:refusal()", [], ["I can't help with that."]),
        ('checks.leaks:no_leaks(field="may")', [], ["Paris"]),
        ('checks.json_fields:json_fields(fields=["a"])', [{"a": 1, "b": 2}], [{"b": 2}, [1]]),
        (f"{JUDGE}, reference=True)", ["Paris", {"a": 1}, 7, [["x"]], True], [None, " ", {}, [""], [None]]),
        (f"{JUDGE})", [None, "Paris"], []),
        ('checks.judge:judge_checklist(model="m", points_field="reference_answer")', [], ["Paris"]),
    ],
)
def test_a_reference_that_a_check_cannot_grade_is_an_error_at_its_line(
    tmp_path: Path, check: str, good: list[Any], bad: list[Any]
):
    assert found(checked(tmp_path / "good.jsonl", good, check)) == []
    report = checked(tmp_path / "bad.jsonl", [*good, *bad], check)
    assert found(report) == [("R090", len(good) + number) for number in range(1, len(bad) + 1)]
    assert all(one.message.startswith("record: ") for one in report.findings)
    assert (report.checked, report.errors) == (len(good) + len(bad), len(bad))


def test_a_check_that_does_not_pay_its_own_reference_is_told(tmp_path: Path):
    half = grader(lambda sample: 0.5 if "72" in sample.completion else 0.0)
    report = checked(tmp_path / "data.jsonl", ["72", "7"], half)
    assert [one.message.rpartition(" earns ")[2] for one in report.findings] == ["0.5 of 1", "0 of 1"]
    assert {one.id for one in report.findings} == {"R091"}


def test_a_grader_that_needs_no_reference_has_none_to_pay(tmp_path: Path):
    assert found(checked(tmp_path / "data.jsonl", [None], "checks.text:matches(pattern='x+')")) == []


def test_what_a_grader_does_instead_of_grading_is_told(tmp_path: Path):
    @grader
    def abstains(sample: Sample) -> Abstain:
        return Abstain("not today")

    @grader
    def raises(sample: Sample) -> float:
        raise KeyError("unit")

    for check, kind in ((abstains, "abstain"), (raises, "exception")):
        report = checked(tmp_path / "data.jsonl", ["72"], check)
        assert [one.message.partition(":")[0] for one in report.findings] == [kind]


def test_a_handler_that_fails_every_call_measures_nothing(tmp_path: Path):
    def handler(event: Any, context: Any) -> Any:
        raise RuntimeError("no")

    with pytest.raises(InputError, match="the check failed: RuntimeError: no"):
        checked(tmp_path / "data.jsonl", ["72"], handler)


def test_the_shipped_records_are_paid_in_full():
    report, check = validate(RECORDS), 'checks.numbers:number(marker="####")'
    check_references(report, RECORDS, InProcessTarget(check), check)
    assert (report.findings, report.checked) == ([], 300)


TEXT = st.text(st.characters(exclude_categories=[]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
        lambda one: st.lists(one, max_size=2) | st.dictionaries(st.sampled_from(["text", "a"]), one),
        max_leaves=5,
    )
)
def test_no_reference_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, reference: Any):
    report = checked(tmp_path_factory.mktemp("any") / "data.jsonl", [reference], "checks.text:exact()")
    assert report.checked == 1


def test_a_judge_is_not_asked_and_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with JudgeEndpoint() as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        report = checked(tmp_path / "data.jsonl", ["Paris", "Rome", None], f"{JUDGE}, reference=True)")
        assert found(report) == [("R090", 3)]
        assert (report.checked, report.not_asked) == (3, 2)
        assert report.to_json()["check"]["not_asked"] == 2

        quotes = grader_of_table(
            {
                "check": "checks.combined:cascade",
                "steps": {"right": {"check": "checks.text:exact"}, "judged": {"check": JUDGE_NAME, **JUDGED}},
            }
        )
        report = checked(tmp_path / "data.jsonl", ["Paris", "", "Rome"], quotes)
        assert found(report) == [("R090", 2)]
        assert report.not_asked == 2
        assert endpoint.seen == []
        assert quotes.declared.awaits


def test_a_list_of_points_that_a_judge_cannot_use_is_an_error_at_its_line(tmp_path: Path):
    prompt = [{"role": "user", "content": "Q?"}]
    points: list[Any] = [["It names Rome."], [], "Rome", ["a", "a"], [" "], None, [1], ["x"] * 51]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps({"messages": prompt, "points": each}) + "\n" for each in points))
    report = Report(str(path), records=len(points))
    check_references(report, path, InProcessTarget('checks.judge:judge_checklist(model="m")'), "judge")
    assert found(report) == [("R090", line) for line in range(2, 9)]
    assert all(
        "the record's field 'points' is not a list of 1 to 50" in one.message for one in report.findings
    )
    assert report.not_asked == 1
