"""Sends batches of rollouts to a target, in the shape that a service would, and makes rows of the answers.

Rows are in the order of the rollouts. Each batch is sent once for each repeat and each wire; a batch that is
larger than the target takes is split. What failed is a row without a reward, never a low one.
"""

from __future__ import annotations

import json
import marshal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from graders.wire import PROFILES, PROVEN, Profile, write_events
from harness.errors import InputError, ServiceError
from harness.rollouts.read import Rollout
from harness.runs.rows import Row
from harness.targets.answered import AnsweredTarget
from harness.targets.in_process import InProcessTarget
from harness.targets.protocol import Answer, Graded, GraderFault, ServiceFault, Target

BATCH = 64
"""Rollouts in one event; what Bedrock sends is not documented, SageMaker's default is 64."""

ALL_WIRES = "all"

ENDED = ("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout")
"""What Lambda calls the end of a function's process in the middle of a call, wherever the grader runs."""

_OF_THE_CALL = "ErrorBudgetExceeded"
"""The fault of a call of which no sample alone is to blame: too many of the last ones failed."""

UNSENDABLE = ("InvalidRequestContentException", "RequestEntityTooLargeException")
"""What Lambda calls an event that it would not take, whichever function it is for."""


class LastingServiceError(ServiceError):
    """The service refused what was asked, and would again."""


def profiles_of(wire: str) -> list[Profile]:
    """The wires that a name stands for.

    Raises:
        InputError: There is no such wire.
    """
    if wire == ALL_WIRES:
        return [PROFILES[name] for name in PROVEN]
    if wire not in PROFILES:
        raise InputError(f"there is no wire {wire!r}", fix=f"Known: {', '.join([*PROFILES, ALL_WIRES])}.")
    return [PROFILES[wire]]


def in_batches(rollouts: Iterable[Rollout], size: int = BATCH) -> Iterator[list[Rollout]]:
    """Cut a stream of rollouts into batches."""
    stream = iter(rollouts)
    while batch := list(islice(stream, size)):
        yield batch


def grade_all(
    target: Target,
    rollouts: Iterator[Rollout],
    profiles: Sequence[Profile],
    repeats: int,
    keep_label: bool,
    keep: Callable[[list[Row]], None],
) -> None:
    """Grade rollouts, as many at once as the target takes.

    An async grader is sent one sample after the other, so that no slow one holds up a batch. Any other is
    sent batches, as a service would send them.

    Args:
        target: Where to grade.
        rollouts: Those that cannot be used become rows of error kind `input`.
        profiles: The wires to send them over; the first one's rewards are recorded.
        repeats: How many times to grade each rollout.
        keep_label: Whether rows carry their rollout's label.
        keep: Told the rows, by rollout and repeat, as they come.

    Raises:
        ServiceError: The target could not be reached.
    """
    here = _streaming(target, len(profiles) * repeats)
    batches = in_batches(rollouts, _samples_a_call(target))

    def grade(batch: list[Rollout]) -> list[Row]:
        return grade_batch(target, batch, profiles, repeats, keep_label)

    if target.concurrency <= 1:
        # Whether a grader is async may show only when it was called.
        while (here is None or not here.streams) and (batch := next(batches, None)) is not None:
            keep(grade(batch))
        if here is not None and here.streams:
            _grade_stream(here, rollouts, profiles, repeats, keep_label, keep)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(target.concurrency) as threads:
        under_way: deque[Future[list[Row]]] = deque()
        for batch in batches:
            under_way.append(threads.submit(grade, batch))
            if len(under_way) >= target.concurrency:
                keep(under_way.popleft().result())
        while under_way:
            keep(under_way.popleft().result())


def _streaming(target: Target, times: int) -> InProcessTarget | None:
    """The target that may turn out to take samples one after the other, as a stream.

    Where questions are recorded, wires and repeats are kept apart: the second wire is answered with what the
    first one asked, the second repeat is not.
    """
    if isinstance(target, AnsweredTarget):
        return target.streams if times == 1 else None
    return target if isinstance(target, InProcessTarget) else None


def _samples_a_call(target: Target) -> int:
    """How many samples to send at once: one where a missing answer is to cost its own sample alone."""
    alone = isinstance(target, AnsweredTarget) and not target.book.asks and not target.takes_batches
    return 1 if alone else BATCH


