"""The kinds of projects that grade by a ready check, without Python of their own.

Each has a folder in `with_check/` with its `grader.toml`, and with its samples where they are not the shipped
ones.
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
    # It is part of the version's description, which ends at 256 characters. A TOML file holds what is longer.
    MaxLength: 128
    Description: >-
      What @LOGICAL_ID@ grades by - a ready check with its options, or a TOML file beside this template. See
      `rft graders`.
"""
_VARIABLE = """      Environment:
        Variables:
          GRADER_CHECK: !Ref GraderCheck
"""
_ROLE = """      # A check may ask a judge about each sample: it has the role for that, and more time than
      # other graders.
      Role: !GetAtt JudgeRole.Arn
      Timeout: 300
"""
_CODE_ROLE = f"""      # It runs code of the model, so it may do no more than write its log. Its samples
      # take turns, so it has more time than other graders.
{ROLE}      Timeout: 300
"""


@dataclass(frozen=True, slots=True)
class ProjectKind:
    """One kind of project."""

    logical_id: str
    """The function's name in the template."""
    what: str
    """What its grader pays for."""
    samples: str
    """What its records are."""
    label: str = 'label = "is_right"'
    """The settings that say where the rollouts' verdicts are."""
    judge: str = ""
    """The model that its check asks; empty where it asks none."""
    agrees: str = ""
    """How far its rewards agree with the verdicts, as its test says it; empty for all of them."""
    role: str = _ROLE
    """The role and the time of its function in the template."""
    audited: bool = True
    """Whether its test audits it; an audit that runs programs takes long on a busy machine."""
    packages: str = ""
    """What its check needs beyond the library, as requirements.txt has it."""


_AUDITED = """

def test_nothing_else_is_paid(assert_no_findings):
    assert_no_findings()  # of the grader and the records in rft.toml; `rft audit` looks further
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
"""Every kind, by the name that `rft init --kind` takes."""


def files_of_kind(kind: str) -> dict[str, bytes]:
    """The files that are a kind's own, by their names in the project.

    Args:
        kind: One of `KINDS`.
    """
    return {path.name: path.read_bytes() for path in sorted((_FOLDER / kind).iterdir())}


def content_of_kind(kind: str) -> ProjectContent:
    """What a project of a kind is made of.

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
    """What the project's README says of its judge."""
    return (_FOLDER / "about_judge.md").read_text("utf-8").replace("@MODEL@", model)
