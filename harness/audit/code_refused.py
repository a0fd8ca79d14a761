"""Right programs that are refused for how they are written, and answers that are evaluated as Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import ClassVar

from harness.audit.audit_finding import Found
from harness.audit.case import Case
from harness.audit.code_bench import OfCode, bench_of, runs_code
from harness.audit.code_payloads import Program, variants
from harness.findings import Rule, Severity

__all__ = ["Evaluated", "RefusedVariants"]

_EVALUATES = re.compile(r"\b(?:eval|exec|sympify|parse_expr|numexpr|query)\s*\(")


class RefusedVariants(OfCode):
    """Right programs that are refused for how they are written."""

    rule = Rule(
        "E11",
        Severity.ERROR,
        "a right program is refused for how it is written",
        "Run the program and compare what it returns, not how its text looks.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade right programs written otherwise.

        Raises:
            NotRun: No right program is known that is paid.
        """
        bench = bench_of(case, apart=True)
        asked = [
            (at, one) for at, task in bench.tasks.items() for one in variants(bench.right[at], task.name)
        ]
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
    _MARKS: ClassVar[dict[str, str]] = {
        "RFT_AUDIT_EVALUATED": "{}",
        "RFT_AUDIT_EVALUATED_SET": "{{}}",
        "RFT_AUDIT_EVALUATED_LIST": "[{}]",
    }
    """What each expression says, and what stands around it: a reader of JSON looks for brackets."""

    def why_not(self, case: Case) -> str | None:
        """It does not apply where running code is the purpose, or where the source evaluates nothing."""
        if runs_code(case):
            return "running code is this grader's purpose"
        try:
            texts = [source.read_text(errors="replace") for source in case.subject.sources]
        except OSError:
            return None
        if texts and not any(map(_EVALUATES.search, texts)):
            return "the grader's source evaluates nothing"
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Put expressions into the answer's place, alone and in brackets, that say a word on stderr."""
        said = "__import__('sys').stderr.write('{}\\n')"
        for at in case.some(1, "E12"):
            for form in case.known.formats:
                texts = {
                    mark: form.fill(around.replace("{}", said.replace("{}", mark)))
                    for mark, around in self._MARKS.items()
                }
                with closing(case.opener.open()) as fresh:
                    replies = fresh.grade([fresh.rollout(at, text) for text in texts.values()])
                output = getattr(fresh.target.target, "output", None)
                printed = b"" if output is None else output.head
                for (mark, text), reply in zip(texts.items(), replies, strict=True):
                    if f"{mark}\n".encode() not in printed:
                        continue
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
