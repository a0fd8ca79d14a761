"""Separates a model's reasoning from its answer in every known format.

Chat templates and inference servers differ in how much of the reasoning they leave in the text, and no source
documents the format that a training job sends. Text that this module marks as reasoning is never graded as an
answer. The rules:

- Tags at the start contain reasoning. If such a tag is never closed, the model was cut off before it
  answered.
- A closing tag without an opening tag also ends reasoning, because the template put the opening tag in the
  prompt.
- A later pair of tags, and tags after a pair at the start, are part of the answer, which may quote tags.
- In the gpt-oss format, only the `final` channel is the answer. Without that channel, there is no answer.
- Special tokens at the end of a completion come from the tokenizer and are not part of the model's answer.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TAGS = (
    # Case does not matter. DeepSeek-R1, Qwen3 and most other models use this pair. The templates of R1 and
    # Qwen3-Thinking put the opening tag in the prompt (their model cards; vLLM's and SGLang's parsers).
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),  # prompts for Nova and Claude (AWS's and Anthropic's prompt guides)
    ("<reasoning>", "</reasoning>"),  # the format that AWS's and TRL's GRPO examples request
    ("<reason>", "</reason>"),
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<thoughts>", "</thoughts>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("[think]", "[/think]"),  # Mistral's Magistral
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),  # Kimi
    (
        "<|begin_of_thought|>",
        "<|end_of_thought|>",
    ),  # Sky-T1, OpenThinker; AWS's Nova samples request a similar format
    ("<|start_thinking|>", "<|end_thinking|>"),  # Cohere's Command A Reasoning
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
)

ENDS = (
    *("<|im_end|>", "<|endoftext|>"),  # Qwen
    *("<|return|>", "<|end|>", "<|call|>"),  # gpt-oss
    *("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|eot|>"),  # Llama 3 and 4
    "</s>",  # Mistral and Llama 2
    *("<end_of_turn>", "<eos>", "<pad>"),  # Gemma
    *("<\uff5cend\u2581of\u2581sentence\uff5c>", "<|end_of_sentence|>"),  # DeepSeek
    *("<|END_OF_TURN_TOKEN|>", "<|END_RESPONSE|>", "<|END_TEXT|>"),  # Cohere
    *("<seed:eos>", "<|pad|>", "<|end_of_turn|>", "<|endofturn|>"),
)
"""Special tokens that a server may leave at the end of a completion."""

# gpt-oss: the harmony format (openai/harmony, docs/format.md). The prompt contains `<|start|>assistant` and
# sometimes more of the header, so a completion may lack the beginning of its header.
_CHANNEL = r"(?:<\|(?:end|call|return)\|>\s*+)?(?:<\|start\|>\s*+assistant[^<]*+)?<\|channel\|>\s*+(\w++)"
_HEADER = _CHANNEL + r"[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>"
_PLAIN = r"(?:<\|start\|>\s*+assistant\s*+)?(?:(analysis|commentary|final)\s*+)?<\|message\|>"
_NEXT = r"<\|end\|>\s*+<\|start\|>\s*+assistant"
_CUT = ("<|channel|>", "<|start|>")
_FINAL_ENDS = r"<\|(?:return|call)\|>|<\|end\|>\s*+(?:<\|start\|>|\Z)"
# The same format after the server has removed the special tokens: `analysisWe need ...assistantfinal4`.
_BARE = r"analysis(?=[A-Z]|.*?assistantfinal)"

_KINDS = {
    tag: (kind, tag is opening) for kind, (opening, closing) in enumerate(TAGS) for tag in (opening, closing)
}
_CLOSING = ("</", "[/", "<|", "\u25c1/")
"""Prefixes of closing tags. If a completion contains none of these, the tag search is skipped."""
_ANY_TAG = "|".join(re.escape(tag) for tag in _KINDS)


def may_divide(text: str) -> bool:
    """Return True if the text may contain reasoning or special tokens.

    This check is fast and returns False for most completions. Reasoning either starts at the beginning of the
    text or ends with a closing tag or a gpt-oss token. Special tokens appear at the end.
    """
    # Searching for one character is much faster than searching for two, and `rfind` is faster for two.
    if "/" in text and (("<" in text and text.rfind("</") >= 0) or ("[" in text and text.rfind("[/") >= 0)):
        return True
    if "|" in text and "<" in text and "<|" in text:
        return True
    if text[-1:] in LAST and "<" in text:
        return True
    first = text[:1]
    return (first in FIRST and (first != "a" or text.startswith("analysis"))) or "\u25c1" in text


def divide(text: str) -> tuple[str, list[str]]:
    """Split a completion into the answer and the blocks of reasoning."""
    found = _channels(text)
    answer, thoughts = _tags(text) if found is None else found
    return _without_end(answer), thoughts


def names_reasoning(text: str) -> bool:
    """Return True if there is a reasoning tag anywhere in the text."""
    return re.search(_ANY_TAG, text, re.IGNORECASE) is not None


def _tags(text: str) -> tuple[str, list[str]]:
    tags = re.compile(_ANY_TAG, re.IGNORECASE)
    thoughts: list[str] = []
    rest = _front(text, 0, tags, thoughts)
    if thoughts or not any(sign in text for sign in _CLOSING):
        return rest, thoughts
    open_tags = [0] * len(TAGS)
    for tag in tags.finditer(text):
        kind, opens = _KINDS[tag[0].lower()]
        open_tags[kind] += 1 if opens else -1
        if open_tags[kind] < 0:
            thoughts.append(text[: tag.start()].strip())
            return _front(text, tag.end(), tags, thoughts), thoughts
    return text, thoughts


def _front(text: str, at: int, tags: re.Pattern[str], thoughts: list[str]) -> str:
    """Add the reasoning in consecutive tag pairs to `thoughts` and return the remaining text."""
    found = len(thoughts)
    while tag := tags.match(text, past_blanks(text, at)):
        kind, opens = _KINDS[tag[0].lower()]
        if not opens:
            break
        closing = _closing(tags.finditer(text, tag.end()), kind)
        if closing is None:
            thoughts.append(text[tag.end() :].strip())
            return ""
        thoughts.append(text[tag.end() : closing.start()].strip())
        at = closing.end()
    return text[past_blanks(text, at) :] if at or len(thoughts) > found else text


def _closing(tags: Iterable[re.Match[str]], kind: int) -> re.Match[str] | None:
    """Find the closing tag for an opening tag.

    If there are more opening than closing tags, return the last closing tag.
    """
    depth, last = 1, None
    for tag in tags:
        of, opens = _KINDS[tag[0].lower()]
        if of == kind:
            depth += 1 if opens else -1
            last = last if opens else tag
            if depth == 0:
                break
    return last


def _channels(text: str) -> tuple[str, list[str]] | None:
    """Split the text into its gpt-oss channels, or return None if it has none."""
    at = past_blanks(text, 0)
    if bare := re.compile(_BARE, re.DOTALL).match(text, at):
        thought, final, answer = text[bare.end() :].partition("assistantfinal")
        return answer if final else "", [thought.strip()]
    if "<|" not in text:
        return None
    header = re.compile(_HEADER)
    plain = re.compile(_PLAIN).match(text, at)
    if plain is None and not text.startswith(_CUT, at) and not re.search(_NEXT, text):
        return None
    answer, thoughts, channel = "", [], "analysis"
    if plain is not None:
        channel, at = plain[1] or "final", plain.end()
    ends = [(one.start(), one.end(), one[1]) for one in header.finditer(text, at)]
    for start, end, following in [*ends, (len(text), 0, "")]:
        body = text[at:start]
        if channel == "final":
            answer = body[: stop.start()] if (stop := re.search(_FINAL_ENDS, body)) else body
        elif body and not body.isspace():
            thoughts.append(_without_end(body).strip())
        at, channel = end, following
    return answer, thoughts


def _without_end(text: str) -> str:
    """Strip trailing special tokens and the white space after them."""
    end = kept = len(text)
    while True:
        while end and text[end - 1] in BLANKS:
            end -= 1
        if not text.endswith(ENDS, 0, end):
            return text[:kept]
        end = kept = end - next(len(token) for token in ENDS if text.endswith(token, 0, end))


BLANKS = frozenset(
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)


FIRST = BLANKS | {opening[0] for opening, _ in TAGS} | {"a"}
"""Possible first characters of a completion with reasoning at its start (`a` for gpt-oss's `analysis`).
"""
LAST = BLANKS | {token[-1] for token in ENDS}
"""Possible last characters of a completion that ends with a special token."""


def past_blanks(text: str, at: int) -> int:
    """Return the index of the first character at or after `at` that is not white space."""
    while text[at : at + 1] in BLANKS:
        at += 1
    return at
