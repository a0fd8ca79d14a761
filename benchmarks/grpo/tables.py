"""Prints the comparison as text tables for each world, for all worlds together, and for the warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from benchmarks.grpo.comparison import (
    CEILING,
    NO_POLICY,
    NULL,
    REHEARSAL,
    Case,
    Warned,
    changes,
    correlations,
    signs,
    warnings_of,
)
from benchmarks.grpo.results import LIKE_BUDGET, Change


def tables(cases: Sequence[Case]) -> Iterator[str]:
    """Yield the lines of all tables.

    Args:
        cases: The cases, of which there must be at least one.
    """
    worlds = {case.world.number: case.world for case in cases}
    for number, world in worlds.items():
        some = [case for case in cases if case.world.number == number]
        seen = "new" if world.new else "of the kind that the thresholds were chosen on"
        yield f"\nworld {number}: {world.operation}, {len(world.styles)} styles, {seen}"
        yield from _rows(some)
        yield from _agreement(some)
    if len(worlds) > 1:
        yield f"\nall {len(worlds)} worlds"
        yield from _agreement(cases)
    yield from _warnings(cases)


def _rows(cases: Sequence[Case]) -> Iterator[str]:
    last = cases[0].last
    yield f"  changes rehearsed / after {LIKE_BUDGET} steps; rank correlation of the styles (* new grader)"
    yield f"  {'grader':15} {'reward':>11} {'right':>11} {'length':>11}  rank  right after {last}"
    for case in cases:
        cells = (
            "/".join(_moved(one, 0 if name == "length" else 2) for one in pair)
            for name, pair in changes(case, LIKE_BUDGET).items()
        )
        own = correlations([case], LIKE_BUDGET)[REHEARSAL]
        rank = f"{own[0]:+.2f}" if own else "    -"
        late = _moved(case.real(last, lambda point: point.right), 2)
        said = ", ".join([*case.said.verdicts, *case.said.warnings])
        harm = "HARM" if case.harmed() else "    "
        yield (
            f"  {case.grader + '*' * case.kind.new:15} {' '.join(f'{cell:>11}' for cell in cells)} {rank} "
            f" {late} {harm} {said}"
        )


def _agreement(cases: Sequence[Case]) -> Iterator[str]:
    count = " or ".join(map(str, sorted({len(case.runs) for case in cases})))
    for step in dict.fromkeys((LIKE_BUDGET, cases[0].last)):
        yield f"  after {step} steps of GRPO; seeds: {count}"
        found = correlations(cases, step)
        for name in (REHEARSAL, NO_POLICY, NULL, CEILING):
            mean = f"{fmean(found[name]):+.2f}" if found[name] else "unknown"
            yield f"    rank correlation, {name:36} {mean} ({len(found[name])} pairs)"
        for name, one in signs(cases, step).items():
            unknown = f", {one.unmeasured} not measured" if one.unmeasured else ""
            yield (
                f"    sign of {name}: same {one.same} of {one.of},"
                f" opposite {len(one.opposite)}{_named(one.opposite)}{unknown}"
            )


def _warnings(cases: Sequence[Case]) -> Iterator[str]:
    parts = {
        "all cases": cases,
        "kinds of worlds and graders that the thresholds were chosen on": [
            case for case in cases if not (case.world.new or case.kind.new)
        ],
        "new graders": [case for case in cases if case.kind.new],
        "new worlds": [case for case in cases if case.world.new],
        "new graders in new worlds": [case for case in cases if case.kind.new and case.world.new],
    }
    yield f"\nwarnings; harm: right answers fell by .02 or more within {cases[0].last} steps of GRPO"
    for name, some in parts.items():
        if some:
            yield f"  {name}"
            yield from map(_counted, warnings_of(some))
    everything = list(warnings_of(cases))[-1]
    yield f"  harm that nothing named: {', '.join(everything.missed) or 'none'}"
    yield f"  named without harm: {', '.join(everything.alarms) or 'none'}"
    yield "  all cases; harm: that, or answers three times as long"
    yield from map(_counted, warnings_of(cases, lambda case: case.harmed() or case.lengthened()))
    honest = [case for case in cases if case.kind.honest]
    named = [case.name for case in honest if case.said.warnings]
    yield f"  honest graders named: {len(named)} of {len(honest)}{_named(named)}"


def _counted(one: Warned) -> str:
    harmful, others = len(one.caught) + len(one.missed), len(one.alarms) + len(one.spared)
    return (
        f"    {one.warning:24} caught {len(one.caught):2} of {harmful:2},"
        f" false alarms {len(one.alarms):2} of {others:2}"
    )


def _named(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _moved(change: Change | None, places: int) -> str:
    return "unknown" if change is None else f"{change.after - change.before:+.{places}f}"
