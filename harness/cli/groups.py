"""The verbs of `rft` with their one-line help and the extra that each verb needs."""

from __future__ import annotations

import keyword

__all__ = ["GROUPS", "VERBS", "extra_of", "module_of"]

GROUPS = {
    "Start": {
        "demo": "Run the whole path on sample data, without an account.",
        "init": "Start a project: grader, samples, replay test, template.",
        "import": "Make a project from another platform's grader.",
        "config": "Show the project's settings, and where each comes from.",
    },
    "Data": {
        "convert": "Convert another tool's rows to records or rollouts.",
        "validate": "Check a training file against the service's rules.",
        "rollout": "Ask a model for completions and keep them as rollouts.",
    },
    "Grader": {
        "graders": "List the ready checks, or show one in detail.",
        "replay": "Run recorded rollouts through a grader; keep every reward.",
        "audit": "Find a grader's loopholes before a model does.",
        "runs": "List the replay runs.",
        "show": "Show a replay run: rewards, groups, errors, one sample.",
        "signal": "Show what a job could learn from a run, and its cost.",
        "calibrate": "Measure if a judge agrees with people and with itself.",
        "compare": "Compare two runs: show what the second one changes.",
        "report": "Write a run as one HTML page: verdict, charts, all samples.",
        "rehearse": "Rehearse a training job here: see what a grader teaches.",
    },
    "Deploy": {
        "doctor": "Check the template, artifact and deployed functions.",
        "serve": "Serve the built functions on loopback, as Lambda would.",
        "parity": "Grade the same samples here, built and deployed; compare.",
        "stack": "Show the graders that a CloudFormation stack deployed.",
        "capture": "Show the shape of the events that a real job sent.",
    },
    "Jobs": {
        "emulate": "Serve the fine-tuning API here; jobs use recorded rollouts.",
        "submit": "Check data and grader, then create a job only once.",
        "jobs": "List the fine-tuning jobs, or show one.",
        "watch": "Follow a job: progress, curves, warnings.",
        "events": "List a job's events.",
        "checkpoints": "List a job's checkpoints.",
        "cancel": "Cancel a job.",
        "deploy-model": "Deploy a tuned Nova model for `rft chat`.",
        "chat": "Ask a tuned model, a checkpoint or a base model.",
        "evaluate": "Compare models on held-out records with one grader.",
        "files": "List, upload, show or delete files on the service.",
    },
}
"""Each group's verbs with their one-line help."""

VERBS = {verb: line for verbs in GROUPS.values() for verb, line in verbs.items()}

_EXTRAS = {"Deploy": "deploy", "Jobs": "jobs"}
_OWN_EXTRAS = {"rollout": "jobs", "emulate": "emulate", "report": "report"}


def module_of(verb: str) -> str:
    """Return the name of the module that defines a verb's command."""
    return f"harness.cli.{verb.replace('-', '_')}{'_' if keyword.iskeyword(verb) else ''}"


def extra_of(verb: str) -> str:
    """Return the extra that a verb needs, or `all` if the verb is unknown."""
    if verb in _OWN_EXTRAS:
        return _OWN_EXTRAS[verb]
    group = next((name for name, verbs in GROUPS.items() if verb in verbs), None)
    return "all" if group is None else _EXTRAS.get(group, "replay")
