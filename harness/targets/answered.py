"""A target whose graders get the answers to their service requests from a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from graders import Grader
from harness.errors import InputError
from harness.extras import install_line
from harness.targets.answer_book import AnswerBook
from harness.targets.in_process import InProcessTarget
from harness.targets.protocol import Answer, Graded, GraderFault, Target
from harness.targets.recorded_answers import RecordedAnswers, read_answers

__all__ = [
    "UNRECORDED",
    "AnsweredTarget",
    "asked_once",
    "check_recorder",
    "open_here",
    "open_served",
    "played_book",
]

UNRECORDED = "unrecorded"
"""Error kind of a sample whose request has no recorded answer."""


class AnsweredTarget:
    """A target that grades with recorded answers, or records them.

    Calls are made one at a time, so a request without an answer fails only the call that made it, however the
    grader handles the refusal.

    Args:
        open_inner: Opens the target. Called once requests can be answered.
        book: The answers.
        stack: Resources that answer the requests, closed together with the target.
    """

    concurrency = 1

    def __init__(self, open_inner: Callable[[], Target], book: AnswerBook, stack: ExitStack) -> None:
        self._stack = stack
        try:
            self.inner = open_inner()
        except BaseException:
            stack.close()
            raise
        self.book = book
        self.name = self.inner.name
        self.max_bytes = self.inner.max_bytes

    @property
    def streams(self) -> InProcessTarget | None:
        """Target for grading many samples concurrently; None if every answer must come from the file."""
        return self.inner if self.book.asks and isinstance(self.inner, InProcessTarget) else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The reward range that the grader declares, if it runs in this process."""
        return self.inner.bounds if isinstance(self.inner, InProcessTarget) else None

    @property
    def takes_batches(self) -> bool:
        """True if the grader scores all samples of a call together."""
        inner = self.inner
        handler = inner.handler if isinstance(inner, InProcessTarget) else None
        return isinstance(handler, Grader) and bool(handler.options.batch)

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        before = self.book.missed
        answer = self.inner.grade(event)
        if self.book.missed == before:
            return answer
        why = self.book.refusal
        if isinstance(answer.fault, GraderFault):
            return answer._replace(fault=answer.fault._replace(message=f"{why} ({answer.fault.message})"))
        error = {"kind": UNRECORDED, "message": why}
        return answer._replace(items=[Graded(None, {}, error, one.ms) for one in answer.items])

    def close(self) -> None:
        """Close the target and the resources that answered its requests."""
        try:
            self.inner.close()
        finally:
            self._stack.close()


def check_recorder() -> None:
    """Check that vcrpy is installed.

    Raises:
        InputError: vcrpy is not installed.
    """
    if find_spec("vcr") is None:
        fix = f"Run: {install_line('recorded')}"
        raise InputError("recorded answers need vcr, which is not installed", fix=fix)


def played_book(path: Path) -> AnswerBook:
    """Return an answer book with the answers from a file. It sends no requests to services.

    Raises:
        InputError: The file does not exist or is damaged.
    """
    return AnswerBook(read_answers(path), os.path.relpath(path))


def open_here(
    grader: str | Callable[..., Any], folder: Path | None = None, book: AnswerBook | None = None
) -> InProcessTarget | AnsweredTarget:
    """Open a grader in this process whose requests are answered from a book.

    Args:
        grader: As for `InProcessTarget`.
        folder: As for `InProcessTarget`.
        book: The answers; None if the grader's requests go to the services.

    Raises:
        InputError: The grader does not exist or cannot be imported, or vcrpy is not installed.
    """
    if book is None:
        return InProcessTarget(grader, folder)
    check_recorder()
    from harness.targets.answer_cassette import answered

    stack = ExitStack()
    stack.enter_context(answered(book))
    return AnsweredTarget(lambda: InProcessTarget(grader, folder), book, stack)


def asked_once(target: InProcessTarget) -> InProcessTarget | AnsweredTarget:
    """Make a grader send each sample's requests only once, even if it is called in several wire formats.

    Every grader is wrapped, because a grader may import its HTTP client only at its first request, as a judge
    does.

    Args:
        target: A grader. The result is the same target if vcrpy is not installed.
    """
    if find_spec("vcr") is None:
        return target
    _ = target.fingerprint  # computed before vcrpy imports clients that the grader may not use
    from harness.targets.answer_cassette import answered

    book = AnswerBook(RecordedAnswers(), "memory", asks=True)
    stack = ExitStack()
    stack.enter_context(answered(book))
    return AnsweredTarget(lambda: target, book, stack)


def open_served(opened: Callable[[Mapping[str, str]], Target], book: AnswerBook) -> AnsweredTarget:
    """Open a function in a separate process whose requests are answered from a book.

    Args:
        opened: Opens the function with additional environment variables.
        book: The answers.
    """
    from harness.targets.answer_server import AnswerServer

    stack = ExitStack()
    server = stack.enter_context(closing(AnswerServer(book)))
    return AnsweredTarget(lambda: opened(server.variables), book, stack)
