"""The click group behind `rft`, which runs a verb and converts errors to one message and an exit code.

A verb is imported only when it is run. `rft --help` imports no verb.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from harness.cli.groups import GROUPS, VERBS, module_of
from harness.cli.output import open_streams, printable, say
from harness.errors import HarnessError, InputError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["rft", "run"]


class _ReaderGone(Exception):
    """Raised when the process reading stdout has closed the pipe."""


@contextmanager
def _noticing_a_reader_gone() -> Iterator[None]:
    """Raise `_ReaderGone` for a broken pipe. click itself would exit with 1, the code for findings."""
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGone from error


@contextmanager
def _telling_settings(context: click.Context) -> Iterator[None]:
    """Add the related lines of the project's `rft.toml` to an error."""
    try:
        yield
    except click.ClickException as error:
        from harness.cli.configured import told

        raise told(context, error) from None
    except InputError as error:
        from harness.cli.configured import sources_of

        for source in sources_of(context, str(error)):
            error.add_note(source)
        raise


class LazyGroup(click.Group):
    """A click group that imports a verb when it is run and lists all verbs without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of `GROUPS`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(module_of(cmd_name)).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb and fill in the settings. On its own, click would suggest only imported verbs."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=VERBS, ctx=ctx)
        name, command, rest = super().resolve_command(ctx, args)
        ignored = ctx.resilient_parsing or ctx.params.get("no_config")
        if name is not None and command is not None and not ignored:
            from harness.cli.configured import fill

            fill(ctx, name, command, rest)
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a verb name from `VERBS`, because click itself would import every verb for its help."""
        from click.shell_completion import CompletionItem

        if incomplete[:1] == "-":
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(verb, help=VERBS[verb]) for verb in VERBS if verb.startswith(incomplete)]

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Parse the options. Options such as `--version` print their output here."""
        with _noticing_a_reader_gone():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb."""
        with _noticing_a_reader_gone(), _telling_settings(ctx):
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs by group with their one-line help."""
        width = max(map(len, VERBS))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(verb.ljust(width), line) for verb, line in verbs.items()])


# Verbs that write their whole output in one step, at the end.
_WHOLE = ("import", "audit", "convert")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 good; 1 findings, differences or a failed job; 2 usage, input or not measured;"
    " 3 a service could not be reached (the same command resumes); 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    help="Show the version and exit.",
    callback=lambda c, _, v: _version(c, v),
)
@click.option("--no-config", is_flag=True, help="Ignore the project's rft.toml.")
def rft(no_config: bool) -> None:
    """Reward functions for reinforcement fine-tuning on AWS: write, replay, deploy, train."""


def _version(context: click.Context, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from importlib.metadata import version

        say(f"rft {version('rft-graders')}")
        context.exit()


def run(arguments: list[str]) -> int:
    """Run one verb.

    Args:
        arguments: The words after `rft`.

    Returns:
        The exit code.
    """
    open_streams()
    try:
        code = rft.main(arguments, prog_name="rft", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except HarnessError as error:
        say(f"rft: {error}", err=True)
        for note in getattr(error, "__notes__", ()):
            say(f"note: {printable(note)}", err=True, dim=True)
        return error.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        (_renamed(error) or error).show(file=shown)
        say(shown.getvalue().rstrip("\n"), err=True)
        return 2
    except (KeyboardInterrupt, click.Abort):
        say(f"\nrft: interrupted; {_again(arguments)}", err=True)
        return 130
    except _ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes stdout again at exit
        return 141  # a shell's code for a process that SIGPIPE ended
    except OSError as error:
        return _tell(error, arguments)


def _renamed(error: click.ClickException) -> click.UsageError | None:
    """Return a message for an option that was renamed after version 0.1, or None for other options."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return None
    from harness.cli.options import replaced_by

    now = replaced_by(str(error.ctx.command.name), error.option_name)
    return None if now is None else click.UsageError(f"{error.option_name} is now {now}.", error.ctx)


def _again(arguments: list[str]) -> str:
    """Return a clause that says what running the same command again will do."""
    verb = next((each for each in arguments if not each.startswith("-")), "")
    return "nothing was written: run it again" if verb in _WHOLE else "the same command resumes"


def _tell(error: OSError, arguments: list[str]) -> int:
    """Report an operating system error and return the exit code."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    place = f"{error.filename}: " if error.filename else ""
    fix = f". Free some space; {_again(arguments)}." if full else ""
    say(f"rft: {printable(place)}{error.strerror or error}{fix}", err=True)
    return 3 if full else 2
