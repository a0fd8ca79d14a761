"""The table of faults that `rft doctor` can find, each with id, severity, description and fix.

An id never changes its meaning. An `error` means that the job would fail, or would train on a different
reward than the one that was measured. A `warning` means that this may happen or that the grader costs or
exposes more than necessary. A `note` gives useful information or names something that could not be checked.
The same fault has the same id in the template, in the artifact and in AWS.
"""

from __future__ import annotations

from harness.findings import Finding, Place, Rule, Severity

__all__ = ["RULES", "finding"]


_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        # A function's settings, in the template or in AWS.
        Rule("D001", _W, "timeout", "Set Timeout to at least 60, with a margin over the slowest batch."),
        Rule("D002", _W, "memory", "Set MemorySize to 512: CPU time grows with it."),
        Rule("D003", _W, "no published version", "Set AutoPublishAlias and submit the version's ARN."),
        Rule(
            "D004",
            _N,
            "a changed setting publishes no version",
            "Set AutoPublishAliasAllProperties: true.",
        ),
        Rule("D005", _W, "logs are kept forever", "Give the log group RetentionInDays."),
        Rule("D006", _W, "content is logged", "Remove GRADER_LOG_CONTENT once you have found the fault."),
        Rule("D007", _E, "allowed to do anything", "Name each action and its resources."),
        Rule("D008", _W, "allowed everywhere", "Name the resources instead of *."),
        Rule("D009", _E, "runtime has ended", "Set Runtime to python3.13."),
        Rule("D010", _N, "runtime ends soon", "Set Runtime to python3.13."),
        Rule("D011", _E, "no grader", "Add an AWS::Serverless::Function with a Python runtime."),
        Rule("D012", _W, "no alarms", "Add alarms. Without them nobody notices that the grader fails."),
        Rule(
            "D013",
            _W,
            "a changed parameter publishes no version",
            "Name the parameter in the function's VersionDescription, or replace it with its value.",
        ),
        Rule("D014", _E, "outside Lambda's limits", "Set it to a value that Lambda allows."),
        Rule("D015", _W, "handler not found", "Write Handler as module.function, relative to CodeUri."),
        Rule("D016", _E, "no recipe", "Add the target build-NAME, which fills $(ARTIFACTS_DIR)."),
        Rule(
            "D017", _W, "a sample may take longer than the call", "Set Timeout above the grader's timeout_s."
        ),
        Rule("D018", _W, "a changed parameter deletes a version", "Set UpdateReplacePolicy: Retain."),
        Rule("D019", _W, "removal deletes the versions", "Set DeletionPolicy: RetainExceptOnCreate."),
        # The artifact.
        Rule("D020", _W, "not built", "Run `sam build`."),
        Rule(
            "D021",
            _E,
            "too large",
            "Lambda accepts 250 MB unzipped: leave out what the grader does not import.",
        ),
        Rule("D022", _E, "cannot be imported", "Add what is missing: Lambda cannot import it either."),
        Rule("D023", _W, "slow to import", "Import heavy packages inside the function that needs them."),
        Rule(
            "D024", _W, "contains what the runtime has", "Leave boto3 and botocore out of the requirements."
        ),
        Rule("D025", _W, "contains what no grader needs", "Leave the harness and tests out of the artifact."),
        Rule(
            "D026",
            _W,
            "bytecode for another Python",
            "Build again with the runtime's minor version of Python.",
        ),
        Rule(
            "D027",
            _N,
            "no bytecode",
            "Install the runtime's version of Python before building: cold starts take half the time.",
        ),
        Rule("D028", _E, "without the library", "Build it with `python -m harness.deploy.artifact`."),
        Rule("D029", _E, "differs from the installed library", "Run `sam build` again."),
        Rule("D030", _E, "older than the sources", "Run `sam build` again."),
        Rule("D031", _E, "compiled for another system", "Install wheels for Lambda's platform."),
        Rule(
            "D032",
            _N,
            "larger than necessary",
            "A cold start loads all of it: leave out what is not imported.",
        ),
        Rule(
            "D033",
            _E,
            "an image with settings that SAM refuses",
            "Move them from Globals into the other functions; an image's Runtime goes into its Metadata.",
        ),
        Rule(
            "D034",
            _E,
            "a later import fails",
            "Add the package to the requirements, or the file to the sources.",
        ),
        Rule(
            "D035", _N, "a conditional import fails", "Add the package, unless the grader works without it."
        ),
        Rule("D036", _E, "may not call its judge", "Name the model in the template's parameter JudgeModel."),
        Rule(
            "D037", _W, "no key for its judge", "Set the variable in the template, from one of your secrets."
        ),
        Rule("D038", _E, "its judge does not answer", "Do what the message says, then ask again."),
        # The project's folder.
        Rule("D040", _E, "hides the library", "Rename it: Python imports it instead of the library."),
        Rule("D050", _N, "not checked", "Check it yourself, or check the deployed function with --arn."),
        # Functions in AWS, apart from their settings.
        Rule("D060", _E, "not ready", "Look at the function in the Lambda console, or deploy again."),
        Rule("D061", _W, "not a published version", "Submit the version's ARN: `rft stack` shows it."),
        Rule("D062", _E, "cannot run", "Remove the reserved concurrency of 0."),
        Rule("D063", _W, "little concurrency", "Raise the reserved concurrency or the account's quota."),
        Rule("D064", _W, "cannot write its log", "Allow logs:CreateLogStream and logs:PutLogEvents."),
        Rule(
            "D065",
            _W,
            "may not be called",
            "Attach the stack's SubmitterPolicy to the identity that submits jobs.",
        ),
        Rule("D066", _E, "in a different region than the job", "Deploy the grader in the job's region."),
        Rule("D067", _W, "the model is not tuned there", "Choose another region or model."),
        Rule(
            "D068",
            _N,
            "SageMaker's SDK takes no version",
            "For a SageMaker job, pass Evaluator.create(type='RewardFunction', source=ARN) and "
            "skip_reward_validation=True.",
        ),
        Rule("D069", _N, "could not be checked", "Ask somebody with permission, or use other credentials."),
    )
}


def finding(rule: str, message: str, place: Place | str | None = None, *, fix: str | None = None) -> Finding:
    """Create a finding from a rule.

    Args:
        rule: The rule's id.
        message: A description of the fault.
        place: The place of the fault. A string is a path, an ARN or similar.
        fix: The fix, if the rule's own fix does not apply.
    """
    known = RULES[rule]
    where = Place(file=place) if isinstance(place, str) else place
    return Finding(rule, known.severity, message, where, fix=fix or known.fix)
