"""Reward functions for reinforcement fine-tuning on AWS. This package ships to Lambda.

`@grader` turns a scoring function into a Lambda handler. The package uses only the standard library and does
no work at import, so cold starts stay short. `docs/stability.md` defines the public interface.
"""

from __future__ import annotations

from .decorator import Grader, grader
from .errors import (
    AnswerIdError,
    AnswerRewardError,
    AnswerShapeError,
    ConfigurationError,
    DecorationError,
    ErrorBudgetExceeded,
    EventError,
    GraderError,
    RecordError,
    SampleError,
)
from .reward import Abstain, Failure, Reward
from .sample import Sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .extract import Missing

    __version__: str

__all__ = [
    "Abstain",
    "AnswerIdError",
    "AnswerRewardError",
    "AnswerShapeError",
    "ConfigurationError",
    "DecorationError",
    "ErrorBudgetExceeded",
    "EventError",
    "Failure",
    "Grader",
    "GraderError",
    "Missing",
    "RecordError",
    "Reward",
    "Sample",
    "SampleError",
    "grader",
]

if not TYPE_CHECKING:

    def __getattr__(name):
        """Import `Missing` and `__version__` on first use because they are slow to import."""
        if name == "Missing":
            from .extract import Missing

            return Missing
        if name == "__version__":
            from importlib.metadata import version

            return version("rft-graders")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"]
