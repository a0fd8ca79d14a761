"""Packs a page's samples into compressed JSON encoded as ASCII, which no browser runs as a script.

The JSON has one list per field, which is smaller and faster to parse than a list of objects. Equal prompts
are stored once.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from harness.report.page.heat_map import GroupCell
from harness.report.page.held_samples import HeldRows, HeldTexts
from harness.report.page.unrewarded import FailureText, failure_text
from harness.runs.facts import Bounds, middle_of
from harness.runs.labels import LabelRule
from harness.runs.rows import Row, sample_name

__all__ = ["METRICS", "OtherSide", "packed", "sample_columns", "unpacked"]

METRICS = 50
"""Maximum number of metrics in a page, because a grader may invent a metric name for each sample."""
_LABEL = 200
_REASON, _SHORT_REASON = 500, 100


@dataclass(frozen=True, slots=True)
class OtherSide:
    """The other run in a comparison."""

    name: str
    texts: HeldTexts | None
    """Texts of the other run, if its rollouts are different."""


@dataclass(slots=True)
class _Places:
    """Assigns numbers to values in the order of their first appearance."""

    of: dict[Any, int] = field(default_factory=dict)

    def place(self, value: Any) -> int:
        return self.of.setdefault(value, len(self.of))


def sample_columns(
    held: HeldRows,
    texts: HeldTexts | None,
    *,
    bounds: Bounds | None,
    rule: LabelRule,
    cells: Sequence[GroupCell],
    failures: Iterable[FailureText] = (),
    other: OtherSide | None = None,
) -> dict[str, Any]:
    """Return the data for the page's script, with one list per field.

    Args:
        held: The gradings.
        texts: The gradings' texts; None if the rollouts have changed or no longer exist.
        bounds: The grader's range; None if unknown.
        rule: The rule for interpreting labels.
        cells: The groups to draw.
        failures: Kinds and messages of failures, which are numbered first, in this order.
        other: The other run in a comparison.
    """
    rows, groups = held.rows, _Places()
    names = _metric_names(rows)
    middle = middle_of(bounds)
    found: dict[str, Any] = {
        "bounds": bounds,
        "id": [sample_name(row) for row in rows],
        "repeat": [row["repeat"] for row in rows] if any(row["repeat"] for row in rows) else None,
        "reward": [row["reward"] for row in rows],
        "group": [-1 if row["group"] is None else groups.place(row["group"]) for row in rows],
        "ms": [round(row["ms"], 3) for row in rows],
        "metricNames": names,
        "metrics": [[row["metrics"].get(name) for row in rows] for name in names],
        **_errors(rows, failures),
        **_verdicts(rows, rule, middle),
        **_texts(rows, texts),
        "cells": {
            "group": [groups.place(cell.name) for cell in cells],
            "mean": [cell.mean for cell in cells],
            "count": [cell.count for cell in cells],
            "missing": [cell.missing for cell in cells],
            "zeroStd": [cell.zero_std for cell in cells],
        },
        "other": None if other is None else _other(other, held.others),
    }
    found["groups"] = list(groups.of)
    return found


def packed(value: Any) -> str:
    """Return a value as compressed JSON encoded as ASCII."""
    try:
        content = orjson.dumps(value)
    except TypeError:  # JSON can escape a lone surrogate, but UTF-8 cannot encode it
        content = json.dumps(value, separators=(",", ":")).encode("ascii")
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


def unpacked(text: str) -> Any:
    """Return the value that was passed to `packed`."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def _metric_names(rows: Iterable[Row]) -> list[str]:
    counts = Counter(name for row in rows for name in row["metrics"])
    return sorted(name for name, _ in counts.most_common(METRICS))


def _errors(rows: Iterable[Row], failures: Iterable[FailureText]) -> dict[str, Any]:
    kinds = _Places({failure: at for at, failure in enumerate(failures)})
    places = [-1 if row["error"] is None else kinds.place(failure_text(row)) for row in rows]
    return {"error": places, "errors": list(kinds.of)}


def _verdicts(rows: Sequence[Row], rule: LabelRule, middle: float | None) -> dict[str, Any]:
    labels = _Places()
    shown = [labels.place(_label_text(row["label"])) if "label" in row else -1 for row in rows]
    agree = [
        {True: 1, False: 0, None: -1}[
            rule.agreement(row["reward"], row["label"], middle) if "label" in row else None
        ]
        for row in rows
    ]
    wires = {number: _label_text(row["wires"]) for number, row in enumerate(rows) if "wires" in row}
    labeled = bool(labels.of)
    return {
        "label": shown if labeled else None,
        "labels": list(labels.of),
        "agree": agree if labeled else None,
        "wires": wires and {str(number): text for number, text in wires.items()},
    }


def _label_text(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text[:_LABEL]


def _texts(rows: Sequence[Row], texts: HeldTexts | None) -> dict[str, Any]:
    if texts is None:
        return {"texts": None}
    files = _Places()
    file = list(map(files.place, texts.file))
    models, longest = _Places(), _SHORT_REASON if texts.excerpts else _REASON
    return {
        "text": [texts.of_at.get(row["at"], -1) for row in rows],
        "texts": {
            "prompts": list(texts.prompts),
            "references": list(texts.references),
            "prompt": texts.prompt,
            "reference": texts.reference,
            "completion": texts.completion,
            "reasoning": texts.reasoning if any(texts.reasoning) else None,
            "model": [-1 if model is None else models.place(model) for model in texts.model],
            "models": list(models.of),
            "length": texts.length,
            "line": texts.line,
            "file": file if len(files.of) > 1 else None,
            "files": list(files.of) if len(files.of) > 1 else None,
            "reasons": {str(at): row["reason"][:longest] for at, row in enumerate(rows) if "reason" in row},
        },
    }


def _other(other: OtherSide, rows: Sequence[Row | None]) -> dict[str, Any]:
    texts = other.texts
    return {
        "name": other.name,
        "there": [int(row is not None) for row in rows],
        "reward": [None if row is None else row["reward"] for row in rows],
        "error": [
            ": ".join(failure_text(row)) if row is not None and row["reward"] is None else None
            for row in rows
        ],
        "completion": None
        if texts is None
        else [
            None if row is None or (at := texts.of_at.get(row["at"])) is None else texts.completion[at]
            for row in rows
        ],
    }
