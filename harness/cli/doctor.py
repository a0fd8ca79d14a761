"""`rft doctor`: checks a grader's template, artifact and deployed function before a job uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import (
    LOCAL_PATH,
    artifact_option,
    check_function,
    deployed_options,
    json_option,
    model_option,
)
from harness.cli.output import SEVERITY_STYLES, emit_json, stdout_console
from harness.printable import filled

if TYPE_CHECKING:
    from harness.deploy.doctor import Diagnosis
    from harness.findings import Finding


@click.command("doctor")
@click.option(
    "--template",
    "templates",
    type=LOCAL_PATH,
    multiple=True,
    help="Check this SAM template; by default the one that `sam build` uses. Repeatable.",
)
@artifact_option
@deployed_options(multiple=True)
@click.option(
    "--job-region", metavar="REGION", help="Check for a job in this Region; by default the function's own."
)
@model_option("Check that this model can be tuned in the job's Region.")
@click.option(
    "--ask-judge",
    metavar="ROLLOUTS",
    type=LOCAL_PATH,
    help="Ask the judges about samples from this file until each has answered. The service charges for this.",
)
@json_option
def command(
    templates: tuple[Path, ...],
    artifact: Path | None,
    stack: str | None,
    function: str | None,
    arns: tuple[str, ...],
    region: str | None,
    job_region: str | None,
    model: str | None,
    ask_judge: Path | None,
    as_json: bool,
) -> int:
    """Check the template, build and project folder; with --stack or --arn, also the deployed functions.

    Without --stack, --arn and --ask-judge, it needs no credentials and sends nothing from this machine.

    With --ask-judge, it asks the judges of the built graders from here, and reports how each model gives its
    verdict. The service then compiles the verdict's schema, so no sample of a job waits for it.

    Exit codes: 0 nothing worse than a warning; 1 an error was found; 2 nothing to check; 3 AWS refused a
    request.
    """
    from harness.deploy.doctor import Diagnosis, examine_functions, examine_project, find_template
    from harness.deploy.function_checks import JobSettings
    from harness.deploy.regions import find_region

    check_function(function, stack)
    diagnosis = Diagnosis()
    usual = find_template(Path())
    if not templates and (artifact or usual or not (stack or arns)):
        templates = (usual or Path("template.yaml"),)
    for template in templates:
        known = find_region(region, stack, template.parent)
        examine_project(diagnosis, template, artifact, known, JobSettings(job_region, model), ask_judge)
    chosen, policy = list(arns), None
    built: dict[str, str] = {}
    if stack is not None:
        from harness.deploy.outputs import read_stack

        known = find_region(region, stack, templates[0].parent if templates else Path())
        found = read_stack(stack, known.name if known else None)
        policy = found.submitter_policy
        built = {one.arn: name for name, one in found.graders.items()}
        chosen += [found.arn(function)] if function else [one.arn for one in found.graders.values()]
    examine_functions(diagnosis, chosen, JobSettings(job_region, model, policy), built)
    if as_json:
        emit_json(diagnosis.to_json())
    else:
        _tell(diagnosis)
    return int(diagnosis.failed)


def _tell(diagnosis: Diagnosis) -> None:
    from harness.deploy.checklist import RULES
    from harness.findings import count_by_severity

    console = stdout_console()
    for name, figures in diagnosis.artifacts.items():
        console.print(filled(f"{name}: {_artifact(figures)}"))
        for judge in figures["judges"]:
            console.print(filled(f"{name} asks the judge {_judge(judge)}"))
    for arn, figures in diagnosis.functions.items():
        console.print(filled(f"{arn}: {_function(figures)}"))
    for one in sorted(diagnosis.findings, key=lambda one: -one.severity.rank):
        head = f"{one.severity.value} {one.id} {RULES[one.id].title}"
        console.print(head, style=SEVERITY_STYLES[one.severity.value])
        console.print(filled(f"{_place(one)}{one.message}", "  "))
        if one.fix:
            console.print(filled(one.fix, "  "), style="dim")
    counts = count_by_severity(diagnosis.findings)
    said = [f"{count} {severity.value}{'s' * (count > 1)}" for severity, count in counts.items() if count]
    console.print(filled(f"checked {len(diagnosis.looked_at)}: {', '.join(diagnosis.looked_at)}"))
    console.print(", ".join(said) or "no findings")


def _place(one: Finding) -> str:
    """Return the place of a finding, as a relative path if it is in the current folder."""
    return f"{str(one.place).removeprefix(f'{Path.cwd()}/')}: " if one.place else ""


def _artifact(figures: dict[str, Any]) -> str:
    import_ms = figures["import_ms"]
    took = "it cannot be imported" if import_ms is None else f"imported in {import_ms:,.0f} ms"
    compiled = ", ".join(figures["bytecode"]) or "no"
    size = f"{figures['bytes_unzipped'] / 1e6:.2f} MB, {figures['bytes_zipped'] / 1e6:.2f} MB zipped"
    share = figures["processor_share"]
    speed = f", {share:.2f} of a processor" if share < 1 else ""
    return f"{size}, {took}, {compiled} bytecode{speed}"


def _judge(judge: dict[str, Any]) -> str:
    """Describe a judge's model and how it returns verdicts."""
    if judge["parts"] is None:
        return (
            f"{judge['model']} ({judge['service']}); its features are unknown: use --ask-judge ROLLOUTS "
            "to test it"
        )
    where = " ".join([judge["service"], *judge["address"].split()])
    taken = [f"{part}: {value}" for part, value in judge["parts"].items()]
    return f"{judge['model']} ({where}); {', '.join(taken)}"


def _function(figures: dict[str, Any]) -> str:
    return (
        f"{figures['runtime']}, {figures['timeout_s']} s, {figures['memory_mb']} MB,"
        f" code sha256 {figures['code_sha256']}"
    )
