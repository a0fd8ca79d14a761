"""Prints a comparison of two runs: first the changes that matter to a job, then rollouts with their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill

from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.report.short_texts import SampleReader, text_lines
from harness.runs.store import Run
from harness.signal.comparison import Comparison
from harness.signal.fail_on import LimitOutcome
from harness.signal.label_agreement import Agreement, LabelComparison
from harness.signal.reordered import Reordering
from harness.signal.statistic import Statistic

__all__ = ["print_comparison"]

_NAME = 26
_SHOWN = 5
_NAMED = 3


def print_comparison(
    found: Comparison,
    measured: Sequence[LimitOutcome],
    runs: tuple[Run, Run],
    console: SafeConsole,
    *,
    everything: bool = False,
) -> None:
    """Print a comparison of two runs.

    Args:
        found: The comparison.
        measured: The limits, with the measured values.
        runs: Both runs. Their rollouts contain the texts.
        console: The console to print to.
        everything: True to list every change with full texts.
    """
    for line in _head(found):
        console.print(fill(printable(line), 80))
    sections: list[tuple[str, Iterator[str]]] = []
    if found.order is not None:
        sections.append(("order within records, which a job learns from", _order(found.order)))
    sections.append((f"{found.common_records:,} records in common", _records(found)))
    sections.append(("labels", _labels(found)))
    if measured:
        sections.append(("limits", map(_limit, measured)))
    for title, said in sections:
        console.print()
        console.print(printable(title), style="bold")
        for line in said:
            console.print(fill(printable(line), 80, initial_indent="  ", subsequent_indent=" " * (_NAME + 3)))
    if found.order is not None and found.order.samples:
        _print_samples(found.order, runs[0], console, everything)
    console.print()
    console.print(printable(f"side by side: rft report {found.now} --against {found.was}"), style="dim")


def _head(found: Comparison) -> Iterator[str]:
    yield f"was  {found.was}"
    yield f"now  {found.now}"
    if found.order is None:
        yield f"compared by record, over {found.common_records:,} records in both runs"
    else:
        same = "same rollouts" if found.by == "place" else "same record and completion"
        yield f"{found.order.rollouts:,} rollouts in common ({same})"
    if found.only_was or found.only_now:
        what = "records" if found.order is None else "rollouts"
        first = f"{found.only_was:,} {what} only in the first run"
        yield f"not compared: {first}, {found.only_now:,} only in the second"
    for remark in found.remarks:
        yield f"note: {remark}"


def _order(order: Reordering) -> Iterator[str]:
    yield _part("rewards that differ", order.changed, order.rollouts, "rollouts")
    records = f"rollouts, {order.flipped_groups:,} records"
    yield _part("flipped advantages", order.flipped, order.rollouts, records)
    yield _part("inverted pairs", order.inverted, order.pairs, "ordered pairs")
    yield f"{'pairs made equal':<{_NAME}} {order.merged:,};  made unequal {order.parted:,}"
    only = f"{order.failed_now:,};  only in second {order.failed_before:,}"
    yield f"{'reward only in first run':<{_NAME}} {only}"


def _records(found: Comparison) -> Iterator[str]:
    zero, pair = found.zero_std, found.records
    yield f"{'zero-std groups':<{_NAME}} {zero.was:,} -> {zero.now:,} of {zero.groups:,}"
    for name, records in (("newly equal", zero.became), ("no longer equal", zero.stopped)):
        if records:
            shown = ", ".join(shortened(record, 30) for record in records[:_NAMED])
            more = f" and {len(records) - _NAMED:,} more" if len(records) > _NAMED else ""
            yield f"{'  ' + name:<{_NAME}} {len(records):,}: {shown}{more}"
    yield f"{'mean reward':<{_NAME}} {_mean(found.mean_was)} -> {_mean(found.mean_now)}"
    if pair is None:
        yield "no record has a reward in both"
        return
    low, high = pair.difference.low, pair.difference.high
    bounds = "" if low is None or high is None else f"  {low:+.4f} to {high:+.4f}"
    clear = "" if pair.is_clear else "  (no clear difference)"
    yield f"{'  difference by record':<{_NAME}} {pair.difference.mean:+.4f}{bounds}{clear}"
    yield f"{'  records':<{_NAME}} {pair.wins:,} higher, {pair.losses:,} lower, {pair.ties:,} equal"


def _mean(mean: float | None) -> str:
    return "none" if mean is None else f"{mean:.4f}"


def _labels(found: Comparison) -> Iterator[str]:
    labels = found.labels
    if labels is None:
        yield f"not compared: {found.why_no_labels}"
        return
    yield from _agreement(labels)


def _agreement(labels: LabelComparison) -> Iterator[str]:
    was, now = labels.was, labels.now
    name = f"agree with {shortened(labels.label, 12)}"
    yield f"{name:<{_NAME}} {_share(was)} -> {_share(now)}"
    if labels.mended is not None and labels.broken is not None:
        yield f"{'  newly agree':<{_NAME}} {labels.mended:,};  no longer {labels.broken:,}"
    for name, one, other, form in (
        ("false positives", was.false_positives, now.false_positives, ".1%"),
        ("false negatives", was.false_negatives, now.false_negatives, ".1%"),
        ("Youden's J", was.youden, now.youden, ".3f"),
        ("pairs in the right order", was.pair_accuracy, now.pair_accuracy, ".1%"),
    ):
        if one.value is None and other.value is None:
            yield f"{name:<{_NAME}} not measured: {other.why}"
        else:
            yield f"{name:<{_NAME}} {_figure(one, form)} -> {_figure(other, form)}"


def _share(one: Agreement) -> str:
    return f"{one.agreed:,} of {one.rollouts:,}"


def _figure(one: Statistic, form: str) -> str:
    if one.value is None:
        return f"not measured ({one.why})"
    return f"{one.value:{form}} [{one.low:{form}}, {one.high:{form}}]"


def _limit(one: LimitOutcome) -> str:
    if one.count is None or one.of is None:
        return f"{one.limit:<{_NAME}} NOT MEASURED: {one.why}"
    before = "" if one.before is None else f", {one.before:,} before"
    return f"{one.limit:<{_NAME}} {'kept' if one.kept else 'EXCEEDED'}: {one.count:,} of {one.of:,}{before}"


def _part(name: str, count: int, of: int, what: str) -> str:
    share = f" ({count / of:.1%})" if of else ""
    return f"{name:<{_NAME}} {count:,} of {of:,} {what}{share}"


def _print_samples(order: Reordering, was: Run, console: SafeConsole, everything: bool) -> None:
    console.print()
    flips = f", {order.flipped:,} of them flipped (first)" if order.flipped else ""
    console.print(f"what changed: {len(order.samples):,} rollouts{flips}", style="bold")
    reader = SampleReader(was)
    if reader.why is not None:
        console.print(fill(printable(f"texts are not shown: {reader.why}"), 80, initial_indent="  "))
    shown = order.samples if everything else order.samples[:_SHOWN]
    for one in shown:
        name = str(one.id) if everything else shortened(str(one.id), 40)
        flipped = "  flipped" if one.flipped else ""
        rewards = f"{_reward(one.was, one.was_error)} -> {_reward(one.now, one.now_error)}"
        console.print(printable(f"  {name}: {rewards}{flipped}"))
        texts = reader.at(one.at)
        for line in () if texts is None else text_lines(texts, whole=everything):
            console.print(line)
    if len(order.samples) > len(shown):
        console.print(f"  and {len(order.samples) - len(shown):,} more; --all lists all, with whole texts")


def _reward(reward: float | None, error: str | None) -> str:
    return f"no reward ({shortened(error or 'unknown', 30)})" if reward is None else f"{reward:g}"
