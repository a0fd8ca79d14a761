"""Makes rollouts by requesting n completions of each record from a model.

The caller passes an `Ask` that calls the model, so this module is independent of any API. Completions are
appended as they arrive, each with its key (record, k). After a kill, the same call requests only the missing
completions. If the model refuses a record, only that record's completions are missing. Requests to a busy
service are retried.
"""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from harness.clock import duration
from harness.data.formats.recognized import other_format
from harness.data.record_fields import OWN_FIELDS
from harness.data.records import Record, ends_with_assistant, read
from harness.data.sources import DataFile, text_sha256
from harness.data.tool_offer import tool_offer
from harness.errors import HarnessError, InputError, ServiceError
from harness.rollouts.asking import Ask, AskRefused, Busy, Completion, Generated, GenerationRequest
from harness.rollouts.growing import CompletionsAsked, GrowingFile
from harness.rollouts.pace import Pace
from harness.rollouts.record_names import RecordNames

__all__ = ["check_askable", "generate"]

_REFUSALS_AT_FIRST = 5
_NOTE_EVERY_S = 2.0
_LAST_ANSWERS_S = 5.0


class _Task(NamedTuple):
    name: str
    k: int
    fields: dict[str, Any]


def generate(
    request: GenerationRequest, ask: Ask, progress: Callable[[Generated], None] = lambda _: None
) -> Generated:
    """Request every missing completion.

    Args:
        request: The completions to request.
        ask: Sends one request.
        progress: Called with the progress after each completion.

    Raises:
        InputError: The records cannot be used, or the file was started with other settings.
        ServiceError: The service stayed busy or unreachable. The same call resumes.
    """
    names, offers = _names(request)
    with GrowingFile(request.out, _identity(request, offers)) as file:
        state = Generated(wanted=len(names) * request.n, tokens=dict(file.note.tokens))
        done = _there(file, state, set(names), request.n)
        progress(state)
        saved = time.monotonic()
        try:
            for task, found in _Crew(request, ask, state).work(_missing(request, names, done)):
                if isinstance(found, AskRefused):
                    state.refused[f"{task.name}/{task.k}"] = str(found)
                    _check_refusals(state)
                else:
                    file.append(_rollout(task, found, request.model))
                    _count(state, found)
                if time.monotonic() - saved > _NOTE_EVERY_S:
                    file.save_tokens(state.tokens, state.counted)
                    saved = time.monotonic()
                progress(state)
        finally:
            file.save_tokens(state.tokens, state.counted)
    return state


