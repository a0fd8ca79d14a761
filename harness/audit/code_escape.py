"""Probes for programs that keep running after grading, read secrets or affect the next sample."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import closing

import psutil

from harness.audit.audit_finding import Found, Witness
from harness.audit.case import Case, FamilyStopped
from harness.audit.code_bench import Bench, OfCode, bench_of
from harness.audit.code_payloads import gated, hollow
from harness.audit.code_tests import written
from harness.audit.mining import names_check
from harness.findings import Rule, Severity

__all__ = ["CarryOver", "Credentials", "Unbounded"]

_TIMEOUT = re.compile(r"(?:timeout|seconds|limit|alarm)\w*\s*[=:(,]\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_SPARE_S = 2.0
_LOOKS, _LOOK_S = 10, 0.05
_USUAL_S, _MOST_S = 3.0, 10.0


class Unbounded(OfCode):
    """Probe for programs that never end or that leave a process running.

    The findings have no witness because a replay would hang just as the grader does.
    """

    rule = Rule(
        "E08",
        Severity.CRITICAL,
        "a program may run without a time limit",
        "Run the completion's code in a child process with a time limit, and end its whole process group.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade a program that leaves a child process behind and another that never ends.

        Raises:
            NotRun: No right program is known to be rewarded.
        """
        bench = bench_of(case)
        at = bench.first
        name = bench.tasks[at].name
        limit = _longest(case) + _SPARE_S
        mark = f"rft-audit-{uuid.uuid4().hex}"
        with closing(case.opener.open(seconds=limit)) as patient:
            leaving = f"{_LEAVES.replace('MARK', mark)}\n{bench.right[at]}"
            text = bench.format.fill(leaving)
            patient.grade([patient.rollout(at, text)])
            left = _ended_all(mark)
        endless = bench.format.fill(written(name, _ENDLESS) if name else _ENDLESS)
        longer = limit + 2 * _SPARE_S  # a busy machine is slow, so the time is measured twice
        if _is_late(case, at, endless, limit) and _is_late(case, at, endless, longer):
            message = f"a program that never ends is still running after {longer:g} s"
            yield self._found(endless, message, self.rule.severity)
        elif "group" in left:
            message = "a program can leave a process behind that outlives its sample"
            yield self._found(text, message, self.rule.severity)
        elif left:
            message = "a program can leave a process behind by starting its own session"
            yield self._found(text, message, Severity.NOTE)

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


_LEAVES = """\
import subprocess, sys
for way in ("group", "session"):
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(20)", "MARK", way],
        start_new_session=way == "session", stdin=-3, stdout=-3, stderr=-3,
    )
"""

_ENDLESS = """\
rest = int
try:
    import signal, time
    rest = time.sleep
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except:
            pass
except:
    pass
while True:
    try:
        rest(5)
    except:
        pass
"""


def _ended_all(mark: str) -> set[str]:
    """Kill the processes with `mark` in their command line, and return how each was started."""
    left: list[psutil.Process] = []
    for _ in range(_LOOKS):  # a process that was just killed may still exist
        left = [one for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or ())]
        if not left:
            return set()
        time.sleep(_LOOK_S)
    for one in left:
        with contextlib.suppress(psutil.Error):
            one.kill()
    return {one.info["cmdline"][-1] for one in left}


def _is_late(case: Case, at: int, text: str, seconds: float) -> bool:
    with closing(case.opener.open(seconds=seconds)) as patient:
        try:
            (reply,) = patient.grade([patient.rollout(at, text)])
        except FamilyStopped:
            return True
    return reply.error is not None and "Sandbox.Timedout" in reply.error["message"]


def _longest(case: Case) -> float:
    """Return the longest time limit in the grader's source, in seconds, or a typical one if there is none."""
    found = [_MOST_S] if names_check(case.subject.sources, "checks.code:") else []
    for source in case.subject.sources:
        try:
            found += [float(one) for one in _TIMEOUT.findall(source.read_text(errors="replace"))]
        except OSError:
            continue
    return max((one for one in found if one <= _MOST_S), default=_USUAL_S)


