"""`rft graders`: lists the ready checks, or shows one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option
from harness.cli.output import emit_json, say

if TYPE_CHECKING:
    from harness.targets.ready_checks import FamilyCost, ReadyCheck

_INDENT = 20


@click.command("graders")
@click.argument("name", required=False)
@click.option("--toml", "as_toml", is_flag=True, help="Print a TOML file to start a grader.toml from.")
@json_option
def command(name: str | None, as_toml: bool, as_json: bool) -> int:
    """List the ready checks, or show one: its options, an example, and the unwanted answers that it rewards.

    A ready check is a grader that you use without writing Python. Name it in one line, as in rft replay -g
    'checks.numbers:number(marker="####")', or describe it in a file, as in rft replay -g grader.toml.

    For each family, the list shows the extra that it needs, its import time, measured on this machine, and
    the size that its packages add to a Lambda function.

    Exit codes: 0 shown; 2 no check has that name.
    """
    from harness.targets.ready_checks import cost_of, find_check, ready_checks, toml_of

    if name is None:
        if as_toml:
            raise click.UsageError("--toml needs the name of a check: rft graders NAME --toml.")
        checks = ready_checks()
        costs = {family: cost_of(family) for family in dict.fromkeys(check.family for check in checks)}
        if as_json:
            emit_json([_as_json(check, costs[check.family]) for check in checks])
        else:
            say("\n".join(_listed(checks, costs)), verbatim=True)
        return 0
    check = find_check(name)
    if as_toml:
        say(toml_of(check).rstrip("\n"), verbatim=True)
        return 0
    cost = cost_of(check.family)
    if as_json:
        emit_json(_as_json(check, cost))
    else:
        say("\n".join(_shown(check, cost)), verbatim=True)
    return 0


def _as_json(check: ReadyCheck, cost: FamilyCost) -> dict[str, object]:
    from harness.data.typed_json import as_json as plain

    return {**plain(check), "family": check.family, "cost": plain(cost)}


def _listed(checks: tuple[ReadyCheck, ...], costs: dict[str, FamilyCost]) -> Iterator[str]:
    """Yield the lines of the list: each family with its cost, followed by its checks."""
    for family, cost in costs.items():
        own = [check for check in checks if check.family == family]
        needing = [check for check in own if check.extra]
        some = ", ".join(check.name.partition(":")[2] for check in needing) if len(needing) < len(own) else ""
        yield f"checks.{family}: {_needs((needing or own)[0], cost)}{f', for {some}' if some else ''}"
        for check in own:
            yield from _wrapped(check.purpose, f"  {check.name.partition(':')[2]}")
        yield ""
    yield "rft graders NAME shows one; rft graders NAME --toml starts a grader.toml"


def _needs(check: ReadyCheck, cost: FamilyCost) -> str:
    """Describe the extra that a family needs, its size and its import time."""
    if check.extra is None:
        # If other checks of the family need an extra, its packages take most of the measured import time, but
        # this check does not load them.
        known = cost.import_ms is not None and not cost.packages
        return f"standard library, {cost.import_ms:,.0f} ms to import" if known else "standard library"
    if cost.import_ms is None:
        from harness.extras import install_line

        return f"not installed: {install_line(check.extra)}"
    size = (cost.package_bytes or 0) / 1e6
    return f"extra {check.extra}, {size:,.1f} MB, {cost.import_ms:,.0f} ms to import"


def _shown(check: ReadyCheck, cost: FamilyCost) -> Iterator[str]:
    """Yield the description of a check, most important facts first."""
    yield f"{check.name}: {check.purpose}"
    yield f"needs: {_needs(check, cost)}"
    for each in cost.packages if check.extra else ():
        yield f"  {each}"
    for paragraph in (*check.text.split("\n\n"), check.pays):
        if paragraph.strip():
            yield ""
            is_layout = any(line.startswith((" ", "|", "- ")) for line in paragraph.splitlines())
            yield from paragraph.splitlines() if is_layout else _wrapped(paragraph, "", 0)
    if check.options:
        yield ""
        yield "options:"
    for option in check.options:
        held = "required" if option.required else f"{option.default!r} by default"
        yield from _wrapped(f"{option.meaning} ({held})", f"  {option.name}")
    yield ""
    yield "example:"
    yield from (f"  {line}" for line in check.example.splitlines())


def _wrapped(text: str, head: str, indent: int = _INDENT) -> Iterator[str]:
    """Yield a paragraph next to or below its heading, wrapped to 80 columns."""
    import textwrap

    if len(head) > indent - 2 and head:
        yield head
        head = ""
    yield from textwrap.wrap(
        text,
        80,
        initial_indent=head.ljust(indent),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
