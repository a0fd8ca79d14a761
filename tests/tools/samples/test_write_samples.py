"""The shipped samples are the generator's output, and have the properties that the documents state."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from harness.samples import RECORDS, ROLLOUTS
from tools.samples.problems import Dice, draw_problem, show, slip
from tools.samples.styles import CAREFUL, SLOPPY, STYLES
from tools.samples.templates import TEMPLATES
from tools.samples.write_samples import COMPLETIONS, INSTRUCTION, RECORD_COUNT, generate, main

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def numbers_after_marker(text: str) -> list[Fraction]:
    """Return the numbers after the last `####`, independently of the generator's code."""
    before, marker, after = text.rpartition("####")
    return [Fraction(number.replace(",", "")) for number in NUMBER.findall(after)] if marker else []


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return load(RECORDS)


@pytest.fixture(scope="module")
def rollouts() -> list[dict[str, Any]]:
    return load(ROLLOUTS)


def test_generating_again_gives_the_shipped_bytes(tmp_path: Path):
    assert main([str(tmp_path)]) == 0
    for shipped in (RECORDS, ROLLOUTS):
        assert (tmp_path / shipped.name).read_bytes() == shipped.read_bytes()


def test_another_seed_gives_other_problems():
    first, _ = next(generate(1))
    other, _ = next(generate(2))
    assert first != other


def test_both_files_stay_small():
    assert RECORDS.stat().st_size + ROLLOUTS.stat().st_size < 2_500_000


def test_prompts_and_ids_are_unique(records, rollouts):
    assert len(records) == RECORD_COUNT
    assert len(rollouts) == RECORD_COUNT * COMPLETIONS
    assert len({record["messages"][0]["content"] for record in records}) == RECORD_COUNT
    assert len({record["task_id"] for record in records}) == RECORD_COUNT
    assert len({rollout["id"] for rollout in rollouts}) == len(rollouts)


def test_no_prompt_holds_its_reference_or_the_answer(records):
    for record in records:
        prompt, reference = record["messages"][0]["content"], record["reference_answer"]
        assert prompt.endswith(INSTRUCTION)
        assert reference not in prompt
        (answer,) = numbers_after_marker(reference)
        given = prompt.removesuffix(INSTRUCTION)
        assert answer not in {Fraction(number.replace(",", "")) for number in NUMBER.findall(given)}


def test_every_step_of_a_reference_is_true(records):
    for record in records:
        steps = re.findall(r"<<([\d.]+)([-+*/])([\d.]+)=([\d.]+)>>", record["reference_answer"])
        assert steps
        for left, op, right, value in steps:
            x, y = Fraction(left), Fraction(right)
            assert Fraction(value) == {"+": x + y, "-": x - y, "*": x * y, "/": x / y}[op]
        assert numbers_after_marker(record["reference_answer"]) == [Fraction(steps[-1][3])]


def test_the_label_is_true_exactly_where_one_right_number_stands_after_the_marker(rollouts):
    for rollout in rollouts:
        found = numbers_after_marker(rollout["messages"][-1]["content"])
        gold = numbers_after_marker(rollout["reference_answer"])
        assert rollout["is_right"] is (found == gold), rollout["id"]


def test_a_rollout_is_its_record_and_one_more_turn(records, rollouts):
    by_task = {record["task_id"]: record for record in records}
    for rollout in rollouts:
        record = by_task[rollout["record"]]
        assert rollout["messages"][:-1] == record["messages"]
        assert rollout["messages"][-1]["role"] == "assistant"
        assert rollout["reference_answer"] == record["reference_answer"]
        assert set(rollout) == {"id", "record", "messages", "reference_answer", "model", "is_right"}


def test_groups_reach_from_all_wrong_to_all_right(rollouts):
    right: Counter[str] = Counter()
    for rollout in rollouts:
        right[rollout["record"]] += rollout["is_right"]
    by_count = Counter(right[rollout["record"]] for rollout in rollouts[::COMPLETIONS])
    assert set(by_count) == set(range(COMPLETIONS + 1))
    assert 0.2 <= (by_count[0] + by_count[COMPLETIONS]) / RECORD_COUNT <= 0.25
    assert 0.35 <= sum(right.values()) / len(rollouts) <= 0.5


def test_style_tells_something_about_rightness(rollouts):
    by_style = defaultdict(list)
    for rollout in rollouts:
        by_style[rollout["model"].removeprefix("synthetic-")].append(rollout["is_right"])
    assert set(by_style) == set(STYLES)
    rates = {style: sum(right) / len(right) for style, right in by_style.items()}
    assert all(rates[style] > 0.8 for style in CAREFUL)
    assert all(rates[style] < 0.3 for style in SLOPPY)


def test_right_answers_come_in_other_forms_than_the_reference(rollouts):
    finals = [r["messages"][-1]["content"].rpartition("####")[2].strip() for r in rollouts if r["is_right"]]
    for form in (r"\*\*.+\*\*", r"\$\d.*", r"\d+\.00?", r"\d{1,3},\d{3}.*", r"[\d.]+ [a-z]+", r"[\d.]+\."):
        assert any(re.fullmatch(form, final) for final in finals), form


@pytest.mark.parametrize("number", range(len(TEMPLATES)))
def test_a_slip_always_makes_the_answer_wrong(number: int):
    dice = Dice(number)
    for _ in range(20):
        problem = draw_problem(TEMPLATES[number], dice)
        assert Fraction(show(problem.answer)) == problem.answer
        wrong = slip(problem, dice)[-1].value
        assert Fraction(show(wrong)) == wrong != problem.answer
