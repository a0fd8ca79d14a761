"""Compares rehearsals with real GRPO training of a small transformer on the same graders.

`python benchmarks/fidelity.py --worlds 0 1 --seeds 2 --out DIR` trains a base model in each world, records
its completions, rehearses each grader on them like `rft rehearse`, and trains the model with each grader and
seed. Every result is a file in DIR, so the same command resumes, and `--tables` prints the existing results.
The benchmark needs `pip install -e ".[replay]" --group fidelity` (pip 25.1 or later) and is not part of `make
bench`.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # When this file runs as a script, Python puts its folder first on the import path, and the `signal.py`
    # there would hide the standard module.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# One thread each: the matrices are small, and more threads would only wait for each other.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.grpo.comparison import Case
from benchmarks.grpo.graders_compared import KINDS
from benchmarks.grpo.results import (
    LIKE_BUDGET,
    RealRun,
    Rehearsed,
    read_result,
    real_file,
    rehearsal_file,
    write_result,
)
from benchmarks.grpo.tables import tables
from benchmarks.grpo.worlds import World, world
from harness.disk import lock
from harness.errors import HarnessError, InputError


def main(words: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(words)
    worlds = [world(number) for number in dict.fromkeys(asked.worlds)]
    graders = [name for name in KINDS if name in (asked.graders or KINDS)]
    try:
        if not asked.tables:
            with lock(
                asked.out / ".lock", "this benchmark's folder", fix="Wait for it, or name another --out."
            ):
                for one in worlds:
                    _run(one, asked.out, graders, asked.seeds, asked.steps)
        cases = [case for one in worlds for case in _cases(one, asked.out, graders, asked.seeds, asked.steps)]
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if not cases:
        sys.stderr.write(f"{asked.out} has no result for these worlds and graders: run it without --tables\n")
        return 2
    print("\n".join(tables(cases)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--worlds", type=_from(0), nargs="+", default=[0, 1], metavar="N", help="worlds to run"
    )
    parser.add_argument(
        "--seeds", type=_from(1), default=2, metavar="N", help="runs of GRPO with each grader"
    )
    parser.add_argument(
        "--steps",
        type=_from(LIKE_BUDGET),
        default=100,
        metavar="N",
        help=f"steps of each, from {LIKE_BUDGET}",
    )
    parser.add_argument(
        "--graders", nargs="+", choices=list(KINDS), metavar="NAME", help=f"some of {', '.join(KINDS)}"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the results; resumes existing ones"
    )
    parser.add_argument("--tables", action="store_true", help="print the existing results, run nothing")
    return parser


def _from(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return value

    return number


def _run(one: World, out: Path, graders: Sequence[str], seeds: int, steps: int) -> None:
    """Create all missing results for a world."""
    try:
        from benchmarks.grpo.runs import Trainer
    except ModuleNotFoundError as error:
        raise InputError(
            f"the benchmark needs {error.name}",
            fix='Run pip install -e ".[replay]" --group fidelity (pip 25.1 or later).',
        ) from error
    from benchmarks.grpo.rehearsals import rehearsed

    folder = _folder(one, out)
    print(f"world {one.number} ({one.operation}): the base model", flush=True)
    trainer = Trainer(one, folder)
    for name in graders:
        path = rehearsal_file(folder, name)
        if read_result(path, Rehearsed) is None:
            said = rehearsed(one.number, trainer.rollouts, name)
            write_result(path, said)
            print(f"  rehearsed {name}: {', '.join([*said.verdicts, *said.warnings])}", flush=True)
    for seed in range(seeds):
        for number, name in enumerate(graders, 1):
            run = trainer.run(name, seed, steps)
            before, after = run.points["0"], run.points[str(steps)]
            print(
                f"  GRPO, seed {seed}, {number} of {len(graders)}: {name}, {run.seconds:.0f} s,"
                f" right {before.right:.2f} -> {after.right:.2f}",
                flush=True,
            )


def _cases(one: World, out: Path, graders: Sequence[str], seeds: int, steps: int) -> Iterator[Case]:
    """Yield the existing results for a world."""
    folder = _folder(one, out)
    for name in graders:
        said = read_result(rehearsal_file(folder, name), Rehearsed)
        kept = (read_result(real_file(folder, name, seed, steps), RealRun) for seed in range(seeds))
        runs = [run for run in kept if run is not None]
        if said is not None and runs:
            yield Case(one, name, runs, said)


def _folder(one: World, out: Path) -> Path:
    return out / f"world-{one.number}"


if __name__ == "__main__":
    sys.exit(main())
