"""`rft import`: creates a project from a grader written for another platform."""

from __future__ import annotations

import shlex
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import DATA, LOCAL_PATH, FiniteNumber, LocalPath, json_option, name_option
from harness.cli.output import emit_json, say
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.data.sources import Source
    from harness.projects.imported import ImportedGrader
    from harness.projects.scaffold import NewProject

_KINDS = ("openai", "lambda", "trl", "verl", "eval-protocol", "llm-eval-kit")
_LARGEST = 20_000_001


@click.command("import")
@click.argument("source", metavar="SOURCE", type=LocalPath(takes_dash=True))
@click.argument("folder", metavar="[DIR]", required=False, type=LOCAL_PATH)
@name_option("Give the project and its stack this name; by default the folder's name.")
@click.option(
    "--take",
    "functions",
    metavar="NAME",
    multiple=True,
    help="Import this function of a Python file; repeat it for several TRL functions.",
)
@click.option(
    "--as", "kind", type=click.Choice(_KINDS), help="Read SOURCE as this kind instead of detecting it."
)
@click.option(
    "--judge",
    "models",
    metavar="OPENAI=BEDROCK",
    multiple=True,
    help="Ask this Bedrock model instead of an OpenAI model; repeatable.",
)
@click.option(
    "--range",
    metavar="LOW HIGH",
    nargs=2,
    type=FiniteNumber(),
    help="Use this range of rewards instead of the one that the source shows.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="Run the imported Python in the grader's process, with access to files, network and keys.",
)
@click.option(
    "--records",
    metavar="DATA",
    type=DATA,
    help="Use the records in this file. Without --rollouts, sample completions are generated for them.",
)
@click.option(
    "--rollouts",
    metavar="DATA",
    type=DATA,
    help="Use the rollouts in this file. Without --records, the records are taken from them.",
)
@json_option
def command(
    source: Path,
    folder: Path | None,
    name: str | None,
    functions: tuple[str, ...],
    kind: str | None,
    models: tuple[str, ...],
    range: tuple[float, float] | None,
    trust: bool,
    records: Source | None,
    rollouts: Source | None,
    as_json: bool,
) -> int:
    """Make a project in DIR from a grader that was written for another platform.

    SOURCE is a .json file with an OpenAI or Azure grader, or with a job that contains one; or a .py file with
    an AWS Lambda handler, TRL reward functions, verl's compute_score, an eval-protocol or llm-eval-kit
    grader, or OpenAI's grade(sample, item). `-` reads JSON from stdin. DIR must not exist or must be empty;
    by default it is named after SOURCE.

    Imported Python runs in a separate process without access to files, network or keys, unless you pass
    --trust. IMPORT.md in the project explains how each part of SOURCE was translated, and lists the remaining
    steps.

    Exit codes: 0 the project was made; 2 SOURCE cannot be imported (then nothing is written), or DIR is not
    empty.
    """
    from harness.projects.import_content import content_of_import
    from harness.projects.import_samples import with_samples
    from harness.projects.left_keys import key_notes
    from harness.projects.names import folder_name
    from harness.projects.scaffold import make_project
    from harness.projects.written_numbers import written_range

    if range is not None and not range[0] < range[1]:
        raise click.UsageError(f"--range goes from {written_range(range)}: write the lower bound first.")
    if folder is None:
        folder = Path(folder_name("" if str(source) == "-" else source.stem))
    imported = _read(source, functions, kind, _table(models), range, trust)
    imported = with_samples(imported, records, rollouts)
    keys = key_notes(imported.files, imported.records, imported.rollouts)
    imported = replace(imported, notes=(*imported.notes, *keys))
    shown = "stdin" if str(source) == "-" else source.name
    made = make_project(folder, name, content_of_import(imported, shown))
    if as_json:
        emit_json(_row(folder, imported, made))
    else:
        _tell(folder, imported, made)
    return 0


def _table(models: tuple[str, ...]) -> dict[str, str]:
    """Parse --judge into a mapping from OpenAI models to the models to use instead."""
    found = {}
    for each in models:
        name, equals, model = (part.strip() for part in each.partition("="))
        if not (name and equals and model):
            raise click.UsageError(f"--judge {each}: write OpenAI's name, =, and the ID of a Bedrock model.")
        found[name] = model
    return found


