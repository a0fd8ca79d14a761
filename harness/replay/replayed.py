"""A replay inside a test: rewards in memory, and assertions that show what they found.

Everything runs in this process, and nothing is written: `rft replay` is the one that keeps runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data.record_fields import FieldChoice
from harness.data.record_file import decide_fields, open_records
from harness.errors import InputError
from harness.printable import printable, shortened
from harness.replay.expect import StoredReward, differences, stored_rewards
from harness.replay.grading import grade_all, profiles_of
from harness.rollouts.read import Rollout, check_label, line_number, read_rollouts
from harness.runs.facts import Bounds, known_bounds, middle_of
from harness.runs.labels import PLAIN, LabelCounts, LabelRule, label_rule
from harness.runs.rank_correlation import rank_correlation
from harness.runs.rows import Row, failure_of, sample_name
from harness.targets.in_process import InProcessTarget

SHOWN = 5
TOLERANCE = 1e-9
_EVERYTHING = FieldChoice()
_TEXT = 400


class Replayed:
    """What a replay found.

    Args:
        rollouts: The rollouts, in the file's order.
        rows: The gradings, by rollout and repeat.
        bounds: The grader's range; None where it is not known.
        label: The field that held the verdicts.
        wires: Over how many wires each rollout went.
        fields: What the grader saw of the rollouts.
        label_rule: How to read the verdicts.
    """

    def __init__(
        self,
        rollouts: list[Rollout],
        rows: list[Row],
        bounds: Bounds | None,
        label: str | None,
        wires: int = 1,
        fields: FieldChoice = _EVERYTHING,
        label_rule: LabelRule = PLAIN,
    ) -> None:
        self.rollouts = rollouts
        self.rows = rows
        self.bounds = bounds
        self.label = label
        self.wires = wires
        self.fields = fields
        self.label_rule = label_rule
        self._by_place = {rollout.at: rollout for rollout in rollouts}

    @property
    def rewards(self) -> dict[Any, float | None]:
        """The first reward of each rollout, by id; None where grading failed."""
        return {row["id"]: row["reward"] for row in reversed(self.rows)}

    @property
    def mean(self) -> float | None:
        """The mean of all rewards; None where there is none."""
        found = [row["reward"] for row in self.rows if row["reward"] is not None]
        return sum(found) / len(found) if found else None

    @property
    def pearson(self) -> float | None:
        """Pearson's correlation of rewards and labels that are numbers; None where either never changes."""
        counts = LabelCounts()
        for row in self.rows:
            if row["reward"] is not None and "label" in row:
                counts.add(row["reward"], row["label"], self.label_rule, None)
        return counts.pearson

    @property
    def spearman(self) -> float | None:
        """Spearman's correlation of the same, which looks at their order alone."""
        return rank_correlation(self.rows, self.label_rule).spearman

    def assert_rewards(self, expected: Mapping[Any, float | None] | str | Path) -> None:
        """Rewards are as expected.

        Args:
            expected: By id; or a file of stored rewards or a run, which must name every rollout.
        """
        __tracebackhide__ = True
        if isinstance(expected, Mapping):
            known = self.rewards
            unknown = [key for key in expected if key not in known]
            if unknown:
                self._fail(f"no rollout has the id {unknown[0]!r}", [])
            rows = [row for row in self.rows if row["id"] in expected]
            wrong = [row for row in rows if not _equal(row["reward"], expected[row["id"]])]
            self._check(wrong, "rewards are not as expected", lambda row: f"expected {expected[row['id']]}")
            return
        found = [StoredReward(row["id"], row["reward"], row["repeat"]) for row in self.rows]
        changed = differences(stored_rewards(expected), found)
        if changed:
            lines = [
                printable(f"  {one.id}: stored {one.expected}, now {one.found}") for one in changed[:SHOWN]
            ]
            self._fail(f"{len(changed)} rewards differ from {expected}", lines)

    def assert_bounds(self, low: float | None = None, high: float | None = None) -> None:
        """Every rollout has a reward, and it lies in bounds.

        Args:
            low: The smallest allowed; the grader's own floor when None.
            high: The largest allowed; the top of the grader's own range when None.
        """
        __tracebackhide__ = True
        if low is None or high is None:
            bounds = self._known_bounds()
            low = bounds[0] if low is None else low
            high = bounds[1] if high is None else high
        wrong = [row for row in self.rows if row["reward"] is None or not low <= row["reward"] <= high]
        self._check(wrong, f"rewards are not all from {low:g} to {high:g}")

    def assert_agrees(self, at_least: float = 1.0) -> None:
        """Rewards agree with the rollouts' own verdicts; name their field as `label`.

        Args:
            at_least: The share that has to agree, 0 to 1.
        """
        __tracebackhide__ = True
        if self.label is None:
            raise InputError("no label was named", fix='Write rft_replay(..., label="is_right").')
        needs_range = any(isinstance(self.label_rule.says(row["label"]), bool) for row in self.rows)
        middle = middle_of(self._known_bounds() if needs_range else None)
        verdicts = [self.label_rule.agreement(row["reward"], row["label"], middle) for row in self.rows]
        wrong = [row for row, verdict in zip(self.rows, verdicts, strict=True) if not verdict]
        share = (len(self.rows) - len(wrong)) / max(1, len(self.rows))
        if share < at_least:
            self._check(
                wrong,
                f"rewards agree with {self.label} on {share:.2%}, not {at_least:.2%}",
                lambda row: f"{self.label} {row['label']}",
            )

    def assert_deterministic(self) -> None:
        """Every repeat of a rollout got the same reward and metrics; ask for two `repeats` or more."""
        __tracebackhide__ = True
        first: dict[int, Row] = {}
        wrong = []
        for row in self.rows:
            one = first.setdefault(row["at"], row)
            if not _equal(row["reward"], one["reward"]) or row["metrics"] != one["metrics"]:
                wrong.append(row)
        if all(row["repeat"] == 0 for row in self.rows):
            raise InputError("every rollout was graded once", fix="Write rft_replay(..., repeats=3).")
        self._check(wrong, "rewards change when the same rollout is graded again")

    def assert_wires_agree(self) -> None:
        """Every wire gave the same rewards; ask for `wire="all"`."""
        __tracebackhide__ = True
        if self.wires < 2:
            raise InputError("every rollout went over one wire", fix='Write rft_replay(..., wire="all").')
        wrong = [row for row in self.rows if "wires" in row]
        self._check(wrong, "the wires disagree", lambda row: str(row["wires"]))

    def _known_bounds(self) -> Bounds:
        if self.bounds is None:
            fix = "Write rft_replay(..., range=(0, 1)), with the lowest and the highest reward."
            raise InputError("the grader's range is not known", fix=fix)
        return self.bounds

    def _check(self, wrong: list[Row], claim: str, more: Callable[[Row], str] = lambda row: "") -> None:
        __tracebackhide__ = True
        if wrong:
            once = {row["at"]: row for row in reversed(wrong)}  # not each repeat of it
            lines = [self._shown(row, more(row)) for row in list(once.values())[::-1][:SHOWN]]
            self._fail(f"{claim}: {len(wrong)} of {len(self.rows)} gradings", lines)

    def _shown(self, row: Row, more: str) -> str:
        """One grading, with all that one needs to see why."""
        sent = self._by_place[row["at"]].sent or {}
        last = (sent.get("messages") or [{}])[-1]
        reward = f"{row['reward']}" if row["reward"] is not None else "none ({}: {})".format(*failure_of(row))
        lines = [
            printable(
                f"  {sample_name(row)}: reward {shortened(reward)}{f', {shortened(more)}' if more else ''}"
            ),
            f"    completion: {_short(last.get('content'))}",
            f"    reference:  {_short(sent.get('reference_answer'))}",
        ]
        if row["metrics"]:
            lines.append(f"    metrics:    {_short(row['metrics'])}")
        return "\n".join(lines)

    def _fail(self, claim: str, lines: list[str]) -> None:
        __tracebackhide__ = True
        notes = [f"fields {note}" for note in self.fields.notes()]
        raise AssertionError("\n".join([claim, *lines, *notes]))


