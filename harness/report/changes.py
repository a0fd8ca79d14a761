"""Prints what a second run changes: what matters to a job first, then the flipped rollouts with texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill

from harness.data.json_lines import lines
from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.report.shown_texts import texts_of_line
from harness.runs.store import Run
from harness.signal.comparison import Comparison
from harness.signal.fail_on import LimitOutcome
from harness.signal.label_agreement import LabelComparison
from harness.signal.reordered import Flip, Reordering
from harness.signal.statistic import Statistic

__all__ = ["print_comparison"]

_NAME = 26
_SHOWN = 3
_TEXT = 66


def print_comparison(
    found: Comparison,
    measured: Sequence[LimitOutcome],
    was: Run,
    console: SafeConsole,
    *,
    everything: bool = False,
) -> None:
    """Print what the second run changes.

    Args:
        found: The comparison.
        measured: The limits, and what was found.
        was: The first run, whose rollouts hold the texts.
        console: Where to print.
        everything: Show every flipped rollout that was kept.
    """
    for line in _head(found):
        console.print(fill(printable(line), 80))
    sections: list[tuple[str, Iterator[str]]] = []
    if found.order is not None:
        sections.append(("order within records, which is what a job learns from", _order(found.order)))
    sections.append((f"{found.common_records:,} records in common", _records(found)))
    sections.append(("labels", _labels(found)))
    if measured:
        sections.append(("limits", map(_limit, measured)))
    for title, said in sections:
        console.print()
        console.print(printable(title), style="bold")
        for line in said:
            console.print(fill(printable(line), 80, initial_indent="  ", subsequent_indent=" " * (_NAME + 3)))
    if found.order is not None and found.order.flips:
        _print_flips(found.order, was, console, everything)
    console.print()
    console.print(printable(f"side by side: rft report {found.now} --against {found.was}"), style="dim")


def _head(found: Comparison) -> Iterator[str]:
    yield f"was  {found.was}"
    yield f"now  {found.now}"
    common = {
        "place": "the same rollouts",
        "completion": "the same completions",
        "record": "the same records",
    }
    if found.order is not None:
        yield f"{found.order.rollouts:,} rollouts in common ({common[found.by]})"
    else:
        yield "no completion in common: compared by record, as two models are"
    if found.only_was or found.only_now:
        yield f"not compared: {found.only_was:,} only in the first, {found.only_now:,} only in the second"


def _order(order: Reordering) -> Iterator[str]:
    yield _part("rewards that differ", order.changed, order.rollouts, "rollouts")
    yield _part(
        "flipped advantages", order.flipped, order.rollouts, f"rollouts, {order.flipped_groups:,} records"
    )
    yield _part("inverted pairs", order.inverted, order.pairs, "ordered pairs")
    yield f"{'pairs made equal':<{_NAME}} {order.merged:,};  made unequal {order.parted:,}"
    yield f"{'zero-std groups':<{_NAME}} {order.zero_std_was:,} -> {order.zero_std_now:,} of {order.groups:,}"
    yield f"{'no reward any more':<{_NAME}} {order.failed_now:,};  a reward only now {order.failed_before:,}"


def _records(found: Comparison) -> Iterator[str]:
    pair = found.records
    if pair is None:
        yield "no record has a reward in both"
        return
    low, high = pair.difference.low, pair.difference.high
    bounds = "" if low is None or high is None else f"  {low:+.4f} to {high:+.4f}"
    clear = "" if pair.is_clear else "  (the interval holds 0)"
    yield f"{'mean reward':<{_NAME}} {pair.difference.mean:+.4f}{bounds}{clear}"
    yield f"{'records':<{_NAME}} {pair.wins:,} higher, {pair.losses:,} lower, {pair.ties:,} equal"


def _labels(found: Comparison) -> Iterator[str]:
    labels = found.labels
    if labels is None:
        yield f"not compared: {found.why_no_labels}"
        return
    yield from _agreement(labels)


def _agreement(labels: LabelComparison) -> Iterator[str]:
    count = f"{labels.mended:,} agree only now, {labels.broken:,} no more"
    yield f"{labels.label} on {labels.rollouts:,} rollouts: {count}"
    for name, was, now in (
        ("false positives", labels.was.false_positives, labels.now.false_positives),
        ("false negatives", labels.was.false_negatives, labels.now.false_negatives),
        ("Youden's J", labels.was.youden, labels.now.youden),
        ("pairs ordered rightly", labels.was.pair_accuracy, labels.now.pair_accuracy),
    ):
        form = ".3f" if name.startswith("You") else ".1%"
        yield f"{name:<{_NAME}} {_figure(was, form)} -> {_figure(now, form)}"


def _figure(one: Statistic, form: str) -> str:
    if one.value is None:
        return f"not measured ({one.why})"
    return f"{one.value:{form}} [{one.low:{form}}, {one.high:{form}}]"


def _limit(one: LimitOutcome) -> str:
    if one.count is None or one.of is None:
        return f"{one.limit:<{_NAME}} not measured: {one.why}"
    return f"{one.limit:<{_NAME}} {'kept' if one.kept else 'EXCEEDED'}: {one.count:,} of {one.of:,}"


def _part(name: str, count: int, of: int, what: str) -> str:
    share = f" ({count / of:.1%})" if of else ""
    return f"{name:<{_NAME}} {count:,} of {of:,} {what}{share}"


def _print_flips(order: Reordering, was: Run, console: SafeConsole, everything: bool) -> None:
    shown = order.flips if everything else order.flips[:_SHOWN]
    console.print()
    console.print("flipped: pushed before and held back now, or the reverse", style="bold")
    why = was.why_unreadable()
    if why is not None:
        console.print(fill(printable(f"texts are not shown: {why}"), 80, initial_indent="  "))
    for flip in shown:
        console.print(printable(f"  {shortened(str(flip.id))}: {flip.was:g} -> {flip.now:g}"))
        if why is None:
            for line in _texts(flip, was):
                console.print(printable(f"    {line}"))
    left = order.flipped - len(shown)
    if left:
        console.print(
            f"  and {left:,} more; " + ("--json lists the first 200" if everything else "--all lists them")
        )


def _texts(flip: Flip, was: Run) -> Iterator[str]:
    texts = texts_of_line(next(lines(was.rollouts, flip.at), (0, b""))[1])
    prompt = next((said for role, said in reversed(texts.prompt) if role == "user"), "")
    for name, text in (("prompt", prompt), ("completion", texts.completion), ("reference", texts.reference)):
        said = " ".join((text or "").split())
        cut = said if len(said) <= _TEXT else (said[: _TEXT // 2 - 2] + " ... " + said[-_TEXT // 2 + 3 :])
        yield f"{name:<10} {cut or '(nothing)'}"
