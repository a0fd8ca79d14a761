"""Collects a rollouts file for pytest as one test per sample, named after the sample's ID."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.extras import missing_package
from harness.printable import wrapped

if TYPE_CHECKING:
    from harness.replay.rollout_tests import RolloutTest

__all__ = ["RolloutItem", "RolloutsFile"]


class RolloutsFile(pytest.File):
    """A `*.rollouts.jsonl` file, whose grader the project's settings name."""

    def collect(self) -> Iterator[RolloutItem]:
        """Yield one test for each sample of the file.

        Raises:
            CollectError: No grader is named, the grader cannot be imported, or a line is not a rollout.
        """
        try:
            tests, grade = self._read()
        except HarnessError as error:
            raise self.CollectError(self._told(error)) from None
        except ModuleNotFoundError as error:
            missing = missing_package(error, self.path.name, "replay")
            if missing is None:
                raise
            raise self.CollectError(self._told(missing)) from None
        for test in tests:
            yield RolloutItem.from_parent(self, name=test.name, test=test, grade=grade)

    def _told(self, error: HarnessError) -> str:
        """Return the error's message in 80 columns, with the path relative to pytest's root folder."""
        if error.place is not None:
            error.place = error.place.removeprefix(f"{self.config.rootpath}/")
        return wrapped(str(error), 80)

    def _read(self) -> tuple[list[RolloutTest], Callable[[RolloutTest], str | None]]:
        from harness.pytest_plugin.found import Finder
        from harness.replay.rollout_tests import read_tests
        from harness.runs.facts import known_bounds
        from harness.targets.answered import open_here, played_book

        finder = Finder([self.path.parent, self.config.rootpath])
        found = finder.grader(None)
        answers = finder.answers(None)
        book = None if answers is None else played_book(answers)
        with closing(open_here(found.grader, found.folder, book)) as target:
            bounds = known_bounds(target.bounds, found.bounds)
        tests = read_tests(self.path, finder.settings.get("label"), finder.settings.get("keep_field", ()))

        def failure(test: RolloutTest) -> str | None:
            if book is None:
                with finder.region():
                    return test.failure(target, bounds)
            with closing(open_here(found.grader, found.folder, book)) as answered:
                return test.failure(answered, bounds)

        return tests, failure


class RolloutItem(pytest.Item):
    """A test that grades one sample and compares the reward with the one that the line expects."""

    def __init__(self, *, test: RolloutTest, grade: Callable[[RolloutTest], str | None], **more: Any) -> None:
        super().__init__(**more)
        self._test = test
        self._grade = grade

    def runtest(self) -> None:
        """Grade the sample."""
        failure = self._grade(self._test)
        if failure is not None:
            raise AssertionError(failure)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Describe how the sample's reward differs from the one that the line expects."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the sample's file, its line number from 0, and a title, which is longer than the name.

        If the title were just the name, pytest would treat dots in it as separators of classes.
        """
        return self.path, self._test.line - 1, f"{self.name} (line {self._test.line})"