def _read(
    source: Path,
    functions: tuple[str, ...],
    kind: str | None,
    models: dict[str, str],
    range: tuple[float, float] | None,
    trust: bool,
) -> ImportedGrader:
    """Read the grader from SOURCE.

    Raises:
        InputError: The source cannot be imported.
    """
    if source.suffix.lower() == ".py":
        from harness.projects.python_source import read_python_source

        if models:
            fix = "Leave it out: a Python file names its own models."
            raise InputError("is for graders in JSON", place="--judge", fix=fix)
        return read_python_source(source, functions=functions, kind=kind, trust=trust, range=range)
    text = _json_text(source)
    if kind not in (None, "openai"):
        raise InputError(
            f"{kind} graders are Python, but this file is JSON", place=str(source), fix="Name the .py file."
        )
    given = "--take" if functions else "--trust" if trust else None
    if given is not None:
        fix = "Leave it out: its Python always runs confined." if trust else "Leave it out."
        raise InputError("is for Python files", place=given, fix=fix)
    from harness.projects.openai_source import read_openai_source

    shown = "stdin" if str(source) == "-" else str(source)
    return read_openai_source(text, shown, models=models, range=range)


def _json_text(source: Path) -> bytes:
    """Read JSON from SOURCE.

    Raises:
        InputError: The source is not a JSON file or cannot be read.
    """
    if str(source) == "-":
        return sys.stdin.buffer.read(_LARGEST)
    fix = "Pass a .json file with an OpenAI or Azure grader, or a .py file with a Python grader."
    if source.is_dir():
        raise InputError("is a folder", place=str(source), fix=fix)
    if not source.exists():
        raise InputError("no such file", place=str(source), fix=fix)
    if source.suffix == ".jsonl":
        fix = "Pass the grader, a .json or .py file, and pass samples with --records and --rollouts."
        raise InputError("contains samples, not a grader", place=str(source), fix=fix)
    if source.suffix == ".ipynb":
        fix = f"Convert it to Python first: jupyter nbconvert --to script {source.name}."
        raise InputError("is a notebook", place=str(source), fix=fix)
    if source.suffix.lower() != ".json":
        raise InputError("is neither JSON nor Python", place=str(source), fix=fix)
    try:
        with source.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(source)) from error


def _row(folder: Path, imported: ImportedGrader, made: NewProject) -> dict[str, object]:
    from harness.projects.import_content import next_steps
    from harness.projects.needed import lacking

    return {
        "folder": str(folder),
        "kind": imported.kind,
        "files": [str(file) for file in made.files],
        "handler": made.handler,
        "range": imported.range,
        "timeout_s": imported.timeout_s,
        "judge_models": imported.judge_models,
        "variables": imported.secrets,
        "packages": dict(imported.packages),
        "records": len(imported.records),
        "rollouts": len(imported.rollouts),
        "lacking": [each.name for each in lacking()],
        "notes": [{"place": each.place, "how": each.how, "what": each.what} for each in imported.all_notes],
        "next": next_steps(imported),
    }


def _tell(folder: Path, imported: ImportedGrader, made: NewProject) -> None:
    from harness.projects.import_content import HOWS, next_commands, next_steps
    from harness.projects.needed import lacking

    say(_wrapped(f"found: {imported.kind}"))
    say(_wrapped(f"made in {folder}: {', '.join(map(str, made.files))}"))
    for how, meaning in HOWS.items():
        notes = [note for note in imported.all_notes if note.how == how]
        if notes:
            say("\n" + _wrapped(f"{how}: {meaning}"), bold=True)
        for note in notes:
            say(_wrapped(f"{note.place}: {note.what}", "  "))
    say()
    say(
        _wrapped(
            "When a grader fails on a sample, that sample gets no reward here and is counted. Other "
            "platforms pay 0, drop the sample, or stop."
        )
    )
    for each in lacking():
        say(f"not installed: {each.name}, which {each.why}. To install it:")
        say(f"  {each.install}", verbatim=True)
    say("\nleft to do (IMPORT.md has all of this):", bold=True)
    for number, step in enumerate(next_steps(imported), 1):
        say(_wrapped(f"{number}. {step}", "  "))
    say("\nnext:")
    enter = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    for line in [*enter, *next_commands(imported)]:
        say(f"  {line}", verbatim=True)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, 80, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
