"""Finds records that have a right program rewarded by the code grader, as a baseline for wrong programs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from harness.audit.audit_finding import Witness
from harness.audit.case import DELTA, Case, NotRun
from harness.audit.code_payloads import Program, hollow
from harness.audit.code_tests import Task, entry_of, expected_of, fields_of, lookup
from harness.audit.formats import Format
from harness.audit.readings import Reading, answer_in
from harness.targets.protocol import Graded

__all__ = [
    "Bench",
    "OfCode",
    "PaidProgram",
    "bench_of",
    "ended",
    "programs_instead",
    "runs_code",
    "seek_paid",
    "shown_paid",
]

_RECORDS = 3
_FENCE = "```python\n{a}\n```"
_TESTS = re.compile(r"\bassert\b[^\n]*==|\bdef check\(|unittest\.TestCase|entry_point")
_RUNS = re.compile(r"\bexec\(|\bsubprocess\b|\brunpy\b|\bmultiprocessing\b|\bcompile\(")
_MOST_PAID = 4
_OF_ANSWERS = ("C02", "C03", "C10", "C15", "C16")


class Bench(NamedTuple):
    """Records whose right program is rewarded, with the rewards of right and of hollow programs."""

    format: Format
    tasks: dict[int, Task]
    """The task of each record."""
    right: dict[int, str]
    """A right program for each record."""
    top: dict[int, float]
    """The reward of the right program."""
    low: dict[int, float]
    """The reward of a program that returns nothing."""
    floor: dict[int, float]
    """The highest reward among programs that return nothing, fail or cannot be loaded."""

    def pays(self, reward: float | None, record: int) -> bool:
        """Return True if a reward exceeds a hollow program's by a tenth of the right program's reward."""
        floor, top = self.floor[record], self.top[record]
        return reward is not None and reward > floor + DELTA * (top - self.low[record])

    def share(self, reward: float | None, record: int) -> float:
        """Return a reward as a share of the right program's reward."""
        low, top = self.low[record], self.top[record]
        return 0.0 if reward is None else (reward - low) / (top - low)

    @property
    def first(self) -> int:
        """The first record to try."""
        return next(iter(self.right))


def runs_code(case: Case) -> bool:
    """Return True if the records ask for programs and the grader runs them."""
    if case.subject.kind is not None:
        return case.subject.kind == "code"
    if case.control is not None and case.control.kind == "code":
        return True
    records = case.subject.records[:50]
    asserted = sum(bool(_TESTS.search(str(fields_of(one)))) for one in records)
    if asserted >= 0.8 * len(records):
        return True
    tested = sum(bool(expected_of(one, None)) for one in records)
    return tested >= 0.8 * len(records) and _runs(case)


def _runs(case: Case) -> bool:
    for source in case.subject.sources:
        try:
            if _RUNS.search(source.read_text(errors="replace")):
                return True
        except OSError:
            continue
    return False


def programs_instead(case: Case, id: str) -> str | None:
    """Return the reason to skip a probe of answers if probes of programs replace it, or None if they do not.

    Args:
        case: The audit.
        id: The probe's id.
    """
    if id in _OF_ANSWERS and runs_code(case) and _runs(case):
        return "programs that do nothing or know some tests are tried instead"
    return None


def bench_of(case: Case, apart: bool = False) -> Bench:
    """Return records with a right program, which is the reference or one that looks up the expected values.

    Args:
        case: The audit.
        apart: Whether to require that failing programs earn less than right ones.

    Raises:
        NotRun: No right program is known, none is rewarded, or failing programs are rewarded as much.
    """
    control = case.control
    fits = control is not None and control.kind == "code" and bool(control.formats)
    form = control.formats[0] if control is not None and fits else Format(_FENCE)
    tasks: dict[int, Task] = {}
    right: dict[int, str] = {}
    for at in case.some(4 * _RECORDS, "code", range(len(case.subject.records))):
        record = case.subject.records[at]
        said = control.golds.get(at) if control is not None and fits else answer_in(Reading(), record)
        said = said if said is not None and _is_program(said) else None
        name = entry_of(record, said)
        task = Task(name, expected_of(record, name))
        if said or task.tests:
            tasks[at], right[at] = task, said or lookup(name, task.tests)
    top = {at: reward for at, reward in _rewards(case, form, right).items() if reward is not None}
    low = _rewards(case, form, {at: hollow(tasks[at])[0].source for at in _best(top)})
    good = [at for at in low if top[at] > (low[at] or 0.0)]
    if not good:
        # A grader that rewards a program for returning nothing may still refuse a program that fails.
        low = _rewards(case, form, {at: hollow(tasks[at])[1].source for at in low})
        good = [at for at in low if top[at] > (low[at] or 0.0)]
        if good and apart:
            raise NotRun("a program that returns nothing is paid as much as a right one")
    if not good:
        raise NotRun("no paid right program is known: give records with a solution")
    floor = {at: low[at] or 0.0 for at in good}
    for source in (hollow(tasks[good[0]])[1].source, "raise RuntimeError('no')\n"):
        for at, reward in _rewards(case, form, dict.fromkeys(good[:1], source)).items():
            floor[at] = max(floor[at], reward or 0.0)
    for at in good[1:]:
        floor[at] = max(floor[at], floor[good[0]])
    if apart and any(floor[at] + DELTA * (top[at] - (low[at] or 0.0)) >= top[at] for at in good):
        raise NotRun("a program that raises an error is paid as much as a right one")
    return Bench(
        form,
        {at: tasks[at] for at in good},
        {at: right[at] for at in good},
        {at: top[at] for at in good},
        {at: low[at] or 0.0 for at in good},
        floor,
    )


