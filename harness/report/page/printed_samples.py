"""Shortens the lowest samples for printing and for browsers without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.page.held_samples import HeldTexts
from harness.report.page.unrewarded import failure_text
from harness.report.shown_texts import Shown
from harness.runs.rows import Row, sample_name

__all__ = ["PrintedSample", "printed_samples"]

_PRINTED = 12
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class PrintedSample:
    """A sample as it appears in print and in browsers without scripts."""

    name: str
    reward: str
    prompt: str
    completion: str
    reference: str


def printed_samples(rows: Sequence[Row], texts: HeldTexts | None) -> list[PrintedSample]:
    """Return the samples with the lowest rewards, with failed ones first."""
    if texts is None:
        return []
    first = sorted(rows, key=lambda row: (row["reward"] is not None, row["reward"] or 0.0))
    prompts, references = list(texts.prompts), list(texts.references)
    found = []
    for row in first[:_PRINTED]:
        at = texts.of_at.get(row["at"])
        if at is None:
            continue
        turns = "\n".join(f"{role}: {_brief(text)}" for role, text in prompts[texts.prompt[at]])
        reference = texts.reference[at]
        reward = ": ".join(failure_text(row)) if row["reward"] is None else f"{row['reward']:g}"
        found.append(
            PrintedSample(
                sample_name(row),
                reward,
                turns,
                _brief(texts.completion[at]),
                "" if reference < 0 else _brief(references[reference]),
            )
        )
    return found


def _brief(shown: Shown) -> str:
    text = shown if isinstance(shown, str) else f"{shown[0]} ... {shown[2]}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
