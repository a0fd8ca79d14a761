"""Builds the top of a page: the verdict, the run's facts and the key figures."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from harness.report.look import Look
from harness.report.page.bars import figure_of
from harness.runs.facts import answers_lines
from harness.runs.store import Run
from harness.signal.advice import Action, Advice

__all__ = ["PageVerdict", "Tile", "lead_of", "run_facts", "tiles_of", "verdict_of"]

_Tone: TypeAlias = Literal["good", "caution", "bad"]

_TONES: dict[Action, _Tone] = {
    "train": "good",
    "not measured": "caution",
    "fine-tune first": "caution",
    "fix the data": "bad",
    "fix the grader": "bad",
}


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """The verdict at the top of a page."""

    word: str
    """The recommended action, in one or two words."""
    tone: _Tone
    sentence: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure."""

    name: str
    figure: str
    note: str = ""
    link: str | None = None


def run_facts(run: Run, look: Look) -> list[tuple[str, str]]:
    """Return the run's details as pairs of a name and a value."""
    facts = look.facts
    target = facts.target.kind
    found = [
        ("Grader", facts.grader.ref),
        ("Rollouts", facts.input.name),
        ("Replayed", _replayed(run)),
        ("Target", target if facts.wire == "open-weight" else f"{target}, wire {facts.wire}"),
        ("Range", "not known" if look.bounds is None else f"{look.bounds[0]:g} to {look.bounds[1]:g}"),
        ("Grader's digest", facts.grader.sha256 or "not known"),
    ]
    if facts.label is not None:
        found.insert(2, ("Label", facts.label))
    if facts.answers is not None:
        found += [("Answers", line) for line in answers_lines(facts.answers)]
    return found


def _replayed(run: Run) -> str:
    return f"{datetime.fromtimestamp(run.rewards.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"


def tiles_of(look: Look) -> list[Tile]:
    """Return the key figures of a run."""
    totals, groups = look.totals, look.groups
    failed = totals.gradings - totals.rewards
    told = groups.groups - groups.zero_std
    found = [
        Tile("Mean reward", "none" if totals.mean is None else figure_of(totals.mean), _span(look)),
        Tile("Gradings", f"{totals.gradings:,}", f"{look.ms / max(1, totals.gradings):.3g} ms each"),
        Tile("No reward", f"{failed:,}", _part(failed, totals.gradings), "#failed=1" if failed else None),
        Tile("Groups that can teach", f"{told:,}", f"of {groups.groups + groups.unrewarded:,} records"),
    ]
    if look.facts.label is not None:
        apart = look.judged - look.agreed
        note = f"{apart:,} of {look.judged:,} disagree" if look.judged else "not measured"
        agreed = f"{look.agreed / look.judged:.1%}" if look.judged else "unknown"
        found.append(Tile("Agreement with the label", agreed, note, "#disagree=1" if apart else None))
    return found


def _span(look: Look) -> str:
    low, high = look.totals.lowest, look.totals.highest
    return "" if low is None or high is None else f"from {low:g} to {high:g}"


def _part(count: int, total: int) -> str:
    return f"{count / total:.1%} of all" if total else ""


def lead_of(run: Run) -> str:
    """Return one line that describes the run."""
    return f"{run.facts.grader.ref} on {posixpath.basename(run.facts.input.name)}, replayed {_replayed(run)}"


def verdict_of(advice: Advice) -> PageVerdict:
    """Return the verdict that the page shows for the advice."""
    return PageVerdict(
        advice.action.capitalize(),
        _TONES[advice.action],
        _sentence(advice.why),
        [*map(_sentence, advice.also)],
    )


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."
