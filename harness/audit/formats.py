"""The formats in which a grader may want its answer, and which part of a reference the answer is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from harness.targets.reference_calls import calls_of

__all__ = ["SLOT", "Format", "answer_of", "candidates"]

SLOT = "{a}"
"""Where the answer goes in a template."""

_MARKER = "####"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write an answer."""

    template: str
    """A completion with `{a}` in the place of the answer; empty for tool calls."""
    reading: str
    """Which part of the reference the answer is: a name that `answer_of` takes."""

    def fill(self, answer: str) -> Any:
        """The completion that says an answer: a text, or a message with tool calls.

        Args:
            answer: What stands in the slot; for tool calls, the calls as JSON.
        """
        if self.template:
            return self.template.replace(SLOT, answer)
        try:
            calls = calls_of(json.loads(answer))
        except ValueError:
            calls = []
        return {"role": "assistant", "content": None, "tool_calls": calls}

    def __str__(self) -> str:
        """The format as people read it."""
        return self.template or "tool calls"


def answer_of(reading: str, reference: Any) -> str | None:
    """The answer of a reference, as a text.

    Args:
        reading: `whole`, `marker`, or `field NAME`.
        reference: The record's reference.

    Returns:
        None where the reference has no such part.
    """
    if isinstance(reference, dict) and set(reference) == {"text"}:
        reference = reference["text"]
    if reading.startswith("field "):
        reference = reference.get(reading[6:]) if isinstance(reference, dict) else None
    if reference is None:
        return None
    text = reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)
    if reading == "marker":
        _, found, text = text.rpartition(_MARKER)
        if not found:
            return None
    return text.strip()


def candidates(reference: Any) -> list[Format]:
    """The formats that are tried for a reference, the likeliest first."""
    readings = ["whole"]
    if isinstance(reference, str) and _MARKER in reference:
        readings.insert(0, "marker")
    if isinstance(reference, dict) and set(reference) != {"text"}:
        readings += [f"field {name}" for name in reference]
    templates = (
        *("{a}", "#### {a}", "\\boxed{{a}}", "The answer is {a}.", "Answer: {a}", "<answer>{a}</answer>"),
        *("```\n{a}\n```", "```json\n{a}\n```", "<think>{a}</think><answer>{a}</answer>"),
    )
    found = [Format(template, reading) for reading in readings for template in templates]
    return [*found, Format("", "whole")] if calls_of(reference) else found
