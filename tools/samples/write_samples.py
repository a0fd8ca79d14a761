"""Writes the sample records and rollouts: `python -m tools.samples.write_samples [FOLDER]`.

With the same seed, `records.jsonl` and `rollouts.jsonl` are byte-for-byte identical on every Python version.
The completions are synthetic, a mixture of careful and sloppy styles for problems of three difficulties.
About a fifth of the groups have equal rewards, and style correlates with correctness.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.samples import RECORDS
from tools.samples.problems import Dice, Problem, draw_problem
from tools.samples.styles import CAREFUL, StyledCompletion, complete, reference
from tools.samples.templates import TEMPLATES

__all__ = ["COMPLETIONS", "INSTRUCTION", "RECORD_COUNT", "SEED", "generate", "main"]

SEED = 20_260_711
RECORD_COUNT = 300
COMPLETIONS = 8
"""Number of completions per record."""
INSTRUCTION = 'Think step by step and write the final answer after "####".'

# Frequencies of sloppy styles, and the share of right completions among styles with a single answer.
_SLOPPY_WEIGHTS = {"bare": 4, "guess": 5, "ramble": 4, "hedged": 2, "prose": 3, "cut": 3, "empty": 1}
_SLOPPY_BAG = [style for style, weight in _SLOPPY_WEIGHTS.items() for _ in range(weight)]
_SLOPPY_RIGHT = 0.12


def generate(seed: int = SEED) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield the records in order, each with its rollouts.

    Args:
        seed: Any integer. `SEED` gives the shipped files.

    Yields:
        One line of the training file, and the lines of the rollouts file for it.
    """
    dice = Dice(seed)
    seen: set[str] = set()
    for number in range(RECORD_COUNT):
        problem = draw_problem(TEMPLATES[number % len(TEMPLATES)], dice)
        while problem.question in seen:
            problem = draw_problem(problem.template, dice)
        seen.add(problem.question)
        task = f"word-problem-{number + 1:03d}"
        record = {
            "messages": [{"role": "user", "content": f"{problem.question} {INSTRUCTION}"}],
            "reference_answer": reference(problem, dice),
            "task_id": task,
        }
        group = _completions(problem, dice)
        yield record, [_rollout(record, task, k, completion) for k, completion in enumerate(group)]


def main(arguments: list[str] | None = None) -> int:
    """Write both files into a folder, by default the folder of the shipped samples."""
    given = sys.argv[1:] if arguments is None else arguments
    folder = Path(given[0]) if given else RECORDS.parent
    made = list(generate())
    _write(folder / "records.jsonl", [record for record, _ in made])
    _write(folder / "rollouts.jsonl", [rollout for _, group in made for rollout in group])
    return 0


def _completions(problem: Problem, dice: Dice) -> list[StyledCompletion]:
    level = min(len(problem.steps), 3)
    hard = dice.chance((0.04, 0.11, 0.18)[level - 1])
    easy = not hard and dice.chance((0.22, 0.12, 0.07)[level - 1])
    if easy:
        careful, right, right_sloppy, bag = dice.between(5, 7), 0.995, 0.98, ["bare", "guess", "ramble"]
    elif hard:
        careful, right, right_sloppy, bag = dice.between(1, 3), 0.02, 0.0, _SLOPPY_BAG
    else:
        careful, right, right_sloppy, bag = dice.between(2, 4), 0.95, _SLOPPY_RIGHT, _SLOPPY_BAG
    group = [complete(problem, dice.pick(list(CAREFUL)), dice.chance(right), dice) for _ in range(careful)]
    for _ in range(COMPLETIONS - careful):
        group.append(complete(problem, dice.pick(bag), dice.chance(right_sloppy), dice))
    return dice.shuffled(group)


def _rollout(record: dict[str, Any], task: str, k: int, completion: StyledCompletion) -> dict[str, Any]:
    return {
        "id": f"{task}/{k}",
        "record": task,
        "messages": [*record["messages"], {"role": "assistant", "content": completion.text}],
        "reference_answer": record["reference_answer"],
        "model": f"synthetic-{completion.style}",
        "is_right": completion.is_right,
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    raise SystemExit(main())
