"""Runs all checks of `rft doctor` in deployment order: template, artifact, function.

Only the checks of deployed functions and the calls to judges use a service and need credentials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.deploy.artifact_checks import check_artifact
from harness.deploy.build_completeness import check_completeness
from harness.deploy.checklist import finding
from harness.deploy.container_image import image_function
from harness.deploy.function_checks import JobSettings, check_function
from harness.deploy.judge_checks import check_judges, unanswered
from harness.deploy.judge_question import ask_judges
from harness.deploy.regions import KnownRegion, check_region
from harness.deploy.samconfig import read_samconfig
from harness.deploy.shadowing import check_folder
from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.findings import Finding, Place, Severity, count_by_severity, worst
from harness.localaws.template import DeclaredFunction, read_declared
from harness.targets.built import BUILD, built_functions

__all__ = ["Diagnosis", "examine_functions", "examine_project", "find_template"]

_UNQUALIFIED = 6
"""Number of colons in a function ARN that has no version or alias."""
_USUAL = ("template.yaml", "template.yml", "template.json")


@dataclass(slots=True)
class Diagnosis:
    """All findings of an `rft doctor` run."""

    looked_at: list[str] = field(default_factory=list)
    """Templates, artifacts and functions, in the order in which they were checked."""
    findings: list[Finding] = field(default_factory=list)
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Measurements of artifacts, by the function's logical ID."""
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Measurements of deployed functions, by ARN."""

    @property
    def failed(self) -> bool:
        """True if any finding is an error."""
        found = worst(self.findings)
        return found is not None and found >= Severity.ERROR

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as JSON."""
        counts = count_by_severity(self.findings)
        return {
            "looked_at": self.looked_at,
            "findings": [one.to_json() for one in self.findings],
            "counts": {severity.value: count for severity, count in counts.items()},
            "artifacts": self.artifacts,
            "functions": self.functions,
        }


def find_template(folder: Path) -> Path | None:
    """Find the template that `sam build` uses in a folder, from `samconfig.toml` or by the usual names.

    Args:
        folder: The project's folder.

    Raises:
        InputError: `samconfig.toml` cannot be read.
    """
    config = read_samconfig(folder)
    if config is not None and config.template is not None:
        return folder / config.template
    return next((folder / name for name in _USUAL if (folder / name).is_file()), None)


def examine_project(
    diagnosis: Diagnosis,
    template: Path,
    artifact: Path | None,
    region: KnownRegion | None,
    job: JobSettings,
    ask: Path | None = None,
) -> None:
    """Check a template, its folder and the build made from it.

    Args:
        diagnosis: Receives the findings.
        template: The source template, not the built template.
        artifact: The build's folder, or None for `.aws-sam/build` next to the template.
        region: The Region of the deployment, or None if unknown.
        job: The job that would call the template's functions.
        ask: Rollouts to send to the graders' judges, or None to call no judge.

    Raises:
        InputError: The template or the rollouts cannot be read.
        ServiceError: A judge's service cannot be reached.
    """
    if not template.is_file():
        fix = "Run this in the project's folder, or pass --template. `rft init` makes a project."
        raise InputError("there is no template here", place=str(template), fix=fix)
    folder = template.resolve().parent
    diagnosis.looked_at.append(str(template))
    config = read_samconfig(folder)
    parameters = dict(config.parameters) if config is not None else {}
    if config is not None and parameters:
        # `sam deploy` uses these values instead of the template's defaults.
        diagnosis.looked_at.append(f"parameter_overrides in {template.parent / config.path.name}")
    diagnosis.findings += check_template(template, parameters)
    diagnosis.findings += check_folder(folder)
    if region is not None:
        place = Place(file=region.source)
        diagnosis.findings += check_region(region.name, place, job_region=job.region, model=job.model)
    elif job.region or job.model:
        text = "whether the job and its model are in the graders' Region: no Region is known"
        fix = "Write --region, set AWS_REGION, or write region in samconfig.toml."
        diagnosis.findings.append(finding("D050", text, str(template), fix=fix))
    for declared in read_declared(template, parameters).values():
        if declared.image:
            _examine_image(diagnosis, declared, template, parameters)
    _examine_build(diagnosis, template, artifact, parameters, ask)


