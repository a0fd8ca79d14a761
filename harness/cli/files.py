"""`rft files`: the training files on the service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.api.safe_text import plain_text
from harness.cli.options import json_option, name_option, yes_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options

if TYPE_CHECKING:
    from harness.api.types import FileObject


class _Listing(click.Group):
    """A group that lists when no word says otherwise, so that `rft files --json` works."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` first where no subcommand is named."""
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
    with service.connect() as client:
        files = list(client.files())
    if as_json:
        emit_json({"files": files})
        return 0
    if not files:
        say("no files")
    for file in files:
        _line(file)
    return 0


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
    emit_json(file) if as_json else _line(file)
    return 0


@command.command("upload")
@click.argument("path", type=click.Path(path_type=Path))
@name_option("Give the file this name on the service.")
@service_options
@json_option
def upload_file(path: Path, name: str | None, service: Service, as_json: bool) -> int:
    """Upload a training file. `rft submit` uploads its own."""
    if service.shows(lambda client: client.upload(path, name)):
        return 0
    with service.connect() as client:
        file = client.upload(path, name)
    emit_json(file) if as_json else _line(file)
    return 0


@command.command("delete")
@click.argument("file_ids", nargs=-1, required=True)
@yes_option
@service_options
@json_option
def delete_files(file_ids: tuple[str, ...], yes: bool, service: Service, as_json: bool) -> int:
    """Delete files. Jobs that were already created keep what they have read."""
    if service.shows(*[lambda client, file=file: client.delete_file(file) for file in file_ids]):
        return 0
    from harness.cli.cancel import confirm

    if not yes:
        confirm(f"Delete {len(file_ids)} file(s)?")
    with service.connect() as client:
        deleted = [client.delete_file(file_id) for file_id in file_ids]
    if as_json:
        emit_json({"deleted": deleted})
    else:
        for answer in deleted:
            say(f"deleted {answer.get('id')}")
    return 0


def _line(file: FileObject) -> None:
    words = (file.get("id"), f"{file.get('bytes')} bytes", at(file.get("created_at")), file.get("filename"))
    say("  ".join(plain_text(str(word)) for word in words))