def replay_here(
    path: Path,
    grader: Callable[..., Any] | str,
    *,
    wire: str = "open-weight",
    repeats: int = 1,
    limit: int | None = None,
    label: str | None = None,
    label_threshold: float | None = None,
    label_tolerance: float | None = None,
    label_true: Sequence[str] = (),
    keep_field: Sequence[str] = (),
    records: Path | None = None,
    range: Bounds | None = None,  # the word that users write
) -> Replayed:
    """Replay a rollouts file in this process.

    Args:
        path: The rollouts file.
        grader: A grader or any handler, or its `module:name`.
        wire: The shape of the events; `all` compares every one.
        repeats: How many times to grade each rollout.
        limit: Only the first so many.
        label: The field that holds a verdict.
        label_threshold: Numbers from here on mean yes, smaller ones no.
        label_tolerance: How far a reward may be from a label that is a number; 1e-9 when None.
        label_true: Texts that mean yes; every other text means no.
        keep_field: Fields that the grader sees although they differ within a record.
        records: The training records, whose fields the grader sees instead of the rollouts' own.
        range: The lowest and the highest reward, for a handler that does not declare them.

    Raises:
        InputError: The file or the grader cannot be read, or a line is no rollout.
    """
    check_label(label)
    if isinstance(label_true, str):
        raise InputError("label_true is a list of texts", fix=f"Write label_true=[{label_true!r}].")
    rule = label_rule(label, label_threshold, label_tolerance, tuple(label_true))
    if repeats < 1 or (limit is not None and limit < 1):
        raise InputError("repeats and limit are whole numbers from 1")
    target = InProcessTarget(grader)
    choice, training = decide_fields(
        Path(path), label, keep_field, None if records is None else Path(records)
    )
    known = None if training is None else open_records(training)
    rollouts = []
    for rollout in read_rollouts(path, label=label, choice=choice, records=known):
        if rollout.problem is not None:
            raise InputError(rollout.problem, place=f"{path}:{line_number(path, rollout.at)}")
        if rollout.differing:
            raise InputError(
                f"the field {rollout.differing[0]} differs within a record, so training will not have it",
                place=f"{path}:{line_number(path, rollout.at)}",
                fix="Name it as label, or as keep_field if it is the record's.",
            )
        rollouts.append(rollout)
        if limit is not None and len(rollouts) >= limit:
            break
    if not rollouts:
        raise InputError("the file holds no rollouts", place=str(path))
    profiles = profiles_of(wire)
    rows: list[Row] = []
    grade_all(target, iter(rollouts), profiles, repeats, label is not None, rows.extend)
    bounds = known_bounds(target.bounds, range)
    return Replayed(rollouts, rows, bounds, label, len(profiles), choice, rule)


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


def _short(text: Any) -> str:
    shown = repr(text)
    return shown if len(shown) <= _TEXT else f"{shown[: _TEXT // 2]} ... {shown[-_TEXT // 2 :]}"
