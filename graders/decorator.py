"""`@grader`: turns a scoring function into a Lambda handler, and into a part of other graders."""

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

    # Both covariant, so that a list of different graders is a list of graders.
    Asked = TypeVar("Asked", bound=Mapping[str, Any], default=Any, covariant=True)
    Graded = TypeVar("Graded", default=Any, covariant=True)

    class _Typed(Generic[Asked, Graded]): ...

    class Decorator(Protocol):
        """What `@grader(...)` returns."""

        @overload
        def __call__(self, function: Callable[[Sample[Fields]], Given], /) -> Grader[Fields, Reward]: ...

        @overload
        def __call__(
            self, function: Callable[[Sample[Fields]], Awaitable[Given]], /
        ) -> Grader[Fields, Awaitable[Reward]]: ...

    class BatchDecorator(Protocol):
        """What `@grader(batch=True)` returns."""

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
    """A scoring function that Lambda can call; made by `@grader`.

    Called with an event and a context it is the Lambda handler; called with a `Sample` it grades that sample,
    so that graders are parts of other graders. `Grader[MyFields, Reward]` types the fields of its samples and
    what grading one returns (`Awaitable[Reward]` where the scoring function is async).

    A grader is pickled by its qualified name, so it has to be found under it in its module.

    Args:
        function: The scoring function.
        options: How it was declared.

    Raises:
        DecorationError: The function cannot be a scoring function.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.declared = Declared(function, options)
        self._budget = Budget(options.max_error_rate)
        self.__wrapped__ = function
        update_wrapper(self, function, updated=())  # its attributes may bear the names of these

    @property
    def options(self) -> Options:
        """How it was declared."""
        return self.declared.options

    if TYPE_CHECKING:

        @overload
        def __call__(self, event: Sample[Asked], /) -> Graded: ...

        @overload
        def __call__(self, event: list[Any] | dict[str, Any], context: Any = None, /) -> Any: ...

    def __call__(self, event: Any, context: Any = None, /) -> Any:
        """Grade one sample, or (as the Lambda handler) the samples of an event.

        Args:
            event: A `Sample`, or an event in any dialect of `graders.wire.PROFILES`.
            context: The Lambda context; it bounds the time of the whole batch.

        Returns:
            For a sample its `Reward`, or an awaitable of one where the scoring function is async. Inside
            another grader's scoring function the time limit is the outermost grader's. For an event the
            answer, with an entry for each sample in their order.

        Raises:
            SampleError: The sample got no reward. Let it pass: the outer grader's sample then has none
            either,
                for the same reason.
            GraderError: The call as a whole failed; `graders.errors` says in which ways that can be.

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
        """The reward of one sample, also of an async grader: it is run to its end.

        Args:
            sample: A Sample, or an element of an event.

        Raises:
            SampleError: It got none; `kind` says why, and `__cause__` is the error behind it.
        """
        return reward_of(score(self.declared, [sample], causes=True)[0][0])

    def grade_all(self, samples: Sequence[Sample[Any] | dict[str, Any]]) -> list[Reward | Failure]:
        """The outcome of each sample: its Reward, or the Failure that says why it has none.

        The error budget is not spent: replay and tests want to see every sample.
        """
        outcomes, _ = score(self.declared, samples)
        return settled(outcomes)

    def __reduce__(self) -> str:
        """By its qualified name, as functions are pickled."""
        name = getattr(self, "__qualname__", "?")
        found: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not self:
            from pickle import PicklingError

            raise PicklingError(
                f"{self!r} cannot be pickled, since {self.__module__}.{name} is something else: "
                "decorate a function at the top level of a module"
            )
        return name

    def __copy__(self) -> Grader[Asked, Graded]:
        return self

    def __deepcopy__(self, memo: object) -> Grader[Asked, Graded]:
        return self

    def __repr__(self) -> str:
        """Where the scoring function stands."""
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
    """Make a scoring function deployable; use it as `@grader` or as `@grader(...)`.

    Args:
        function: The scoring function: it takes one `Sample` and returns a float, a bool, a `Reward` or an
            `Abstain`; sync or async.
        range: Smallest and largest reward. A value outside is an error of its sample, not clipped.
        on_error: `floor` answers the smallest reward and an error metric for a sample that failed; `raise`
            fails the call at the first.
        timeout_s: Seconds that one sample may take; None for no limit.
        concurrency: How many samples an async scoring function works on at once.
        max_error_rate: Share of the process's last 64 samples that may fail before the call does, 0 to 1.
        batch: The function takes a list of samples and returns a list of answers, for vectorized scoring.
        wire: The dialect of the answer; only those of `sagemaker-oss` differ, by an envelope.

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
    options = Options(range, on_error, timeout_s, concurrency, max_error_rate, batch, wire)
    if function is None:
        return lambda scoring_function: Grader(scoring_function, options)
    return Grader(function, options)


__all__ = ["Grader", "Options", "grader"]
