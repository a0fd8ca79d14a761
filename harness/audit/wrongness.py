"""Completions that are wrong by construction, whatever the grader says of them: family C."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.case import Case
from harness.audit.found import Found
from harness.findings import Rule, Severity

__all__ = ["PROBES"]

_CONTENTLESS = ("", " ", ".", ":", "I don't know.", "asdf qwer zxcv")


class NoContent:
    """Completions without any content."""

    rule = Rule(
        "C01",
        Severity.CRITICAL,
        "a completion without content is paid",
        "Return the lowest reward where the completion holds no answer.",
    )
    controlled = True

    def why_not(self, case: Case) -> str | None:
        """It applies to every grader."""
        return None

    def run(self, case: Case) -> Iterator[Found]:
        """Grade each text on some records; it is paid where it earns more than an honest wrong answer."""
        records = case.some(8, "C01")
        for text in _CONTENTLESS:
            replies = case.collector.ask([(at, text) for at in records])
            paid = [at for at, one in zip(records, replies, strict=True) if case.known.pays(one.reward, at)]
            if len(paid) >= 2:
                (reply,) = case.collector.ask([(paid[0], text)])
                yield Found(
                    self.rule.id,
                    self.rule.severity,
                    f"{text!r} is paid, so a policy learns to say nothing",
                    fix=self.rule.fix,
                    witness=case.witness((paid[0], text)),
                    records=len(paid),
                    tried=len(records),
                    text=text,
                    share=case.known.share(reply.reward, paid[0]),
                )
                return


PROBES = (NoContent(),)
"""The probes of this family, in the order in which they run."""
