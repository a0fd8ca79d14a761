"""Grades samples in a trainer's process, from any thread, even one with a running event loop."""

from __future__ import annotations

import os
import sys

from .._runtime.declaration import Declared, Options
from .._runtime.handler import Budget, check_failures
from .._runtime.scoring import score, score_here, settled
from ..decorator import Grader
from ..decorator import grader as decorate
from ..errors import ConfigurationError, SampleError
from ..reward import RESERVED, Failure, Reward
from ..wire import PROFILES, read_event, write_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from ..reward import Outcome

_LONGEST = 300
"""Maximum length of a message on stderr, in characters."""
_MOST_SAID = 50
"""Maximum number of lines on stderr. Without a limit, every sample might report a different reason."""


def rollout_item(
    columns: dict[str, Any], reference: str, place: str, messages: list[Any], wire: str
) -> dict[str, Any]:
    """Return the event element that a replay would send for a completion.

    Args:
        columns: The data set's values for the prompt, by column name. The contents of a `metadata` column are
            also treated as columns, as in a replay.
        reference: The column with the reference.
        place: The sample's id if the data set has no `id` column.
        messages: The prompt's turns and the completion.
        wire: The dialect, one of `graders.wire.PROFILES`.

    Raises:
        ValueError: A column has the same name as a different property of a sample.
    """
    rollout = {name: plain(value) for name, value in columns.items()}
    if isinstance(rollout.get("metadata"), dict):
        rollout = {**rollout.pop("metadata"), **rollout}
    for name in ("messages", "metadata"):
        if rollout.pop(name, None) is not None:
            raise ValueError(
                f"the data set's {name!r} cannot be a field of the sample, which has {name} of its own: "
                "rename or remove it"
            )
    answer, other, key = (rollout.pop(name, None) for name in (reference, "reference_answer", "id"))
    if other is not None and other != answer:
        raise ValueError(
            f"the data set's 'reference_answer' differs from {reference!r}, which holds the reference: "
            "rename or remove it"
        )
    if answer is not None:
        rollout["reference_answer"] = answer
    [event] = write_events(
        [{**rollout, "id": place if key is None else str(key), "messages": messages}], PROFILES[wire]
    )
    item: dict[str, Any]
    [item] = read_event(event)
    return item


