"""Runs a rollouts file as tests, which compare each sample's reward with the expected reward."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

from harness.data.json_lines import Line, LineError, numbered_lines, parse
from harness.data.record_fields import choose_fields, flattened
from harness.data.sources import DataFile, Source, as_source
from harness.errors import InputError
from harness.printable import printable, shortened
from harness.replay.expectation import Expectation, expectation_of
from harness.replay.graded_text import graded_text
from harness.replay.grading import grade_all, profiles_of
from harness.rollouts.read import Rollout, check_label, read_rollouts
from harness.runs.facts import Bounds
from harness.runs.rows import Row
from harness.targets.protocol import Target

__all__ = ["RolloutTest", "read_tests", "names_of"]

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class RolloutTest:
    """One sample and its expected reward."""

    name: str
    """Id of the sample, made printable and unique in the file."""
    line: int
    """Line number of the sample, from 1."""
    rollout: Rollout
    expected: Expectation

    def failure(self, target: Target, bounds: Bounds | None) -> str | None:
        """Grade the sample.

        Args:
            target: The grader.
            bounds: The grader's range, or None if unknown.

        Returns:
            The actual and the expected reward, or None if the reward is as expected.
        """
        rows: list[Row] = []
        grade_all(target, iter([self.rollout]), profiles_of("open-weight"), 1, False, rows.extend)
        row = rows[0]
        if self.expected.holds(row["reward"], bounds):
            return None
        return dedent(graded_text(row, self.rollout, f"expected {self.expected.words(bounds)}"))


def read_tests(file: DataFile, label: str | None = None, keep: Iterable[str] = ()) -> list[RolloutTest]:
    """Read a rollouts file and return its lines as tests.

    Args:
        file: The rollouts: a source or its name.
        label: Field with the label, which graders never see.
        keep: Fields that belong to the record although they differ between its rollouts.

    Raises:
        InputError: The file cannot be read or is empty, or a line cannot be used; the message names the first
            such line.
    """
    check_label(label)
    source = as_source(file)
    choice = choose_fields(source, label, keep)
    if label is not None:
        choice = replace(choice, hidden=(*choice.hidden, label))
    places, expected, problems = _expectations(source)
    rollouts = list(read_rollouts(source, choice=choice))
    for rollout in rollouts:
        if rollout.problem is not None:
            problems[rollout.at] = rollout.problem
        elif rollout.differing:
            what = "differs within a record, so training will not have it"
            problems[rollout.at] = f"the field {rollout.differing[0]} {what}"
    if problems:
        first = min(problems)
        more = f" (the first of {len(problems):,} lines that cannot be used)" if len(problems) > 1 else ""
        raise InputError(f"{problems[first]}{more}", place=places[first].place)
    if not rollouts:
        raise InputError("the file has no rollouts", place=str(source))
    ids = [f"line-{places[one.at].number}" if one.id == f"at-{one.at}" else one.id for one in rollouts]
    return [
        RolloutTest(name, places[one.at].number, one, expected[one.at])
        for name, one in zip(names_of(ids), rollouts, strict=True)
    ]


def _expectations(source: Source) -> tuple[dict[int, Line], dict[int, Expectation], dict[int, str]]:
    """Return by line offset: the lines, their expectations, and the problems of invalid expectations."""
    places: dict[int, Line] = {}
    found: dict[int, Expectation] = {}
    problems: dict[int, str] = {}
    for line in numbered_lines(source):
        places[line.at] = line._replace(text=b"")
        try:
            value = parse(line.text) if line.text.strip() else None
            found[line.at] = expectation_of(flattened(value)) if isinstance(value, dict) else Expectation()
        except LineError:  # the reader of rollouts reports this error
            continue
        except ValueError as error:
            problems[line.at] = str(error)
    return places, found, problems


def names_of(ids: Sequence[Any]) -> list[str]:
    """Return a unique name for each id that pytest can print and select.

    The first sample with an id gets the id as its name. Characters that are not printable or would end the
    name are escaped.
    """
    plain = [_name(one) for one in ids]
    taken, counts, found = set(plain), Counter[str](), []
    for name in plain:
        counts[name] += 1
        while counts[name] > 1 and f"{name}.{counts[name]}" in taken:
            counts[name] += 1
        found.append(name if counts[name] == 1 else f"{name}.{counts[name]}")
    return found


def _name(key: Any) -> str:
    text = key if isinstance(key, str) else json.dumps(key, ensure_ascii=False)
    name = shortened(printable(text), _LONGEST).replace("::", ":\\x3a")
    return name if name.strip() else "blank"
