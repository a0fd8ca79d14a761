"""`rft chat`: sends a prompt to a base model, a tuned model or a checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import FiniteNumber, checkpoint_option, jobs_dir_option, json_option
from harness.cli.output import emit_json, say, stderr_console
from harness.cli.service import Service, inference_option, service_options
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.api.inference import Api, ChatQuestion


@click.command("chat")
@click.argument("model")
@click.argument("prompt")
@click.option(
    "--api",
    type=click.Choice(["chat", "responses", "completions"]),
    default="chat",
    show_default=True,
    help="Ask through this API.",
)
@checkpoint_option
@click.option("--system", metavar="TEXT", help="Send this system prompt first.")
@click.option("--max-tokens", metavar="N", type=click.IntRange(1), help="Stop the answer after N tokens.")
@click.option("--temperature", metavar="T", type=FiniteNumber(0), help="Sample at this temperature.")
@jobs_dir_option
@service_options
@inference_option
@json_option
def command(
    model: str,
    prompt: str,
    api: Api,
    checkpoint: int | None,
    system: str | None,
    max_tokens: int | None,
    temperature: float | None,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """Ask MODEL the PROMPT ("-" reads it from stdin) and print the answer.

    MODEL is a model's id, or the name or id of a job, whose tuned model is asked; --checkpoint asks one of
    its checkpoints instead. For a deployment of native Bedrock, give its ARN: rft asks it through Converse.

    Exit codes: 0 the model wrote text; 1 the model wrote no text, or the answer is an error; 2 wrong input; 3
    the service could not be reached.
    """
    from harness.api.inference import ChatQuestion, ask
    from harness.jobs.models import model_of

    if prompt == "-":
        prompt = sys.stdin.read()
    question = ChatQuestion(prompt, system, max_tokens, temperature)
    if service.print_curl:
        _show(jobs_dir, model, checkpoint, question, api, service)
        return 0
    _refuse_native_job(jobs_dir, model)
    with service.connect_to(model) as client:
        reply = ask(client, model_of(client, jobs_dir, model, checkpoint), question, api)
    if as_json:
        emit_json(reply.answer)
    elif reply.instead is None:
        say(reply.text, verbatim=True)
    cut = reply.finish in ("length", "incomplete")
    if reply.instead is not None:
        fix = ". It was cut off: raise --max-tokens." if cut else ""
        say(f"rft: {reply.instead}{fix}", err=True)
        return 1
    if cut and not as_json:
        stderr_console().print("(cut off: raise --max-tokens)")
    return 0


def _refuse_native_job(jobs_dir: Path, given: str) -> None:
    """Reject a native Bedrock job or custom model, because inference requires a deployment."""
    from harness.api.native_names import is_custom_model, is_native_job
    from harness.jobs.models import job_of

    job_id = job_of(jobs_dir, given) or given
    if is_native_job(job_id) or is_custom_model(job_id):
        fix = f"Deploy it with `rft deploy-model {given}`, and ask the ARN that the command prints."
        raise InputError(
            "a model of native Bedrock can be asked only through a deployment", fix=fix, place=job_id
        )


def _show(
    jobs_dir: Path,
    given: str,
    checkpoint: int | None,
    question: ChatQuestion,
    api: Api,
    service: Service,
) -> None:
    from harness.api.inference import ask
    from harness.jobs.models import job_of

    job_id = job_of(jobs_dir, given) or (given if checkpoint is not None else None)
    if job_id is None:
        service.shows(lambda client: ask(client, given, question, api))
        return
    job = job_id

    def find(client: FineTuning) -> object:
        return next(client.checkpoints(job)) if checkpoint is not None else client.job(job)

    name = "CHECKPOINT_MODEL" if checkpoint is not None else "FINE_TUNED_MODEL"
    service.shows(
        find,
        lambda client: ask(client, name, question, api),
        remark=f"the answer to the first request contains {name}",
    )
