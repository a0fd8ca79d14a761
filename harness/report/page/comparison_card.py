"""Builds the page's comparison of two runs: sentences, bars, and rollouts whose advantage changed sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.report.page.bars import Bar, BarChart, Tone, figure_of
from harness.signal.comparison import Comparison
from harness.signal.label_agreement import LabelComparison
from harness.signal.reordered import Reordering, ZeroStdChange
from harness.signal.statistic import Statistic

__all__ = ["ChangedSide", "ComparisonCard", "comparison_card"]

_FLIPS = 20
_JOINED = {
    "place": "They graded the same rollouts.",
    "completion": "They are compared on the completions that both graded.",
    "record": "They are compared record by record, as two models.",
}


@dataclass(frozen=True, slots=True)
class ChangedSide:
    """A rollout whose reward moved from above its record's mean to below it, or vice versa."""

    name: str
    was: str
    now: str
    link: str


@dataclass(frozen=True, slots=True)
class ComparisonCard:
    """The changes in this run, compared with another run."""

    other: str
    sentences: list[str]
    chart: BarChart | None
    """Chart of the comparison; None if the runs have no completions in common."""
    labels: list[tuple[str, str, str]]
    """Figures about labels, each as name, value before and value now."""
    flips: list[ChangedSide]
    flipped: int
    """Number of all rollouts whose advantage changed sign. `flips` contains only the first ones."""


def comparison_card(found: Comparison) -> ComparisonCard:
    """Build the comparison card for the page of the second run."""
    other, order = Path(found.was).name, found.order
    flips = [] if order is None else order.flips[:_FLIPS]
    return ComparisonCard(
        other,
        list(_sentences(found)),
        None if order is None else _chart(order, found.zero_std, other),
        [] if found.labels is None else list(_labels(found.labels)),
        [
            ChangedSide(
                str(flip.id)[:80], f"{flip.was:g}", f"{flip.now:g}", f"#record={_address(flip.group)}"
            )
            for flip in flips
        ],
        0 if order is None else order.flipped,
    )


def _sentences(found: Comparison) -> Iterator[str]:
    yield _JOINED[found.by]
    if found.only_was or found.only_now:
        what = "records" if found.by == "record" else "rollouts"
        yield f"Not compared: {found.only_was:,} {what} only there, {found.only_now:,} only here."
    for remark in found.remarks:
        yield f"Note: {remark}."
    pair = found.records
    if pair is None:
        yield "No record has a reward in both runs."
    else:
        low, high = pair.difference.low, pair.difference.high
        mean, clear = _signed(pair.difference.mean), "" if pair.is_clear else ", which is no clear difference"
        if low is not None and high is not None:
            mean += f" (95 % interval {_signed(low)} to {_signed(high)})"
        yield (
            f"Mean reward {mean}{clear}: {pair.wins:,} records higher, {pair.losses:,} lower,"
            f" {pair.ties:,} equal."
        )
    if found.labels is not None:
        labels = found.labels
        if labels.mended is not None and labels.broken is not None:
            yield (
                f"Of {labels.rollouts:,} rollouts with the label {labels.label}, {labels.mended:,} agree only"
                f" now and {labels.broken:,} no longer do."
            )
    elif found.why_no_labels is not None:
        yield f"Labels are not compared: {found.why_no_labels}."


def _chart(order: Reordering, zero: ZeroStdChange, other: str) -> BarChart:
    rows: list[tuple[str, int, int, Tone, str | None]] = [
        ("rewards that differ", order.changed, order.rollouts, "plain", "#show=differ"),
        ("advantages that change sign", order.flipped, order.rollouts, "bad", None),
        ("ordered pairs reversed", order.inverted, order.pairs, "bad", None),
        ("ordered pairs made equal", order.merged, order.pairs, "muted", None),
        ("reward only in first run", order.failed_now, order.rollouts, "bad", None),
        ("reward only in second run", order.failed_before, order.rollouts, "good", None),
        (f"zero-std groups in {other[:40]}", zero.was, zero.groups, "muted", None),
        ("zero-std groups here", zero.now, zero.groups, "muted", None),
    ]
    bars = [
        Bar(name, count / of if of else 0.0, f"{count:,} of {of:,}", tone, link if count else None)
        for name, count, of, tone, link in rows
    ]
    note = "A job learns from the order of rewards within a record, not from their size."
    return BarChart("What changes", ("change", "of"), bars, note)


def _labels(labels: LabelComparison) -> Iterator[tuple[str, str, str]]:
    was, now = labels.was, labels.now
    yield "false positives", _said(was.false_positives, ".1%"), _said(now.false_positives, ".1%")
    yield "false negatives", _said(was.false_negatives, ".1%"), _said(now.false_negatives, ".1%")
    yield "Youden's J", _said(was.youden, ".3f"), _said(now.youden, ".3f")
    yield "pairs in the right order", _said(was.pair_accuracy, ".1%"), _said(now.pair_accuracy, ".1%")


def _said(one: Statistic, form: str) -> str:
    if one.value is None:
        return f"not measured: {one.why}"
    bounds = "" if one.low is None or one.high is None else f" ({one.low:{form}} to {one.high:{form}})"
    return f"{one.value:{form}}{bounds}, n {one.n:,}"


def _signed(value: float) -> str:
    return figure_of(value, "+.4f")


def _address(text: str) -> str:
    """Quote a string for the page's address. A lone surrogate becomes the replacement character."""
    return quote(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), safe="")
