"""Grades a training file's references with the same check that will grade completions.

If the check cannot parse a reference, every completion of that record fails. If a completion that gives the
reference as its answer does not get the full reward, no completion can. Both problems are found before a job
starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

from graders._runtime import QuestionsHeldBack
from harness.data.json_lines import LineError, lines, parse
from harness.data.record_fields import OWN_FIELDS
from harness.data.records import ends_with_assistant
from harness.data.sources import DataFile
from harness.data.validate import Report
from harness.errors import InputError
from harness.targets.grader_name import named
from harness.targets.in_process import InProcessTarget
from harness.targets.protocol import Graded
from harness.targets.reference_calls import calls_of

__all__ = ["check_references"]

_MARKER = "####"
_NEARLY = 1e-9


def check_references(report: Report, file: DataFile, target: InProcessTarget, grader: str) -> None:
    """Add a check's findings about a file's references to the file's report.

    Each record is graded on completions made from its own reference, in the formats that checks expect, until
    one gets the full reward. Lines that are not records are skipped, because other rules report them. A judge
    of `graders.checks.judge` is not called, so the check costs nothing. With a judge, only the record's
    fields are checked, and the report counts the record in `not_asked`.

    Args:
        report: The file's report.
        file: The file, which is read a second time.
        target: The check.
        grader: The check's name.

    Raises:
        InputError: The check fails whole calls, or the file cannot be read again.
    """
    report.check, report.checked = grader, 0
    marker = (named(grader).options or {}).get("marker")
    if not report.records:  # the report already has a finding about this
        return
    for number, (_, line) in enumerate(lines(file), 1):
        try:
            record = parse(line) if line.strip() else None
        except LineError:
            continue
        if _is_record(record):
            report.checked += 1
            report.unreferenced += record.get("reference_answer") is None
            _check_record(report, target, number, record, marker if isinstance(marker, str) else _MARKER)


def _is_record(value: Any) -> TypeGuard[dict[str, Any]]:
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        return False
    return not ends_with_assistant(value)


def _check_record(
    report: Report, target: InProcessTarget, number: int, record: dict[str, Any], marker: str
) -> None:
    most = target.bounds[1] if target.bounds else None
    best, failure = None, ""
    for answer in _answers(record.get("reference_answer"), marker):
        with QuestionsHeldBack() as held:
            found = _graded(target, number, record, answer)
        if held.count:
            report.not_asked += 1
            return
        if found.error is not None:
            failure = failure or f"{found.error['kind']}: {found.error['message']}"
            if found.error["kind"] == "record":  # the message does not depend on the completion
                break
        if found.reward is not None and (best is None or found.reward > best):
            best = found.reward
        if most is not None and best is not None and best >= most - _NEARLY:
            return
    if best is None:
        report.add_ungraded(failure, number)
    elif most is not None and record.get("reference_answer") is not None:
        report.add_unpaid(f"a completion with the reference as its answer earns {best:g} of {most:g}", number)


def _graded(target: InProcessTarget, number: int, record: dict[str, Any], answer: dict[str, Any]) -> Graded:
    fields = {name: value for name, value in record.items() if name not in OWN_FIELDS}
    messages = [*record["messages"], {"role": "assistant", **answer}]
    graded = target.grade([{**fields, "id": f"line-{number}", "messages": messages}])
    if graded.fault is not None:
        what = f"the check failed: {graded.fault.error_type}: {graded.fault.message}"
        raise InputError(what, fix="Fix the check: it grades no record.")
    return graded.items[0]


def _answers(reference: Any, marker: str) -> Iterator[dict[str, Any]]:
    """Yield final messages that give the reference: first completions, then any tool calls that it lists."""
    for completion in _completions(reference, marker):
        yield {"content": completion}
    if calls := calls_of(reference):
        yield {"content": None, "tool_calls": calls}


def _completions(reference: Any, marker: str) -> Iterator[str]:
    """Yield completions that give the reference, the most likely format first."""
    if isinstance(reference, dict) and set(reference) == {"text"}:
        reference = reference["text"]
    if isinstance(reference, list):
        for one in reference:
            yield from _completions(one, marker)
    if isinstance(reference, str):
        text = reference
    else:
        try:
            text = json.dumps(reference, ensure_ascii=False)
        except (ValueError, RecursionError):
            text = str(type(reference))
    yield text
    answer = text.rpartition(_MARKER)[2].strip().rpartition(marker)[2].strip()
    yield from (f"{marker} {answer}", f"\\boxed{{{answer}}}", f"The answer is {answer}.", answer)
    yield from (f"<answer>{answer}</answer>", f"```\n{text}\n```", f"```json\n{text}\n```")
    yield f"<think>{text}</think><answer>{answer}</answer>"
