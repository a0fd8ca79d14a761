"""Provides pytest fixtures that run rollouts through a grader and check its rewards.

Three fixtures grade in this process with the same events that Lambda would get: `rft_replay` returns a
`Replayed` with assertions, `reward_snapshot` compares with rewards stored next to the test, and
`assert_order` compares the rewards of a few completions. A fourth, `assert_no_findings`, audits a grader. A
failed test shows the completion, reference, reward and metrics.

Every pytest run in an environment that has the harness loads this plugin, so the plugin imports nothing until
it is used.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from harness.data.sources import DataFile
    from harness.pytest_plugin.found import Finder
    from harness.replay.replayed import Replayed
    from harness.runs.audits import AuditFacts

Work = TypeVar("Work")
_UPDATE = "--update-rewards"
_UPDATED = "rft_rewards"
_ASKED = "rft_asked"
_ENDING = ".rollouts.jsonl"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--update-rewards`."""
    parser.getgroup("rft", "replay tests").addoption(
        _UPDATE,
        action="store_true",
        help="Store the rewards that reward_snapshot gets, and print the changes.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a rollouts file as one test per sample."""
    if not file_path.name.endswith(_ENDING):
        return None
    from harness.pytest_plugin.rollouts_file import RolloutsFile

    return RolloutsFile.from_parent(parent, path=file_path)


@pytest.fixture
def rft_replay(request: pytest.FixtureRequest) -> Callable[..., Replayed]:
    """A function that replays a rollouts file through a grader.

    The function takes `rollouts` (a path or an S3 URI) and `grader` (a grader, or its `module:name` or
    `file.py:name`). The other arguments are the same as the options of `rft replay`: `wire`, `repeats`,
    `limit`, `label`, `label_threshold`, `label_tolerance`, `label_true`, `keep_field`, `records` and
    `answers` (paths), and `range`. With `answers`, no service is called. Files are looked up next to the
    test, then in pytest's root folder. Arguments that are omitted come from the project's settings: the
    grader with its range, the rollouts with their label and records, and the answers.

    Example:
        def test_rewards(rft_replay):
            run = rft_replay("rollouts.jsonl", "my_grader:math_answer", label="is_right")
            run.assert_agrees(at_least=0.99)
            run.assert_rewards({"problem-1/0": 1.0, "problem-1/1": 0.0})
    """

    def replay(rollouts: str | Path | None = None, grader: Any = None, **options: Any) -> Replayed:
        __tracebackhide__ = True
        return _plainly("rft_replay", lambda: _replayed(request, rollouts, grader, options))

    return replay


@pytest.fixture
def reward_snapshot(request: pytest.FixtureRequest) -> Callable[..., Replayed]:
    """A function that compares the rewards of a rollouts file with those stored next to the test.

    The function takes the arguments of `rft_replay` except `repeats`. The rewards are stored in
    `NAME.rewards.jsonl`. The argument `name` sets NAME, which by default combines the names of the rollouts
    and the grader. `pytest --update-rewards` writes the file. The function returns the replay.

    Example:
        def test_rewards_are_as_they_were(reward_snapshot):
            reward_snapshot("rollouts.jsonl", "my_grader:math_answer")
    """

    def compare(
        rollouts: str | Path | None = None, grader: Any = None, *, name: str | None = None, **options: Any
    ) -> Replayed:
        __tracebackhide__ = True
        return _plainly("reward_snapshot", lambda: _compared(request, rollouts, grader, name, options))

    return compare


@pytest.fixture
def assert_order(request: pytest.FixtureRequest) -> Callable[..., Replayed]:
    r"""A function that asserts that the rewards of completions decrease from the first to the last.

    The function takes the completions from best to worst, each as a string or as the assistant's whole
    message. `grader` is a grader or its name, by default the one in the project's settings. `prompt`,
    `reference` and other arguments set the record's fields. With `strict=False`, neighbors may have equal
    rewards. The function returns the replay.

    Example:
        def test_brief_answers_are_better(assert_order):
            assert_order("#### 72", "Well, it is 72.\n#### 72", "#### 71", grader=brief, reference="#### 72")
    """

    def in_order(*completions: Any, grader: Any = None, strict: bool = True, **record: Any) -> Replayed:
        __tracebackhide__ = True
        return _plainly("assert_order", lambda: _ordered(request, completions, grader, strict, record))

    return in_order


@pytest.fixture
def assert_no_findings(request: pytest.FixtureRequest) -> Callable[..., AuditFacts]:
    """A function that audits a grader and fails if there are findings.

    The function takes `records` (a path) and `grader` (a grader or its name), by default those in the
    project's settings. `fail_on` is the lowest severity that makes the test fail, by default `error`. Other
    arguments are the same as the options of `rft audit`: `rollouts` (a path), `kind`, `accepted`, `range`,
    `wire`, `limit`, `search`, `seconds` and `seed`. By default the function audits 60 records and searches
    with 200 gradings, which takes a second or two. Findings that the project's settings waive do not count as
    failures. The function returns the audit and saves nothing.

    Example:
        def test_only_right_answers_earn_a_reward(assert_no_findings):
            assert_no_findings("records.jsonl", "my_grader.py:math_answer")
    """

    def no_findings(
        records: DataFile | None = None, grader: Any = None, *, fail_on: str = "error", **options: Any
    ) -> AuditFacts:
        __tracebackhide__ = True
        return _plainly("assert_no_findings", lambda: _audited(request, records, grader, fail_on, options))

    return no_findings


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Escape control characters in a grader's failure, because the error message may quote a completion."""
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the files of stored rewards and the number of judge calls of all workers in the test run."""
    reports = [each for some in terminalreporter.stats.values() for each in some]
    by_test: dict[str, list[tuple[str, Any]]] = {}
    for report in reports:  # a test has several reports; the last ones have all its notes
        noted = getattr(report, "user_properties", [])
        if len(noted) > len(by_test.get(report.nodeid, ())):
            by_test[report.nodeid] = noted
    properties = [one for noted in by_test.values() for one in noted]
    told = [text for name, text in properties if name == _UPDATED]
    if asked := sum(count for name, count in properties if name == _ASKED):
        terminalreporter.section("judges")
        terminalreporter.line(f"questions that a judge answered: {asked:,}; recorded answers avoid them")
    if told:
        terminalreporter.section("stored rewards")
        for text in dict.fromkeys(told):
            terminalreporter.line(text)


def _plainly(fixture: str, work: Callable[[], Work]) -> Work:
    """Run the code of a fixture. A harness error fails the test and shows only its message."""
    __tracebackhide__ = True
    from harness.errors import HarnessError

    try:
        return work()
    except ModuleNotFoundError as error:
        from harness.extras import missing_package

        missing = missing_package(error, f"the fixture {fixture}", "replay")
        if missing is None:
            raise
        pytest.fail(str(missing), pytrace=False)
    except (AssertionError, HarnessError) as error:
        raise error.with_traceback(None) from None  # the test's line and the message are enough


def _replayed(
    request: pytest.FixtureRequest, rollouts: str | Path | None, grader: Any, options: dict[str, Any]
) -> Replayed:
    from harness.replay.replay_here import replay_here

    finder = _finder(request.path, request.config)
    graded_by, found = finder.grader(grader), finder.rollouts(rollouts, options)
    more = {"range": graded_by.bounds, "answers": finder.answers(options.get("answers")), **found.options}
    with finder.region():
        run = replay_here(found.data, graded_by.grader, folder=graded_by.folder, **more)
    _note_questions(request, run, more["answers"])
    return run


def _note_questions(request: pytest.FixtureRequest, run: Replayed, answers: Path | None) -> None:
    """Record for the terminal summary how many questions a judge answered in a test."""
    from harness.runs.rows import judge_questions

    asked = sum(judge_questions(row["metrics"]) for row in run.rows) if answers is None else 0
    if asked:
        request.node.user_properties.append((_ASKED, asked))


def _compared(
    request: pytest.FixtureRequest,
    rollouts: str | Path | None,
    grader: Any,
    name: str | None,
    options: dict[str, Any],
) -> Replayed:
    from harness.errors import InputError
    from harness.replay.snapshot import snapshot_file, snapshot_name, update_snapshot

    if "repeats" in options:
        fix = "Remove `repeats`; use rft_replay and assert_deterministic to compare repeats."
        raise InputError("stored rewards have one reward per sample", fix=fix)
    run = _replayed(request, rollouts, grader, options)
    if name is None:
        finder = _finder(request.path, request.config)
        name = snapshot_name(finder.rollouts(rollouts, {}).data, finder.grader(grader).grader)
    path = snapshot_file(request.path.parent, name)
    shown = os.path.relpath(path, request.config.invocation_params.dir)
    if request.config.getoption(_UPDATE):
        request.node.user_properties.append((_UPDATED, f"{shown}: {update_snapshot(path, run)}"))
        return run
    again = f"pytest {_UPDATE} {shlex.quote(_node_id(request))}"
    if not path.exists():
        raise InputError("no rewards are stored yet", place=shown, fix=f"Write it with: {again}")
    try:
        run.assert_rewards(os.path.relpath(path))
    except AssertionError as error:
        raise AssertionError(f"{error}\nTo store these rewards: {again}") from None
    return run


def _ordered(
    request: pytest.FixtureRequest,
    completions: tuple[Any, ...],
    grader: Any,
    strict: bool,
    record: dict[str, Any],
) -> Replayed:
    from harness.replay.replay_here import replay_completions

    finder = _finder(request.path, request.config)
    found = finder.grader(grader)
    answers = finder.answers(record.pop("answers", None))
    with finder.region():
        run = replay_completions(completions, found.grader, found.folder, answers=answers, **record)
    _note_questions(request, run, answers)
    run.assert_order(*range(1, len(completions) + 1), strict=strict)
    return run


def _audited(
    request: pytest.FixtureRequest,
    records: DataFile | None,
    grader: Any,
    fail_on: str,
    options: dict[str, Any],
) -> AuditFacts:
    from harness.pytest_plugin.auditing import audit_without_findings

    return audit_without_findings(_finder(request.path, request.config), records, grader, fail_on, options)


def _finder(path: Path, config: pytest.Config) -> Finder:
    """Return a finder that searches a test's folder, then pytest's root folder, then the current folder."""
    from harness.pytest_plugin.found import Finder

    return Finder([path.parent, config.rootpath, Path.cwd()])


def _node_id(request: pytest.FixtureRequest) -> str:
    """Return the test's ID relative to the current folder, for use in a command."""
    path = os.path.relpath(request.path, request.config.invocation_params.dir)
    return "::".join([path, *request.node.nodeid.split("::")[1:]])


def _is_of_a_grader(error: BaseException | None) -> bool:
    """Return True if a chain of errors includes one from `graders`, without importing `graders`."""
    errors, seen = sys.modules.get("graders.errors"), set[int]()
    while errors is not None and error is not None and id(error) not in seen:
        if isinstance(error, errors.GraderError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
