"""Defines findings, which are the results of validation, preflight and audit.

Checks return findings, and callers display them. This module does not print, choose an exit code, or know
which rules exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["Finding", "Place", "Rule", "Severity", "count_by_severity", "worst"]


class Severity(StrEnum):
    """Severity of a finding, in order: `info` < `note` < `warning` < `error` < `critical`.

    Each member is a string, its lowercase name, so it can be written to JSON directly. Members are compared
    by severity, not by spelling.
    """

    INFO = "info"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order of severities, which starts with 0 for `info`."""
        return _RANKS[self.value]

    # `str` would compare them alphabetically: critical < error < info.
    def __lt__(self, other: str) -> bool:
        """True if this severity is lower than `other`."""
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        """True if this severity is at most `other`."""
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        """True if this severity is higher than `other`."""
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        """True if this severity is at least `other`."""
        return self.rank >= Severity(other).rank


_RANKS = {member.value: rank for rank, member in enumerate(Severity)}


class Rule(NamedTuple):
    """One kind of problem that a check looks for. The meaning of an ID never changes."""

    id: str
    severity: Severity
    title: str
    """The problem, as a heading for its findings."""
    fix: str


@dataclass(frozen=True, slots=True)
class Place:
    """Location of a finding, any part of which may be unknown."""

    file: str | None = None
    """Path as the user wrote it."""
    line: int | None = None
    """Line number from 1."""
    sample: str | None = None
    """Id of the sample or record."""

    def __str__(self) -> str:
        """`file:line (sample)`, without unknown parts."""
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
    """Severity. A plain string such as `"error"` is also accepted."""
    message: str
    """The problem, as a sentence or clause, without the place and the fix."""
    place: Place | None = None
    """The place of the problem."""
    fix: str | None = None
    """How to fix the problem."""
    witness: Any | None = None
    """JSON value that demonstrates the problem, such as an event that `rft replay` runs."""

    def __post_init__(self) -> None:
        """Convert a severity that was given as a plain string to the enum member.

        Raises:
            ValueError: The severity is not one of the five.
        """
        object.__setattr__(self, "severity", Severity(self.severity))

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object. Unknown parts are omitted, but an unknown place is null."""
        found = {**_known(self), "severity": self.severity.value, "place": None}
        if self.place is not None:
            found["place"] = _known(self.place)
        return found


def _known(value: Finding | Place) -> dict[str, Any]:
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: part for name, part in found.items() if part is not None}


def count_by_severity(findings: Iterable[Finding]) -> Mapping[Severity, int]:
    """Return the number of findings for each of the five severities, worst first."""
    counts = dict.fromkeys(reversed(Severity), 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the highest severity among the findings, or None if there are no findings."""
    return max((finding.severity for finding in findings), default=None)
