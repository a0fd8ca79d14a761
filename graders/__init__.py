"""Reward functions for reinforcement fine-tuning on AWS: the half that ships to Lambda.

`@grader` turns a scoring function into a Lambda handler. Everything here is standard library only, and
importing it does no work: a cold start pays for every line.
"""

from __future__ import annotations

from .decorator import Grader, grader
from .errors import ConfigurationError, GraderError, RecordError, SampleError
from .reward import Abstain, Failure, Reward
from .sample import Sample

__all__ = [
    "Abstain",
    "ConfigurationError",
    "Failure",
    "Grader",
    "GraderError",
    "RecordError",
    "Reward",
    "Sample",
    "SampleError",
    "grader",
]


def __getattr__(name: str) -> str:
    """`__version__`, looked up when asked for: the metadata machinery costs more than this package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("rft-graders")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
