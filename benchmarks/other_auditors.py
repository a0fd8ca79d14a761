"""Compares other auditors with `rft audit` on the planted set: `python benchmarks/other_auditors.py [TOOL
...]`.

The benchmark installs each auditor in a separate environment, wraps each planted and each good grader in the
form that the auditor accepts, and prints how many planted and how many good graders are flagged. Any flag
counts, because other auditors' findings do not have our IDs. For `rft audit`, flags with the right ID are
also counted separately. No required check runs this benchmark.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # When this file runs as a script, Python puts its folder first on the import path, and the `signal.py`
    # there would hide the standard module.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(1, os.path.join(sys.path[0], "tests"))

import argparse
import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.auditors.adapter import lay_out, write_lines
from benchmarks.auditors.ours import our_answer
from benchmarks.auditors.tools import ROOT, TOOLS, Answer, Tool, answer_of, installed
from support.planted import FIRST_GOOD, FIRST_PLANTED, Good, Planted, path_of, right_of, tasks_of, wrong_of
from support.planted.forms import answer_text

TASKS = 60
OURS = "rft audit"
PLANTED = tuple(row for row in FIRST_PLANTED if row.kind != "judge")
GOOD = tuple(row for row in FIRST_GOOD if row.kind != "judge")
"""The graders without judges, because other auditors would call a judge's model."""

Ask = Callable[[Planted | Good, Path, int], Answer]


@dataclass(frozen=True)
class Row:
    """One auditor's result for one grader of the set."""

    tool: str
    grader: Planted | Good
    answer: Answer


def laid_out(grader: Planted | Good, home: Path) -> Path:
    """Create a folder with a grader's wrapped file, its tasks, and right and wrong responses to them."""
    folder = home / grader.grader.replace("/", "-").replace(":", "-").replace(".py", "")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tasks = tasks_of(grader.kind, TASKS)
    answers = [answer_text(task.answer) for task in tasks]
    lay_out(folder, path_of(grader.grader).read_text(), grader.name, grader.records(), answers)
    texts = [write(grader.kind, task, grader.form) for task in tasks[:12] for write in (right_of, wrong_of)]
    responses = [
        {"response_id": f"r{at}", "task_id": str(at // 2), "text": text} for at, text in enumerate(texts)
    ]
    write_lines(folder / "responses.jsonl", responses)
    return folder


def line(name: str, rule: str, rows: list[Row]) -> str:
    """Return a line with one auditor's counts."""

    def counted(kind: type[Planted] | type[Good]) -> str:
        said = [row.answer.verdict for row in rows if isinstance(row.grader, kind)]
        other = ", ".join(
            f"{said.count(verdict)} {verdict}" for verdict in ("not measured", "no answer") if verdict in said
        )
        return f"{said.count('flagged')} of {len(said)} flagged" + (f" ({other})" if other else "")

    seconds = [row.answer.seconds for row in rows]
    return (
        f"{name}: planted {counted(Planted)}; good {counted(Good)}; "
        f"median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s\n    flagged means: {rule}"
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = sorted({tool.name for tool in TOOLS} | {OURS})
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"run only these: {', '.join(names)}")
    parser.add_argument(
        "--env", type=Path, metavar="DIR", default=ROOT / ".venv-auditors", help="where to install"
    )
    parser.add_argument("--every", type=int, metavar="N", default=1, help="take each Nth grader of the set")
    parser.add_argument(
        "--seconds", type=int, metavar="N", default=60, help="limit for a grader (%(default)s)"
    )
    options = parser.parse_args()
    unknown = set(options.tools) - set(names)
    if unknown:
        parser.error(f"no auditor called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def said_of_all(name: str, ask: Ask, options: argparse.Namespace) -> list[Row]:
    """Return one auditor's result for every grader. Missing verdicts are reported on stderr."""
    rows = []
    for grader in (*PLANTED[:: options.every], *GOOD[:: options.every]):
        folder = laid_out(grader, options.env.resolve() / "graders")
        rows.append(Row(name, grader, ask(grader, folder, options.seconds)))
        if rows[-1].answer.why:
            sys.stderr.write(f"{name}, {grader.grader}: {rows[-1].answer.why}\n")
    return rows


def asked(tool: Tool, home: Path) -> Ask:
    commands = installed(tool, home)
    return lambda grader, folder, limit: answer_of(tool, commands, folder, limit)


def kept_row(row: Row) -> dict[str, object]:
    said = row.answer
    return {
        "tool": row.tool,
        "grader": row.grader.grader,
        "verdict": said.verdict,
        "seconds": round(said.seconds, 2),
        "why": said.why,
    }


def main() -> int:
    options = parsed()
    home: Path = options.env.resolve()
    wanted = [tool for tool in TOOLS if not options.tools or tool.name in options.tools]
    runs = [(f"{tool.name} ({', '.join(tool.pins)})", tool.rule, asked(tool, home)) for tool in wanted]
    if not options.tools or OURS in options.tools:
        rule = "the right id for a planted grader, anything from warning up for a good one"
        runs.append((OURS, rule, our_answer))
    every: list[Row] = []
    for name, rule, ask in runs:
        rows = said_of_all(name, ask, options)
        every += rows
        write_lines(home / "answers.jsonl", map(kept_row, every))
        print(line(name, rule, rows), flush=True)
    print(f"every answer: {home / 'answers.jsonl'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
