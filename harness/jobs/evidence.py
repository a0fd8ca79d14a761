"""Checks a grader's replay before a job is submitted.

The findings have the IDs J019 to J035 and follow AWS's advice on rewards before training.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.api.function_arn import read_arn
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.findings import Finding, Place, Severity
from harness.jobs.plan import ReplayEvidence
from harness.jobs.same_code import CodeComparison, UnknownFunction, compare_code
from harness.localaws.manifest import changed_sources
from harness.printable import named
from harness.runs.facts import Bounds, LocalRuntimeFacts, RunFacts, share_of
from harness.runs.replayed_records import RecordsSeen, RunReading, records_seen
from harness.runs.rows import Totals
from harness.runs.store import changed_files, open_run
from harness.signal.advice import SATURATED, SPARSE
from harness.signal.groups import GroupCounts, count_groups, group_rewards
from harness.targets.deployed_code import FunctionFacts

__all__ = ["Evidence", "changed_code", "evidence"]

SEEN = 0.5
"""Share of the training records at or below which a replay gets a warning."""
_JOB_WIRE = "open-weight"
"""Prefix in the names of the wire formats that the service may use."""
FAILED = 0.5
"""A grader's default error budget: the maximum share of gradings without a reward."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Findings about a job's grader, with facts about its replay."""

    findings: list[Finding]
    """The findings. An error means that the job would fail or learn nothing."""
    replay: ReplayEvidence | None = None
    """The finished replay, if there is one."""


def evidence(
    folder: Path | None,
    function: FunctionFacts | UnknownFunction,
    training: DataFile,
    bounds: Bounds | None = None,
) -> Evidence:
    """Check a grader's replay before a job uses the grader.

    Args:
        folder: The run's folder; None if there is no replay.
        function: The job's function, from `look_at_function`.
        training: The training file.
        bounds: The grader's range, required if the grader does not declare one.

    Raises:
        InputError: The run does not exist or is damaged, or its grader has another range.
    """
    if folder is None:
        message = "no replay of this grader was given, so nothing shows what it rewards"
        command = _replay_command(function.arn)
        fix = f"Run `{command}`, check the result, and give the run with --run." if command else None
        return Evidence([Finding("J020", Severity.WARNING, message, fix=fix)])
    run = open_run(folder)
    place = Place(file=str(run.folder))
    if not run.done:
        fix = "Run the same replay command again: it resumes."
        return Evidence([Finding("J021", Severity.ERROR, "the replay is not finished", place, fix=fix)])
    bounds = run.bounds(bounds)
    reading = RunReading()
    counts = count_groups(group_rewards(reading.noting(run.rows())).values(), bounds)
    compared = compare_code(run.facts, function)
    records = records_seen(run, reading, training)
    findings = [
        *_same_grader(run.facts, compared, place, _replay_command(function.arn)),
        *_same_records(run.facts, records, place, training),
        *_same_fields(run.facts, records, run.totals, place),
        *_asked(run.facts, place),
        *_failures(run.totals, place),
        *_signal(counts, place),
        *_level(run.totals, bounds, place),
    ]
    facts = run.facts
    known_by = ReplayEvidence(
        run=run.folder.resolve(),
        target=facts.target.kind,
        grader_sha256=facts.grader.sha256,
        same_code=compared.same,
        records_seen=records.seen,
        seconds=reading.seconds,
    )
    return Evidence(findings, known_by)


def _replay_command(arn: str) -> str | None:
    """Return the command that replays the function, or None if the ARN is malformed."""
    try:
        read_arn(arn)
    except InputError:
        return None
    return f"rft replay ROLLOUTS --arn {shlex.quote(arn)}"


def changed_code(
    function: FunctionFacts | UnknownFunction, *, expected: str | None, submitted: str | None
) -> Iterator[Finding]:
    """Report a function that does not exist, or whose code has changed.

    Args:
        function: The function as it is now.
        expected: The CodeSha256 that the user expects.
        submitted: The CodeSha256 in the journal of this submission.
    """
    if isinstance(function, UnknownFunction):
        if function.missing:
            fix = "Deploy it, or check the ARN, the account and the Region."
            yield Finding("J019", Severity.WARNING, function.why, Place(file=function.arn), fix=fix)
        return
    now, place = function.code_sha256, Place(file=function.arn)
    if expected is not None and expected != now:
        message = f"the function's CodeSha256 is {now}, not {expected}"
        fix = "Deploy that code, or correct --grader-code-sha256."
        yield Finding("J022", Severity.ERROR, message, place, fix=fix)
    elif submitted is not None and submitted != now:
        message = f"its code changed since this job was first submitted (CodeSha256 {submitted}, now {now})"
        fix = "Replay the deployed function again; use a published version, whose code never changes."
        yield Finding("J022", Severity.WARNING, message, place, fix=fix)


def _same_grader(
    facts: RunFacts, compared: CodeComparison, place: Place, command: str | None
) -> Iterator[Finding]:
    if compared.same == "different":
        message = f"the function is not the replayed grader: {'; '.join(compared.why)}"
        fix = f"Deploy the replayed grader, or replay the deployed one: `{command}`." if command else None
        yield Finding("J022", Severity.ERROR, message, place, fix=fix)
    elif compared.same == "proven" and compared.unchecked:
        left = "; ".join(compared.unchecked)
        message = f"the function has the replayed code; not compared: {left}"
        yield Finding("J023", Severity.NOTE, message, place, fix="A replay with --arn ARN leaves no doubt.")
    elif compared.same == "not proven":
        yield from _changed_here(facts, place)
        message = f"not proven that the function is the replayed grader: {'; '.join(compared.why)}"
        fix = "`rft parity` compares their rewards; a replay with --arn ARN leaves no doubt."
        yield Finding("J023", Severity.NOTE, message, place, fix=fix)


def _changed_here(facts: RunFacts, place: Place) -> Iterator[Finding]:
    """Report files on this machine that changed since the replay."""
    target, project = facts.target, Path.cwd()  # a run may name any file on this machine
    if isinstance(target, LocalRuntimeFacts) and target.handler is None:
        artifact = target.template.parent / target.function
        inside = artifact.resolve().is_relative_to(project)
        if changed := changed_sources(artifact) if inside and artifact.is_dir() else []:
            message = f"the artifact is older than its sources: {', '.join(changed[:3])} changed since"
            fix = "Run `sam build`, replay it and deploy it again."
            yield Finding("J022", Severity.WARNING, message, place, fix=fix)
    # Missing files do not prove a change, because the run may come from another machine.
    here = {path: content for path, content in facts.grader.files.items() if Path(path).is_file()}
    files = {path: here[path] for path in here if Path(path).resolve().is_relative_to(project)}
    if left := [path for path in here if path not in files]:
        message = f"{len(left)} of the replayed files are outside this folder and were not compared"
        yield Finding("J023", Severity.NOTE, message, place, fix="Run rft in the folder that contains them.")
    if changed := changed_files(files):
        message = f"the grader changed since the replay: {', '.join(changed[:3])}"
        yield Finding("J022", Severity.WARNING, message, place, fix="Replay it again, and use that run.")


def _same_records(
    facts: RunFacts, records: RecordsSeen, place: Place, training: DataFile
) -> Iterator[Finding]:
    fix = "Replay completions of these records (`rft rollout` samples them), and give that run with --run."
    if records.seen is None:
        message = f"not checked whether the replay graded these records: {records.why}"
        yield Finding("J030", Severity.NOTE, message, place, fix="Replay them from here.")
    elif records.seen == 0 and records.records:
        message = f"the replay says nothing about these records: it graded none of {records.records:,}"
        yield Finding("J030", Severity.ERROR, message, place, fix=fix)
    elif records.seen < records.records:
        share = records.seen / records.records
        message = f"the replay graded {records.seen:,} of the {records.records:,} records ({share:.0%})"
        level = Severity.WARNING if share <= SEEN else Severity.NOTE
        yield Finding("J030", level, message, place, fix=fix)
    if facts.limit is not None:
        message = f"the replay graded only the first {facts.limit:,} rollouts (--limit)"
        yield Finding("J032", Severity.NOTE, message, place, fix="Replay without --limit.")


def _asked(facts: RunFacts, place: Place) -> Iterator[Finding]:
    """Report that recorded answers replaced the service that the grader calls."""
    if facts.answers is not None and facts.answers.ask != "all":
        path = os.path.relpath(facts.answers.path)
        some = "some of " if facts.answers.ask == "new" else ""
        message = f"{some}the grader's requests were answered from {path}; the service was not asked again"
        fix = "`rft replay --ask all` asks it, and says which rewards changed."
        yield Finding("J035", Severity.NOTE, message, place, fix=fix)


def _same_fields(facts: RunFacts, records: RecordsSeen, totals: Totals, place: Place) -> Iterator[Finding]:
    """Report differences between the fields that the grader sees in the replay and in training."""
    fix = "Replay with --records TRAINING_FILE: the grader then sees what it sees in training."
    if records.lacking:
        fields = named(records.lacking)
        message = f"the replay's grader saw fields that training records lack: {fields}"
        yield Finding("J031", Severity.WARNING, message, place, fix=fix)
    if records.added:
        message = f"training shows the grader fields that the replay did not: {named(records.added)}"
        yield Finding("J031", Severity.WARNING, message, place, fix=fix)
    if records.fields_from is not None:
        message = f"the replay's grader saw the fields of {records.fields_from}, not of this training file"
        yield Finding("J031", Severity.WARNING, message, place, fix=fix)
    if totals.fields:
        message = (
            f"the replay's grader saw fields that differ within a record: {named(sorted(totals.fields))}"
        )
        yield Finding("J031", Severity.WARNING, message, place, fix=fix)
    if facts.wire != "all" and not facts.wire.startswith(_JOB_WIRE):
        message = f"the replay sent events in the shape of {facts.wire}, which this service does not send"
        yield Finding(
            "J034", Severity.WARNING, message, place, fix="Replay without --wire, or with --wire all."
        )
    if facts.fields.kept:
        kept = named(facts.fields.kept)
        message = f"the replay showed the grader fields that the user chose to keep (--keep-field): {kept}"
        yield Finding("J033", Severity.NOTE, message, place, fix=fix)


def _failures(totals: Totals, place: Place) -> list[Finding]:
    failed = totals.gradings - totals.rewards
    if not failed:
        return []
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(totals.errors.items()))
    message = f"{failed:,} of {totals.gradings:,} gradings have no reward ({kinds})"
    severe = failed > FAILED * totals.gradings
    level = Severity.ERROR if severe else Severity.WARNING
    return [Finding("J024", level, message, place, fix=f"`rft show {place.file}` names them.")]


def _signal(counts: GroupCounts, place: Place) -> list[Finding]:
    """Report a replay in which no group has different rewards, or no record has two completions."""
    telling = counts.groups - counts.single
    if telling <= 0:
        if counts.unrewarded and not counts.groups:
            message = "no rollout got a reward, so it is unknown what a job would learn"
            return [
                Finding("J025", Severity.WARNING, message, place, fix=f"`rft show {place.file}` says why.")
            ]
        message = "no record was replayed with two completions, so it is unknown what a job would learn"
        return [Finding("J025", Severity.WARNING, message, place, fix="`rft rollout -n 8` samples more.")]
    if counts.zero_std - counts.single >= telling:
        message = "the rewards are equal within every group: a job would learn nothing"
        fix = "Make the reward distinguish better from worse completions, or use other records."
        return [Finding("J026", Severity.ERROR, message, place, fix=fix)]
    return []


def _level(totals: Totals, bounds: Bounds | None, place: Place) -> list[Finding]:
    """Report a mean reward that is close to either end of the grader's range."""
    if totals.mean is None:
        return []
    if bounds is None:
        message = (
            "the grader's range is not known, so whether its rewards leave room to learn was not checked"
        )
        return [Finding("J029", Severity.NOTE, message, place, fix="Add --range LOW HIGH.")]
    share = share_of(bounds, totals.mean)
    if share < SPARSE:
        message = (
            f"the mean reward is {totals.mean:.3g}, under {SPARSE:.0%} of the range: little to reinforce"
        )
        fix = "Begin with supervised fine-tuning, easier records or partial credit."
        return [Finding("J027", Severity.WARNING, message, place, fix=fix)]
    if share > SATURATED:
        message = f"the mean reward is {totals.mean:.3g}, over {SATURATED:.0%} of the range: little to learn"
        return [Finding("J028", Severity.WARNING, message, place, fix="Take harder records.")]
    return []
