"""Finds a completion that the grader sends to its judge, even if cheaper checks reject most completions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from harness.audit.case import Case
from harness.data.records import text_of

__all__ = ["MARK", "PLAIN", "seek_question"]

MARK = "Rftmarkcompletion"
"""A word that occurs in no prompt, used to recognize the completion in the judge's prompt."""
PLAIN = f"The answer to the question is {MARK}, because of what the question says."
"""A completion that is sent to the judge by any grader that does not check completions first."""

_RECORDS = 6
_MOST = 48


def seek_question(case: Case, persist: bool = True) -> bool:
    """Try a plain completion, then references and recorded completions, until the grader calls its judge.

    Args:
        case: The audit. `asked_about` is set if the grader does not send the plain completion to the judge.
        persist: Whether to try other completions after the plain one.

    Returns:
        True if the grader called its judge.
    """
    if _is_asked(case, 0, PLAIN):
        return True
    for record, text in islice(_candidates(case) if persist else (), _MOST):
        if not _is_asked(case, record, text):
            continue
        marked = (f"{text} {MARK}.", f"{text}\n{MARK}", f"{MARK}\n{text}", text)
        case.asked_about = record, next((one for one in marked if _is_asked(case, record, one)), text)
        return True
    return False


def _is_asked(case: Case, record: int, text: str) -> bool:
    service = case.opener.service
    if service is None:
        return False
    before = service.asked
    case.collector.grade([case.collector.rollout(record, text)])
    return service.asked > before


def _candidates(case: Case) -> Iterator[tuple[int, str]]:
    """Yield completions that are probably right, starting with references, then recorded completions."""
    subject = case.subject
    for at in case.some(_RECORDS, "judge", range(len(subject.records))):
        for text in _texts(subject.reference(at)):
            yield at, text
    recorded = case.random("judge").sample(subject.recorded, min(_MOST, len(subject.recorded)))
    for one in recorded:
        written = text_of(one.message.get("content"))
        if written:
            yield one.record, written


def _texts(reference: object) -> Iterator[str]:
    if isinstance(reference, str):
        yield reference
    elif isinstance(reference, dict):
        yield from (part for part in reference.values() if isinstance(part, str))