def _best(top: dict[int, float]) -> list[int]:
    """Return the records whose right programs earn the highest reward."""
    most = max(top.values(), default=0.0)
    return [at for at, reward in top.items() if reward >= most - DELTA * abs(most)][:_RECORDS]


def _rewards(case: Case, form: Format, programs: dict[int, str]) -> dict[int, float | None]:
    replies = case.collector.ask([(at, form.fill(one)) for at, one in programs.items()])
    return {at: reply.reward for at, reply in zip(programs, replies, strict=True)}


def _is_program(source: str) -> bool:
    """Return True if a string is Python code that defines, imports or calls something."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.Call) for node in ast.walk(tree)
    )


class OfCode:
    """Base class for probes of code graders."""

    controlled = False

    def why_not(self, case: Case) -> str | None:
        """The probe applies to graders that run code."""
        return None if runs_code(case) else "the grader does not run code"


class PaidProgram(NamedTuple):
    """A wrong program that is rewarded or that ends the grader's process."""

    record: int
    program: Program
    share: float
    """The reward as a share of the right program's reward, or 0 if the program ends the grader's process."""
    records: int
    """Number of records on which the program is rewarded or ends the process."""


def ended(reply: Graded) -> bool:
    """Return True if a completion ended the grader's process."""
    return reply.error is not None and "Runtime.ExitError" in reply.error["message"]


def seek_paid(
    case: Case, bench: Bench, make: Callable[[Task], Sequence[Program]], alone: bool = False
) -> tuple[list[PaidProgram], list[PaidProgram]]:
    """Try wrong programs on one record, then retry the rewarded ones on the other records.

    Args:
        case: The audit.
        bench: The records.
        make: Function that returns the programs for a record.
        alone: Whether to grade each program in a separate call, because it may end or modify the grader.

    Returns:
        The rewarded programs, best first, and the programs that end the grader's process.
    """
    at = bench.first
    programs = list(make(bench.tasks[at]))
    replies = [_ask(case, bench, at, one.source) for one in programs] if alone else []
    replies = replies or case.collector.ask([(at, bench.format.fill(one.source)) for one in programs])
    ends = [
        PaidProgram(at, one, 0.0, 1) for one, reply in zip(programs, replies, strict=True) if ended(reply)
    ]
    likely = [
        (bench.share(reply.reward, at), number)
        for number, reply in enumerate(replies)
        if bench.pays(reply.reward, at)
    ]
    paid: list[PaidProgram] = []
    likely.sort(key=lambda one: (one[0] > 1.001, -one[0], len(programs[one[1]].source)))
    for share, number in likely[:_MOST_PAID]:
        one = programs[number]
        before = _ask(case, bench, at, one.without).reward if one.without is not None else None
        if not bench.pays(before, at) and _again(case, bench, at, one.source):
            count = 1 + sum(_on(case, bench, make, other, number, one) for other in [*bench.right][1:])
            if count >= min(2, len(bench.right)):
                paid.append(PaidProgram(at, one, share, count))
    return paid, ends


def _ask(case: Case, bench: Bench, at: int, source: str) -> Graded:
    return case.collector.ask([(at, bench.format.fill(source))])[0]


def _again(case: Case, bench: Bench, at: int, source: str) -> bool:
    """Return True if a program is rewarded even immediately after an unrewarded one."""
    pair = (hollow(bench.tasks[at])[0].source, source)
    for one in pair:
        (reply,) = case.collector.grade([case.collector.rollout(at, bench.format.fill(one))])
    return bench.pays(reply.reward, at)


def _on(
    case: Case,
    bench: Bench,
    make: Callable[[Task], Sequence[Program]],
    at: int,
    number: int,
    like: Program,
) -> bool:
    """Return True if a wrong program that is rewarded on one record is also rewarded on another one."""
    programs = list(make(bench.tasks[at]))
    same = programs[number] if number < len(programs) and programs[number].what == like.what else None
    same = same or next((one for one in programs if one.what == like.what), None)
    return same is not None and bench.pays(_ask(case, bench, at, same.source).reward, at)


def shown_paid(case: Case, bench: Bench, one: PaidProgram) -> tuple[str, Witness]:
    """Return a rewarded program's completion and witness."""
    text = bench.format.fill(one.program.source)
    return text, case.witness((one.record, text))
