"""What `rft doctor` looks for, as a table: id, severity, what is wrong, how to fix it.

An id never changes its meaning. `error`: the job would fail, or train on another reward than the one that
was measured; `warning`: it may, or it costs or exposes more than it needs to; `note`: worth knowing, or could
not be looked at. The same id stands for the same fault in the template, in the artifact and in AWS.
"""

from __future__ import annotations

from harness.findings import Finding, Place, Rule, Severity

__all__ = ["RULES", "finding"]


_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        # How a function is set up, in the template or in AWS.
        Rule("D001", _W, "timeout", "Set Timeout to 60 or more, with a margin over the slowest batch."),
        Rule("D002", _W, "memory", "Set MemorySize to 512: CPU time grows with it."),
        Rule("D003", _W, "no published version", "Set AutoPublishAlias and submit the version's ARN."),
        Rule(
            "D004",
            _N,
            "a changed setting publishes no version",
            "Set AutoPublishAliasAllProperties: true.",
        ),
        Rule("D005", _W, "logs are kept forever", "Give the log group RetentionInDays."),
        Rule("D006", _W, "content is logged", "Remove GRADER_LOG_CONTENT when the fault is found."),
        Rule("D007", _E, "allowed to do anything", "Name the actions, and the resources of each."),
        Rule("D008", _W, "allowed everywhere", "Name the resources in place of *."),
        Rule("D009", _E, "runtime has ended", "Set Runtime to python3.13."),
        Rule("D010", _N, "runtime ends soon", "Set Runtime to python3.13."),
        Rule("D011", _E, "no grader", "Add an AWS::Serverless::Function with a Python runtime."),
        Rule("D012", _W, "no alarms", "Add alarms. Without them nobody learns that the grader fails."),
        Rule(
            "D013",
            _W,
            "a changed parameter publishes no version",
            "Name the parameter in the function's VersionDescription, or write the value in its place.",
        ),
        Rule("D014", _E, "beyond Lambda's limits", "Set it to a value that Lambda allows."),
        Rule(
            "D015", _W, "handler not found", "Write Handler as module.function, from the folder in CodeUri."
        ),
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
            "Lambda takes 250 MB unzipped: leave out what the grader does not import.",
        ),
        Rule("D022", _E, "cannot be imported", "Add what is missing: Lambda could not import it either."),
        Rule("D023", _W, "slow to import", "Import heavy packages inside the function that needs them."),
        Rule("D024", _W, "holds what the runtime has", "Leave boto3 and botocore out of the requirements."),
        Rule("D025", _W, "holds what no grader needs", "Leave the harness and tests out of the artifact."),
        Rule("D026", _W, "bytecode of another Python", "Build again with the runtime's own minor version."),
        Rule(
            "D027", _N, "no bytecode", "Have the runtime's Python at hand when building: cold starts halve."
        ),
        Rule("D028", _E, "without the library", "Build it with `python -m harness.deploy.artifact`."),
        Rule("D029", _E, "another library than the installed one", "Run `sam build` again."),
        Rule("D030", _E, "older than the sources", "Run `sam build` again."),
        Rule("D031", _E, "compiled for another system", "Install wheels for Lambda's platform."),
        Rule(
            "D032", _N, "larger than it need be", "A cold start loads it all: leave out what is not imported."
        ),
        Rule(
            "D033",
            _E,
            "an image with what SAM refuses for it",
            "Move it from Globals into the other functions; an image's Runtime goes into its Metadata.",
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
        Rule("D036", _E, "may not ask its judge", "Name the model in the template's parameter JudgeModel."),
        Rule("D037", _W, "no key for its judge", "Set the variable in the template, from a secret of yours."),
        Rule("D038", _E, "its judge does not answer", "Do what the message says, and ask again."),
        # The project's folder.
        Rule("D040", _E, "hides the library", "Rename it: Python finds it in place of the library."),
        Rule("D050", _N, "not checked", "Check it yourself, or check the deployed function with --arn."),
        # What is in AWS, beyond the settings above.
        Rule("D060", _E, "not ready", "Look at the function in the Lambda console, or deploy again."),
        Rule("D061", _W, "not a published version", "Submit the version's ARN: `rft stack` shows it."),
        Rule("D062", _E, "cannot run", "Remove the reserved concurrency of 0."),
        Rule("D063", _W, "little concurrency", "Raise the reserved concurrency, or the account's quota."),
        Rule("D064", _W, "cannot write its log", "Allow logs:CreateLogStream and logs:PutLogEvents."),
        Rule("D065", _W, "may not be called", "Attach the stack's SubmitterPolicy to whoever submits jobs."),
        Rule("D066", _E, "in another region than the job", "Deploy the grader in the job's region."),
        Rule("D067", _W, "the model is not tuned there", "Choose another region or model."),
        Rule(
            "D068",
            _N,
            "SageMaker's SDK takes no version",
            "For a SageMaker job, pass Evaluator.create(type='RewardFunction', source=ARN) and "
            "skip_reward_validation=True.",
        ),
        Rule("D069", _N, "could not be looked at", "Ask somebody who may, or use other credentials."),
    )
}


def finding(rule: str, message: str, place: Place | str | None = None, *, fix: str | None = None) -> Finding:
    """A finding under a rule.

    Args:
        rule: Its id.
        message: What is wrong here.
        place: Where; a string is a file, an ARN or whatever names it.
        fix: What to do, where the rule's own advice does not fit.
    """
    known = RULES[rule]
    where = Place(file=place) if isinstance(place, str) else place
    return Finding(rule, known.severity, message, where, fix=fix or known.fix)