class _Crew:
    """The threads that send requests, with the queue through which they return the responses."""

    def __init__(self, request: GenerationRequest, ask: Ask, state: Generated) -> None:
        self._request = request
        self._ask = ask
        self._state = state
        self._pace = Pace(request.per_second, request.patience_s)
        self._tasks: queue.Queue[_Task] = queue.Queue()
        self._found: queue.Queue[tuple[_Task, Completion | AskRefused | Exception | None]] = queue.Queue()

    def work(self, tasks: Iterator[_Task]) -> Iterator[tuple[_Task, Completion | AskRefused]]:
        """Request the completions for all tasks, and yield the responses as they arrive."""
        # Daemon threads, so that an interrupt does not wait for answers that may take minutes.
        for _ in range(self._request.concurrency):
            threading.Thread(target=self._run, daemon=True).start()
        waiting = 0
        try:
            while True:
                while waiting < 2 * self._request.concurrency and (task := next(tasks, None)) is not None:
                    self._tasks.put(task)
                    waiting += 1
                if not waiting:
                    return
                task, found = self._found.get()
                waiting -= 1
                if isinstance(found, Completion | AskRefused):
                    yield task, found
                elif found is not None:
                    yield from self._under_way(waiting)
                    raise found
        finally:
            self._pace.stopped.set()

    def _under_way(self, waiting: int) -> Iterator[tuple[_Task, Completion | AskRefused]]:
        """Wait briefly for responses to requests that were already sent, because those cost money.

        Args:
            waiting: Number of tasks without a response, including those not yet started.
        """
        until = time.monotonic() + _LAST_ANSWERS_S
        while waiting > self._tasks.qsize():
            try:
                task, found = self._found.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                return
            waiting -= 1
            if isinstance(found, Completion | AskRefused):
                yield task, found

    def _run(self) -> None:
        while not self._pace.stopped.is_set():
            try:
                task = self._tasks.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                found: Completion | AskRefused | Exception | None = self._answer(task)
            except Exception as error:
                found = error
                self._pace.stopped.set()  # Count the failure before any thread sends another request.
            self._found.put((task, found))

    def _answer(self, task: _Task) -> Completion | AskRefused | None:
        request = self._request
        options = {**request.options, **tool_offer(task.fields)}
        if request.seed is not None:
            options["seed"] = _seed(request.seed, task)
        while self._pace.wait():
            began = self._pace.now()
            try:
                found = self._in_time(lambda: self._ask(request.model, task.fields["messages"], options))
            except Busy as busy:
                self._state.waits += 1
                if not self._pace.busy(
                    busy.wait_s, reached=busy.reached, everybody=busy.throttled, began=began
                ):
                    raise _given_up(busy, request.patience_s) from busy
                continue
            except AskRefused as refused:
                self._pace.succeeded()
                return refused
            self._pace.succeeded()
            return found
        return None

    def _in_time(self, ask: Callable[[], Completion]) -> Completion:
        """Send a request, but give up after `patience_s` seconds, even if bytes are still trickling in.

        A connection timeout is not enough, because it restarts with every byte.
        """
        box: queue.SimpleQueue[Completion | Exception] = queue.SimpleQueue()

        def answer() -> None:
            try:
                box.put(ask())
            except Exception as error:
                box.put(error)

        threading.Thread(target=answer, daemon=True).start()
        patience_s = self._request.patience_s
        try:
            found = box.get(timeout=min(patience_s, threading.TIMEOUT_MAX))
        except queue.Empty:
            raise Busy(f"no answer for {duration(patience_s)}") from None
        if isinstance(found, Exception):
            raise found
        return found


def _given_up(busy: Busy, patience_s: float) -> ServiceError:
    message = str(busy)
    if busy.wait_s is not None and busy.wait_s > patience_s:
        message += f"; it asks to wait {duration(busy.wait_s)}"
    return ServiceError(message, fix="The same command resumes; --patience waits longer.")


def _names(request: GenerationRequest) -> tuple[list[str], bool]:
    """Return unique names for the records, and True if a record has tools.

    The whole file is read before anything is requested.
    """
    if request.n < 1 or request.concurrency < 1:
        raise InputError("the numbers of completions and of parallel requests must be at least 1")
    names: list[str] = []
    given = RecordNames()
    offers = False
    for line, record in _records(request):
        offer = check_askable(record, request.records)
        offers = offers or bool(offer)
        names.append(given.name(record.fields, line))
    if not names:
        raise InputError("the file is empty", place=str(request.records), fix="Pass a file of records.")
    return names, offers


