"""`rft submit --like JOB`: reuses an earlier job's options after comparing the two graders."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.options import DATA, all_of, grader_option
from harness.cli.output import printable, say
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.grader_output import output_to

if TYPE_CHECKING:
    from harness.jobs.journal import JobFacts

__all__ = ["changed", "filled_in", "like_options", "tell_change"]

_SHOWN = 10
_LOG = Path("runs/like.log")
"""Name of the log file for the graders' output."""


like_options = all_of(
    click.option("--like", metavar="JOB", help="Repeat this job's data, model and hyperparameters."),
    grader_option(),
    click.option(
        "--like-grader",
        metavar="MODULE:NAME",
        help="Compare with this code of the earlier grader; by default its ARN is called.",
    ),
    click.option(
        "--rollouts",
        metavar="DATA",
        type=DATA,
        help="Compare the rewards of both graders on this file first; use it with --like.",
    ),
)
"""Adds --like and its related options. With --grader, the comparison calls the new grader's local code."""


def filled_in(context: click.Context, asked: dict[str, Any]) -> dict[str, Any]:
    """Fill in the missing options of a submission from an earlier job.

    Args:
        context: The context, which knows where each option came from.
        asked: The verb's options.

    Raises:
        InputError: A required option is missing or the earlier job cannot be repeated.
    """
    if asked["like"] is None:
        _check_plain(asked)
        return asked
    if asked["training_file"] is not None:
        raise InputError("--like uses the training file of that job", fix="Leave the file out.")
    from harness.jobs.journal import journal_of

    before = journal_of(asked["jobs_dir"], asked["like"])
    if asked["arn"] is None:
        raise InputError(
            "the new grader's ARN is needed", fix="Add --arn with the ARN of the deployed function."
        )
    asked["training_file"] = before.data.path
    if context.get_parameter_source("model") is ParameterSource.DEFAULT:
        asked["model"] = before.model
    for name, value in before.hyperparameters.items():
        asked[name] = value if asked.get(name) is None else asked[name]
    service = asked["service"]
    sources = [context.get_parameter_source(name) for name in ("base_url", "region")]
    if ParameterSource.COMMANDLINE not in sources and not os.environ.get("OPENAI_BASE_URL"):
        asked["service"] = replace(service, base_url=before.service.base_url, region=None)
    return {**asked, "before": before}


def _check_plain(asked: dict[str, Any]) -> None:
    """Check the options of a submission without --like."""
    for name in ("grader", "like_grader", "rollouts"):
        if asked[name] is not None:
            raise InputError(f"--{name.replace('_', '-')} works only with --like JOB", fix="Add --like.")
    if asked["training_file"] is None or asked["arn"] is None:
        raise InputError(
            "a training file and --arn are needed",
            fix="--stack and --function can replace --arn, and rft.toml can set records and stack. To "
            "repeat a job: rft submit --like JOB --arn ARN.",
        )


def changed(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Compare the new grader with the earlier one. Return None if --like is not given.

    Args:
        asked: The options returned by `filled_in`.
    """
    before: JobFacts | None = asked.get("before")
    if before is None:
        return None
    was, now = as_json(before.grader), {"arn": asked["arn"], "code_sha256": asked["grader_code_sha256"]}
    said: dict[str, Any] = {"like": before.name, "was": was, "now": now, "rewards": None}
    if asked["rollouts"] is not None:
        from harness.signal.compare import compare

        _LOG.unlink(missing_ok=True)
        with output_to(_LOG):
            said["rewards"] = compare(
                asked["like_grader"] or before.grader.arn,
                asked["grader"] or asked["arn"],
                asked["rollouts"],
                known_sha256=before.grader.code_sha256,
            ).to_json()
        if _LOG.exists():
            said["log"] = str(_LOG)
    return said


def tell_change(said: dict[str, Any]) -> None:
    """Print the comparison of the two graders.

    Args:
        said: The comparison returned by `changed`.
    """
    say(f"like {said['like']}, with another grader")
    rewards = said["rewards"]
    sides = (("was", said["was"]), ("now", said["now"]))
    for name, side in sides:
        sha256 = (rewards[name]["sha256"] if rewards else None) or side["code_sha256"] or "unknown"
        source = f"  ({rewards[name]['ref']})" if rewards and rewards[name]["ref"] != side["arn"] else ""
        say(f"  {name}  {side['arn']}{printable(source)}  code {sha256[:16]}")
    if said.get("log"):
        say(f"  what the graders printed: {said['log']}")
    if rewards is None:
        say("  rewards were not compared: add --rollouts FILE")
        return
    was, now, order, zero = rewards["was"], rewards["now"], rewards["order"], rewards["zero_std"]
    say(
        f"  mean reward {_mean(was)} -> {_mean(now)}; {order['changed']:,} of {order['rollouts']:,} rewards "
        "differ"
    )
    say(f"  zero-std groups {zero['was']:,} -> {zero['now']:,} of {zero['groups']:,}")
    say(
        f"  order within groups: of {order['pairs']:,} ordered pairs {order['inverted']:,} are inverted,"
        f" {order['merged']:,} are equal now; {order['parted']:,} equal ones are ordered now"
    )
    say(f"  {order['flipped']:,} samples flipped between above and below their group's mean")
    for flip in [one for one in order["samples"] if one["flipped"]][:_SHOWN]:
        say(f"    {printable(str(flip['id']))}: {flip['was']:g} -> {flip['now']:g}")


def _mean(side: dict[str, Any]) -> str:
    failures = f" ({side['failures']:,} without a reward)" if side["failures"] else ""
    return ("none" if side["mean"] is None else f"{side['mean']:.4f}") + failures
