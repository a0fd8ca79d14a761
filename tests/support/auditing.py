"""Audit cases for a test's handler, and helpers that run probes on them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.audit.audit_finding import Found
from harness.audit.case import Case, FamilyStopped, NotRun, Probe, Subject
from harness.audit.control import find_control
from harness.audit.opener import CallLimits, Opener
from harness.runs.facts import InProcessFacts

MARKED = "Work it out, and end with #### and the number."


def number_records(count: int = 24, ask: str = MARKED) -> tuple[dict[str, Any], ...]:
    """Return records of sums, each with a different answer."""
    return tuple(
        {
            "messages": [{"role": "user", "content": f"What is {n * 7 + 3} plus {n * n + 11}? {ask}"}],
            "reference_answer": str(n * 7 + 3 + n * n + 11),
        }
        for n in range(count)
    )


@contextmanager
def audited_case(
    folder: Path,
    source: str,
    records: Sequence[dict[str, Any]] | None = None,
    *,
    control: bool = True,
    seconds: float = 2.0,
    **subject: Any,
) -> Iterator[Case]:
    """Yield a case for the function `handler` in the source, with limits that are short enough for a test."""
    file = folder / "g.py"
    file.write_text(textwrap.dedent(source))
    records = number_records() if records is None else tuple(records)
    data = Subject(records, "records.jsonl", tuple(range(1, len(records) + 1)), sources=(file,), **subject)
    opener = Opener(InProcessFacts(f"{file}:handler"), data, limits=CallLimits(seconds, 1 << 28))
    collector = opener.open()
    try:
        case = Case(data, opener, collector)
        if control:
            case.control = find_control(case)
        yield case
    finally:
        collector.close()


def found_by(case: Case, probes: Iterable[Probe]) -> list[Found]:
    """Return the findings of the probes that apply to a case."""
    found: list[Found] = []
    for probe in probes:
        if probe.why_not(case) is None:
            with suppress(NotRun, FamilyStopped):
                for one in probe.run(case):
                    found.append(one)
    return found


def replayed(case: Case, found: Found) -> None:
    """Check that a witness gets its stated rewards from a new process, in one call."""
    assert found.witness is not None
    with fresh(case) as collector:
        rewards = [one.reward for one in collector.grade(found.witness.rollouts, len(found.witness.rollouts))]
    assert rewards == list(found.witness.rewards)


@contextmanager
def fresh(case: Case, **how: Any) -> Iterator[Any]:
    """Yield a second, independent collector."""
    collector = case.opener.open(**how)
    try:
        yield collector
    finally:
        collector.close()