def plain(value: Any) -> Any:
    """Convert a data set's value, such as a numpy or torch array, to JSON data.

    Raises:
        ValueError: The value is nested too deeply.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise ValueError("a value of the data set is nested too deeply: leave its column out") from None


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def messages_of(given: Any, role: str) -> list[Any]:
    """Return a trainer's prompt or completion as messages. A string becomes a message with this role.

    Raises:
        ValueError: The value is neither a string nor a list.
    """
    if isinstance(given, str):
        return [{"role": role, "content": given}]
    if not isinstance(given, (list, tuple)):
        raise ValueError(
            f"the {role}'s turn is a {type(given).__name__}: pass a string or a list of messages"
        )
    return list(given)


class TrainerBatch:
    """The outcomes of a batch, converted to rewards and metrics for a trainer.

    Args:
        outcomes: The outcome of each sample.
    """

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = settled(outcomes)

    @property
    def rewards(self) -> list[float | None]:
        """The reward of each sample, or None for a sample without a reward."""
        return [outcome.value if isinstance(outcome, Reward) else None for outcome in self.outcomes]

    def metrics(self) -> Iterator[tuple[str, float]]:
        """Yield the fraction of samples with no reward, and each metric's mean over the samples that have it.

        If several processes train, only the fraction is yielded. Trainers gather each metric from all
        processes and would wait forever for a process that does not report it.
        """
        yield RESERVED, sum(isinstance(one, Failure) for one in self.outcomes) / max(len(self.outcomes), 1)
        if os.environ.get("WORLD_SIZE", "1") != "1":
            return
        found: dict[str, list[float]] = {}
        for outcome in self.outcomes:
            if isinstance(outcome, Reward):
                for name, value in {**outcome.metrics, **outcome.components}.items():
                    found.setdefault(name, []).append(value)
        for name, values in found.items():
            yield name, sum(values) / len(values)


class GraderInTrainer:
    """A grader for a trainer to call.

    Args:
        given: A grader or a scoring function. A scoring function gets the default options of `@grader`.
        name: Name of the grader for messages. Defaults to its own name.

    Raises:
        DecorationError: The value is neither a grader nor a scoring function.
    """

    def __init__(self, given: Grader[Any, Any] | Callable[..., Any], name: str | None) -> None:
        graded: Grader[Any, Any] = given if isinstance(given, Grader) else decorate(given)
        self._declared = graded.declared
        options = graded.options
        self._budget = Budget(options.max_error_rate)
        self._said: set[str] = set()
        self.options = options
        self.name = name or str(getattr(graded, "__name__", "reward"))

    @property
    def wire(self) -> str:
        """The dialect that the grader was declared for."""
        return self.options.wire

    def grade(self, items: Sequence[Any]) -> TrainerBatch:
        """Grade a batch.

        Args:
            items: Elements of an event.

        Raises:
            SampleError: A sample failed, and the grader was declared with `on_error="raise"`.
            ErrorBudgetExceeded: More of the last samples failed than `max_error_rate` allows.
            ConfigurationError: No sample can be graded.
        """
        return self._checked(items, self._outcomes(items))

    async def grade_here(self, items: Sequence[Any]) -> TrainerBatch:
        """Grade a batch with an async grader in the running event loop."""
        return self._checked(items, await score_here(self._declared, items))

    @property
    def is_async(self) -> bool:
        """True if the grader is declared async."""
        return self._declared.is_async

    def _checked(self, items: Sequence[Any], outcomes: list[Outcome]) -> TrainerBatch:
        """Report a batch's failures, and raise an error if the grader's options do not allow them."""
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                problem = SampleError(outcome.kind, outcome.message[:_LONGEST], outcome.origin)
                # A failure that no line of code raised has no location, so the message identifies it.
                key = outcome.origin if outcome.place else f"{outcome.kind} {outcome.message}"
                self.say(key, f"a sample has no reward, {problem}")
        check_failures(self.options, self._budget, items, outcomes)
        return TrainerBatch(outcomes)

    def say(self, key: str, text: str) -> None:
        """Write a line to stderr, but only once per key and only up to the maximum number of lines."""
        if key in self._said or len(self._said) > _MOST_SAID:
            return
        self._said.add(key)
        if len(self._said) > _MOST_SAID:
            text = "further kinds of failures are not listed"
        sys.stderr.write(f"{self.name}: {text}\n")

    def _outcomes(self, items: Sequence[Any]) -> list[Outcome]:
        if self._declared.is_async and _loop_runs():
            return _in_thread(self._declared, items)
        declared = self._here()
        try:
            return score(declared, items)[0]
        except ConfigurationError:
            if not (declared.awaits and _loop_runs()):
                raise
            return _in_thread(_waiting(declared.function, self.options), items)
        finally:
            # A plain wrapper around an async function turns out to be async when it is called.
            if declared.awaits and not declared.is_async:
                self._declared = _waiting(declared.function, self.options)

    def _here(self) -> Declared:
        """Return the declaration, removing its time limit if this thread cannot enforce it."""
        import threading

        limit = self.options.timeout_s
        main = threading.current_thread() is threading.main_thread()
        if limit is None or self._declared.is_async or main:
            return self._declared
        self.say(
            "limit",
            f"timeout_s={limit:g} is not enforced: the trainer calls the grader outside the main thread",
        )
        return Declared(self._declared.function, Options(**{**self.options.as_dict(), "timeout_s": None}))


def _waiting(function: Callable[[Any], Any], options: Options) -> Declared:
    """Wrap a function that returns awaitables in an async one, whose time limit works in any thread."""

    async def wait(given: Any) -> Any:
        answer = function(given)
        return await answer if hasattr(answer, "__await__") else answer

    return Declared(wait, options)


def _loop_runs() -> bool:
    """Return True if an event loop is running in this thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_thread(declared: Declared, items: Sequence[Any]) -> list[Outcome]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, "grader") as thread:
        return thread.submit(score, declared, items).result()[0]
