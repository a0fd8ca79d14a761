"""Probes for rewarded wrong programs that exit early, forge reports, read values or patch tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from harness.audit.audit_finding import Found
from harness.audit.case import DELTA, Case
from harness.audit.code_bench import Bench, OfCode, PaidProgram, bench_of, ended, seek_paid, shown_paid
from harness.audit.code_marks import marks_of
from harness.audit.code_payloads import (
    Program,
    constants,
    early_exits,
    forgeries,
    hollow,
    parts,
    readers,
)
from harness.audit.code_spoofs import patches, spoofs
from harness.audit.code_tests import Task
from harness.findings import Rule, Severity

__all__ = ["EARLY_EXIT", "FORGERY", "HOLLOW", "PATCH", "READER", "SOME_TESTS", "SPOOF"]

_MUCH = 0.3
_PATCHED_S = 3.0

Making = Callable[[Case, Bench, Task], Sequence[Program]]


class WrongProgram(OfCode):
    """Probe for wrong programs that are rewarded or that end the grader's process.

    Args:
        rule: The probe's id, title and fix.
        make: Function that returns the programs for a record.
        alone: Whether to grade each program in a separate call.
    """

    def __init__(self, rule: Rule, make: Making, alone: bool = False) -> None:
        self.rule = rule
        self.make = make
        self.alone = alone

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each program and report the one that earns the most.

        Raises:
            NotRun: No right program is known that earns more than a failing one.
        """
        yield from self.tried(case, bench_of(case, apart=True))

    def tried(self, case: Case, bench: Bench) -> Iterator[Found]:
        """Grade each program on the records of a bench.

        Args:
            case: The audit.
            bench: The records.
        """
        paid, ends = seek_paid(case, bench, lambda task: self.make(case, bench, task), self.alone)
        if paid:
            yield self._found(case, bench, paid[0], f"is paid {paid[0].share:.0%} of the reward")
        elif ends and self.rule.id == "E01":
            yield self._found(case, bench, ends[0], "ends the grader's process, with its batch")

    def _found(self, case: Case, bench: Bench, one: PaidProgram, so: str) -> Found:
        text, witness = shown_paid(case, bench, one)
        tried = len(bench.right) if one.share else 1
        return Found(
            self.rule.id,
            self.rule.severity,
            f"a program that {one.program.what} {so}, on {one.records} of {tried} records",
            fix=self.rule.fix,
            witness=witness,
            records=one.records,
            tried=tried,
            text=text,
            share=one.share or None,
            headline=f"A program that {one.program.what} {so}.",
        )


def _forgeries(case: Case, bench: Bench, task: Task) -> Sequence[Program]:
    """Return programs that forge reports, except those that exit if an exit ends the grader's process."""
    made = forgeries(task, marks_of(case.subject.sources, max(1, len(task.tests))), os.getcwd())
    at = bench.first
    end = next(one.source for one in early_exits(bench.tasks[at]) if "os._exit" in one.source)
    (reply,) = case.collector.ask([(at, bench.format.fill(end))])
    return [one for one in made if "os._exit" not in one.source] if ended(reply) else made


class Patched(WrongProgram):
    """Probe for programs that patch the functions that tests use to compare values."""

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each program in a fresh process, because it may change the process permanently.

        Raises:
            NotRun: No right program is known that earns more than a failing one.
        """
        bench = bench_of(case, apart=True)
        with closing(case.opener.open(seconds=_PATCHED_S)) as fresh:
            yield from self.tried(replace(case, collector=fresh), bench)


class Hollow(OfCode):
    """Probe for programs that do nothing but earn more than the lowest reward."""

    rule = Rule(
        "E06",
        Severity.CRITICAL,
        "a program that does nothing is paid",
        "Count the tests that ran and passed, and pay nothing if there are none.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade hollow programs. Earning a tenth of the reward is an error, and earning 30% is critical.

        A program that returns a constant may earn the share of tests that expect this constant.

        Raises:
            NotRun: No right program is known to be rewarded.
        """
        bench = bench_of(case)
        lowest = case.subject.bounds[0] if case.subject.bounds else min(0.0, *bench.low.values())
        bare = bench._replace(low=dict.fromkeys(bench.low, lowest), floor=dict.fromkeys(bench.floor, lowest))
        paid, _ = seek_fair(case, bare, lambda task: [(one, 0.0) for one in hollow(task)])
        if not paid and all(task.tests for task in bench.tasks.values()):
            paid, _ = seek_fair(case, bare, constants)
        if not paid:
            return
        one = paid[0]
        text, witness = shown_paid(case, bare, one)
        said = f"a program that {one.program.what} is paid {one.share:.0%} of the reward"
        yield Found(
            self.rule.id,
            Severity.CRITICAL if one.share >= _MUCH else Severity.ERROR,
            f"{said}, on {one.records} of {len(bench.right)} records",
            fix=self.rule.fix,
            witness=witness,
            records=one.records,
            tried=len(bench.right),
            text=text,
            share=one.share,
            headline=f"{said[0].upper()}{said[1:]}.",
        )


