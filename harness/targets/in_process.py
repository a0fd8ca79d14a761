"""Grades in this process. This is the fastest target, and the only one that gives full error messages.

A grader is specified as `module:name` or `file.py:name`, and a ready check by its call or a TOML file. A
plain `(event, context)` function, handwritten or from another tool, is called as Lambda would call it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from graders import Failure, Grader, Reward
from graders._runtime import Context, score
from graders.errors import AnswerRewardError, AnswerShapeError, ConfigurationError
from graders.wire import read_answer, read_event
from harness.targets.fingerprint import Fingerprint, GraderFiles
from harness.targets.grader_name import named
from harness.targets.loading import check_handler, described, load, raised_at
from harness.targets.protocol import Answer, GraderFault, graded

FUNCTION_SECONDS = 60
"""Remaining time that a handwritten handler sees in its context."""


class InProcessTarget:
    """A grader in this process.

    Args:
        grader: `module:name` or `path/to/file.py:name` (the name may be omitted if it is the only grader), a
            check with its options (`checks.numbers:number(marker="####")`), a TOML file that describes a
            check, or the grader itself.
        folder: The folder of a named grader's file or module; None for the current folder.

    Raises:
        InputError: The module, file or grader does not exist, or importing it failed.
    """

    name = "in-process"
    max_bytes: int | None = None
    concurrency = 1

    def __init__(self, grader: str | Callable[..., Any], folder: Path | None = None) -> None:
        self.handler: Callable[..., Any]
        module: ModuleType | None
        self.files = GraderFiles()
        """Tracks the user's files that the grader imports and opens."""
        self.watches = False
        """True to check whether the grader changes its event."""
        self._given: Any = None
        self._check: str | None = None
        self._file: Path | None = None
        if isinstance(grader, str):
            asked = named(grader)
            self._check = str(asked) if asked.options is not None else None
            if asked.where.endswith(".toml"):
                module, self.handler = None, described(asked, folder)
                self._file = Path(folder or "", asked.where).absolute()
            else:
                module, self.handler = load(grader, folder)
        else:
            check_handler(grader, getattr(grader, "__name__", "it"), None)
            module, self.handler = sys.modules.get(getattr(grader, "__module__", "")), grader
        self._module = module
        if isinstance(own := getattr(module, "__file__", None), str):
            self._file = Path(own)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """The grader's files and packages, as known when this property is first used."""
        return self.files.fingerprint(self._module, self._file)

    @cached_property
    def sha256(self) -> str | None:
        """Hash of the grader's fingerprint and declaration; None for a grader without a file."""
        declared = self.options if self._check is None else {"check": self._check, **(self.options or {})}
        return self.fingerprint.digest(self._file.parent, declared) if self._file else None

    @property
    def options(self) -> dict[str, Any] | None:
        """The grader's declaration; None for a handwritten handler."""
        return self.handler.options.as_dict() if isinstance(self.handler, Grader) else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The reward range that the grader declares; None for a handwritten handler."""
        return self.handler.options.range if isinstance(self.handler, Grader) else None

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        started, own = perf_counter(), os.getpid()
        before = json.dumps(event) if self.watches else None
        self._given = event
        try:
            if isinstance(self.handler, Grader):
                outcomes, took = score(self.handler.declared, read_event(event))
                items = list(map(graded, outcomes, took))
            else:
                items = [graded(outcome) for outcome in self._call_by_hand(event)]
        except (Exception, SystemExit) as error:
            _end_copy(own)
            return Answer([], _since(started), _fault(error), _is_changed(self._given, before))
        _end_copy(own)
        return Answer(items, _since(started), None, _is_changed(self._given, before))

    @property
    def streams(self) -> bool:
        """True if `grade_stream` may be used. It requires an async grader that does not score batches."""
        handler = self.handler
        return isinstance(handler, Grader) and handler.declared.awaits and not handler.options.batch

    def grade_stream(self, events: Iterable[Any], keep: Callable[[list[Answer]], None]) -> None:
        """Grade events with one sample each, at most the grader's `concurrency` at a time.

        Args:
            events: The events. The next one is consumed when a slot is free.
            keep: Called with the results, in the order of the events.
        """
        from graders._runtime import score_stream  # also loads asyncio

        assert isinstance(self.handler, Grader)
        items = (item for event in events for item in read_event(event))
        score_stream(self.handler.declared, items, lambda scored: keep([_answer(*one) for one in scored]))

    def _call_by_hand(self, event: Any) -> Any:
        """Call a plain handler with its input and output encoded as strict JSON, as in Lambda."""
        self._given = json.loads(json.dumps(event))
        answer = self.handler(self._given, Context(FUNCTION_SECONDS * 1000))
        try:
            answer = json.loads(json.dumps(answer, allow_nan=False))
        except ValueError as error:  # NaN or infinity
            raise AnswerRewardError(f"the answer is not JSON: {error}") from None
        except (TypeError, RecursionError) as error:
            raise AnswerShapeError(f"the answer is not JSON: {error}") from None
        try:
            return read_answer(answer, event)
        except json.JSONDecodeError as error:
            raise AnswerShapeError(f"the body of the answer is not JSON: {error}") from None

    def close(self) -> None:
        """Do nothing."""


def _answer(outcome: float | Reward | Failure | ConfigurationError, ms: float) -> Answer:
    if isinstance(outcome, ConfigurationError):
        return Answer([], ms, _fault(outcome))
    return Answer([graded(outcome, ms)], ms)


def _is_changed(given: Any, before: str | None) -> bool:
    """Return True if an event has changed since it was encoded as this JSON."""
    if before is None:
        return False
    try:
        return json.dumps(given) != before
    except (TypeError, ValueError, RecursionError):  # the grader added a value that is not JSON
        return True


def _fault(error: BaseException) -> GraderFault:
    return GraderFault(type(error).__name__, f"{error}{raised_at(error, __file__)}")


def _end_copy(own: int) -> None:
    """End a copy of this process that the grader forked, because it would repeat the replay's work."""
    if os.getpid() != own:
        os._exit(1)


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
