"""Builds the project for an imported grader, including a report on each part of the source."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from harness.errors import InputError
from harness.projects.imported import How, ImportedGrader, ImportNote
from harness.projects.names import logical_id_of
from harness.projects.project_content import ProjectContent
from harness.projects.project_words import common_words, encoded, requirements_of, sources_word, to_replace
from harness.projects.template_text import NO_MODEL, ROLE

__all__ = ["HOWS", "content_of_import", "next_commands", "next_steps"]

HOWS: Mapping[How, str] = {
    "mapped": "grades as it did there",
    "approximated": "grades differently, relies on undocumented behavior, or needs a look",
    "unsupported": "is ignored here",
}
_FAILURES = (
    "One difference applies everywhere. When a grader fails on a sample (an exception, a value that is not a "
    "finite number, a formula without a value), the sample gets no reward here. It is counted and reported, "
    "and never treated as a wrong answer. Other platforms pay 0, leave the sample out, or stop the job."
)
_JUDGE_ROLE = """      # It calls a model about each sample, so it has the role for that, and more time.
      Role: !GetAtt JudgeRole.Arn
      Timeout: 300
"""
_LONG_ROLE = f"""      # Its samples take longer than those of other graders.
{ROLE}      Timeout: 300
"""
_VARIABLES = """      Environment:
        Variables:
