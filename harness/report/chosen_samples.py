"""Prints selected gradings of a run together with their samples' texts."""

from __future__ import annotations

from typing import Any

from harness.data.identity import canonical
from harness.data.typed_json import as_json
from harness.printable import printable, shortened
from harness.report.console import SafeConsole
from harness.report.short_texts import SampleReader, text_line, text_lines
from harness.runs.labels import LabelRule
from harness.runs.rows import Row, failure_of, sample_name
from harness.runs.store import Run
from harness.signal.row_filter import ChosenRows

__all__ = ["chosen_as_json", "print_chosen"]

_METRICS = 6
_NAME = 40


def print_chosen(run: Run, found: ChosenRows, console: SafeConsole, *, whole: bool = False) -> None:
    """Print gradings, each with its prompt, completion and reference.

    Args:
        run: The run that contains the gradings.
        found: The gradings.
        console: The console to print to.
        whole: True to print the full texts and all metrics.
    """
    mean = "" if found.mean is None else f", mean reward {found.mean:.4f}"
    console.print(f"{found.count:,} of {found.gradings:,} gradings{mean}", style="bold")
    if found.errors:
        kinds = ", ".join(f"{printable(kind)} {count:,}" for kind, count in sorted(found.errors.items()))
        console.print(f"  no reward: {kinds}")
    reader = SampleReader(run)
    if reader.why is not None and found.rows:
        console.print(printable(f"texts are not shown: {reader.why}"))
    for row in found.rows:
        console.print()
        for line in _row_lines(row, run.facts.label_rule, found.middle, whole):
            console.print(printable(line))
        texts = reader.at(row["at"])
        for line in () if texts is None else text_lines(texts, indent=2, whole=whole):
            console.print(line)
        if "reason" in row:
            console.print(text_line("reason", row["reason"], indent=2, whole=whole))
    if found.count > len(found.rows):
        console.print(f"\nand {found.count - len(found.rows):,} more; --limit N shows more", style="dim")
    if found.rows:
        console.print(f"\none sample in full: rft show {printable(str(run.folder))} ID", style="dim")


def _row_lines(row: Row, rule: LabelRule, middle: float | None, whole: bool) -> list[str]:
    name = shortened(sample_name(row), _NAME if not whole else 1_000)
    again = f" (grading {row['repeat'] + 1})" if row["repeat"] else ""
    if row["reward"] is None:
        kind, message = failure_of(row)
        lines = [f"{name}{again}  no reward: {kind}", f"  {message if whole else shortened(message)}"]
    else:
        lines = [f"{name}{again}  reward {row['reward']:g}"]
    if "label" in row:
        agrees = rule.agreement(row["reward"], row["label"], middle)
        lines[0] += f"  label {shortened(canonical(row['label']), 30)}" + (
            "  disagrees" if agrees is False else ""
        )
    if "wires" in row:
        wires = canonical(row["wires"])
        lines.append(f"  wires {wires if whole else shortened(wires)}")
    shown = list(row["metrics"].items())[: None if whole else _METRICS]
    if shown:
        more = len(row["metrics"]) - len(shown)
        told = "  ".join(f"{shortened(key, _NAME)} {value:g}" for key, value in shown)
        lines.append(f"  metrics    {told}" + (f"  and {more:,} more" if more else ""))
    return lines


def chosen_as_json(run: Run, found: ChosenRows) -> dict[str, Any]:
    """Return the selected gradings and their texts as JSON."""
    reader = SampleReader(run)
    samples = []
    for row in found.rows:
        texts = reader.at(row["at"])
        samples.append({**row, "texts": None if texts is None else as_json(texts)})
    return {
        "run": str(run.folder),
        "gradings": found.gradings,
        "count": found.count,
        "mean": found.mean,
        "errors": dict(found.errors),
        "samples": samples,
        "why_no_texts": reader.why,
    }
