"""`rft init`: creates a project or adds a grader to one."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import LOCAL_PATH, json_option, name_option
from harness.cli.output import emit_json, say

if TYPE_CHECKING:
    from harness.projects.handler_file import HandlerFile


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=LOCAL_PATH)
@name_option("Give the project and its stack this name; by default the folder's name.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=LOCAL_PATH,
    help="Make the project around the Lambda handler in this Python file, copied unchanged.",
)
@click.option(
    "--handler",
    metavar="MODULE.FUNCTION",
    help="Use this handler from that file, if several functions could be the handler.",
)
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(["number", "choice", "json", "tools", "sql", "text", "code", "judge"]),
    help="Grade with a ready check of this kind, described in grader.toml, instead of Python: number, "
    "choice, json, tools, sql, text, code or judge.",
)
@click.option(
    "--add",
    metavar="NAME",
    help="Add a grader with this name, such as receipt-total, to the project in DIR, by default here.",
)
@click.option(
    "--ci", is_flag=True, help="Add a GitHub workflow, to a new project or to one that has an rft.toml."
)
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
    """Make a new project in DIR: a five-line grader, samples, a replay test, and a SAM template.

    DIR must be new or empty: nothing is overwritten. With --from, the project is made around an existing
    Lambda handler: its file is copied, with the files next to it that it imports or names, and imported once
    to find missing packages. With --kind, the project grades with a ready check, without Python; grader.toml
    names the check, and `rft graders` lists all of them.

    With --add, an existing project gets another grader: a folder with the grader and its own
    requirements.txt, a test, and a resource in template.yaml.

    With --ci, the project gets a GitHub workflow that runs its tests, `rft validate` and `rft replay`, writes
    a report, and deploys the main branch. DIR may be an existing project; the default is the current folder's
    project.

    Exit codes: 0 the files were made; 2 the folder is not empty, a name is not valid, or the file has no
    handler.
    """
    if add is not None:
        if name or source or handler or kind or ci:
            raise click.UsageError("--add takes no --name, --from, --handler, --kind or --ci.")
        return _add(folder or Path(), add, as_json)
    if kind and source:
        raise click.UsageError("--kind and --from both name a grader: leave one out.")
    if ci and not (name or source or handler or kind) and _is_project(folder):
        return _add_workflow(folder or Path(), as_json)
    if folder is None:
        raise click.UsageError("Name the new folder: rft init my-grader.")
    if handler is not None and source is None:
        raise click.UsageError("--handler names a function of the file that --from names.")
    return _make(folder, name, source, handler, kind, ci, as_json)


def _is_project(folder: Path | None) -> bool:
    """Return True if the workflow is for an existing project."""
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
        _say_wrapped(f"{each.place} {each.what}. Remove it before anybody else sees the project.")
    for lacks in missing:
        say(f"not installed: {lacks.name}, which {lacks.why}. To install it:")
        say(f"  {lacks.install}", verbatim=True)
    if ci:
        _say_role()
    _say_next(folder, "pytest", "rft replay", "sam build && rft doctor")
    return 0


def _say_taken(own: HandlerFile, left_out: tuple[str, ...], problem: str | None) -> None:
    """Print the files that were copied into the project and the remaining problems."""
    _say_list("copied unchanged:", sorted(set(own.files) - set(left_out)))
    for path in left_out:
        say(f"not copied: {path}, because the project has its own file with that name")
    say("Files that the handler opens under a computed name were not found: copy them yourself.")
    if own.packages:
        _say_list("packages it imports (check requirements.txt):", own.packages)
    if problem:
        say(f"The handler cannot be imported here yet: {problem}")


def _say_list(title: str, names: Iterable[object]) -> None:
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
    say(f"{grader}: the grader. Write your reward here.")
    say(f"{requirements}: its packages in Lambda")
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
