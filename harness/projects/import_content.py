"""The project of a grader that was written for another platform, with the report of what became of it."""

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
from harness.projects.project_words import common_words, requirements_of, sources_word
from harness.projects.template_text import NO_MODEL, ROLE

__all__ = ["HOWS", "content_of_import", "next_steps"]

HOWS: Mapping[How, str] = {
    "mapped": "graded as it was there",
    "approximated": "graded another way, like something undocumented, or worth a look",
    "unsupported": "nothing is done with it",
}
_FAILURES = (
    "One difference is everywhere. Where a grader fails - an exception, a number that is none, a formula "
    "without a value - the other platform pays 0, or leaves the sample out. Here the sample has no reward: "
    "it is counted and reported, and never taken for a wrong answer."
)
_JUDGE_ROLE = """      # It asks a model about each sample, so it has the role for that, and more time.
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
    """What the project of an imported grader is made of.

    Args:
        imported: The grader.
        name: What the source is called.

    Raises:
        InputError: A file that has to run confined has a name under which pytest would import it.
    """
    _check_names(imported)
    words = common_words(
        handler=f"{imported.module}.{imported.function}",
        file=f"{imported.module}.py",
        logical_id=logical_id_of(imported.module),
        what=f"the grader, which grades as `{name}` did. `IMPORT.md` says what became of each part",
        tested="the grader: every rollout gets a reward",
    )
    words |= {
        "@FUNCTION@": imported.function,
        "@MADE_BY@": "rft import",
        "@SAMPLES@": "yours" if imported.own_samples else "made up",
        "@COMPLETIONS@": f"completions of them, {'yours' if imported.own_samples else 'made up, too'}",
        "@MEMORY@": "1024" if imported.runs_code else "512",
        "@ROLE@": _role(imported),
        "@JUDGE_MODEL@": imported.judge_models[0] if imported.judge_models else NO_MODEL,
        "@CHECK_VARIABLE@": _variables(imported.secrets),
        "@PACKAGES@": requirements_of(imported.packages),
        "@SOURCES@": sources_word(imported.sources, imported.module),
        "@ANSWERS@": 'answers = "answers.jsonl"\n' if imported.asks_judge else "",
        "@TEST_SKIPPED@": _skipped(imported),
        # Of a question one answer is recorded.
        "@AGAIN@": "" if imported.asks_judge else "_and_the_same_one_again",
        "@REPEATS@": "" if imported.asks_judge else "repeats=2",
        "@DETERMINISTIC@": "" if imported.asks_judge else "    run.assert_deterministic()\n",
    }
    files = {
        **imported.files,
        "IMPORT.md": _report(imported, name).encode("utf-8"),
        "records.jsonl": _lines(imported.records),
        "rollouts.jsonl": _lines(imported.rollouts),
    }
    return ProjectContent(words, "with_import", files)


def _check_names(imported: ImportedGrader) -> None:
    """Refuse files that are to run confined, and that the project's own tests would import."""
    for path in imported.files if imported.runs_code else ():
        if _OF_PYTEST.fullmatch(PurePosixPath(path).name):
            fix = "Rename it, for example to rewards.py, or write --trust."
            message = "has a name under which pytest runs it, in a process that reaches files and keys"
            raise InputError(message, place=path, fix=fix)


def next_steps(imported: ImportedGrader) -> list[str]:
    """What is left to do, in sentences.

    Args:
        imported: The grader.
    """
    return [*_steps(imported)]


def _steps(imported: ImportedGrader) -> Iterator[str]:
    yield from dict.fromkeys(note.step for note in imported.all_notes if note.step is not None)
    places = [note.place for note in imported.all_notes if note.how == "unsupported" and note.step is None]
    if places:
        yield f"Decide whether you can do without what is unsupported: {', '.join(dict.fromkeys(places))}."
    if "models.toml" in imported.files:
        yield "Look through models.toml: other models judge in other ways."
    if len(imported.judge_models) > 1:
        others = ", ".join(imported.judge_models[1:])
        yield (
            f"Add the ARNs of {others} to JudgeModelArns in template.yaml: JudgeModel names one model, "
            f"{imported.judge_models[0]}."
        )
    for variable in imported.secrets:
        yield (
            f"Set the environment variable {variable} here, and before you deploy make the secret that "
            "template.yaml names for it: a key was taken out of the source."
        )
    missing = [module for module, found in imported.packages.items() if found is None]
    if missing:
        yield f"Write the packages of {', '.join(missing)} into requirements.txt: they are not installed."
    if not (imported.own_samples and imported.records and imported.rollouts):
        yield "Put your records and rollouts in the place of records.jsonl and rollouts.jsonl."
    if imported.asks_judge:
        yield f"Record the answers of the service once, which costs what it costs: {_TO_RECORD}"
    yield "Run rft replay, and compare its rewards with those that the other platform gave."


def _report(imported: ImportedGrader, name: str) -> str:
    """IMPORT.md."""
    parts = [
        f"# What became of {name}",
        f"`rft import` read it as {imported.kind}. The grader is `{imported.module}.py`.",
        _FAILURES,
    ]
    for how, meaning in HOWS.items():
        notes = [note for note in imported.all_notes if note.how == how]
        if notes:
            parts.append(f"## {how.capitalize()}: {meaning}")
            parts.append(_table(notes))
    parts.append("## What is left to do")
    parts.append("\n".join(f"{number}. {step}" for number, step in enumerate(next_steps(imported), 1)))
    return (
        "\n\n".join(part if part.startswith(("|", "#")) or "\n" in part else _wrapped(part) for part in parts)
        + "\n"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)


def _table(notes: Iterable[ImportNote]) -> str:
    rows = [f"| {_cell(f'`{note.place}`')} | {_cell(note.what)} |" for note in notes]
    return "\n".join(["| Where | What became of it |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _role(imported: ImportedGrader) -> str:
    if imported.judge_models:
        return _JUDGE_ROLE
    return _LONG_ROLE if imported.asks_judge or imported.runs_code else ROLE


def _variables(secrets: Iterable[str]) -> str:
    """The environment of a function that needs keys."""
    lines = "".join(f'          {name}: "{{{{resolve:secretsmanager:@NAME@/{name}}}}}"\n' for name in secrets)
    return f"{_VARIABLES}{lines}" if lines else ""


def _skipped(imported: ImportedGrader) -> str:
    """When the test cannot say anything yet, and what to do."""
    if imported.asks_judge:
        reason = f"no answers are recorded yet: {_TO_RECORD}"
        return _SKIPPED.format(file="answers.jsonl", test="exists()", reason=reason)
    if not imported.rollouts:
        reason = "there are no rollouts that it grades: put rollouts of yours into rollouts.jsonl"
        return _SKIPPED.format(file="rollouts.jsonl", test="read_bytes().strip()", reason=reason)
    return ""


def _lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values).encode("utf-8")