def check_askable(record: Record, file: DataFile) -> dict[str, Any]:
    """Check that completions of a record can be requested from a model.

    Args:
        record: The record.
        file: The source of the record.

    Returns:
        The request fields that offer the record's tools.

    Raises:
        InputError: The line is not a record, or it cannot be sent in a request.
    """
    fields, place = record.fields, record.place
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        error = InputError("this is not a record: it has no messages", place=place, fix="See rft validate.")
        raise other_format(fields, place, str(file)) or error
    if ends_with_assistant(fields):
        raise InputError(
            "this is a rollout: its messages end with the assistant's turn",
            place=place,
            fix="Pass the file of records.",
        )
    own = [name for name in OWN_FIELDS if name in fields]
    if own:
        raise InputError(
            f"the record has a field {own[0]!r}, which is reserved in a rollouts file",
            place=place,
            fix="Rename the field.",
        )
    offer = tool_offer(fields)
    try:
        json.dumps([messages, offer], ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        kinds = {RecursionError: "are nested too deeply", UnicodeEncodeError: "hold a lone surrogate"}
        what = kinds.get(type(error), "hold NaN, an infinite number, or one larger than 1.8e308")
        raise InputError(
            f"no request can contain this record: its messages or tools {what}",
            place=place,
            fix="rft validate lists every such line.",
        ) from None
    return offer


def _records(request: GenerationRequest) -> Iterator[tuple[int, Record]]:
    for record in islice(read(request.records), request.limit):
        yield record.number, record


def _missing(request: GenerationRequest, names: list[str], done: dict[str, set[int]]) -> Iterator[_Task]:
    for name, (_, record) in zip(names, _records(request), strict=True):
        for k in range(request.n):
            if k not in done.get(name, ()):
                yield _Task(name, k, record.fields)


def _identity(request: GenerationRequest, offers: bool) -> CompletionsAsked:
    """Return the settings that must not change between calls, unlike `n`, the limit and the speed."""
    return CompletionsAsked(
        model=request.model,
        service=request.service,
        records_sha256=text_sha256(request.records),
        options=request.options,
        seed=request.seed,
        tools=offers,
    )


def _rollout(task: _Task, found: Completion, model: str) -> dict[str, Any]:
    fields = {name: value for name, value in task.fields.items() if name not in ("id", "messages")}
    return {
        "id": f"{task.name}/{task.k}",
        "record": task.name,
        "model": model,
        **({} if found.finish is None else {"finish_reason": found.finish}),
        "messages": [*task.fields["messages"], found.message],
        **fields,
    }


def _number(rollout: dict[str, Any]) -> int:
    number = str(rollout.get("id")).rpartition("/")[2]
    return int(number) if number.isdecimal() and len(number) < 10 else -1


def _seed(seed: int, task: _Task) -> int:
    """Return the seed of one completion, which does not depend on the order of requests."""
    text = f"{seed}\0{task.name}\0{task.k}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest()) >> 1


def _there(file: GrowingFile, state: Generated, names: set[str], n: int) -> dict[str, set[int]]:
    """Return the number k of each completion in the file, by record, and count the requested ones."""
    done: dict[str, set[int]] = {}
    lines = 0
    for rollout in file.recover():
        lines += 1
        name, k = str(rollout.get("record")), _number(rollout)
        done.setdefault(name, set()).add(k)
        if name in names and 0 <= k < n:
            state.there += 1
            _count_kind(state, _kept(rollout))
    known = lines if file.note.counted is None else min(file.note.counted, lines)
    state.counted, state.uncounted = known, lines - known
    return done


def _kept(rollout: dict[str, Any]) -> Completion:
    messages, finish = rollout.get("messages"), rollout.get("finish_reason")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return Completion(last if isinstance(last, dict) else {}, finish if isinstance(finish, str) else None)


def _count_kind(state: Generated, found: Completion) -> None:
    ending = found.finish or "unknown"
    state.endings[ending] = state.endings.get(ending, 0) + 1
    if (kind := found.instead) is not None:
        state.textless[kind] = state.textless.get(kind, 0) + 1


def _count(state: Generated, found: Completion) -> None:
    state.done += 1
    state.left_out += found.more
    _count_kind(state, found)
    if found.tokens_in is None and found.tokens_out is None:
        state.uncounted += 1
        return
    state.counted += 1
    state.tokens["in"] += found.tokens_in or 0
    state.tokens["out"] += found.tokens_out or 0


def _check_refusals(state: Generated) -> None:
    """Raise an error if the model refuses every record, because the cause is then not in the records."""
    if state.done + state.there == 0 and len(state.refused) >= _REFUSALS_AT_FIRST:
        raise HarnessError(f"the model refuses every record: {next(iter(state.refused.values()))}")
