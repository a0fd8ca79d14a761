"""The options that say how to read labels, the same in every verb that holds rewards to them."""

from __future__ import annotations

import click

from harness.cli.options import FiniteNumber, all_of

__all__ = ["label_rule_options"]

label_rule_options = all_of(
    click.option(
        "--label-threshold",
        metavar="X",
        type=FiniteNumber(),
        help="Read numeric labels from X on as yes, others as no.",
    ),
    click.option(
        "--label-tolerance",
        metavar="X",
        type=FiniteNumber(),
        help="Let a reward differ from a numeric label by X, by default 1e-9.",
    ),
    click.option(
        "--label-true",
        metavar="TEXT",
        multiple=True,
        help="Read this text as a label that says yes, other texts as no. Repeatable.",
    ),
)