class Credentials(OfCode):
    """Probe for programs that read the credentials of the function's role."""

    rule = Rule(
        "E09",
        Severity.CRITICAL,
        "a program can read the function's credentials",
        "Run the completion's code in a child process with an empty environment and no network.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade a right program that fails unless its environment contains a stand-in for the role's key.

        Raises:
            NotRun: No right program is known to be rewarded.
        """
        bench = bench_of(case, apart=True)
        at = bench.first
        empty, text = hollow(bench.tasks[at])[0].source, gated(bench.right[at], _HAS_KEY)
        found = [case.collector.rollout(at, bench.format.fill(one)) for one in (empty, text)]
        *_, reply = case.collector.grade(found)
        if bench.pays(reply.reward, at):
            shown = bench.format.fill(text)
            yield Found(
                self.rule.id,
                self.rule.severity,
                "a program finds AWS_SECRET_ACCESS_KEY in its environment: in Lambda, it is the key of the "
                "function's role",
                fix=self.rule.fix,
                witness=case.witness((at, shown)),
                records=1,
                tried=1,
                text=shown,
                share=bench.share(reply.reward, at),
                headline="A completion's program can read the credentials of your function's role.",
            )


# Even without `import`, the objects that Python has loaded lead to the environment.
_HAS_KEY = """\
try:
    import os
    found = os.environ
except:
    loaded = [one for one in ().__class__.__base__.__subclasses__() if one.__name__ == "_wrap_close"]
    found = loaded[0].__init__.__globals__["environ"]
held = "AWS_SECRET_ACCESS_KEY" in found
"""


class CarryOver(OfCode):
    """Probe for programs that affect a later sample."""

    rule = Rule(
        "E10",
        Severity.CRITICAL,
        "the program of one sample changes what another one finds",
        "Run each completion's code in its own process and its own folder.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade a program that leaves a mark, then a program that is right only if it finds the mark.

        Raises:
            NotRun: No right program is known to be rewarded.
        """
        bench = bench_of(case)
        at = bench.first
        right, failing = bench.right[at], "raise RuntimeError('no')\n"
        empty = hollow(bench.tasks[at])[0].source
        word = f"rft_audit_{uuid.uuid4().hex[:12]}"
        shown = self._shown(case, bench, (empty, failing, right, failing))
        if shown is not None:
            yield self._found(
                bench,
                "a program that crashes earns the reward of the right one before it",
                self.rule.severity,
                failing,
                shown,
            )
            return
        try:
            for severity, what, leaves, condition in _ways(word):
                finds = gated(right, condition)
                shown = self._shown(case, bench, (finds, f"{leaves}\n{right}", finds))
                if shown is not None:
                    message = (
                        f"a program that {what} changes what the next sample's program finds: the order of "
                        "samples decides their rewards"
                    )
                    yield self._found(bench, message, severity, finds, shown)
                    return
        finally:
            with contextlib.suppress(OSError):
                os.unlink(f"/tmp/{word}")

    def _shown(self, case: Case, bench: Bench, programs: tuple[str, ...]) -> Witness | None:
        """Return a witness if the last program is rewarded but was not when it ran two programs earlier."""
        at = bench.first
        rollouts = tuple(
            case.collector.rollout(at, bench.format.fill(one), f"witness-{number}")
            for number, one in enumerate(programs, 1)
        )
        replies = case.collector.grade(rollouts)
        before = replies[-3].reward
        if bench.low[at] < bench.top[at] and not _paid(bench, before) and _paid(bench, replies[-1].reward):
            return Witness(rollouts, tuple(one.reward for one in replies))
        return None

    def _found(self, bench: Bench, message: str, severity: Severity, program: str, shown: Witness) -> Found:
        return Found(
            self.rule.id,
            severity,
            message,
            fix=self.rule.fix,
            witness=shown,
            records=1,
            tried=1,
            text=bench.format.fill(program),
        )


def _paid(bench: Bench, reward: float | None) -> bool:
    """Return True if a reward is closer to a right program's than to a hollow one's."""
    low, top = bench.low[bench.first], bench.top[bench.first]
    return reward is not None and reward > (low + top) / 2


def _ways(word: str) -> Iterator[tuple[Severity, str, str, str]]:
    """Yield ways to leave a mark: severity, description, code to leave the mark and code to detect it."""
    yield (
        Severity.CRITICAL,
        "sets an attribute of a module",
        f"import builtins\nbuiltins.{word} = 1\n",
        f"import builtins\nheld = hasattr(builtins, '{word}')",
    )
    apart = f"os.getcwd().startswith('/tmp/') and not {os.getcwd()!r}.startswith(os.getcwd())"
    yield (
        Severity.CRITICAL,
        "leaves a file in its working folder",
        f"import os\nif {apart}:\n    open('{word}', 'w').close()\n",
        f"import os\nheld = os.path.exists('{word}') and {apart}\nif held:\n    os.unlink('{word}')",
    )
    yield (
        Severity.NOTE,
        "leaves a file in /tmp",
        f"open('/tmp/{word}', 'w').close()\n",
        f"import os\nheld = os.path.exists('/tmp/{word}')\nif held:\n    os.unlink('/tmp/{word}')",
    )
