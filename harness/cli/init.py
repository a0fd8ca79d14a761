"""`rft init`: begin a project of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import json_option, name_option
from harness.cli.output import emit_json, say


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@name_option("Give project and stack this name; the folder's name by default.")
@json_option
def command(folder: Path, name: str | None, as_json: bool) -> int:
    """Make a new project in DIR: a grader of five lines, samples, a replay test, and a SAM template.

    DIR must not exist or be empty: nothing is overwritten.

    Exit codes: 0 made; 2 the folder is not empty or the name cannot be one.
    """
    from harness.projects.scaffold import GRADER, make_project

    files = make_project(folder, name)
    if as_json:
        emit_json({"folder": str(folder), "files": [str(file) for file in files], "grader": GRADER})
        return 0
    say(f"{folder}: {', '.join(str(file) for file in files)}")
    say(f"next: cd {folder}")
    say("      pytest")
    say(f"      rft replay rollouts.jsonl --grader {GRADER} --label is_right")
    say("      sam build && rft doctor")
    return 0
