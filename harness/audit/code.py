"""Graders that run the completion's code: what a program can do instead of being right (family E)."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import psutil

from harness.audit.case import DELTA, Case, FamilyStopped, NotRun
from harness.audit.code_payloads import Program, entry_of, gated, lookup_of, payloads, variants
from harness.audit.formats import Format
from harness.audit.found import Found
from harness.audit.mining import mine
from harness.findings import Rule, Severity
from harness.targets.protocol import Graded

__all__ = ["PROBES", "runs_code"]

_RECORDS = 3
_FENCE = "```python\n{a}\n```"
_TESTS = re.compile(r"\bassert\b[^\n]*==|\bdef check\(|unittest\.TestCase")
_TIMEOUT = re.compile(r"timeout(?:_s)?\s*[=:]\s*(\d+(?:\.\d+)?)")
_SPARE_S = 3.0
_MUCH = 0.3
_LOOKS, _LOOK_S = 10, 0.05
_USUAL_S = 5.0


class Bench(NamedTuple):
    """Records with a right program that is paid, and what right and hollow programs earn there."""

    format: Format
    names: dict[int, str]
    """The function that the tests call, by record."""
    right: dict[int, str]
    top: dict[int, float]
    low: dict[int, float]

    def pays(self, reward: float | None, record: int) -> bool:
        """Whether a reward is more than a hollow program earns, by a tenth of what a right one does."""
        low, top = self.low[record], self.top[record]
        return reward is not None and reward > low + DELTA * (top - low)

    def share(self, reward: float | None, record: int) -> float:
        """A reward as a share of what a right program earns."""
        low, top = self.low[record], self.top[record]
        return 0.0 if reward is None else (reward - low) / (top - low)


def runs_code(case: Case) -> bool:
    """Whether the records ask for programs that the grader runs."""
    if case.subject.kind is not None:
        return case.subject.kind == "code"
    if case.control is not None and case.control.kind == "code":
        return True
    fields = [
        {name: part for name, part in one.items() if name != "messages"} for one in case.subject.records
    ]
    return sum(bool(_TESTS.search(str(one))) for one in fields) >= 0.8 * len(fields)


def bench_of(case: Case) -> Bench:
    """Some records with a right program: the reference's own, or one that looks the tests' values up.

    Raises:
        NotRun: No right program is known, or none is paid.
    """
    control = case.control
    fits = control is not None and control.kind == "code" and bool(control.formats)
    form = control.formats[0] if control is not None and fits else Format(_FENCE)
    right: dict[int, str] = {}
    names: dict[int, str] = {}
    for at in case.some(4 * _RECORDS, "code", range(len(case.subject.records))):
        record = case.subject.records[at]
        said = control.golds.get(at) if control is not None and fits else None
        name = entry_of(record, said)
        program = said or (lookup_of(record, name) if name else None)
        if name and program:
            names[at], right[at] = name, program
    hollow = {at: f"def {name}(*a, **k):\n    return None\n" for at, name in names.items()}
    asked = [(at, form.fill(program)) for each in (right, hollow) for at, program in each.items()]
    replies = [one.reward for one in case.collector.ask(asked)]
    top = dict(zip(right, replies, strict=False))
    low = dict(zip(hollow, replies[len(right) :], strict=True))
    good = [at for at in right if _more(top[at], low[at])][:_RECORDS]
    if not good:
        raise NotRun("no right program is known that the grader pays: give records with a solution")
    return Bench(
        form,
        {at: names[at] for at in good},
        {at: right[at] for at in good},
        {at: top[at] or 0.0 for at in good},
        {at: low[at] or 0.0 for at in good},
    )


def _more(top: float | None, low: float | None) -> bool:
    return top is not None and top > (low or 0.0)


class _OfCode:
    """What the probes of this family have in common."""

    controlled = False

    def why_not(self, case: Case) -> str | None:
        """It applies to graders that run code."""
        return None if runs_code(case) else "the grader runs no code"


class WrongProgram(_OfCode):
    """A wrong program that is paid, or that takes the grader's process with it.

    Args:
        id: The probe's id, one of those of `payloads`.
        title: What is wrong, for the heading.
        fix: What to do about it.
    """

    def __init__(self, id: str, title: str, fix: str) -> None:
        self.rule = Rule(id, Severity.CRITICAL, title, fix)

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each program on some records; the one that earns most is shown."""
        bench = bench_of(case)
        literals = mine(case.subject.sources).literals
        tried = {at: payloads(name, literals)[self.rule.id] for at, name in bench.names.items()}
        asked = [(at, program) for at, programs in tried.items() for program in programs]
        replies = _alone(case, bench, asked)
        ended = [one for one, reply in zip(asked, replies, strict=True) if _ended(reply)]
        paid = [
            (bench.share(reply.reward, at), at, program)
            for (at, program), reply in zip(asked, replies, strict=True)
            if bench.pays(reply.reward, at)
        ]
        if paid:
            share, at, program = max(paid, key=lambda one: (one[0], -len(one[2].source)))
            count = len({record for _, record, _ in paid})
            yield self._found(case, bench, at, program, count, f"is paid {share:.0%} of the reward", share)
        elif ended:
            at, program = ended[0]
            count = len({record for record, _ in ended})
            yield self._found(
                case, bench, at, program, count, "ends the grader's process, with its batch", None
            )

    def _found(
        self, case: Case, bench: Bench, at: int, program: Program, count: int, so: str, share: float | None
    ) -> Found:
        text = bench.format.fill(program.source)
        return Found(
            self.rule.id,
            self.rule.severity,
            f"a program that {program.what} {so}, on {count} of {len(bench.right)} records",
            fix=self.rule.fix,
            witness=case.witness((at, text)),
            records=count,
            tried=len(bench.right),
            text=text,
            share=share,
            headline=f"A program that {program.what} {so}.",
        )


