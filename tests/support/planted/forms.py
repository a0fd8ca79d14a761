r"""The formats in which the planted set's prompts ask for an answer, and completions in these formats.

Records of every kind declare a default format, named ``""``. Some kinds have more: `records_of("number",
form="boxed")` asks for `\boxed{}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["FORMS", "Form", "answer_text", "form_of"]


class Form(NamedTuple):
    """The format of an answer: its declaration and its completions.

    Args:
        system: The system message of every record; empty for none.
        declared: Sentences that declare the format. Each prompt ends with one of them.
        write: Writes a completion from an answer and the reasoning that leads to it.
        worked: Whether references also contain the reasoning, with the answer after `####`.
        shots: The number of examples, each a question with its answer, before the question.
    """

    system: str
    declared: tuple[str, ...]
    write: Callable[[str, str], str]
    worked: bool = False
    shots: int = 0


def _marker(answer: str, working: str) -> str:
    return f"{working}\n#### {answer}"


def _boxed(answer: str, working: str) -> str:
    return f"{working}\nSo the result is \\boxed{{{answer}}}"


def _line(answer: str, working: str) -> str:
    return f"{working}\nAnswer: {answer}"


def _tag(answer: str, working: str) -> str:
    return f"{working}\n<answer>{answer}</answer>"


def _bare(answer: str, working: str) -> str:
    return answer


def _fenced(answer: str, working: str) -> str:
    return f"{working}\n```json\n{answer}\n```"


def _python(answer: str, working: str) -> str:
    return f"{working}\n```python\n{answer}\n```"


def _call(answer: str, working: str) -> str:
    [call] = json.loads(answer)["calls"]
    return f"<tool_call>{json.dumps(call)}</tool_call>"


def _thought(answer: str, working: str) -> str:
    return f"<think>{working}</think>\n<answer>{answer}</answer>"


_MARKER_SAID = ("End with #### and the number.", "Write the final number after ####, on a line of its own.")

FORMS: dict[str, dict[str, Form]] = {
    "number": {
        "": Form("You solve everyday problems step by step.", _MARKER_SAID, _marker),
        "worked": Form("", ('Think step by step and write the final number after "####".',), _marker, True),
        "shots": Form("Answer as in the examples.", ("End with #### and the number.",), _marker, shots=2),
        "boxed": Form("", ("Reason briefly and put the final number in \\boxed{}.",), _boxed),
        "line": Form("", ("Finish with a line that says Answer: and the number.",), _line),
        "bare": Form("", ("Reply with the number only, without any other word.",), _bare),
    },
    "choice": {
        "": Form(
            "", ("Give a reason, then put the letter in <answer> tags, like <answer>X</answer>.",), _tag
        ),
        "line": Form("", ("Finish with a line that says Answer: and the letter.",), _line),
        "bare": Form(
            "Reply with one letter from A to E and nothing else.", ("Which letter is right?",), _bare
        ),
    },
    "yes-no": {
        "": Form("", ("Give your reason, then end with a line that says Answer: yes or Answer: no.",), _line),
        "bare": Form("", ("Answer yes or no, with no other word.",), _bare),
    },
    "text": {
        "": Form(
            "", ("Explain in one sentence, then end with a line that says Answer: and the name.",), _line
        ),
        "bare": Form("", ("Reply with the name only.",), _bare),
    },
    "list": {
        "": Form("", ("Put the names in <answer> tags, separated by commas.",), _tag),
        "bare": Form("", ("Reply with the names only, separated by commas.",), _bare),
    },
    "json": {
        "": Form("You extract data.", ("Reply with one JSON object and nothing else.",), _bare),
        "fenced": Form("", ("Explain briefly, then give the JSON object in a ```json block.",), _fenced),
    },
    "tools": {
        "": Form(
            "You may call the tools that you are given.",
            ('Call one tool, as <tool_call>{"name": ..., "arguments": {...}}</tool_call>.',),
            _call,
        ),
    },
    "code": {"": Form("", ("Put the code in a ```python block.",), _python)},
    "judge": {"": Form("You answer customers of a shop.", ("Reply with the message only.",), _bare)},
    "format": {
        "": Form("", ("Reason in <think> tags, then give the answer in <answer> tags.",), _thought),
    },
}


def form_of(kind: str, form: str = "") -> Form:
    return FORMS[kind][form]


def answer_text(answer: Any) -> str:
    """Return an answer as completions write it: strings unchanged, lists with commas, objects as JSON."""
    if isinstance(answer, list):
        return ", ".join(answer)
    return json.dumps(answer) if isinstance(answer, dict) else str(answer)
