"""A finding: one result of validation, preflight or audit, as data.

Whatever checks something returns findings; whatever shows something renders them. Nothing here prints,
decides an exit code, or knows which rules exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["Finding", "Place", "Rule", "Severity", "count_by_severity", "worst"]


class Severity(StrEnum):
    """How much a finding costs, in order: `info` < `note` < `warning` < `error` < `critical`.

    A member is its own lower-case name, so it goes into JSON as it is; it compares by cost, not by spelling.
    """

    INFO = "info"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order, 0 for `info`."""
        return _RANKS[self.value]

    # `str` would order them by spelling: critical < error < info.
    def __lt__(self, other: str) -> bool:
        """True when this severity costs less than `other`."""
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        """True when this severity costs at most as much as `other`."""
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        """True when this severity costs more than `other`."""
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        """True when this severity costs at least as much as `other`."""
        return self.rank >= Severity(other).rank


_RANKS = {member.value: rank for rank, member in enumerate(Severity)}


class Rule(NamedTuple):
    """One thing that a check looks for; its id never changes its meaning."""

    id: str
    severity: Severity
    title: str
    """What is wrong, for the heading over its findings."""
    fix: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands; every part may be unknown."""

    file: str | None = None
    """Path as the user gave it."""
    line: int | None = None
    """Line number from 1."""
    sample: str | None = None
    """Id of the sample or record."""

    def __str__(self) -> str:
        """`file:line (sample)`, leaving out what is unknown."""
        spot = self.file or ""
        if self.line is not None:
            spot = f"{spot}:{self.line}" if spot else f"line {self.line}"
        if self.sample is None:
            return spot
        return f"{spot} ({self.sample})" if spot else self.sample


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check."""

    id: str
    """Fixed identifier of the rule or probe, such as `R020`."""
    severity: Severity
    """What it costs; a plain string such as `"error"` is taken too."""
    message: str
    """What is wrong, as a sentence or clause, without the place and without the fix."""
    place: Place | None = None
    """Where it stands."""
    fix: str | None = None
    """What to do about it."""
    witness: Any | None = None
    """JSON value that shows it, such as an event that `rft replay` runs."""

    def __post_init__(self) -> None:
        """Turn a severity given as a plain string into the member.

        Raises:
            ValueError: The severity is not one of the five.
        """
        object.__setattr__(self, "severity", Severity(self.severity))

    def to_json(self) -> dict[str, Any]:
        """The finding as one JSON object; unknown parts are left out, except the place, which is null."""
        found = {**_known(self), "severity": self.severity.value, "place": None}
        if self.place is not None:
            found["place"] = _known(self.place)
        return found


def _known(value: Finding | Place) -> dict[str, Any]:
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: part for name, part in found.items() if part is not None}


def count_by_severity(findings: Iterable[Finding]) -> Mapping[Severity, int]:
    """How many findings there are of each severity, all five present, worst first."""
    counts = dict.fromkeys(reversed(Severity), 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The highest severity among the findings, None when there are none."""
    return max((finding.severity for finding in findings), default=None)