def _grade_stream(
    target: InProcessTarget,
    rollouts: Iterable[Rollout],
    profiles: Sequence[Profile],
    repeats: int,
    keep_label: bool,
    keep: Callable[[list[Row]], None],
) -> None:
    """Grade rollouts sample by sample; those that are told of late may have had to wait for a slower one."""
    waiting: deque[Rollout] = deque()
    found: deque[Graded] = deque()
    each = repeats * len(profiles)

    def events() -> Iterator[Any]:
        for rollout in rollouts:
            # What was sent is not needed any more, and may be long.
            waiting.append(rollout if rollout.sent is None else rollout._replace(sent={}))
            if rollout.sent is None:
                continue
            whole = marshal.dumps(rollout.sent) if each > 1 else b""
            for _ in range(repeats):
                for profile in profiles:
                    yield from write_events([marshal.loads(whole) if whole else rollout.sent], profile)

    def take(answers: list[Answer]) -> None:
        for answer in answers:
            found.extend(_items(answer, 1))
        rows: list[Row] = []
        while waiting and (waiting[0].sent is None or len(found) >= each):
            rollout = waiting.popleft()
            one = iter([] if rollout.sent is None else [found.popleft() for _ in range(each)])
            runs = [[[graded] for graded in islice(one, len(profiles))] for _ in range(repeats)]
            rows += _rows([rollout], runs, profiles, repeats, keep_label)
        if rows:
            keep(rows)

    target.grade_stream(events(), take)
    take([])


def grade_batch(
    target: Target, batch: Sequence[Rollout], profiles: Sequence[Profile], repeats: int, keep_label: bool
) -> list[Row]:
    """Grade one batch as often as asked.

    Args:
        target: Where to grade.
        batch: Rollouts; those that cannot be used become rows of error kind `input`.
        profiles: The wires to send it over; the first one's rewards are recorded.
        repeats: How many times to grade each rollout.
        keep_label: Whether rows carry their rollout's label.

    Returns:
        The rows, by rollout and repeat.

    Raises:
        ServiceError: The target could not be reached; nothing of the batch is recorded.
    """
    usable = [rollout for rollout in batch if rollout.sent is not None]
    sent: list[dict[str, Any]] = [rollout.sent for rollout in usable]  # type: ignore[misc]
    return _rows(batch, _grade_often(target, sent, profiles, repeats), profiles, repeats, keep_label)


def _rows(
    batch: Sequence[Rollout],
    runs: Sequence[Sequence[Sequence[Graded]]],
    profiles: Sequence[Profile],
    repeats: int,
    keep_label: bool,
) -> list[Row]:
    """The rows of a batch, whose usable rollouts were graded as `runs` says, by repeat and wire."""
    rows: list[Row] = []
    at, compared, times = 0, len(profiles) > 1, range(repeats)
    for rollout in batch:
        usable = rollout.sent is not None
        for repeat in times:
            if usable:
                one = runs[repeat][0][at]
            else:
                one = Graded(None, {}, {"kind": "input", "message": str(rollout.problem)}, 0.0)
            row = _row(rollout, repeat, one, keep_label)
            if compared and usable:
                answers = {
                    profile.name: said[at] for profile, said in zip(profiles, runs[repeat], strict=True)
                }
                if not all(_same(one, other) for other in answers.values()):
                    row["wires"] = {name: _shown(other) for name, other in answers.items()}
            rows.append(row)
        at += usable
    return rows


def _row(rollout: Rollout, repeat: int, one: Graded, keep_label: bool) -> Row:
    """What became of one grading."""
    reward, metrics, error, ms, reason = one
    at, own, group, _, label, _, differing, length, finish = rollout  # in one step: there are millions
    row: Row = {
        "at": at,
        "repeat": repeat,
        "id": own,
        "group": group,
        "reward": reward,
        "metrics": metrics,
        "error": error,
        "ms": int(ms * 10_000 + 0.5) / 10_000 if ms else 0.0,
    }
    if reason:
        row["reason"] = reason
    if length is not None:
        row["length"] = length
    if finish is not None:
        row["finish"] = finish
    if keep_label:
        row["label"] = label
    if differing:
        row["fields"] = list(differing)
    return row


def _grade_often(
    target: Target, sent: list[dict[str, Any]], profiles: Sequence[Profile], repeats: int
) -> list[list[list[Graded]]]:
    """The gradings by repeat and wire; each sees the rollouts as the file has them."""
    if repeats == len(profiles) == 1:
        return [[grade_samples(target, sent, profiles[0], divide=True)]]
    # A grader may change what it is given; marshal copies JSON values quicker than anything else.
    whole = marshal.dumps(sent)
    found = []
    for repeat in range(repeats):
        if isinstance(target, AnsweredTarget):
            target.book.repeat = repeat
        found.append(
            [grade_samples(target, marshal.loads(whole), profile, divide=True) for profile in profiles]
        )
    return found


