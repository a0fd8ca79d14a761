"""`rft init`: begin a project of one's own, or add a grader to it."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, name_option
from harness.cli.output import emit_json, say

if TYPE_CHECKING:
    from harness.projects.handler_file import HandlerFile


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@name_option("Give project and stack this name; the folder's name by default.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Make the project around the Lambda handler in this Python file, copied as it is.",
)
@click.option(
    "--handler",
    metavar="MODULE.FUNCTION",
    help="Take this handler of that file, where several functions could be it.",
)
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(["number", "choice", "json", "tools", "sql", "text", "code", "judge"]),
    help="Grade by a ready check of this kind, which grader.toml describes, instead of by Python: number,"
    " choice, json, tools, sql, text, code or judge.",
)
@click.option(
    "--add", metavar="NAME", help="Add a grader to the project in DIR, by default here: receipt-total."
)
@click.option("--ci", is_flag=True, help="Add a GitHub workflow, also to a project that has an rft.toml.")
@json_option
def command(
    folder: Path | None,
    name: str | None,
    source: Path | None,
    handler: str | None,
    kind: str | None,
    add: str | None,
    ci: bool,
    as_json: bool,
) -> int:
    """Make a new project in DIR: a grader of five lines, samples, a replay test, and a SAM template.

    DIR must not exist or be empty: nothing is overwritten. With --from, the project is made around a Lambda
    handler that you have: its file is copied with the files beside it that it imports or names, and imported
    once, to say what it lacks here. With --kind, it grades by a ready check without Python: `rft graders`
    lists all of them, and grader.toml says which one it is.

    With --add, the project that is there gets another grader: a folder with the grader and its own
    requirements.txt, a test, and its resource in template.yaml.

    With --ci, the project gets a GitHub workflow: its tests, `rft validate`, `rft replay`, a report, and the
    deployment of its main branch. DIR may be a project that is there already, by default the one here.

    Exit codes: 0 made; 2 the folder is not empty, a name cannot be one, or the file holds no handler.
    """
    if add is not None:
        if name or source or handler or kind or ci:
            raise click.UsageError("--add takes no --name, --from, --handler, --kind or --ci.")
        return _add(folder or Path(), add, as_json)
    if kind and source:
        raise click.UsageError("--kind and --from both say what grades: leave one out.")
    if ci and not (name or source or handler or kind) and _is_project(folder):
        return _add_workflow(folder or Path(), as_json)
    if folder is None:
        raise click.UsageError("Name a folder to make: rft init my-grader.")
    if handler is not None and source is None:
        raise click.UsageError("--handler names a function of the file that --from names.")
    return _make(folder, name, source, handler, kind, ci, as_json)


def _is_project(folder: Path | None) -> bool:
    """Whether a workflow is for what is in a folder, rather than for a project to be made there."""
    from harness.config import find_configuration

    found = None if folder is None else find_configuration(folder)
    return folder is None or (found is not None and found.file.parent == folder.absolute())


def _add_workflow(folder: Path, as_json: bool) -> int:
    from harness.projects.ci_workflow import add_workflow

    workflow = add_workflow(folder)
    if as_json:
        emit_json({"folder": str(folder), "files": [str(workflow)]})
        return 0
    say(f"{workflow}: tests every change")
    _say_role()
    return 0


def _say_role() -> None:
    say("The workflow deploys the main branch once the repository has the variable AWS_ROLE_ARN:")
    say("  gh variable set AWS_ROLE_ARN --body ARN", verbatim=True)


def _make(
    folder: Path,
    name: str | None,
    source: Path | None,
    handler: str | None,
    kind: str | None,
    ci: bool,
    as_json: bool,
) -> int:
    from harness.projects.handler_file import read_handler
    from harness.projects.handler_import import import_problem
    from harness.projects.left_keys import key_notes
    from harness.projects.needed import lacking
    from harness.projects.scaffold import make_project

    own = read_handler(source, handler) if source else None
    made = make_project(folder, name, own, kind=kind, workflow=ci)
    problem = import_problem(folder, made.handler) if own else None
    copied = {path: own.files[path] for path in own.files if path not in made.left_out} if own else {}
    keys = [*key_notes(copied)]
    missing = lacking()
    if as_json:
        emit_json(
            {
                "folder": str(folder),
                "files": [str(file) for file in made.files],
                "handler": made.handler,
                "left_out": made.left_out,
                "keys": [each.place for each in keys],
                "import_error": problem,
                "lacking": [each.name for each in missing],
            }
        )
        return 0
    _say_list(f"made in {folder}:", made.files)
    if own is not None:
        _say_taken(own, made.left_out, problem)
    for each in keys:
        _say_wrapped(f"{each.place} {each.what}. Take it out before anybody else sees the project.")
    for lacks in missing:
        say(f"not installed: {lacks.name}, which {lacks.why}. To install it:")
        say(f"  {lacks.install}", verbatim=True)
    if ci:
        _say_role()
    _say_next(folder, "pytest", "rft replay", "sam build && rft doctor")
    return 0


def _say_taken(own: HandlerFile, left_out: tuple[str, ...], problem: str | None) -> None:
    """Say what of the user's went into the project, and what does not work yet."""
    _say_list("copied as they are:", sorted(set(own.files) - set(left_out)))
    for path in left_out:
        say(f"not copied: {path}, since the project has its own file of that name")
    say("Files that the handler opens under a computed name are not found: copy those.")
    if own.packages:
        _say_list("packages it imports (check requirements.txt):", own.packages)
    if problem:
        say(f"The handler cannot be imported here yet: {problem}")


def _say_list(title: str, names: Iterable[object]) -> None:
    """Say a list, in lines that a terminal of 80 columns holds."""
    _say_wrapped(f"{title} {', '.join(map(str, names))}")


def _say_wrapped(text: str) -> None:
    say(textwrap.fill(text, 80, subsequent_indent="  ", break_on_hyphens=False))


def _add(folder: Path, name: str, as_json: bool) -> int:
    from harness.projects.added_grader import add_grader
    from harness.projects.template_text import NoPlace

    try:
        added = add_grader(folder, name)
    except NoPlace as error:
        say(error.lines, err=True, verbatim=True)
        raise
    if as_json:
        emit_json(
            {
                "grader": added.grader,
                "handler": added.handler,
                "logical_id": added.logical_id,
                "files": [str(file) for file in added.files],
                "template": str(added.template),
            }
        )
        return 0
    grader, requirements, test = added.files
    say(f"{grader}: the grader. Write here what it pays for.")
    say(f"{requirements}: its own packages in Lambda")
    say(f"{test}: its test")
    say(f"{added.template}: its function, {added.logical_id}")
    replay = [f"rft replay rollouts.jsonl --grader {added.grader}"]
    _say_next(
        folder,
        f"pytest {test}",
        *(replay if (folder / "rollouts.jsonl").exists() else []),
        "make deploy-local",
    )
    return 0


def _say_next(folder: Path, *commands: str) -> None:
    say("next:")
    enter = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    for each in [*enter, *commands]:
        say(f"  {each}", verbatim=True)
