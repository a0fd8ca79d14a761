"""Replay tests: a pytest fixture that runs a rollouts file through a grader and holds its rewards to account.

`rft_replay(rollouts, grader)` grades in this process, through the whole contract, and returns a `Replayed`
with assertions whose failures show completion, reference, reward and metrics of what failed. The
plugin is loaded by every pytest run of whoever installs the harness, so it imports nothing until it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.replay.replayed import Replayed


@pytest.fixture
def rft_replay(request: pytest.FixtureRequest) -> Callable[..., Replayed]:
    """A function that replays a rollouts file through a grader.

    Its arguments: `rollouts`, a path (relative to the test file, then to the root); `grader`, a grader or
    its `module:name`; and `wire`, `repeats`, `limit`, `label`, `label_threshold`,
    `label_tolerance`, `label_true`, `keep_field`, `records` (a path, found as `rollouts` is) and
    `range` as `rft replay` has them.

    Example:
        def test_rewards(rft_replay):
            run = rft_replay("rollouts.jsonl", "my_grader:math_answer", label="is_right")
            run.assert_agrees(at_least=0.99)
            run.assert_rewards({"problem-1/0": 1.0, "problem-1/1": 0.0})
    """

    def replay(rollouts: str | Path, grader: Any, **options: Any) -> Replayed:
        __tracebackhide__ = True
        from harness.errors import HarnessError

        try:
            from harness.replay.replayed import replay_here

            if options.get("records") is not None:
                options["records"] = _found(request, Path(options["records"]))
            return replay_here(_found(request, Path(rollouts)), grader, **options)
        except ModuleNotFoundError as error:
            from harness.extras import missing_package

            missing = missing_package(error, "the fixture rft_replay", "replay")
            if missing is None:
                raise
            pytest.fail(str(missing), pytrace=False)
        except HarnessError as error:
            raise error.with_traceback(None) from None  # the test's own line and the message say it all

    return replay


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Escape what steers a terminal in the failure of a grader: its error may quote a completion."""
    outcome = yield
    if call.excinfo is None or not _is_of_a_grader(call.excinfo.value):
        return
    from harness.printable import readable

    told = outcome.get_result().longrepr
    whole = [(getattr(told, "reprtraceback", None), getattr(told, "reprcrash", None), None)]
    for traceback, crash, _ in getattr(told, "chain", whole):
        for entry in getattr(traceback, "reprentries", ()):
            entry.lines[:] = map(readable, entry.lines)
        if crash is not None:
            crash.message = readable(crash.message)


def _is_of_a_grader(error: BaseException | None) -> bool:
    """Whether a chain of errors holds one of `graders`; where nobody imported that, none does."""
    errors, seen = sys.modules.get("graders.errors"), set[int]()
    while errors is not None and error is not None and id(error) not in seen:
        if isinstance(error, errors.GraderError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _found(request: pytest.FixtureRequest, path: Path) -> Path:
    """A path as the test means it: beside its own file first."""
    beside = request.path.parent / path
    return beside if beside.exists() else request.config.rootpath / path
