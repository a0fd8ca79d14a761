"""The options for reading labels, shared by the verbs that compare rewards with labels."""

from __future__ import annotations

import click

from harness.cli.options import FiniteNumber, all_of

__all__ = ["label_rule_options"]

label_rule_options = all_of(
    click.option(
        "--label-threshold",
        metavar="X",
        type=FiniteNumber(),
        help="Treat numeric labels of X or more as yes, others as no.",
    ),
    click.option(
        "--label-tolerance",
        metavar="X",
        type=FiniteNumber(),
        help="Allow a reward to differ from a numeric label by X; by default 1e-9.",
    ),
    click.option(
        "--label-true",
        metavar="TEXT",
        multiple=True,
        help="Treat this label string as yes, and other strings as no. Repeatable.",
    ),
)
