"""`rft`: finds the verb, runs it, and turns what goes wrong into one message and an exit code.

0 good; 1 findings, differences or a failed job; 2 usage, input or not measured; 3 a service that could not be
reached (the same command resumes); 130 interrupted. Verbs are imported when they are called: `rft --help`
loads none of them.
"""

from __future__ import annotations

import errno
import importlib
import sys

import click

from harness.errors import HarnessError

VERBS = {
    "demo": "The whole path on samples that ship with the package: start here.",
    "init": "Begin a project of your own: grader, samples, replay test, template.",
    "validate": "Check a training file before a job does.",
    "rollout": "Ask a model for completions of records, and keep them as a rollouts file.",
    "replay": "Run recorded rollouts through a grader and keep every reward.",
    "show": "Look at a replay run: rewards, groups, errors, single samples.",
    "rehearse": "Run a training job on this machine, and see what the grader would breed.",
    "evaluate": "Compare models on held-out records with one grader.",
    "emulate": "Serve the fine-tuning API on this machine; jobs run over recorded completions.",
    "submit": "Check data and grader, upload, and create a fine-tuning job, once.",
    "jobs": "List the fine-tuning jobs, or show one.",
    "watch": "Follow a job: progress, curves, warnings; survives network loss and restarts.",
    "events": "List a job's events.",
    "checkpoints": "List a job's checkpoints.",
    "cancel": "Cancel a job.",
    "chat": "Ask a tuned model, a checkpoint or a base model.",
    "files": "List or delete uploaded files.",
    "doctor": "Look over template, artifact and deployed function before a job does.",
    "parity": "Grade the same samples here, in the built artifact and in AWS, and compare.",
    "stack": "Show which graders a CloudFormation stack has deployed.",
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
    except OSError as error:
        return _tell(error)


def _tell(error: OSError) -> int:
    """Say what the operating system refused; return the exit code."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    place = f"{error.filename}: " if error.filename else ""
    fix = ". Make room, and the same command goes on." if full else ""
    click.echo(f"rft: {place}{error.strerror or error}{fix}", err=True)
    return 3 if full else 2


if __name__ == "__main__":
    sys.exit(main())