def _examine_build(
    diagnosis: Diagnosis,
    template: Path,
    artifact: Path | None,
    parameters: Mapping[str, str],
    ask: Path | None,
) -> None:
    folder = template.resolve().parent
    build = artifact or template.parent / BUILD
    if artifact is None and not (build / "template.yaml").is_file():
        diagnosis.findings.append(finding("D020", "there is no artifact to check", str(build)))
        if ask is not None:
            text = "which parameters judges accept: nothing is built, so no judge is known"
            diagnosis.findings.append(finding("D050", text, str(build), fix="Run `sam build`."))
        return
    built_template, functions = built_functions(build, parameters)
    if artifact is None or not (artifact.parent / "template.yaml").is_file():  # more than one function
        diagnosis.findings += check_completeness(template, built_template.parent, functions, parameters)
    for logical_id, spec in functions.items():
        diagnosis.looked_at.append(f"{build}: {logical_id}")
        found, measured = check_artifact(spec, folder)
        diagnosis.findings += [
            *found,
            *check_judges(spec, logical_id, measured.judges, template, parameters),
        ]
        if measured.judges and ask is not None:
            asked = ask_judges(spec, folder, measured.judges, ask)
            measured = replace(measured, judges=asked.models)
            diagnosis.findings += unanswered(asked, str(ask))
        diagnosis.artifacts[logical_id] = asdict(measured)
    if ask is not None and not any(figures["judges"] for figures in diagnosis.artifacts.values()):
        text = "which parameters judges accept: no function that is built here has a judge"
        fix = "Build a function whose grader calls a model, and name it with --artifact."
        diagnosis.findings.append(finding("D050", text, str(build), fix=fix))


def _examine_image(
    diagnosis: Diagnosis, declared: DeclaredFunction, template: Path, parameters: Mapping[str, str]
) -> None:
    """Check the files for a function's image. The image itself can be built only by a container engine."""
    folder = template.resolve().parent
    name, place = declared.logical_id, str(declared.code or folder)
    if declared.refused:
        text = f"{name} has PackageType: Image and {' and '.join(declared.refused)}"
        diagnosis.findings.append(finding("D033", text, place))
    spec = image_function(declared)
    if spec is None:
        text = f"the files that go into the image of {name} are not here, so none of them was checked"
        fix = f"`make image-{name}` writes them to .aws-sam/images/{name}; name it as DockerContext."
        diagnosis.findings.append(finding("D050", text, place, fix=fix))
        return
    found, measured = check_artifact(spec, folder)
    diagnosis.looked_at.append(place)
    diagnosis.findings += [*found, *check_judges(spec, name, measured.judges, template, parameters)]
    diagnosis.artifacts[name] = asdict(measured)


def examine_functions(
    diagnosis: Diagnosis,
    arns: Sequence[str],
    job: JobSettings,
    built: Mapping[str, str] | None = None,
) -> None:
    """Check functions in AWS.

    Args:
        diagnosis: Receives the findings.
        arns: ARNs of the functions, with the qualifiers that a job would use.
        job: The job that would call the functions.
        built: Logical IDs of functions whose artifacts were checked, by ARN. For these functions, the judges'
            models are known, so the permission to call them is checked.

    Raises:
        InputError: A function does not exist or boto3 is not configured.
        ServiceError: AWS cannot be reached or refuses the request.
    """
    for arn in arns:
        known = diagnosis.artifacts.get((built or {}).get(arn, ""), {})
        models = [judge["model"] for judge in known.get("judges", ()) if judge["service"] == "bedrock"]
        found, figures = check_function(arn, job, models)
        diagnosis.looked_at.append(arn)
        # A finding shared by several functions (a role, the caller) is reported once.
        diagnosis.findings += [one for one in found if one not in diagnosis.findings]
        diagnosis.functions[arn] = figures
    if any(arn.count(":") > _UNQUALIFIED for arn in arns):
        # RLVRTrainer of sagemaker-train 1.27.0 treats any ARN that its LAMBDA_ARN_REGEX does not match as
        # the ARN of an evaluator. Evaluator.create accepts any Lambda ARN, but the verifier then treats it as
        # a file.
        text = "sagemaker-train 1.27.0 refuses an ARN with a version or alias; jobs on Bedrock do not use it"
        diagnosis.findings.append(finding("D068", text))