def _alone(case: Case, bench: Bench, asked: list[tuple[int, Program]]) -> list[Graded]:
    """Grade programs that may end the process, each in a call of its own."""
    replies = []
    for at, program in asked:
        replies += case.collector.ask([(at, bench.format.fill(program.source))])
    return replies


def _ended(reply: Graded) -> bool:
    """Whether a completion ended the grader's process."""
    return reply.error is not None and "Runtime.ExitError" in reply.error["message"]


class Hollow(_OfCode):
    """Programs that do nothing, and what they earn above the lowest reward."""

    rule = Rule(
        "E06",
        Severity.CRITICAL,
        "a program that does nothing is paid",
        "Count the tests that ran and passed, and pay nothing where there are none.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade hollow programs; from a tenth of the reward it is an error, from 30 % critical."""
        bench = bench_of(case)
        lowest = min(0.0, *bench.low.values()) if case.subject.bounds is None else case.subject.bounds[0]
        asked = [(at, one) for at, name in bench.names.items() for one in payloads(name)[self.rule.id]]
        replies = case.collector.ask([(at, bench.format.fill(one.source)) for at, one in asked])
        paid = [
            ((reply.reward - lowest) / (bench.top[at] - lowest), at, one)
            for (at, one), reply in zip(asked, replies, strict=True)
            if reply.reward is not None and reply.reward > lowest + DELTA * (bench.top[at] - lowest)
        ]
        if not paid:
            return
        share, at, one = max(paid, key=lambda each: (each[0], -len(each[2].source)))
        text = bench.format.fill(one.source)
        count = len({record for _, record, _ in paid})
        said = f"a program that {one.what} is paid {share:.0%} of the reward"
        yield Found(
            self.rule.id,
            Severity.CRITICAL if share >= _MUCH else Severity.ERROR,
            f"{said}, on {count} of {len(bench.right)} records",
            fix=self.rule.fix,
            witness=case.witness((at, text)),
            records=count,
            tried=len(bench.right),
            text=text,
            share=share,
            headline=f"{said[0].upper()}{said[1:]}.",
        )


class Unbounded(_OfCode):
    """Programs that never end, or leave something behind that does not."""

    rule = Rule(
        "E08",
        Severity.CRITICAL,
        "a program may run for as long as it likes",
        "Run the completion's code in a child process with a time limit, and end its whole process group.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade an endless loop and a program that leaves a child behind, with time to spare."""
        bench = bench_of(case)
        at, name = next(iter(bench.names.items()))
        limit = _longest(case) + _SPARE_S
        loop = bench.format.fill(f"def {name}(*a, **k):\n    while True:\n        pass\n")
        mark = f"rft-audit-{uuid.uuid4().hex}"
        with closing(case.opener.open(seconds=limit)) as patient:
            try:
                (reply,) = patient.grade([patient.rollout(at, loop)])
            except FamilyStopped:
                reply = Graded(None, {}, {"kind": "call", "message": "Sandbox.Timedout"})
            if reply.error is not None and "Sandbox.Timedout" in reply.error["message"]:
                message = f"a program that never ends is still running after {limit:g} s"
                yield self._found(loop, message, self.rule.severity)
                return
            for alone in (False, True):
                child = _LEAVES_A_CHILD.format(mark=mark, right=bench.right[at], alone=alone)
                text = bench.format.fill(child)
                patient.grade([patient.rollout(at, text)])
                if _ended_all(mark):
                    way = " by starting a session of its own" if alone else ""
                    message = f"a program can leave a process behind that outlives its sample{way}"
                    yield self._found(text, message, Severity.NOTE if alone else self.rule.severity)
                    return

    def _found(self, text: str, message: str, severity: Severity) -> Found:
        return Found(
            self.rule.id,
            severity,
            message,
            fix=self.rule.fix,
            records=1,
            tried=1,
            text=text,
            headline=f"{message[0].upper()}{message[1:]}.",
        )


_LEAVES_A_CHILD = """\
import subprocess, sys
subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(20)", "{mark}"],
    start_new_session={alone}, stdin=-3, stdout=-3, stderr=-3,
)

{right}
"""


def _ended_all(mark: str) -> bool:
    """End the processes whose command line holds a word; say whether there were any."""
    left: list[psutil.Process] = []
    for _ in range(_LOOKS):  # what was just killed may still be there
        left = [one for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or ())]
        if not left:
            return False
        time.sleep(_LOOK_S)
    for one in left:
        with contextlib.suppress(psutil.Error):
            one.kill()
    return True


def _longest(case: Case) -> float:
    """The longest time limit that the grader's source names, seconds; five where it names none."""
    found = [_USUAL_S]
    for source in case.subject.sources:
        try:
            found += [float(one) for one in _TIMEOUT.findall(source.read_text(errors="replace"))]
        except OSError:
            continue
    return min(max(found), 30.0)


class Escape(_OfCode):
    """Programs that see the credentials of the function's role."""

    rule = Rule(
        "E09",
        Severity.CRITICAL,
        "a program can read the function's credentials",
        "Run the completion's code in a child process with an empty environment and no network.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade a right program that is right only where it finds the stand-in key in its environment."""
        bench = bench_of(case)
        at = next(iter(bench.right))
        condition = 'import os\nheld = bool(os.environ.get("AWS_SECRET_ACCESS_KEY"))'
        text = bench.format.fill(gated(bench.right[at], condition))
        (reply,) = case.collector.ask([(at, text)])
        if bench.pays(reply.reward, at):
            yield Found(
                self.rule.id,
                self.rule.severity,
                "a program finds AWS_SECRET_ACCESS_KEY in its environment: in Lambda that is the key of the "
                "function's role",
                fix=self.rule.fix,
                witness=case.witness((at, text)),
                records=1,
                tried=1,
                text=text,
                share=bench.share(reply.reward, at),
                headline="A completion's program can read the credentials of your function's role.",
            )


class CarryOver(_OfCode):
    """Programs that change what a later sample finds."""

    rule = Rule(
        "E10",
        Severity.CRITICAL,
        "one sample's program changes what another one's finds",
        "Run each completion's code in a process of its own, with a folder of its own.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Let one program leave a mark, and another be right only where it finds the mark."""
        bench = bench_of(case)
        at = next(iter(bench.right))
        word = f"rft_audit_{uuid.uuid4().hex[:12]}"
        ways = {
            "sets an attribute of a module": (
                f"import builtins\nbuiltins.{word} = 1\n",
                f"import builtins\nheld = hasattr(builtins, '{word}')",
            ),
            "leaves a file in /tmp": (
                f"open('/tmp/{word}', 'w').close()\n",
                f"import os\nheld = os.path.exists('/tmp/{word}')",
            ),
        }
        try:
            for severity, (what, (leaves, condition)) in zip(
                (self.rule.severity, Severity.NOTE), ways.items(), strict=True
            ):
                first = bench.format.fill(f"{leaves}\n{bench.right[at]}")
                second = bench.format.fill(gated(bench.right[at], condition))
                found = [case.collector.rollout(at, text) for text in (second, first, second)]
                before, _, after = case.collector.grade(found)
                if not bench.pays(before.reward, at) and bench.pays(after.reward, at):
                    yield Found(
                        self.rule.id,
                        severity,
                        f"a program that {what} changes what the next sample's program finds: the order of "
                        "samples decides their rewards",
                        fix=self.rule.fix,
                        records=1,
                        tried=1,
                        text=first,
                    )
                    return
        finally:
            if os.path.exists(f"/tmp/{word}"):
                os.unlink(f"/tmp/{word}")


class RefusedVariants(_OfCode):
    """Right programs that are refused for how they are written."""

    rule = Rule(
        "E11",
        Severity.ERROR,
        "a right program is refused for how it is written",
        "Run the program and compare what it returns, not how its text looks.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade right programs written otherwise."""
        bench = bench_of(case)
        asked = [(at, one) for at, name in bench.names.items() for one in variants(bench.right[at], name)]
        replies = case.collector.ask([(at, bench.format.fill(one.source)) for at, one in asked])
        refused: dict[str, list[tuple[int, Program]]] = {}
        for (at, one), reply in zip(asked, replies, strict=True):
            if not bench.pays(reply.reward, at):
                refused.setdefault(one.what, []).append((at, one))
        worst = max(refused.values(), key=len, default=[])
        if len(worst) < min(2, len(bench.right)):
            return
        at, one = worst[0]
        text = bench.format.fill(one.source)
        yield Found(
            self.rule.id,
            self.rule.severity,
            f"a right program that {one.what} is refused, on {len(worst)} of {len(bench.right)} records",
            fix=self.rule.fix,
            witness=case.witness((at, text)),
            records=len(worst),
            tried=len(bench.right),
            text=text,
        )


class Evaluated:
    """An answer that the grader evaluates as Python, though it runs no code by purpose."""

    controlled = True
    rule = Rule(
        "E12",
        Severity.CRITICAL,
        "the grader evaluates the answer as Python",
        "Read the answer with float(), json.loads() or ast.literal_eval(), never with eval().",
    )
    _MARK = "RFT_AUDIT_EVALUATED"

    def why_not(self, case: Case) -> str | None:
        """It does not apply where running code is the purpose."""
        return "running code is this grader's purpose" if runs_code(case) else None

    def run(self, case: Case) -> Iterator[Found]:
        """Put an expression into the answer's place that says a word on the standard error."""
        expression = f"__import__('sys').stderr.write('{self._MARK}\\n')"
        for at in case.some(2, "E12"):
            for form in case.known.formats:
                text = form.fill(expression)
                with closing(case.opener.open()) as fresh:
                    (reply,) = fresh.grade([fresh.rollout(at, text)])
                output = getattr(fresh.target.target, "output", None)
                if output is not None and f"{self._MARK}\n".encode() in output.head:
                    yield Found(
                        self.rule.id,
                        self.rule.severity,
                        "the grader runs the answer as Python: a completion can do whatever the function may",
                        fix=self.rule.fix,
                        witness=case.witness((at, text)),
                        records=1,
                        tried=1,
                        text=text if isinstance(text, str) else None,
                        share=case.known.share(reply.reward, at),
                        headline="Your grader runs the answer as Python code.",
                    )
                    return


PROBES = (
    Hollow(),
    WrongProgram(
        "E01",
        "a program that ends early is paid, or ends the grader",
        "Run the completion's code in a child process, and pay only for a result that the tests wrote.",
    ),
    WrongProgram(
        "E02",
        "an object that is equal to everything is paid",
        "Compare values of built-in types alone: compare their types first, or what they are as JSON.",
    ),
    WrongProgram(
        "E03",
        "a program that prints what success prints is paid",
        "Let the tests report on a channel that the completion's code cannot write to.",
    ),
    WrongProgram(
        "E04",
        "a program can read the expected values",
        "Keep expected values in another process than the one that runs the completion's code.",
    ),
    WrongProgram(
        "E05",
        "a program can replace what the tests compare with",
        "Compare in another process than the one that runs the completion's code.",
    ),
    Unbounded(),
    Escape(),
    CarryOver(),
    RefusedVariants(),
    Evaluated(),
)
"""The probes of this family, in the order in which they run."""
