"""Probes for right programs that are refused because of their style, and for answers evaluated as Python."""

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
    """Probe for right programs that are refused because of their style."""

    rule = Rule(
        "E11",
        Severity.ERROR,
        "a right program is refused for its style",
        "Run the program and compare its results, not its text.",
    )

    def run(self, case: Case) -> Iterator[Found]:
        """Grade right programs in different styles.

        Raises:
            NotRun: No right program is known to be rewarded.
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
    """Probe for graders that evaluate answers as Python although they are not meant to run code."""

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
    """For each expression, the word it prints and the text around it. Brackets are for graders that parse
    JSON.
    """

    def why_not(self, case: Case) -> str | None:
        """The probe applies if the grader's source evaluates text and running code is not its purpose."""
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
        """Grade answers that are Python expressions, bare or in brackets, that print a word to stderr."""
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
                        "the grader runs the answer as Python: a completion can do anything the function may",
                        fix=self.rule.fix,
                        witness=case.witness((at, text)),
                        records=1,
                        tried=1,
                        text=text if isinstance(text, str) else None,
                        share=case.known.share(reply.reward, at),
                        headline="Your grader runs the answer as Python code.",
                    )
                    return
