"""`rft files`: manages the training files on the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from harness.api.safe_text import plain_text
from harness.api.seen import as_text
from harness.cli.columns import say_columns
from harness.cli.options import DATA, json_option, name_option, yes_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options, tell_incomplete, tell_no_id
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.api.seen import SeenFile
    from harness.data.sources import Source


class _Listing(click.Group):
    """A command group whose default subcommand is `list`, so that `rft files --json` works."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("files", cls=_Listing)
def command() -> None:
    """List, upload, show or delete training files on the service; `rft files` lists them."""


@command.command("list")
@service_options
@json_option
def list_files(service: Service, as_json: bool) -> int:
    """List the files for fine-tuning."""
    if service.shows(lambda client: next(client.files())):
        return 0
    from harness.api.pages import gathered

    with service.connect() as client:
        found = gathered(client.files())
    if as_json:
        emit_json({"files": [file.raw for file in found.elements], "incomplete": found.incomplete})
    elif found.elements:
        _tell(found.elements)
    elif found.incomplete is None:
        say("no files")
    return tell_incomplete(found)


@command.command("show")
@click.argument("file_id")
@service_options
@json_option
def show_file(file_id: str, service: Service, as_json: bool) -> int:
    """Show one file."""
    if service.shows(lambda client: client.file(file_id)):
        return 0
    with service.connect() as client:
        file = client.file(file_id)
    emit_json(file.raw) if as_json else _tell([file])
    return tell_no_id(file.id, file.raw)


@command.command("upload")
@click.argument("data", metavar="DATA", type=DATA)
@name_option("Give the file this name on the service.")
@service_options
@json_option
def upload_file(data: Source, name: str | None, service: Service, as_json: bool) -> int:
    """Upload a training file. `rft submit` uploads its own."""
    if service.shows(lambda client: client.upload(data, name)):
        return 0
    with service.connect() as client:
        file = client.upload(data, name)
    emit_json(file.raw) if as_json else _tell([file])
    return 0


@command.command("delete")
@click.argument("file_ids", nargs=-1, required=True)
@yes_option
@service_options
@json_option
def delete_files(file_ids: tuple[str, ...], yes: bool, service: Service, as_json: bool) -> int:
    """Delete files. Jobs that have already read them are not affected.

    Exit codes: 0 all deleted; 1 the service did not delete one; 2 the service refused one; 3 the service
    could not be reached.
    """
    if service.shows(*[lambda client, file=file: client.delete_file(file) for file in file_ids]):
        return 0
    from harness.cli.cancel import confirm

    if not yes:
        confirm(f"Delete {len(file_ids)} file(s)?")
    outcomes: list[dict[str, object]] = []
    code = 0
    with service.connect() as client:
        for file_id in file_ids:
            try:
                answer = client.delete_file(file_id)
            except HarnessError as error:
                outcomes.append({"id": file_id, "deleted": False, "error": str(error)})
                code = code or error.exit_code
                continue
            kept = None if answer.deleted else f"the service answered {plain_text(as_text(answer.raw))}"
            outcomes.append({"id": file_id, "deleted": answer.deleted, "error": kept})
            code = code or (0 if answer.deleted else 1)
    if as_json:
        emit_json({"deleted": outcomes})
        return code
    for outcome in outcomes:
        shown = plain_text(str(outcome["id"]))
        if outcome["deleted"]:
            say(f"deleted {shown}")
        else:
            say(f"rft: {shown} was not deleted: {outcome['error']}", err=True)
    return code


def _tell(files: Sequence[SeenFile]) -> None:
    say_columns(
        ("file", "bytes", "created", "name"),
        [
            (
                file.id or file.odd.get("id"),
                file.odd.get("bytes") if file.bytes is None else file.bytes,
                at(file.created_at),
                file.name or file.odd.get("filename"),
                as_text(file.raw) if file.id is None else None,
            )
            for file in files
        ],
    )
