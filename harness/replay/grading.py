"""Sends batches of rollouts to a target in a service's event format, and converts the answers to rows.

Rows keep the order of the rollouts. Each batch is sent once for each repeat and wire format, and a batch that
is too large for the target is split. A failure becomes a row without a reward, never a low reward.
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
"""Number of rollouts per event. Bedrock's number is undocumented; SageMaker's default is 64."""

ALL_WIRES = "all"

ENDED = ("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout")
"""Lambda's error types for a function whose process ended during a call."""

_OF_THE_CALL = "ErrorBudgetExceeded"
"""Error type of a call that failed because of too many recent failures. No single sample is to blame."""

UNSENDABLE = ("InvalidRequestContentException", "RequestEntityTooLargeException")
"""Lambda's error types for an event that it rejects before any function gets it."""


class LastingServiceError(ServiceError):
    """Raised when a service refused a request, and would refuse it again."""


def profiles_of(wire: str) -> list[Profile]:
    """Return the wire formats for a name.

    Raises:
        InputError: No wire format has this name.
    """
    if wire == ALL_WIRES:
        return [PROFILES[name] for name in PROVEN]
    if wire not in PROFILES:
        known = ", ".join([*PROFILES, ALL_WIRES])
        raise InputError(f"there is no wire format {wire!r}", fix=f"Known: {known}.")
    return [PROFILES[wire]]


def in_batches(rollouts: Iterable[Rollout], size: int = BATCH) -> Iterator[list[Rollout]]:
    """Split a stream of rollouts into batches."""
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
    """Grade rollouts, with as many calls in parallel as the target allows.

    An async grader gets one sample per call, so that a slow sample does not hold up a batch. Any other grader
    gets batches, as a service would send them.

    Args:
        target: The target that grades.
        rollouts: The rollouts. Unusable rollouts become rows of error kind `input`.
        profiles: The wire formats to use. The rewards in the first one are recorded.
        repeats: Number of times to grade each rollout.
        keep_label: True if rows include their rollout's label.
        keep: Called with the rows as they arrive, ordered by rollout and repeat.

    Raises:
        ServiceError: The target cannot be reached.
    """
    here = _streaming(target, len(profiles) * repeats)
    batches = in_batches(rollouts, _samples_a_call(target))

    def grade(batch: list[Rollout]) -> list[Row]:
        return grade_batch(target, batch, profiles, repeats, keep_label)

    if target.concurrency <= 1:
        # Whether a grader is async may be known only after its first call.
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
    """Return the target if it may accept samples as a stream, one per call.

    With recorded answers, several wire formats or repeats are graded separately. All wire formats of a repeat
    get the same answers, but each repeat gets its own.
    """
    if isinstance(target, AnsweredTarget):
        return target.streams if times == 1 else None
    return target if isinstance(target, InProcessTarget) else None


