"""Words and lists that several modules, or modules and documents, share are the same."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import graders
import harness
from graders import Failure, SampleError, errors, grader
from graders._runtime.declaration import Options
from graders.checks._judge_address import RELAY
from graders.reward import KINDS
from graders.testing import invoke, make_sample
from graders.wire import PROFILES
from harness.api import types as api
from harness.errors import HarnessError
from harness.findings import Rule
from harness.runs.rows import QUESTIONS
from harness.signal.graded_rollouts import EXPECTED, FIRST
from harness.targets import ready_checks

ROOT = Path(__file__).resolve().parents[1]
FINDING_ID = re.compile(r"[A-Z]\d{3}")


def modules() -> Iterator[object]:
    for package in (graders, harness):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def trees(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def strings(folder: str, pattern: re.Pattern[str]) -> set[str]:
    """Return the string constants in a folder's code that match a pattern as a whole."""
    return {
        node.value
        for _, tree in trees(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
    }


def words(text: str | None) -> list[str]:
    """Return the strings between backticks."""
    return re.findall(r"`([^`]+)`", text or "")


def test_the_kinds_of_failure_are_the_same_in_errors_rewards_and_on_the_wire() -> None:
    said = (SampleError.__doc__ or "").split("kind:")[1].split("\n")[0]
    assert tuple(words(said)) == KINDS

    def scoring(sample):
        raise SampleError(sample.completion, "by hand")

    graded = grader(max_error_rate=1.0)(scoring)
    found = invoke(graded, [make_sample(kind, id=kind) for kind in KINDS])
    assert [(type(outcome), getattr(outcome, "kind", None)) for outcome in found] == [
        (Failure, kind) for kind in KINDS
    ]


def test_every_error_of_the_graders_is_in_their_tree() -> None:
    drawn = set(re.findall(r"\+-- (\w+)", errors.__doc__ or "")) | {"GraderError"}
    there = {
        name
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.GraderError) and not name.startswith("_")
    }
    assert drawn == there


def test_the_options_of_a_grader_are_those_of_its_declaration() -> None:
    declared = [
        name
        for name, parameter in inspect.signature(grader).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    assert set(declared) == set(Options.__slots__)
    source = ast.parse(inspect.getsource(inspect.getmodule(grader)))  # type: ignore[arg-type]
    shapes = [
        {argument.arg for argument in node.args.kwonlyargs}
        for node in ast.walk(source)
        if isinstance(node, ast.FunctionDef) and node.name == "grader" and node.args.kwonlyargs
    ]
    assert len(shapes) >= 2
    assert all(shape == set(declared) for shape in shapes), "an overload lacks an option, or has another"
    assert set(grader(lambda sample: 1.0).options.as_dict()) == set(declared)


def test_the_wires_are_those_that_the_contract_lists() -> None:
    text = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", text.partition("## Wires by name")[2], re.MULTILINE) == list(
        PROFILES
    )
    used = set(re.findall(r"wire=\"([a-z-]+)\"", text))
    assert used <= set(PROFILES)


def test_a_job_of_the_emulator_ends_in_the_statuses_that_the_client_knows_as_ends() -> None:
    given = {
        value.value
        for _, tree in trees("harness/emulator")
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "status" and isinstance(value, ast.Constant)
    }
    given |= {
        word.value
        for _, tree in trees("harness/emulator")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_end"
        for word in node.args
        if isinstance(word, ast.Constant)
    }
    # Other statuses of jobs, and those of files and responses.
    others = {"validating_files", "queued", "running", "processed", "completed", "in_progress"}
    assert given - others <= api.FINAL_STATUSES
    assert given & api.FINAL_STATUSES >= {"succeeded", "cancelled"}


def test_the_metrics_of_training_are_written_and_read_under_the_names_of_the_api() -> None:
    metric = re.compile(r"(critic|actor)_\w+|response_length\w*")
    named = {value for value in vars(api).values() if isinstance(value, str) and metric.fullmatch(value)}
    assert set(api.TRAINING_METRICS) == named
    assert strings("harness/api", metric) == named
    for folder in ("emulator", "simulator", "follow", "rehearsal", "report", "cli", "jobs", "evaluation"):
        assert strings(f"harness/{folder}", metric) == set(), f"{folder} spells a metric itself"


def test_the_metrics_of_a_judge_are_read_under_the_names_that_it_gives() -> None:
    metric = re.compile(r"judge_(first|first_expected|calls|usd)")
    read = [strings(folder, metric) for folder in ("harness/signal", "harness/runs")]
    assert set().union(*read) == strings("graders/checks", metric)
    assert sum(map(len, read)) == len(set().union(*read)), "two rooms spell a metric themselves"
    assert {FIRST, EXPECTED, QUESTIONS} < strings("graders/checks", metric)


def test_the_harness_leads_a_judge_to_recorded_answers_by_the_variable_that_it_reads() -> None:
    relay = re.compile(r"GRADER_[A-Z]+_RELAY")
    assert strings("harness/targets", relay) == strings("graders/checks", relay) == {RELAY}


def test_the_time_limit_that_a_check_is_listed_with_is_that_of_a_grader() -> None:
    assert ready_checks._TIMEOUT_S == grader(lambda sample: 1.0).options.timeout_s


def rules() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for module in modules():
        for value in vars(module).values():
            table = (
                value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            )
            for rule in table:
                if isinstance(rule, Rule):
                    same = found.setdefault(rule.id, [])
                    if rule not in same:
                        same.append(rule)
    return found


def test_a_finding_s_id_means_one_thing() -> None:
    assert {name: same for name, same in rules().items() if len(same) > 1} == {}
    homes: dict[str, set[str]] = {}
    for path, tree in trees("harness"):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and FINDING_ID.fullmatch(node.value)
            ):
                homes.setdefault(node.value[0], set()).add(path.relative_to(ROOT / "harness").parts[0])
    assert {letter: rooms for letter, rooms in homes.items() if len(rooms - {"cli", "report"}) > 1} == {}


@pytest.mark.parametrize("folder", ["harness/data", "harness/deploy"])
def test_every_rule_of_a_table_is_used_and_every_id_that_is_used_is_in_a_table(folder: str) -> None:
    defined, used = set(), []
    for _, tree in trees(folder):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and FINDING_ID.fullmatch(node.value)
            ):
                used.append(node.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rule":
                defined.add(ast.literal_eval(node.args[0]))
    assert defined == set(used), "an id that no table explains"
    assert {name for name in defined if used.count(name) < 2} == set(), "rules that nothing applies"


def test_every_exit_code_is_one_of_the_documented() -> None:
    for _ in modules():
        pass

    def below(kind: type[HarnessError]) -> Iterator[type[HarnessError]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    assert {kind.exit_code for kind in below(HarnessError)} == {1, 2, 3}
