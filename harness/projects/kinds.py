"""The kinds of projects that grade with a ready check instead of Python code.

Each kind has a folder in `with_check/` that contains its `grader.toml`, and its samples unless it uses the
shipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.configured import READY_HANDLER
from harness.projects.project_content import ProjectContent
from harness.projects.project_words import common_words, to_replace
from harness.projects.template_text import CHECK_IN_VERSION, NO_MODEL, ROLE

__all__ = ["KINDS", "ProjectKind", "content_of_kind", "files_of_kind"]

_FOLDER = Path(__file__).parent / "with_check"
_CONFIGURATION = "grader.toml"
_PARAMETER = """  GraderCheck:
    Type: String
    Default: grader.toml
    MinLength: 1
    # Part of the version's description, which is limited to 256 characters. Put longer ones in a TOML file.
    MaxLength: 128
    Description: >-
      The check that @LOGICAL_ID@ runs - a ready check with its options, or a TOML file next to this template.
      See `rft graders`.
"""
_VARIABLE = """      Environment:
        Variables:
          GRADER_CHECK: !Ref GraderCheck
"""
_ROLE = """      # A check may call a judge about each sample, so it has the role for that, and more time than
      # other graders.
      Role: !GetAtt JudgeRole.Arn
      Timeout: 300
"""
_CODE_ROLE = f"""      # It runs the model's code, so it may only write its log. Its samples
      # run one at a time, so it has more time than other graders.
{ROLE}      Timeout: 300
"""


@dataclass(frozen=True, slots=True)
class ProjectKind:
    """One kind of project."""

    logical_id: str
    """The function's name in the template."""
    what: str
    """Description of the completions that the grader rewards."""
    samples: str
    """Description of the records."""
    label: str = 'label = "is_right"'
    """Settings that name the field with the rollouts' verdicts."""
    judge: str = ""
    """The model that the check calls; empty if it calls no model."""
    agrees: str = ""
    """Agreement between rewards and verdicts that the test requires; empty for full agreement."""
    role: str = _ROLE
    """Role and timeout of the function in the template."""
    audited: bool = True
    """True if the test includes an audit. An audit that runs programs takes a long time on a busy machine."""
    packages: str = ""
    """Packages for requirements.txt that the check needs in addition to the library."""


_AUDITED = """

def test_only_right_answers_earn_a_reward(assert_no_findings):
    assert_no_findings()  # with the grader and the records in rft.toml; `rft audit` checks more
"""
_MONTY = "pydantic-monty==1.4.0\n"
_SHARES = 'label = "expected"\nlabel_tolerance = 0.001'

KINDS = {
    "number": ProjectKind("NumberCheck", "the number after the last `####`", "generated word problems"),
    "choice": ProjectKind("ChoiceCheck", "the right letter of four", "questions with four options"),
    "json": ProjectKind("JsonCheck", "the share of the fields that are right", "mails to extract", _SHARES),
    "tools": ProjectKind(
        "ToolsCheck", "the expected tool calls", "requests to an assistant with three tools"
    ),
    "sql": ProjectKind("SqlCheck", "a query with the right result", "questions about a library's books"),
    "text": ProjectKind("TextCheck", "the wording of an accepted answer", "questions with short answers"),
    "code": ProjectKind(
        "CodeCheck",
        "a function that passes its tests",
        "small functions to write",
        role=_CODE_ROLE,
        audited=False,
        packages=_MONTY,
    ),
    "judge": ProjectKind(
        "JudgeCheck",
        "a short reply that a judge calls good",
        "mails to a bookshop, to be replied to",
        'label = "is_good"\nanswers = "answers.jsonl"',
        judge="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        agrees="at_least=0.9",
    ),
}
"""Every kind, by its name in `rft init --kind`."""


def files_of_kind(kind: str) -> dict[str, bytes]:
    """Return a kind's own files, by their names in the project.

    Args:
        kind: One of `KINDS`.
    """
    return {path.name: path.read_bytes() for path in sorted((_FOLDER / kind).iterdir())}


def content_of_kind(kind: str) -> ProjectContent:
    """Return the contents of a project of a kind.

    Args:
        kind: One of `KINDS`.
    """
    one = KINDS[kind]
    verdicts = one.label.partition('"')[2].partition('"')[0]
    words = common_words(
        handler=READY_HANDLER,
        file=_CONFIGURATION,
        logical_id=one.logical_id,
        what=f"the ready check and its options: it pays for {one.what}",
        tested="the grader against those verdicts",
        verdicts=verdicts,
    )
    words |= {
        "@CHECK_PARAMETER@": _PARAMETER.replace("@LOGICAL_ID@", one.logical_id),
        "@CHECK_VERSION@": CHECK_IN_VERSION,
        "@CHECK_VARIABLE@": _VARIABLE,
        "@ROLE@": one.role,
        "@JUDGE_MODEL@": one.judge or NO_MODEL,
        "@ABOUT_JUDGE@": _about_judge(one.judge) if one.judge else "",
        "@AGREES@": one.agrees,
        "@AUDITED@": _AUDITED if one.audited else "",
        "@SAMPLES@": to_replace(one.samples),
        "@LABEL@": one.label,
        "@PACKAGES@": one.packages,
    }
    return ProjectContent(words, "with_check", files_of_kind(kind))


def _about_judge(model: str) -> str:
    """Return the README's section about the judge."""
    return (_FOLDER / "about_judge.md").read_text("utf-8").replace("@MODEL@", model)
