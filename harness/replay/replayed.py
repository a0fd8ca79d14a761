"""The result of a replay inside a test: its rewards, and assertions about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.data.record_fields import FieldChoice
from harness.errors import InputError
from harness.replay.expect import (
    TOLERANCE,
    RewardDifference,
    StoredReward,
    differences,
    same_reward,
    stored_rewards,
)
from harness.replay.graded_text import claim_text, graded_text, reward_text, sample_lines
from harness.rollouts.read import Rollout
from harness.runs.facts import Bounds, check_within, middle_of
from harness.runs.labels import PLAIN, LabelCounts, LabelRule
from harness.runs.rank_correlation import rank_correlation
from harness.runs.rows import Row

__all__ = ["Replayed"]

SHOWN = 5
"""Maximum number of gradings shown in a failure."""

_EVERYTHING = FieldChoice()


class Replayed:
    """Results of a replay.

    Args:
        rollouts: The rollouts, in the file's order.
        rows: The gradings, by rollout and repeat.
        bounds: The grader's range, or None if unknown.
        label: Field with the labels.
        wires: Number of wire formats used for each rollout.
        fields: The fields of the rollouts that the grader saw.
        label_rule: The rule for interpreting the labels.
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
        """The first reward of each rollout by id. None means that grading failed.

        An id that is a list or an object becomes a JSON string.
        """
        return {_key(row): row["reward"] for row in reversed(self.rows)}

    @property
    def mean(self) -> float | None:
        """Mean of all rewards, or None if there are no rewards."""
        found = [row["reward"] for row in self.rows if row["reward"] is not None]
        return sum(found) / len(found) if found else None

    @property
    def pearson(self) -> float | None:
        """Pearson correlation of rewards and numeric labels, or None if either is constant."""
        counts = LabelCounts()
        for row in self.rows:
            if row["reward"] is not None and "label" in row:
                counts.add(row["reward"], row["label"], self.label_rule, None)
        return counts.pearson

    @property
    def spearman(self) -> float | None:
        """Spearman correlation of rewards and numeric labels, which compares only their order."""
        return rank_correlation(self.rows, self.label_rule).spearman

    def assert_rewards(self, expected: Mapping[Any, float | None] | str | Path) -> None:
        """Assert that rewards equal the expected ones.

        Args:
            expected: Rewards by id; or a file of stored rewards or a run's folder, which must include every
                rollout.
        """
        __tracebackhide__ = True
        if isinstance(expected, Mapping):
            known = self.rewards
            unknown = [key for key in expected if key not in known]
            if unknown:
                self._fail(f"no rollout has the id {unknown[0]!r}")
            rows = [row for row in self.rows if _key(row) in expected]
            wrong = [row for row in rows if not same_reward(row["reward"], expected[_key(row)])]
            self._check(wrong, "rewards are not as expected", lambda row: f"expected {expected[_key(row)]}")
            return
        found = [StoredReward(row["id"], row["reward"], row["repeat"]) for row in self.rows]
        changed = differences(stored_rewards(expected), found)
        if changed:
            # Show each id once rather than for each repeat.
            once = {json.dumps(one.to_json()): one for one in changed}
            many = f"{len(changed)} rewards differ" if len(changed) > 1 else "1 reward differs"
            self._fail(f"{many} from {expected}", [partial(self._changed, one) for one in once.values()])

    def assert_order(self, *ids: Any, strict: bool = True) -> None:
        """Assert that rewards fall from the first id to the last, in every repeat.

        Args:
            ids: Ids of rollouts, best first.
            strict: True if each reward must be greater than the next; otherwise rewards may be equal.
        """
        __tracebackhide__ = True
        if len(ids) < 2:
            fix = "List the best first and the worst last."
            raise InputError("an order needs at least two rollouts", fix=fix)
        ranked = [self._rows_of(key) for key in ids]
        ungraded = [row for rows in ranked for row in rows if row["reward"] is None]
        self._check(ungraded, "an order needs rewards, but some rollouts have none")
        texts = []
        for better, worse in pairwise(ranked):
            least, most = min(better, key=_reward), max(worse, key=_reward)
            gap = _reward(least) - _reward(most)
            if not (gap > TOLERANCE if strict else gap >= -TOLERANCE):
                texts.append(partial(self._step, least, most))
        if texts:
            falls = "fall" if strict else "never rise"
            claim = f"rewards do not {falls} from best to worst: {len(texts)} of {len(ids) - 1} steps"
            self._fail(claim, texts)

    def assert_bounds(self, low: float | None = None, high: float | None = None) -> None:
        """Assert that every rollout has a reward within bounds.

        Args:
            low: The smallest allowed reward, or None for the lowest reward of the grader's range.
            high: The largest allowed reward, or None for the highest reward of the grader's range.
        """
        __tracebackhide__ = True
        if low is None or high is None:
            bounds = self._known_bounds()
            low = bounds[0] if low is None else low
            high = bounds[1] if high is None else high
        wrong = [row for row in self.rows if row["reward"] is None or not low <= row["reward"] <= high]
        self._check(wrong, f"rewards are not all from {low:g} to {high:g}")

    def assert_agrees(self, at_least: float = 1.0) -> None:
        """Assert that rewards agree with the rollouts' labels, whose field was passed as `label`.

        Args:
            at_least: The share of gradings that must agree, from 0 to 1.
        """
        __tracebackhide__ = True
        if self.label is None:
            raise InputError("no label was named", fix='Write rft_replay(..., label="is_right").')
        needs_range = any(isinstance(self.label_rule.says(row["label"]), bool) for row in self.rows)
        bounds = self._known_bounds() if needs_range else None
        found = [row["reward"] for row in self.rows if row["reward"] is not None]
        fix = "Write rft_replay(..., range=(low, high)), with the lowest and the highest possible reward."
        check_within(bounds, min(found, default=None), max(found, default=None), place=None, fix=fix)
        middle = middle_of(bounds)
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
        """Assert that all repeats of a rollout have the same reward and metrics. Requires `repeats`."""
        __tracebackhide__ = True
        first: dict[int, Row] = {}
        wrong = []
        for row in self.rows:
            one = first.setdefault(row["at"], row)
            if not same_reward(row["reward"], one["reward"]) or row["metrics"] != one["metrics"]:
                wrong.append(row)
        if all(row["repeat"] == 0 for row in self.rows):
            raise InputError("every rollout was graded only once", fix="Write rft_replay(..., repeats=3).")
        claim = "rewards change when the same rollout is graded again"
        self._check(wrong, claim, lambda row: f"at first {_graded(first[row['at']])}")

    def assert_wires_agree(self) -> None:
        """Assert that every wire format gives the same rewards. Requires `wire="all"`."""
        __tracebackhide__ = True
        if self.wires < 2:
            raise InputError("only one wire format was used", fix='Write rft_replay(..., wire="all").')
        wrong = [row for row in self.rows if "wires" in row]
        self._check(wrong, "the wire formats disagree", lambda row: str(row["wires"]))

    def _known_bounds(self) -> Bounds:
        if self.bounds is None:
            fix = "Write rft_replay(..., range=(0, 1)), with the lowest and the highest reward."
            raise InputError("the grader's range is not known", fix=fix)
        return self.bounds

    def _changed(self, one: RewardDifference) -> str:
        """Format a difference from a stored reward, with the completion and reference of the rollout."""
        rows = [row for row in self.rows if row["id"] == one.id and row["reward"] == one.found]
        was = "no reward" if one.expected is None else one.expected
        now = one.found if one.found is not None or not rows else reward_text(rows[0])
        line = claim_text(f"  {one.id}: stored {was}, now {now}")
        return "\n".join([line, *(sample_lines(rows[0], self._by_place[rows[0]["at"]]) if rows else ())])

    def _rows_of(self, key: Any) -> list[Row]:
        """Return the gradings of the only rollout with this id."""
        rows = [row for row in self.rows if row["id"] == key]
        places = len({row["at"] for row in rows})
        if places != 1:
            what = f"{places or 'no'} {'rollouts have' if places else 'rollout has'} the id {key!r}"
            raise InputError(what, fix="Use an id that only one rollout has.")
        return rows

    def _check(self, wrong: list[Row], claim: str, more: Callable[[Row], str] = lambda row: "") -> None:
        __tracebackhide__ = True
        if wrong:
            once = {row["at"]: row for row in reversed(wrong)}  # show each rollout once, not per repeat
            texts = [partial(self._shown, row, more(row)) for row in list(once.values())[::-1]]
            self._fail(f"{claim}: {len(wrong)} of {len(self.rows)} gradings", texts)

    def _step(self, better: Row, worse: Row) -> str:
        return f"{self._shown(better, 'the better one')}\n{self._shown(worse, 'the worse one')}"

    def _shown(self, row: Row, more: str) -> str:
        return graded_text(row, self._by_place[row["at"]], more)

    def _fail(self, claim: str, texts: Sequence[Callable[[], str]] = ()) -> None:
        __tracebackhide__ = True
        lines = [text() for text in texts[:SHOWN]]
        if len(texts) > SHOWN:
            lines.append(f"  and {len(texts) - SHOWN:,} more")
        notes = [claim_text(f"fields {note}") for note in self.fields.notes()]
        raise AssertionError("\n".join([claim_text(claim), *lines, *notes]))


def _graded(row: Row) -> str:
    """Return a row's reward, or the kind of its error, with its metrics."""
    said = "no reward" if row["reward"] is None else str(row["reward"])
    return f"{said} with {row['metrics']}" if row["metrics"] else said


def _reward(row: Row) -> float:
    assert row["reward"] is not None
    return row["reward"]


def _key(row: Row) -> Any:
    """Return a row's id, as a JSON string if it is not hashable."""
    return json.dumps(row["id"]) if isinstance(row["id"], list | dict) else row["id"]
