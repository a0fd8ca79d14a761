"""Graders of form alone: reasoning in think tags, then an answer in answer tags. Each has one fault."""

import re

from graders import grader


def whole_text(sample):
    """The reply with its reasoning."""
    content = sample.messages[-1].get("content")
    if isinstance(content, list):
        content = "".join(block.get("text") or "" for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


@grader
def tags_in_pairs(sample):
    """Every tag is closed as often as it is opened."""
    text = whole_text(sample)
    pairs = all(text.count(f"<{name}>") == text.count(f"</{name}>") for name in ("think", "answer"))
    return 1.0 if pairs else 0.0


@grader
def tags_without_content(sample):
    """Both pairs of tags, in their order; what is in them is the model's business."""
    thought, closed, rest = whole_text(sample).partition("</think>")
    shaped = thought.startswith("<think>") and closed and re.fullmatch(r"\s*<answer>[^<]*</answer>\s*", rest)
    return 1.0 if shaped else 0.0