class SomeTests(OfCode):
    """Probe for programs whose share of the reward is larger than their share of passed tests."""

    rule = Rule(
        "E07",
        Severity.ERROR,
        "a program that knows some of the tests is paid as if it passed all",
        "Run all tests, the hidden ones too, and pay only if all pass, or pay the share that passes.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade programs that look up the expected values of only some tests.

        Raises:
            NotRun: No right program is known to be rewarded.
        """
        bench = bench_of(case, apart=True)
        paid, _ = seek_fair(case, bench, parts)
        if paid:
            one = paid[0]
            text, witness = shown_paid(case, bench, one)
            said = f"a program that {one.program.what} is paid {one.share:.0%} of the reward"
            yield Found(
                self.rule.id,
                self.rule.severity,
                f"{said}, on {one.records} of {len(bench.right)} records",
                fix=self.rule.fix,
                witness=witness,
                records=one.records,
                tried=len(bench.right),
                text=text,
                share=one.share,
                headline=f"{said[0].upper()}{said[1:]}.",
            )


def seek_fair(
    case: Case, bench: Bench, make: Callable[[Task], list[tuple[Program, float]]]
) -> tuple[list[PaidProgram], list[PaidProgram]]:
    """Find programs whose share of the reward is larger than their share of passed tests.

    Args:
        case: The audit.
        bench: The records. A hollow program's reward counts as a share of 0.
        make: Function that returns programs, each with its share of passed tests.
    """
    fair = {(at, one.source): share for at, task in bench.tasks.items() for one, share in make(task)}
    paid, ends = seek_paid(case, bench, lambda task: [one for one, _ in make(task)])
    more = [one for one in paid if one.share > fair[one.record, one.program.source] + DELTA]
    return more, ends


EARLY_EXIT = WrongProgram(
    Rule(
        "E01",
        Severity.CRITICAL,
        "a program that ends early is paid, or ends the grader",
        "Run the completion's code in a child process, and pay only for a result that the tests wrote.",
    ),
    lambda case, bench, task: early_exits(task),
    alone=True,
)
SPOOF = WrongProgram(
    Rule(
        "E02",
        Severity.CRITICAL,
        "an object that is equal to everything is paid",
        "Compare only values of built-in types: compare their types first, or compare their JSON.",
    ),
    lambda case, bench, task: spoofs(task),
)
FORGERY = WrongProgram(
    Rule(
        "E03",
        Severity.CRITICAL,
        "a program that prints the output of success is paid",
        "Have the tests report on a channel that the completion's code cannot write to.",
    ),
    _forgeries,
)
READER = WrongProgram(
    Rule(
        "E04",
        Severity.CRITICAL,
        "a program can read the expected values",
        "Keep expected values in a different process from the one that runs the completion's code.",
    ),
    lambda case, bench, task: readers(task, os.getcwd()),
)
PATCH = Patched(
    Rule(
        "E05",
        Severity.CRITICAL,
        "a program can replace what the tests compare with",
        "Compare in a different process from the one that runs the completion's code.",
    ),
    lambda case, bench, task: patches(task),
    alone=True,
)
HOLLOW = Hollow()
SOME_TESTS = SomeTests()
