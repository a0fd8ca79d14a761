"""Audits public reward functions: `python benchmarks/public_graders.py [NAME ...]`.

The benchmark installs pinned versions of reasoning-gym, math-verify and verl in a separate environment, wraps
their reward functions as graders, shows their known faults by calling them, and runs `rft audit` on each.
AWS's samples and its starter template are audited if options name their clones. No required check runs this
benchmark.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # When this file runs as a script, Python puts its folder first on the import path, and the `signal.py`
    # there would hide the standard module.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import argparse
import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.public.audits import audit_of, report
from benchmarks.public.cases import CASES, Public
from benchmarks.public.environment import ROOT, commit_of, environment, version_of

WRAPPED = Path(__file__).resolve().parent / "public" / "wrapped"
RECORDS = 300


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="audit only these")
    parser.add_argument(
        "--env", type=Path, metavar="DIR", default=ROOT / ".venv-public", help="where to install"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: audits in the environment)"
    )
    parser.add_argument(
        "--aws-samples", type=Path, metavar="DIR", help="clone of aws-samples/amazon-bedrock-samples"
    )
    parser.add_argument("--aws-template", type=Path, metavar="DIR", help="clone of awslabs/agent-plugins")
    parser.add_argument(
        "--count", type=int, metavar="N", default=RECORDS, help="records per grader (%(default)s)"
    )
    parser.add_argument("--no-audit", action="store_true", help="show only the known faults")
    options = parser.parse_args()
    names = [case.name for case in CASES]
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"no grader called {', '.join(unknown)}; there are {', '.join(names)}")
    return options


def source_of(case: Public, options: argparse.Namespace) -> Path | None:
    """Return the file with the reward function, or None if no option names a clone that has it."""
    if case.clone is None:
        return WRAPPED / case.grader.partition(":")[0]
    clone: Path | None = options.aws_samples if case.clone == "samples" else options.aws_template
    if clone is None:
        return None
    return next(iter(sorted(clone.rglob(f"{case.grader.partition('.')[0]}.py"))), None)


def laid_out(case: Public, source: Path, python: Path, options: argparse.Namespace) -> Path:
    """Create a folder for the file, its records and the audit's output."""
    folder: Path = (options.out or options.env / "audits").resolve() / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(source, folder)
    maker = [str(python), "-m", "benchmarks.public.records", case.records, str(options.count)]
    with folder.joinpath("records.jsonl").open("w") as file:
        subprocess.run(maker, check=True, cwd=ROOT, stdout=file)
    return folder


def reproduced(case: Public, folder: Path, python: Path) -> str:
    """Return the rewards that direct calls give the right answers and the known texts."""
    command = [str(python), "-m", "benchmarks.public.reproduce", case.name, str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ended.returncode:
        return f"  does not run: {ended.stderr.strip()[-300:]}"
    means = json.loads(ended.stdout)
    right = means["right"]
    earned = "not called directly, because it calls a model" if right is None else f"{right:.2f} on average"
    lines = [f"  right answers earn: {earned}"]
    for fault, paid in zip(case.faults, means["paid"], strict=True):
        earned = "" if paid is None else f"; {fault.text!r:.50} earns {paid:.2f}"
        lines.append(f"  known {'/'.join(fault.finds)}: {fault.what}{earned}")
    return "\n".join(lines)


def main() -> int:
    options = parsed()
    python = environment(options.env.resolve())
    audits = []
    for case in CASES:
        if options.names and case.name not in options.names:
            continue
        source = source_of(case, options)
        if source is None:
            print(f"{case.name}: skipped, because --aws-{case.clone} names no clone that has it", flush=True)
            continue
        version = version_of(python, case.package) if case.clone is None else commit_of(source.parent)
        folder = laid_out(case, source, python, options)
        print(f"{case.name}: {case.package} {version}\n{reproduced(case, folder, python)}", flush=True)
        if not options.no_audit:
            audits.append(audit_of(case, version, folder, python))
    if audits:
        print(f"\n{report(audits)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
