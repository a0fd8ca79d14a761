"""The answer formats that a grader may expect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit.readings import Reading
from harness.targets.reference_calls import calls_of

__all__ = ["SLOT", "WORKING", "Format", "common_templates"]

SLOT = "{a}"
"""The placeholder for the answer in a template."""

WORKING = "Let me work this out step by step before I answer."
"""Reasoning that reveals nothing about the answer, used in formats that require reasoning."""


@dataclass(frozen=True, slots=True)
class Format:
    """An answer format."""

    template: str
    """A completion with `{a}` in place of the answer, or an empty string for tool calls."""
    reading: Reading = Reading()
    """The part of the record that contains the answer."""

    def fill(self, answer: str) -> Any:
        """Return the completion for an answer: a string, or a message with tool calls.

        Args:
            answer: The answer. For tool calls, the calls as JSON.
        """
        if self.template:
            if f'"{SLOT}"' in self.template and self.template.lstrip("`json\n ")[:1] == "{":
                answer = json.dumps(answer, ensure_ascii=False)[1:-1]
            return self.template.replace(SLOT, answer)
        try:
            calls = calls_of(json.loads(answer))
        except (ValueError, RecursionError):
            calls = []
        return {"role": "assistant", "content": None, "tool_calls": calls}

    def __str__(self) -> str:
        return self.template or "tool calls"


def common_templates(kind: str, reading: Reading) -> Sequence[str]:
    """Return common templates for a kind of answer, most likely first.

    Args:
        kind: The kind of answer, one of `harness.audit.answer_kinds.KINDS`.
        reading: The part of the record that contains the answer.
    """
    if reading.part == "calls":
        return ("", *_OBJECTS)
    if reading.part == "call":
        return ("", "<tool_call>\n{a}\n</tool_call>", *_OBJECTS)
    if reading.part == "call in Python":
        return ("{a}",)
    return _OF_KIND.get(kind, _OF_TEXT)


_OF_TEXT = (
    *("{a}", "#### {a}", "<answer>{a}</answer>", "\\boxed{{a}}", "Answer: {a}", "The answer is {a}."),
    *("The answer is \\boxed{{a}}.", "Final answer: {a}", "**{a}**", "({a})", '{"answer": "{a}"}'),
    *(f"<think>{WORKING}</think>\n<answer>{{a}}</answer>", f"{WORKING}\n#### {{a}}", f"{WORKING}\n{{a}}"),
    *("```\n{a}\n```", "ANSWER: {a}", "[[{a}]]", "<final_answer>{a}</final_answer>", "<result>{a}</result>"),
    *('{"answer": {a}}', "Final Answer: The final answer is {a}. I hope it is correct.", "<b>{a}</b>"),
)
_OBJECTS = ("{a}", "```json\n{a}\n```", "<answer>{a}</answer>", f"{WORKING}\n```json\n{{a}}\n```")
_CODE = (
    *("```python\n{a}\n```", "{a}", "```\n{a}\n```", "<answer>\n```python\n{a}\n```\n</answer>"),
    *("<answer>{a}</answer>", "<code>{a}</code>"),
)
_OF_KIND = {
    "json": (*_OBJECTS, "<json>{a}</json>", '{"answer": {a}}', f"<think>{WORKING}</think>\n{{a}}"),
    "code": _CODE,
}
