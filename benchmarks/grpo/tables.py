"""The comparison as text: a world at a time, all worlds together, and the warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from benchmarks.grpo.comparison import (
    CEILING,
    CONSTANT,
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
    """All of it.

    Args:
        cases: The cases, at least one.
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
    yield "  before -> after, as rehearsed / after GRPO; rank correlation of the styles; * new grader"
    for case in cases:
        step = min(LIKE_BUDGET, case.last)
        parts = [f"{name} {_both(*pair)}" for name, pair in changes(case, step).items()]
        late = _arrow(case.real(case.last, lambda point: point.right))
        own = correlations([case], step)[REHEARSAL]
        rank = "-" if case.grader == CONSTANT or not own else f"{own[0]:+.2f}"
        said = ", ".join([*case.said.verdicts, *case.said.warnings])
        harm = "HARM" if case.harmed() else "-"
        yield (
            f"  {case.grader + '*' * case.kind.new:14} {', '.join(parts)}, rank {rank};"
            f" {case.last} steps: right {late}, {harm}; said {said}"
        )


def _agreement(cases: Sequence[Case]) -> Iterator[str]:
    last = cases[0].last
    for step in dict.fromkeys((LIKE_BUDGET, last)):
        seeds = " and ".join(map(str, sorted({len(case.runs) for case in cases})))
        like = ", about as many completions as the rehearsal draws" if step == LIKE_BUDGET else ""
        yield f"  after {step} steps of GRPO{like}; {len(cases)} cases, {seeds} seeds each"
        found = correlations(cases, step)
        for name in (REHEARSAL, NO_POLICY, NULL, CEILING):
            mean = f"{fmean(found[name]):+.2f}" if found[name] else "none"
            yield f"    rank correlation of the styles, {name:36} {mean}  ({len(found[name])} pairs)"
        for name, one in signs(cases, step).items():
            unknown = f", {one.unmeasured} not measured" if one.unmeasured else ""
            yield (
                f"    sign of {name:7} same {one.same} of {one.of}, opposite {len(one.opposite)}"
                f"{_named(one.opposite)}{unknown}"
            )


def _warnings(cases: Sequence[Case]) -> Iterator[str]:
    parts = {
        "all cases": cases,
        "worlds and graders of the kinds that the thresholds were chosen on": [
            case for case in cases if not (case.world.new or case.kind.new)
        ],
        "new graders": [case for case in cases if case.kind.new],
        "new worlds": [case for case in cases if case.world.new],
        "new graders in new worlds": [case for case in cases if case.kind.new and case.world.new],
    }
    last = cases[0].last
    for name, some in parts.items():
        if not some:
            continue
        yield f"\nwarnings, {name}; harm: right answers fell by .02 or more within {last} steps of GRPO"
        for one in warnings_of(some):
            yield from _warned(one)
    yield "\nwarnings, all cases; harm: that, or answers three times as long"
    for one in warnings_of(cases, lambda case: case.harmed() or case.lengthened()):
        yield from _warned(one)
    honest = [case.name for case in cases if case.kind.honest and case.said.warnings]
    count = sum(case.kind.honest for case in cases)
    yield f"\nhonest graders that were warned of: {len(honest)} of {count}{_named(honest)}"


def _warned(one: Warned) -> Iterator[str]:
    harmful, others = len(one.caught) + len(one.missed), len(one.alarms) + len(one.spared)
    yield (
        f"  {one.warning:24} caught {len(one.caught)} of {harmful}{_named(one.missed, 'missed ')};"
        f" false alarms {len(one.alarms)} of {others}{_named(one.alarms)}"
    )


def _named(names: Iterable[str], lead: str = "") -> str:
    said = ", ".join(names)
    return f" ({lead}{said})" if said else ""


def _both(said: Change | None, real: Change | None) -> str:
    return f"{_arrow(said)} / {_arrow(real)}"


def _arrow(change: Change | None) -> str:
    if change is None:
        return "unknown"
    places = 0 if max(abs(change.before), abs(change.after)) > 2 else 2
    return f"{change.before:.{places}f} -> {change.after:.{places}f}"
