"""`@grader` turns a scoring function into a Lambda handler that other graders can call too."""

from __future__ import annotations

import sys
from functools import update_wrapper

from ._runtime.declaration import Declared, Options
from ._runtime.handler import Budget, handle
from ._runtime.scoring import reward_of, score, score_part, settled
from .reward import Failure, Reward
from .sample import Sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Any, Generic, Literal, Protocol, TypeAlias, overload

    from typing_extensions import TypeVar

    from .reward import Abstain
    from .sample import Fields
    from .wire import Wire

    Given: TypeAlias = float | Reward | Abstain

    # Both are covariant, so that type checkers accept a list of different graders as a list of graders.
    Asked = TypeVar("Asked", bound=Mapping[str, Any], default=Any, covariant=True)
    Graded = TypeVar("Graded", default=Any, covariant=True)

    class _Typed(Generic[Asked, Graded]): ...

    class Decorator(Protocol):
        """The decorator that `@grader(...)` returns."""

        @overload
        def __call__(self, function: Callable[[Sample[Fields]], Given], /) -> Grader[Fields, Reward]: ...

        @overload
        def __call__(
            self, function: Callable[[Sample[Fields]], Awaitable[Given]], /
        ) -> Grader[Fields, Awaitable[Reward]]: ...

    class BatchDecorator(Protocol):
        """The decorator that `@grader(batch=True)` returns."""

        @overload
        def __call__(
            self, function: Callable[[list[Sample[Fields]]], Sequence[Given]], /
        ) -> Grader[Fields, Reward]: ...

        @overload
        def __call__(
            self, function: Callable[[list[Sample[Fields]]], Awaitable[Sequence[Given]]], /
        ) -> Grader[Fields, Awaitable[Reward]]: ...
else:
    from .sample import Subscripted as _Typed


