"""Makes the recorded answers for new projects of `rft init --kind judge`.

    PYTHONPATH=tests:. .venv/bin/python -m support.stand_in_judge

A stand-in answers instead of a model. It looks in the reply for the words of the reference, and for numbers
that are neither in the prompt nor in the reference. Like a model, it is wrong about some replies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import projects
from harness.projects.kinds import files_of_kind
from harness.projects.scaffold import make_project
from support.judge_endpoint import Answer, Asked, JudgeEndpoint

__all__ = ["ANSWERS", "record", "stand_in"]

ANSWERS = Path(projects.__file__).parent / "with_check/judge/answers.jsonl"

_PARTS = re.compile(r"<(\w+)(-\w+)>\n(.*?)\n</\1\2>", re.DOTALL)
_WORDS = re.compile(r"[a-z]+|\d+")
_COMMON = frozenset(
    "the this that they then than with within until book cannot does have been them from under also only each"
    " their when will your not".split()
)


def stand_in(asked: Asked) -> Answer:
    """Answer as a judge would, by comparing words."""
    parts = {name: text for name, _, text in _PARTS.findall(asked.question)}
    good, reason = _verdict(parts["prompt"], parts["reference"], parts["completion"])
    said = {"reason": reason, "label": "good" if good else "poor"}
    # A token has about four characters, as in most models.
    return Answer(said, tokens=((len(asked.rubric) + len(asked.question)) // 4, len(reason) // 4 + 12, 0))


def _verdict(prompt: str, reference: str, reply: str) -> tuple[bool, str]:
    if invented := sorted(_numbers(reply) - _numbers(prompt) - _numbers(reference)):
        return False, f"The reply says {invented[0]}, which the rule does not."
    said = _stems(reply)
    for fact in re.split(r"(?<=\.)\s+", reference.partition(", ")[2]):  # the text after the greeting
        if 2 * len(_stems(fact) & said) <= len(_stems(fact)):
            return False, f"The reply does not say: {fact}"
    return True, "The reply says everything that the reference says."


def _stems(text: str) -> set[str]:
    words = [word for word in _WORDS.findall(text.lower()) if word.isdigit() or len(word) > 2]
    return {word[:3] for word in words if word not in _COMMON}


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def record(folder: Path) -> bytes:
    """Record the stand-in's answers in a new project.

    Args:
        folder: The folder for the project.

    Raises:
        CalledProcessError: The replay fails.
    """
    make_project(folder, kind="judge")
    (folder / "answers.jsonl").unlink(missing_ok=True)
    with JudgeEndpoint(stand_in) as endpoint:
        command = [sys.executable, "-m", "harness.cli.main", "replay", "--ask", "all"]
        environment = {**os.environ, **endpoint.variables}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)
    return (folder / "answers.jsonl").read_bytes()


def main() -> int:
    scratch = Path(tempfile.mkdtemp(prefix="judge-"))
    try:
        ANSWERS.write_bytes(record(scratch / "bookshop"))
    finally:
        shutil.rmtree(scratch)
    sys.stdout.write(f"{ANSWERS}: {len(files_of_kind('judge')['answers.jsonl'].splitlines())} lines\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