"""
_SKIPPED = """
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path(__file__).with_name("{file}").{test},
    reason="{reason}",
)
"""
_OF_PYTEST = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_TO_RECORD = "rft replay --ask all"


def content_of_import(imported: ImportedGrader, name: str) -> ProjectContent:
    """Return the contents of an imported grader's project.

    Args:
        imported: The grader.
        name: The source's name.

    Raises:
        InputError: A file that must run confined has a name that pytest would import.
    """
    _check_names(imported)
    words = common_words(
        handler=f"{imported.module}.{imported.function}",
        file=f"{imported.module}.py",
        logical_id=logical_id_of(imported.module),
        what=f"the grader, which grades as `{name}` did. `IMPORT.md` describes each part",
        tested="the grader: every rollout gets a reward",
    )
    words |= {
        "@FUNCTION@": imported.function,
        "@MADE_BY@": "rft import",
        "@SAMPLES@": _whose_records(imported),
        "@COMPLETIONS@": _whose_rollouts(imported),
        "@ROLLOUTS_SETTING@": _setting("rollouts", bool(imported.rollouts)),
        "@RECORDS_SETTING@": _setting("records", bool(imported.records)),
        "@MEMORY@": "1024" if imported.runs_code else "512",
        "@ROLE@": _role(imported),
        "@JUDGE_MODEL@": imported.judge_models[0] if imported.judge_models else NO_MODEL,
        "@CHECK_VARIABLE@": _variables(imported.secrets),
        "@PACKAGES@": requirements_of(imported.packages),
        "@SOURCES@": sources_word(imported.sources, imported.module),
        "@ANSWERS@": 'answers = "answers.jsonl"\n' if imported.asks_judge else "",
        "@TEST_SKIPPED@": _skipped(imported),
        # Each request has one recorded answer, so a repeat would not show differences.
        "@AGAIN@": "" if imported.asks_judge else "_and_the_same_one_again",
        "@REPEATS@": "" if imported.asks_judge else "repeats=2",
        "@DETERMINISTIC@": "" if imported.asks_judge else "    run.assert_deterministic()\n",
    }
    files = {
        **imported.files,
        "IMPORT.md": encoded(_report(imported, name)),
        "records.jsonl": _lines(imported.records),
        "rollouts.jsonl": _lines(imported.rollouts),
    }
    return ProjectContent(words, "with_import", files)


def _whose_records(imported: ImportedGrader) -> str:
    if not imported.records:
        return "write yours to a file with this name"
    if imported.own_records:
        return "yours"
    return "made from your rollouts" if imported.own_rollouts else to_replace("made up")


def _whose_rollouts(imported: ImportedGrader) -> str:
    if not imported.rollouts:
        return "completions of them yet: write yours to a file with this name"
    if imported.own_rollouts:
        return "completions of them, yours"
    return "completions of them, made up; replace them with your own"


def _setting(name: str, is_written: bool) -> str:
    """Return the setting for a file of samples, commented out if the project has no such file."""
    return f'{"" if is_written else "# "}{name} = "{name}.jsonl"'


def _check_names(imported: ImportedGrader) -> None:
    """Reject files that the project would overwrite or that its tests would import."""
    for path in ("IMPORT.md", "records.jsonl", "rollouts.jsonl"):
        if path in imported.files:
            fix = "Rename it, and the name in the source: existing files are not overwritten."
            raise InputError("the project has its own file with that name", place=path, fix=fix)
    for path in imported.files if imported.runs_code else ():
        if _OF_PYTEST.fullmatch(PurePosixPath(path).name):
            fix = "Rename it, for example to rewards.py, or write --trust."
            message = "has a name that pytest runs, in a process with access to files and keys"
            raise InputError(message, place=path, fix=fix)


def next_steps(imported: ImportedGrader) -> list[str]:
    """Return the remaining steps for the user, as sentences.

    Args:
        imported: The grader.
    """
    return [*_steps(imported)]


def _steps(imported: ImportedGrader) -> Iterator[str]:
    yield from dict.fromkeys(note.step for note in imported.all_notes if note.step is not None)
    places = [note.place for note in imported.all_notes if note.how == "unsupported" and note.step is None]
    if places:
        yield f"Decide whether you can do without the unsupported parts: {', '.join(dict.fromkeys(places))}."
    if "models.toml" in imported.files:
        yield "Check the models in models.toml: another model judges differently."
    if len(imported.judge_models) > 1:
        others = ", ".join(imported.judge_models[1:])
        yield (
            f"Add the ARNs of {others} to JudgeModelArns in template.yaml: JudgeModel names one model, "
            f"{imported.judge_models[0]}."
        )
    for variable in imported.secrets:
        yield (
            f"Set the environment variable {variable} here, and before you deploy create the secret that "
            "template.yaml names for it: a key was taken out of the source."
        )
    missing = [module for module, found in imported.packages.items() if found is None]
    if missing:
        yield f"Add the packages of {', '.join(missing)} to requirements.txt: they are not installed."
    yield from _samples_to_give(imported)
    if imported.asks_judge:
        yield f"Record the service's answers once; the service charges for them: {_TO_RECORD}"
    yield "Run rft replay, and compare its rewards with those of the other platform."


def _samples_to_give(imported: ImportedGrader) -> Iterator[str]:
    """Yield the steps for replacing or adding samples."""
    records = [] if imported.own_records or imported.own_rollouts else ["records"]
    rollouts = [] if imported.own_rollouts or not imported.rollouts else ["rollouts"]
    if replaced := [*records, *rollouts]:
        files = " and ".join(f"{name}.jsonl" for name in replaced)
        yield f"Replace the made-up {files} with your own."
    if not imported.rollouts:
        yield "Write your rollouts to rollouts.jsonl, and remove the # before `rollouts` in rft.toml."
    if not imported.records:
        yield "Write your records to records.jsonl, and remove the # before `records` in rft.toml."


def next_commands(imported: ImportedGrader) -> list[str]:
    """Return the commands that already work in the new project, in the order in which to run them.

    Args:
        imported: The grader.
    """
    replay = [_TO_RECORD if imported.asks_judge else "rft replay"] if imported.rollouts else []
    return [*replay, "pytest", "sam build && rft doctor"]


def _report(imported: ImportedGrader, name: str) -> str:
    """Return the content of IMPORT.md."""
    parts = [
        f"# How {name} was imported",
        f"`rft import` read it as {imported.kind}. The grader is `{imported.module}.py`.",
        _FAILURES,
    ]
    for how, meaning in HOWS.items():
        notes = [note for note in imported.all_notes if note.how == how]
        if notes:
            parts.append(f"## {how.capitalize()}: {meaning}")
            parts.append(_table(notes))
    parts.append("## Next steps")
    parts.append("\n".join(f"{number}. {step}" for number, step in enumerate(next_steps(imported), 1)))
    return (
        "\n\n".join(part if part.startswith(("|", "#")) or "\n" in part else _wrapped(part) for part in parts)
        + "\n"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)


def _table(notes: Iterable[ImportNote]) -> str:
    rows = [f"| {_cell(f'`{note.place}`')} | {_cell(note.what)} |" for note in notes]
    return "\n".join(["| Where | Result |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _role(imported: ImportedGrader) -> str:
    if imported.judge_models:
        return _JUDGE_ROLE
    return _LONG_ROLE if imported.asks_judge or imported.runs_code else ROLE


def _variables(secrets: Iterable[str]) -> str:
    """Return the template's environment section for a function that needs API keys."""
    lines = "".join(f'          {name}: "{{{{resolve:secretsmanager:@NAME@/{name}}}}}"\n' for name in secrets)
    return f"{_VARIABLES}{lines}" if lines else ""


def _skipped(imported: ImportedGrader) -> str:
    """Return code that skips the test as long as its samples or recorded answers are missing."""
    if imported.asks_judge:
        reason = f"no answers are recorded yet: {_TO_RECORD}"
        return _SKIPPED.format(file="answers.jsonl", test="exists()", reason=reason)
    if not imported.rollouts:
        reason = "there are no rollouts: write yours to rollouts.jsonl, and name it in rft.toml"
        return _SKIPPED.format(file="rollouts.jsonl", test="exists()", reason=reason)
    return ""


def _lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    return encoded("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values))
