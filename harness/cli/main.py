"""`rft`: finds the verb, runs it, and turns what goes wrong into one message and an exit code.

0 good; 1 findings, differences or a failed job; 2 usage, input or not measured; 3 a service that could not be
reached (the same command resumes); 130 interrupted. Verbs are imported when they are called: `rft --help`
loads none of them.
"""

from __future__ import annotations

import importlib
import sys

import click

from harness.errors import HarnessError

VERBS = {
    "demo": "The whole path on samples that ship with the package: start here.",
    "validate": "Check a training file before a job does.",
    "replay": "Run recorded rollouts through a grader and keep every reward.",
    "show": "Look at a replay run: rewards, groups, errors, single samples.",
}


class LazyGroup(click.Group):
    """A group that imports a verb when it is called, and lists all without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which one meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"harness.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs with their one line each."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=lambda c, _, v: _version(c, v)
)
def rft() -> None:
    """Reward functions for reinforcement fine-tuning on AWS: write, replay, deploy, train."""


def _version(context: click.Context, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"rft {version('rft-graders')}")
        context.exit()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `rft`; those of the process when None.

    Returns:
        The exit code.
    """
    try:
        code = rft.main(arguments, prog_name="rft", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except HarnessError as error:
        click.echo(f"rft: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nrft: interrupted; the same command goes on where it stopped", err=True)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
