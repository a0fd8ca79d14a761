"""A whole audit of the planted set: recall, false alarms and witnesses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from support.planted import FIRST_GOOD, FIRST_PLANTED, FIRST_RECORDED, Good, Planted
from support.planted.audited import AuditedRow, audited

EVERY = int(os.environ.get("RFT_AUDIT_EVERY", "3"))
"""Audit only every Nth row. With 3, the audits take two minutes."""
RECORDS = 300
AT_ONCE = 2
RECALL = 0.95
IN_THE_HEADLINE = 2 / 3


def audits(folder: Path) -> list[AuditedRow]:
    """Audit the graders with the defaults of `rft audit`, some of them with recorded rollouts."""
    rows: list[tuple[Planted | Good, bool]] = [(row, False) for row in (*FIRST_PLANTED, *FIRST_GOOD)]
    rows = [*rows, *((row, True) for row in FIRST_RECORDED)][::EVERY]

    def one(row: Planted | Good, recorded: bool) -> AuditedRow:
        return audited(row, folder / row.name, RECORDS, recorded)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, *zip(*rows, strict=True)))


def too_many(rows: list[AuditedRow], below: list[AuditedRow], bar: float, what: str) -> Iterator[str]:
    """Yield a message with the failing rows if the share of passing rows is below `bar`."""
    if len(below) > (1 - bar) * len(rows):
        yield f"{len(below)} of {len(rows)} {what}:" + "".join(f"\n  {one}" for one in below)


def of_planted(rows: list[AuditedRow]) -> Iterator[str]:
    severe = [one for one in rows if one.severe]
    yield from too_many(rows, [one for one in rows if not one.found], RECALL, "faults are missed")
    below = [one for one in severe if not one.among_the_first]
    yield from too_many(severe, below, RECALL, "faults are not among the first findings")
    below = [one for one in severe if not one.in_the_headline]
    yield from too_many(severe, below, IN_THE_HEADLINE, "faults are not the headline")


def of_good(rows: list[AuditedRow]) -> Iterator[str]:
    yield from (f"false alarm: {one}" for one in rows if one.alarms)
    yield from (f"not ready to train: {one}" for one in rows if one.verdict != "train")


def of_findings(rows: list[AuditedRow]) -> Iterator[str]:
    for row in rows:
        yield from (f"{row.row.name}: {said}" for said in (*row.untrue, *row.miscounted))


def end_processes(folder: Path) -> None:
    """Kill endless programs that outlive the process of their code grader."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and str(folder) in f"{process.cwd()} {process.environ()}":
                process.kill()


@pytest.mark.slow
def test_an_audit_finds_what_is_planted_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A single test, because every worker would repeat the audits, which take minutes.
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # some graders leave files behind
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    try:
        rows = audits(tmp_path)
    finally:
        end_processes(tmp_path)
    planted = [one for one in rows if isinstance(one.row, Planted)]
    good = [one for one in rows if isinstance(one.row, Good)]
    assert len(planted) > 100 // EVERY
    assert len(good) >= 25 // EVERY
    assert "\n".join((*of_planted(planted), *of_good(good), *of_findings(rows))) == ""
