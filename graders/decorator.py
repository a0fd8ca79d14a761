"""`@grader`: turns a scoring function into a Lambda handler.

In goes a plain function of one `Sample`; out comes a `Grader`, which Lambda calls as `grader(event, context)`
and Python calls as `grader.grade(sample)`. What cannot work is refused here, while the module is imported,
and not in the middle of a training job.
"""

from __future__ import annotations

from functools import update_wrapper

from ._runtime.declaration import Options, check_function
from ._runtime.handler import Budget, handle
from ._runtime.scoring import score, score_async
from .errors import DecorationError, SampleError
from .reward import Failure, Reward
from .sample import Sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any, Literal, TypeAlias, overload

    from .reward import Abstain
    from .wire import Outcome

    Given: TypeAlias = float | Reward | Abstain
    One: TypeAlias = Callable[[Sample[Any]], Given] | Callable[[Sample[Any]], Awaitable[Given]]
    Many: TypeAlias = (
        Callable[[list[Sample[Any]]], Sequence[Given]]
        | Callable[[list[Sample[Any]]], Awaitable[Sequence[Given]]]
    )


class Grader:
    """A scoring function that Lambda can call; made by `@grader`.

    Args:
        function: The scoring function.
        options: How it was declared.

    Raises:
        DecorationError: The function cannot be a scoring function.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.is_async = check_function(function, options.batch)
        self.options = options
        self.budget = Budget(options.max_error_rate)
        self.__wrapped__ = function
        update_wrapper(self, function, updated=())  # its attributes may bear the names of these

    def __call__(self, event: Any, context: Any = None) -> Any:
        """The Lambda handler: grade the samples of an event.

        Args:
            event: The event, in any dialect of `graders.wire.PROFILES`.
            context: The Lambda context; it bounds the time of the whole batch.

        Returns:
            The answer, an entry a sample in their order.

        Raises:
            GraderError: The call as a whole failed; `graders.errors` says in which ways that can be.
        """
        return handle(self, event, context)

    def grade(self, sample: Sample[Any] | dict[str, Any]) -> Reward:
        """The reward of one sample.

        Args:
            sample: A Sample, or an element of an event.

        Raises:
            SampleError: It got none; `kind` says why.
        """
        return _reward(score(self, [_item(sample)])[0][0])

    async def agrade(self, sample: Sample[Any] | dict[str, Any]) -> Reward:
        """`grade`, for callers inside a running event loop.

        Raises:
            SampleError: It got none; `kind` says why.
        """
        items = [_item(sample)]
        if self.is_async:
            return _reward((await score_async(self, items, None))[0])
        return _reward(score(self, items)[0][0])

    def grade_all(self, samples: Sequence[Sample[Any] | dict[str, Any]]) -> list[Reward | Failure]:
        """What becomes of each sample: its Reward, or the Failure that says why it has none.

        The error budget is not spent: replay and tests want to see every sample.
        """
        return [_whole(outcome) for outcome in score(self, [_item(sample) for sample in samples])[0]]

    def __repr__(self) -> str:
        """Where the scoring function stands."""
        return f"<grader {self.__module__}:{getattr(self, '__qualname__', '?')}>"


if TYPE_CHECKING:

    @overload
    def grader(function: One, /) -> Grader: ...

    @overload
    def grader(
        *,
        range: Sequence[float] = ...,
        on_error: Literal["floor", "raise"] = ...,
        timeout_s: float | None = ...,
        concurrency: int = ...,
        max_error_rate: float = ...,
        batch: Literal[False] = ...,
        wire: str = ...,
    ) -> Callable[[One], Grader]: ...

    @overload
    def grader(
        *,
        batch: Literal[True],
        range: Sequence[float] = ...,
        on_error: Literal["floor", "raise"] = ...,
        timeout_s: float | None = ...,
        concurrency: int = ...,
        max_error_rate: float = ...,
        wire: str = ...,
    ) -> Callable[[Many], Grader]: ...


def grader(
    function: Any = None,
    /,
    *,
    range: Sequence[float] = (0.0, 1.0),
    on_error: str = "floor",
    timeout_s: float | None = 5.0,
    concurrency: int = 16,
    max_error_rate: float = 0.5,
    batch: bool = False,
    wire: str = "open-weight",
    **unknown: Any,
) -> Any:
    """Make a scoring function deployable; use it as `@grader` or as `@grader(...)`.

    Args:
        function: The scoring function: one `Sample` in; a float, a bool, a `Reward` or an `Abstain` out;
            sync or async.
        range: Smallest and largest reward. A value outside is an error of its sample, not clipped.
        on_error: `floor` answers the smallest reward and an error metric for a sample that failed; `raise`
            fails the call at the first.
        timeout_s: Seconds that one sample may take; None for no limit.
        concurrency: How many samples an async scoring function works on at once.
        max_error_rate: Share of the process's last 64 samples that may fail before the call does, 0 to 1.
        batch: The function takes a list of samples and returns a list of answers, for vectorized scoring.
        wire: The dialect of the answer; only `sagemaker-oss` differs from the default, by an envelope.
        **unknown: Refused, with the names that there are.

    Returns:
        A Grader, or (called with options) the decorator that makes one.

    Raises:
        DecorationError: Something here cannot work; the message says what to write instead.

    Example:
        >>> from graders import Sample, grader
        >>> @grader
        ... def short(sample: Sample) -> bool:
        ...     return len(sample.completion) < 10
        >>> short.grade({"messages": [{"role": "assistant", "content": "72"}]})
        Reward(1.0)
    """
    if unknown:
        raise DecorationError(
            f"@grader has no option {next(iter(unknown))!r}: write one of {', '.join(Options.__slots__)}"
        )
    options = Options(range, on_error, timeout_s, concurrency, max_error_rate, batch, wire)
    if function is None:
        return lambda scoring_function: Grader(scoring_function, options)
    return Grader(function, options)


def _item(sample: Any) -> Any:
    return sample._item if isinstance(sample, Sample) else sample


def _whole(outcome: Outcome) -> Reward | Failure:
    """An outcome as users see it; inside, a bare number stays a float, which is quicker."""
    return Reward(outcome) if isinstance(outcome, float) else outcome


def _reward(outcome: Outcome) -> Reward:
    if isinstance(outcome, Failure):
        raise SampleError(outcome.kind, outcome.message)
    return Reward(outcome) if isinstance(outcome, float) else outcome


__all__ = ["Grader", "Options", "grader"]
