"""A finished replay as evidence for or against submitting a job with its grader.

Findings have the ids J020 to J029 and follow AWS's advice on rewards before training. Nothing is graded here.
"""

from __future__ import annotations

from pathlib import Path

from harness.findings import Finding, Place, Severity
from harness.localaws.manifest import changed_sources
from harness.runs.facts import Bounds, DeployedFacts, LocalRuntimeFacts, known_bounds, share_of
from harness.runs.rows import Totals, read_rows
from harness.runs.store import Run, changed_files, open_run
from harness.signal.groups import GroupCounts, count_groups, group_rewards

__all__ = ["evidence"]

# AWS's blog on reinforcement fine-tuning: below 5 % rewards are sparse, above 95 % little is left to learn.
SPARSE, SATURATED = 0.05, 0.95
FAILED = 0.5
"""A larger share of gradings without a reward exceeds a grader's error budget, as it is by default."""


def evidence(folder: Path | None, grader_arn: str, bounds: Bounds | None = None) -> list[Finding]:
    """Look at the replay of a grader before it trains anything.

    Args:
        folder: The run's folder; None when there is none.
        grader_arn: The grader that is to train.
        bounds: The grader's range, where the run does not know it.

    Returns:
        Findings; one of severity `error` says that the job would fail or learn nothing.

    Raises:
        InputError: There is no such run, or it is damaged.
    """
    if folder is None:
        message = "no replay of this grader was named: nobody has seen what it rewards"
        fix = f"Run `rft replay ROLLOUTS --arn {grader_arn}`, look at it, and name it with --run."
        return [Finding("J020", Severity.WARNING, message, fix=fix)]
    run = open_run(folder)
    place = Place(file=str(run.folder))
    if not run.done:
        fix = "Give the replay command again: it goes on."
        return [Finding("J021", Severity.ERROR, "the replay is not finished", place, fix=fix)]
    bounds = known_bounds(run.facts.bounds, bounds)
    counts = count_groups(group_rewards(read_rows(run.rewards)).values(), bounds)
    return [
        *_same_grader(run, grader_arn, place),
        *_failures(run.totals, place),
        *_signal(counts, place),
        *_level(run.totals, bounds, place),
    ]


def _same_grader(run: Run, grader_arn: str, place: Place) -> list[Finding]:
    """Whether what was replayed is what will train."""
    target = run.facts.target
    if isinstance(target, DeployedFacts):
        if target.arn == grader_arn:
            return []
        message = f"the replay called {target.arn}, the job would call {grader_arn}"
        return [Finding("J022", Severity.WARNING, message, place, fix="Replay the ARN that is to train.")]
    if isinstance(target, LocalRuntimeFacts) and target.handler is None:
        artifact = target.template.parent / target.function
        if changed := changed_sources(artifact) if artifact.is_dir() else []:
            message = f"the artifact is older than its sources: {', '.join(changed[:3])} changed since"
            fix = "Run `sam build`, replay it and deploy it again."
            return [Finding("J022", Severity.WARNING, message, place, fix=fix)]
    # Files that are not here at all say nothing: the run may be from another machine.
    files = {path: content for path, content in run.facts.grader.files.items() if Path(path).is_file()}
    if changed := changed_files(files):
        message = f"the grader changed since the replay: {', '.join(changed[:3])}"
        fix = "Replay it again, and name that run."
        return [Finding("J022", Severity.WARNING, message, place, fix=fix)]
    message = f"the replay ran {target.kind}: that the deployed function is the same is not known"
    fix = "`rft parity` compares them; a replay with --arn ARN leaves no doubt."
    return [Finding("J023", Severity.NOTE, message, place, fix=fix)]


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
    """Whether any group would teach the model something."""
    telling = counts.groups - counts.single
    if telling <= 0:
        if counts.unrewarded and not counts.groups:
            message = "no rollout got a reward: what a job would learn cannot be told"
            return [
                Finding("J025", Severity.WARNING, message, place, fix=f"`rft show {place.file}` says why.")
            ]
        message = "no record was replayed with two completions or more: what a job would learn cannot be told"
        return [Finding("J025", Severity.WARNING, message, place, fix="`rft rollout -n 8` asks for more.")]
    if counts.zero_std - counts.single >= telling:
        message = "the rewards are equal within every group: a job would learn nothing"
        fix = "Look for what the reward should tell apart, or take other records."
        return [Finding("J026", Severity.ERROR, message, place, fix=fix)]
    return []


def _level(totals: Totals, bounds: Bounds | None, place: Place) -> list[Finding]:
    """Whether there is room to learn, and something to start from."""
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