def grade_samples(
    target: Target,
    samples: Sequence[dict[str, Any]],
    profile: Profile,
    retry: Callable[[Callable[[], Answer]], Answer] = lambda send: send(),
    divide: bool = False,
) -> list[Graded]:
    """Send samples over one wire, in as many calls as the target needs.

    Args:
        target: Where to grade.
        samples: Objects as a rollouts file has them, without what is the harness's own.
        profile: The wire.
        retry: Makes a call, as often as the caller likes, and returns the last answer.
        divide: Divide a call that the grader failed, so that the one sample that did it costs itself alone.

    Returns:
        What became of each sample, in order. A sample that the target refuses for its size has an error of
        kind `input`; the samples of a call that the grader failed have one of kind `call`.

    Raises:
        ServiceError: The target could not be reached.
    """
    found: list[Graded] = []
    for event in write_events(samples, profile):
        count = 1 if profile.container == "single" else len(samples)
        if count == 0:
            continue
        unsendable, answer = _too_large(target, event), None
        if unsendable is None:
            answer = retry(partial(_send, target, event, count))
            fault = answer.fault
            if fault is None or fault.error_type not in UNSENDABLE:
                if not (divide and count > 1 and _may_be_one(fault)):
                    found += _items(answer, count)
                    continue
            unsendable = fault.message if fault is not None else ""
        if count > 1:  # it is the fault of one of them, not of all
            middle = count // 2
            parts = grade_samples(target, samples[:middle], profile, retry, divide)
            # Where several in a row fail, it is the function that is broken, and each call may take a minute.
            broken = middle > 1 and all(map(_call_failed, parts))
            parts += grade_samples(target, samples[middle:], profile, retry, divide and not broken)
            if answer is None or not _may_be_one(answer.fault) or any(map(_call_failed, parts)):
                return parts
            return _too_much(retry(partial(_send, target, event, count)), count)
        found.append(Graded(None, {}, {"kind": "input", "message": unsendable}))
    return found


def _may_be_one(fault: GraderFault | ServiceFault | None) -> bool:
    """Whether one sample may be why a call failed: the function raised, ended, or answered nonsense."""
    return isinstance(fault, GraderFault) and fault.error_type != _OF_THE_CALL


def _call_failed(one: Graded) -> bool:
    return one.error is not None and one.error["kind"] == "call"


def _too_much(again: Answer, count: int) -> list[Graded]:
    """The samples of a call that failed though none of them fails alone, by what a second try gave.

    A service tries again, too: what failed by chance is graded. What fails again is too much for one call.
    """
    items = _items(again, count)
    if not isinstance(again.fault, GraderFault):
        return items
    why = f" (a call of {count} samples; in smaller ones none of them fails)"
    return [
        one._replace(error={**one.error, "message": one.error["message"] + why}) if one.error else one
        for one in items
    ]


def _send(target: Target, event: Any, count: int) -> Answer:
    answer = target.grade(event)
    if answer.fault is None and len(answer.items) != count:
        said = f"{count} samples were sent and {len(answer.items)} answers came back"
        return Answer([], answer.ms, GraderFault("EventError", said))
    return answer


def _too_large(target: Target, event: Any) -> str | None:
    """Why a target would not take an event for its size; None where it would."""
    if target.max_bytes is None or len(json.dumps(event)) <= target.max_bytes:
        return None
    return f"the sample is larger than the {target.max_bytes:,} bytes that one call may carry"


def _items(answer: Answer, count: int) -> list[Graded]:
    """The samples of an answer; a call that the grader failed is that many rows of error kind `call`."""
    share = answer.ms / count
    fault = answer.fault
    if isinstance(fault, ServiceFault):
        first = "" if fault.retryable else "Asking again will not help: mend what it names, then the"
        fix = f"{first or 'The'} same command goes on where this one stopped."
        kind = ServiceError if fault.retryable else LastingServiceError
        raise kind(f"{fault.error_type}: {fault.message}", fix=fix)
    if isinstance(fault, GraderFault):
        error = {"kind": "call", "message": f"{fault.error_type}: {fault.message}"}
        return [Graded(None, {}, error, share)] * count
    if any(item.ms is None for item in answer.items):
        return [item if item.ms is not None else item._replace(ms=share) for item in answer.items]
    return answer.items


def _same(one: Graded, other: Graded) -> bool:
    """Whether two wires came to the same; an error's message may differ."""
    mine = one.reward, one.metrics, one.error and one.error["kind"]
    return mine == (other.reward, other.metrics, other.error and other.error["kind"])


def _shown(one: Graded) -> Any:
    return one.reward if one.error is None else one.error["kind"]