class Grader(_Typed["Asked", "Graded"]):
    """A scoring function that Lambda can call. Created by `@grader`.

    When called with an event and a context, a grader acts as the Lambda handler. When called with a `Sample`,
    it grades that sample, so graders can be parts of other graders. `Grader[MyFields, Reward]` gives type
    checkers the fields of its samples and the result of grading a sample (`Awaitable[Reward]` if the scoring
    function is async).

    A grader is pickled by its qualified name, so that name must refer to the grader in its module.

    Args:
        function: The scoring function.
        options: The options of `@grader`.

    Raises:
        DecorationError: The function cannot be a scoring function.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.declared = Declared(function, options)
        self._budget = Budget(options.max_error_rate)
        self.__wrapped__ = function
        update_wrapper(self, function, updated=())  # the function's attributes must not replace these

    @property
    def options(self) -> Options:
        """The options of `@grader`."""
        return self.declared.options

    if TYPE_CHECKING:

        @overload
        def __call__(self, event: Sample[Asked], /) -> Graded: ...

        @overload
        def __call__(self, event: list[Any] | dict[str, Any], context: Any = None, /) -> Any: ...

    def __call__(self, event: Any, context: Any = None, /) -> Any:
        """Grade one sample, or all samples in an event if called as the Lambda handler.

        Args:
            event: A `Sample`, or an event in any dialect listed in `graders.wire.PROFILES`.
            context: The Lambda context, which limits the time for the whole batch.

        Returns:
            For a sample, its `Reward`, or an awaitable of a `Reward` if the scoring function is async. For an
            event, the response, with one entry per sample, in order. If graders call one another, the
            outermost grader's time limit applies.

        Raises:
            SampleError: The sample got no reward. An outer grader should let this error propagate, so that
                its own sample fails for the same reason.
            GraderError: The whole call failed. `graders.errors` lists the possible errors.

        Example:
            >>> from graders import Reward, Sample, grader
            >>> from graders.combine import weighted
            >>> from graders.testing import make_sample
            >>> @grader
            ... def right(sample: Sample) -> bool:
            ...     return sample.completion == sample.reference_text
            >>> @grader
            ... def right_and_brief(sample: Sample) -> Reward:
            ...     brief = len(sample.completion) < 10
            ...     return weighted({"right": right(sample), "brief": brief}, {"right": 0.9, "brief": 0.1})
            >>> right_and_brief(make_sample("72", "73"))
            Reward(0.1, components={'right': 0.0, 'brief': 1.0})
        """
        if isinstance(event, Sample):
            return score_part(self.declared, event)
        return handle(self.declared, self._budget, event, context)

    def grade(self, sample: Sample[Any] | dict[str, Any]) -> Reward:
        """Return the reward for one sample. An async grader is run to completion.

        Args:
            sample: A Sample, or an element of an event.

        Raises:
            SampleError: The sample got no reward. `kind` gives the reason, and `__cause__` is the original
                error.
        """
        return reward_of(score(self.declared, [sample], causes=True)[0][0])

    def grade_all(self, samples: Sequence[Sample[Any] | dict[str, Any]]) -> list[Reward | Failure]:
        """Return the outcome for each sample: its Reward, or a Failure that gives the reason.

        The error budget does not apply, because replays and tests need an outcome for every sample.
        """
        outcomes, _ = score(self.declared, samples)
        return settled(outcomes)

    def __reduce__(self) -> str:
        """Pickle the grader by its qualified name, like a function."""
        name = getattr(self, "__qualname__", "?")
        found: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not self:
            from pickle import PicklingError

            raise PicklingError(
                f"{self!r} cannot be pickled, because {self.__module__}.{name} is something else: "
                "decorate a function at the top level of a module"
            )
        return name

    def __copy__(self) -> Grader[Asked, Graded]:
        return self

    def __deepcopy__(self, memo: object) -> Grader[Asked, Graded]:
        return self

    def __repr__(self) -> str:
        return f"<grader {self.__module__}:{getattr(self, '__qualname__', '?')}>"


if TYPE_CHECKING:

    @overload
    def grader(function: Callable[[Sample[Fields]], Given], /) -> Grader[Fields, Reward]: ...

    @overload
    def grader(
        function: Callable[[Sample[Fields]], Awaitable[Given]], /
    ) -> Grader[Fields, Awaitable[Reward]]: ...

    @overload
    def grader(
        *,
        range: tuple[float, float] = ...,
        on_error: Literal["floor", "raise"] = ...,
        timeout_s: float | None = ...,
        concurrency: int = ...,
        max_error_rate: float = ...,
        batch: Literal[False] = ...,
        wire: Wire = ...,
    ) -> Decorator: ...

    @overload
    def grader(
        *,
        batch: Literal[True],
        range: tuple[float, float] = ...,
        on_error: Literal["floor", "raise"] = ...,
        timeout_s: float | None = ...,
        concurrency: int = ...,
        max_error_rate: float = ...,
        wire: Wire = ...,
    ) -> BatchDecorator: ...


def grader(
    function: Any = None,
    /,
    *,
    range: tuple[float, float] = (0.0, 1.0),
    on_error: str = "floor",
    timeout_s: float | None = 5.0,
    concurrency: int = 16,
    max_error_rate: float = 0.5,
    batch: bool = False,
    wire: str = "open-weight",
) -> Any:
    """Turn a scoring function into a grader. Use as `@grader` or as `@grader(...)`.

    Args:
        function: The scoring function, sync or async. It takes one `Sample` and returns a float, a bool, a
            `Reward` or an `Abstain`.
        range: Smallest and largest reward. Values are not clipped. A sample with a value outside this range
            fails.
        on_error: With `floor`, a failed sample gets the smallest reward and an error metric. With `raise`,
            the first failed sample fails the call.
        timeout_s: Seconds allowed per sample, or None for no limit.
        concurrency: Maximum number of samples that an async scoring function grades concurrently.
        max_error_rate: Fraction of the process's last 64 samples that may fail before the call fails, from 0
            to 1.
        batch: True if the function takes a list of samples and returns a list of results, for vectorized
            scoring.
        wire: The dialect of the response. Only the `sagemaker-oss` dialects differ: they add an envelope.

    Returns:
        A Grader, or a decorator that makes one if called with options.

    Raises:
        DecorationError: The function or an option is invalid.

    Example:
        >>> from graders import Sample, grader
        >>> @grader
        ... def short(sample: Sample) -> bool:
        ...     return len(sample.completion) < 10
        >>> short.grade({"messages": [{"role": "assistant", "content": "72"}]})
        Reward(1.0)
    """
    options = Options(range, on_error, timeout_s, concurrency, max_error_rate, batch, wire)
    if function is None:
        return lambda scoring_function: Grader(scoring_function, options)
    return Grader(function, options)


__all__ = ["Grader", "Options", "grader"]