def _samples_a_call(target: Target) -> int:
    """Return 1 if a missing recorded answer should fail only its own sample, otherwise `BATCH`."""
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
    """Grade rollouts one sample per call. A result may have to wait for slower samples before it."""
    waiting: deque[Rollout] = deque()
    found: deque[Graded] = deque()
    each = repeats * len(profiles)

    def events() -> Iterator[Any]:
        for rollout in rollouts:
            # The row needs only the rollout's other fields, and the sample may be long.
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
    """Grade one batch for each repeat and wire format.

    Args:
        target: The target that grades.
        batch: The rollouts. Unusable rollouts become rows of error kind `input`.
        profiles: The wire formats to use. The rewards in the first one are recorded.
        repeats: Number of times to grade each rollout.
        keep_label: True if rows include their rollout's label.

    Returns:
        The rows, ordered by rollout and repeat.

    Raises:
        ServiceError: The target cannot be reached; no row of the batch is recorded.
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
    """Build a batch's rows. `runs` has the gradings of its usable rollouts, by repeat and wire format."""
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
    reward, metrics, error, ms, reason = one
    at, own, group, _, label, _, differing, length, finish = rollout  # unpacking all fields at once is faster
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
    """Grade once for each repeat and wire format, each time with a new copy of the rollouts."""
    if repeats == len(profiles) == 1:
        return [[grade_samples(target, sent, profiles[0], divide=True)]]
    # A grader may modify its input. marshal is the fastest way to copy JSON values.
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
    """Send samples in one wire format, in as many calls as the target needs.

    Args:
        target: The target that grades.
        samples: Objects as in a rollouts file, without the harness's own fields.
        profile: The wire format.
        retry: Makes a call, retries it if that may help, and returns the last answer.
        divide: True to split a call in which the grader failed, so that the sample that caused it fails
            alone.

    Returns:
        The result of each sample, in order. A sample refused for its size has an error of kind `input`; the
            samples of a call in which the grader failed have one of kind `call`.

    Raises:
        ServiceError: The target cannot be reached.
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
        if count > 1:  # a single sample may be to blame
            middle = count // 2
            parts = grade_samples(target, samples[:middle], profile, retry, divide)
            # If several samples in a row fail, the function itself is broken. Each call may take a minute.
            broken = middle > 1 and all(map(_call_failed, parts))
            parts += grade_samples(target, samples[middle:], profile, retry, divide and not broken)
            if answer is None or not _may_be_one(answer.fault) or any(map(_call_failed, parts)):
                return parts
            return _too_much(retry(partial(_send, target, event, count)), count)
        found.append(Graded(None, {}, {"kind": "input", "message": unsendable}))
    return found


def _may_be_one(fault: GraderFault | ServiceFault | None) -> bool:
    """Return True if the grader failed in the call, so that a single sample may be the cause."""
    return isinstance(fault, GraderFault) and fault.error_type != _OF_THE_CALL


def _call_failed(one: Graded) -> bool:
    return one.error is not None and one.error["kind"] == "call"


def _too_much(again: Answer, count: int) -> list[Graded]:
    """Return the results of a retried call, all of whose samples succeed in smaller calls.

    A service would retry too, so the result of a successful retry counts. A second failure means that the
    call is too large.
    """
    items = _items(again, count)
    if not isinstance(again.fault, GraderFault):
        return items
    why = f" (a call of {count} samples; none of them fails in smaller calls)"
    return [
        one._replace(error={**one.error, "message": one.error["message"] + why}) if one.error else one
        for one in items
    ]


def _send(target: Target, event: Any, count: int) -> Answer:
    answer = target.grade(event)
    if answer.fault is None and len(answer.items) != count:
        said = f"{count} samples were sent, but {len(answer.items)} answers came back"
        return Answer([], answer.ms, GraderFault("EventError", said))
    return answer


def _too_large(target: Target, event: Any) -> str | None:
    """Return why a target would refuse an event for its size, or None if it would accept the event."""
    if target.max_bytes is None or len(json.dumps(event)) <= target.max_bytes:
        return None
    return f"the sample exceeds the limit of {target.max_bytes:,} bytes for one call"


def _items(answer: Answer, count: int) -> list[Graded]:
    """Return the result of each sample. If the grader failed, each one is an error of kind `call`."""
    share = answer.ms / count
    fault = answer.fault
    if isinstance(fault, ServiceFault):
        first = "" if fault.retryable else "Retrying will not help: fix the cause, then the"
        fix = f"{first or 'The'} same command resumes where this one stopped."
        kind = ServiceError if fault.retryable else LastingServiceError
        raise kind(f"{fault.error_type}: {fault.message}", fix=fix)
    if isinstance(fault, GraderFault):
        error = {"kind": "call", "message": f"{fault.error_type}: {fault.message}"}
        return [Graded(None, {}, error, share)] * count
    if any(item.ms is None for item in answer.items):
        return [item if item.ms is not None else item._replace(ms=share) for item in answer.items]
    return answer.items


def _same(one: Graded, other: Graded) -> bool:
    """Return True if two wire formats gave the same result. Error messages may differ."""
    mine = one.reward, one.metrics, one.error and one.error["kind"]
    return mine == (other.reward, other.metrics, other.error and other.error["kind"])


def _shown(one: Graded) -> Any:
    return one.reward if one.error is None else one.error["kind"]
