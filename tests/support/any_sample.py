"""Samples of every kind, and a function whose result depends on all of a sample's contents."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graders import Sample, grader
from graders.checks._visible import visible

_TAKEN = ("id", "messages", "metadata", "reference_answer", "prompt", "my_key")
_VERLS = ("num_turns", "rollout_reward_scores", "data_source", "extra_info")
_TEXTS = st.text(max_size=20) | st.sampled_from(["<think>six</think>72", "72<|im_end|>", "", "\\boxed{72}"])
_VALUES = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5)
_NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in (*_TAKEN, *_VERLS))


_CALL = {"id": "call-1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
_THOUGHT = {"type": "thinking", "thinking": "six times twelve"}


@st.composite
def any_sample(draw: st.DrawFn, *, text_alone: bool = False) -> Sample[Any]:
    """Draw a sample as a service may send it, with or without a visible reference.

    None of its fields has a name that other frameworks reserve.

    Args:
        draw: Draws the sample's parts.
        text_alone: Make the completion plain text, without blocks, tool calls or a reasoning field.
    """
    prompt = draw(st.text(max_size=5))
    asked = [{"role": "user", "content": prompt}]
    if draw(st.booleans()):
        asked = [{"role": "system", "content": "Be brief."}, *asked]
    answer: dict[str, Any] = {"role": "assistant", "content": draw(_TEXTS)}
    if not text_alone:
        if draw(st.booleans()):
            answer["content"] = [_THOUGHT, {"type": "text", "text": answer["content"]}]
        elif draw(st.booleans()):
            answer["reasoning_content"] = "six times twelve"
        if draw(st.booleans()):
            answer["tool_calls"] = [_CALL]
    return Sample(
        {
            "id": "a",
            "messages": [*asked, answer],
            "reference_answer": draw(st.none() | st.integers() | _TEXTS.filter(visible)),
            "metadata": draw(st.dictionaries(_NAMES, _VALUES, max_size=3)),
        }
    )


@grader(range=(0, 1e9))
def measured(sample: Sample) -> float:
    """Return a number that depends on everything in the sample."""
    read = (sample.prompt, sample.completion, sample.reasoning, sample.tool_calls, sample.reference_answer)
    held = (len(sample.messages), *read, sorted(map(repr, sample.fields.items())))
    return float(hash(repr(held)) % 10**9)
