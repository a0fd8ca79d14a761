from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.projects.foreign_function import find_functions
from harness.projects.reached_code import ReachedCode
from harness.projects.read_keys import ReadKeys, read_keys


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "def f(completions, **k): return k['level'] + k.get('solution')",
            ReadKeys("solution", (), (("level", ""),)),
        ),
        (
            "def f(prompts, completions, answer, sizes: list[int], log_extra=None): ...",
            ReadKeys("answer", (), (("sizes", "list[int]"),)),
        ),
        (
            "def compute_score(solution_str, ground_truth, extra_info=None):\n"
            "    return ground_truth['target'] == extra_info['level'] + extra_info.get('split', '')",
            ReadKeys("reference_answer", ("target",), (), ("level", "split")),
        ),
        (
            "def lambda_handler(event, context):\n    for item in event:\n"
            "        meta = item.get('metadata', {})\n"
            "        x = item.get('reference_answer', {}).get('final_answer') or item['task']",
            ReadKeys("reference_answer", ("final_answer",), (("task", ""),)),
        ),
        (
            "def grade(sample, item): return item['city'] + item['reference_answer']",
            ReadKeys("reference_answer", (), (("city", ""),)),
        ),
    ],
)
def test_what_a_function_reads_of_a_record_is_found(source, expected):
    tree = ast.parse(source)
    found = find_functions(tree, Path("rewards.py"))
    code = ReachedCode({"rewards.py": tree}, [each.name for each in found])
    assert read_keys(code, found) == expected
