"""Finds the formats that prompts ask for."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness.audit.formats import SLOT, WORKING

__all__ = ["declared_templates", "prompt_of"]

_SHARE = 0.25
_MOST = 24
_LONGEST_QUOTE = 100
_LONGEST_PROMPT = 20_000

_THOUGHTS = frozenset(
    (
        "think",
        "thinking",
        "thought",
        "thoughts",
        "reasoning",
        "reason",
        "scratchpad",
        "scratch_pad",
        "working",
    )
    + ("work", "steps", "analysis", "explanation", "reflection", "rationale", "plan")
)
_ANSWERS = ("answer", "final_answer", "final", "result", "solution", "output", "response", "label", "choice")
_TAG = re.compile(r"<([A-Za-z][\w-]{0,30})>")
_BLOCK = re.compile(r"<(\w[\w-]{0,30})>(\s*)[^<>]{0,60}?(\s*)</\1>")
_NOT_TAGS = frozenset(
    ("your", "number", "value", "text", "letter", "name", "b", "br", "p", "i", "u", "the", "a", "integer")
)
_PLACE = (
    r"(?:<[^<>\n]{1,40}>|\[[^\[\]\n]{1,40}\]|\{[^{}\n]{1,40}\}|\.\.\.|…|_{2,}|\b[XYNA-E]\b|-?\d[\d,]*(?:\.\d+)?"
    r"|(?:your|the) (?:final )?(?:answer|number|letter|name|value|result|choice|label|word|option)"
    r"|\b(?:yes|no|true|false)\b(?:/\w+)?)"
)
_PLACED = re.compile(_PLACE, re.IGNORECASE)
_LINE = re.compile(
    r"(?m)(?:^|[\"'`“:] ?)([ \t>]*(?:\*\*)?[A-Z][A-Za-z]{1,15}(?: [A-Za-z]{1,15}){0,2}:(?:\*\*)?)[ \t]*"
    rf"({_PLACE})"
)
_OPTION = re.compile(r"\b([A-Z][a-z]{2,15}) ([A-E1-9])\b")
_SAID = re.compile(
    r"\b([A-Z]\w{2,15}(?: [A-Za-z]\w{2,15})?:)"
    r"(?=\s+(?:and|then|followed|the|your|with|or|yes|no|true|false)\b)"
)
_QUOTED = re.compile(
    r"\"([^\"\n]{1,100})\"|`([^`\n]{1,100})`|“([^”\n]{1,100})”|(?<!\w)'([^'\n]{1,100})'(?!\w)"
)
_LEADS = re.compile(
    r"(?:after|follow\w*|begin\w*|start\w*|prefix\w*|prece\w*|with|by|write|marker|line|format)\W*$"
)
_OBJECT = re.compile(r"\{[^{}]*\"[\w ]{1,40}\"\s*:[^{}]*\}")
_KEY = re.compile(r"(?:key|field|property|keys|fields)\s+(?:named |called )?[\"'`“](\w{1,40})[\"'`”]")
_KEY_BEFORE = re.compile(r"[\"'`“](\w{1,40})[\"'`”]\s+(?:key|field|property)\b")
_WRAPPED = re.compile(
    r"(\[\[|<<|\(|\[|\*\*|\$)(?:[A-EX]|\d+|(?:your |final |the )?(?:answer|letter|number))"
    r"(\]\]|>>|\)|\]|\*\*|\$)"
)
_ENDS = {"[[": "]]", "<<": ">>", "(": ")", "[": "]", "**": "**", "$": "$"}


def prompt_of(record: dict[str, Any]) -> str:
    """Return the text of a record's prompt, including the system prompt.

    Args:
        record: The record's fields.
    """
    messages = record.get("messages")
    found = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") in ("system", "developer", "user"):
            content = message.get("content")
            blocks = content if isinstance(content, list) else [{"text": content}]
            found += [
                one["text"] for one in blocks if isinstance(one, dict) and isinstance(one.get("text"), str)
            ]
    return "\n".join(found)


def declared_templates(prompts: Sequence[str]) -> list[str]:
    """Return templates of the formats that prompts ask for, most frequent first.

    Args:
        prompts: Prompts of a sample of records. Templates that only a few prompts suggest are ignored.
    """
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for prompt in prompts:
        for place, template in enumerate(dict.fromkeys(_of_prompt(prompt[-_LONGEST_PROMPT:]))):
            counts[template] += 1
            first.setdefault(template, place)
    often = [one for one, count in counts.items() if count >= max(1.0, _SHARE * len(prompts))]
    common = {one: counts[one] >= 0.5 * len(prompts) for one in often}
    return sorted(often, key=lambda one: (not common[one], first[one]))[:_MOST]


def _of_prompt(prompt: str) -> Iterator[str]:
    """Yield the templates that a prompt asks for, most specific first."""
    tags = [name for name in dict.fromkeys(_TAG.findall(prompt)) if name.lower() not in _NOT_TAGS]
    thoughts = [name for name in tags if name.lower() in _THOUGHTS]
    inner = list(dict.fromkeys(_inside(prompt)))
    answer = _answer_tag([name for name in tags if name not in thoughts])
    if answer is not None:
        yield from _layout(prompt, answer, inner)
        before = "".join(f"<{name}>{WORKING}</{name}>\n" for name in thoughts[:2])
        nested = [f"<{answer}>{one}</{answer}>" for one in inner[:2] if "<" not in one]
        plain = f"<{answer}>{SLOT}</{answer}>"
        others = [name for name in tags if name not in thoughts and name != answer]
        if before:
            yield before + plain
        yield plain
        yield from (before + one for one in nested)
        if 0 < len(others) <= 3:
            yield "".join(f"<{name}>{WORKING}</{name}>\n" for name in (*thoughts[:2], *others)) + plain
    elif thoughts:
        before = f"<{thoughts[0]}>{WORKING}</{thoughts[0]}>\n"
        yield from (before + one for one in (*inner[:3], SLOT))
    yield from inner
    if re.search(r"last line|final line|line of its own|separate line", prompt, re.IGNORECASE):
        yield f"{WORKING}\n{SLOT}"
    if re.search(r"\b(?:only|just|nothing else|nothing but|alone)\b", prompt, re.IGNORECASE):
        yield SLOT


def _layout(prompt: str, answer: str, inner: Sequence[str]) -> Iterator[str]:
    """Yield the tags in the order and with the line breaks used in the prompt."""
    found = list(_BLOCK.finditer(prompt))
    for first in range(len(found)):
        last = first
        while last + 1 < len(found) and not prompt[found[last].end() : found[last + 1].start()].strip():
            last += 1
        shown = found[first : last + 1]
        if last == first or answer not in [one[1] for one in shown]:
            continue
        for slot in (*(one for one in inner[:2] if "<" not in one), SLOT):
            yield _BLOCK.sub(
                lambda one, slot=slot: (  # type: ignore[misc]
                    f"<{one[1]}>{one[2]}{slot if one[1] == answer else WORKING}{one[3]}</{one[1]}>"
                ),
                prompt[shown[0].start() : shown[-1].end()],
            )
        return


def _answer_tag(tags: Sequence[str]) -> str | None:
    """Return the tag with a name such as `answer`, or the last tag if there is none."""
    for name in _ANSWERS:
        for tag in tags:
            if tag.lower() == name:
                return tag
    return tags[-1] if tags else None


def _inside(prompt: str) -> Iterator[str]:
    """Yield templates that use no tags: markers, boxes, lines, quoted examples, JSON, fences, brackets."""
    if "####" in prompt:
        yield f"#### {SLOT}"
        yield f"{WORKING}\n#### {SLOT}"
    if "\\boxed" in prompt or re.search(r"\bboxed?\b", prompt):
        yield f"\\boxed{{{SLOT}}}"
    lines = list(dict.fromkeys(found[1].strip() for found in _LINE.finditer(prompt)))
    if len(lines) > 1:
        chosen = _answer_line(lines)
        yield "\n".join(f"{line} {SLOT if line == chosen else _filler(line)}" for line in lines)
    yield from (f"{line} {SLOT}" for line in reversed(lines))
    yield from _options(prompt)
    yield from (f"{said} {SLOT}" for said in dict.fromkeys(_SAID.findall(prompt)) if said not in lines)
    yield from _objects(prompt)
    yield from _quotes(prompt)
    yield from _fences(prompt)
    for opened, closed in dict.fromkeys(_WRAPPED.findall(prompt)):
        if _ENDS[opened] == closed:
            yield f"{opened}{SLOT}{closed}"
    if re.search(r"parenthes[ei]s|brackets", prompt):
        yield f"({SLOT})"
        yield f"[{SLOT}]"
    if re.search(r"\bbold\b", prompt):
        yield f"**{SLOT}**"


def _options(prompt: str) -> Iterator[str]:
    """Yield templates that contain the word before a prompt's options, as in `Option A` and `Option B`."""
    options: dict[str, set[str]] = {}
    for word, name in _OPTION.findall(prompt):
        options.setdefault(word, set()).add(name)
    for word, names in options.items():
        if len(names) > 1:
            yield f"{word} {SLOT}"
            yield f"{WORKING}\n{word} {SLOT}"


def _answer_line(lines: Sequence[str]) -> str:
    """Return the line whose label suggests an answer, or the last line if there is none."""
    likely = (line for name in _ANSWERS for line in lines if name in line.lower().replace(" ", "_"))
    return next(likely, lines[-1])


def _filler(line: str) -> str:
    """Return filler text for a line that does not hold the answer."""
    return "90" if re.search(r"confiden|certain|score|percent|probab", line, re.IGNORECASE) else WORKING


def _fences(prompt: str) -> Iterator[str]:
    for label in ("python", "json", "sql"):
        if f"```{label}" in prompt:
            yield f"```{label}\n{SLOT}\n```"
    if "```" in prompt or re.search(r"\bcode (?:block|fence)|fenced\b", prompt):
        yield f"```\n{SLOT}\n```"
        yield f"```python\n{SLOT}\n```"


def _quotes(prompt: str) -> Iterator[str]:
    """Yield templates from quoted text: an example with a placeholder, or the text before the answer."""
    for found in _QUOTED.finditer(prompt):
        quoted = next(part for part in found.groups() if part)
        if _TAG.search(quoted) or quoted.startswith("{") or SLOT in quoted:
            continue
        places = list(_PLACED.finditer(quoted))
        if quoted.strip()[-1:] in (":", "：", "#", "=", ">") or quoted.endswith((" is", " IS")):
            yield f"{quoted.strip()} {SLOT}"
        elif places and places[-1].group() != quoted.strip():
            start, end = places[-1].span()
            yield quoted[:start] + SLOT + quoted[end:]
        elif not places and len(quoted) <= 30 and _LEADS.search(prompt[: found.start()][-40:].lower()):
            yield f"{quoted.strip()} {SLOT}"


def _objects(prompt: str) -> Iterator[str]:
    """Yield templates from the JSON examples and key names in a prompt."""
    for found in _OBJECT.findall(prompt)[:3]:
        keys = re.findall(r"\"([\w ]{1,40})\"\s*:\s*(\"?)", found)
        yield from _object(list(dict(keys)), bool(dict(keys).get(_answer_key(list(dict(keys))))))
    if "json" in prompt.lower():
        named = [*_KEY.findall(prompt), *_KEY_BEFORE.findall(prompt)]
        named += re.findall(r"[\"`](\w{1,40})[\"`]\s*(?:\(|:|,| and | for | with |\.)", prompt)
        alone = [[one] for one in dict.fromkeys(named) if one.lower() not in _THOUGHTS]
        for keys in (list(dict.fromkeys(named)), *alone):
            if 0 < len(keys) <= 5:
                yield from _object(keys, True)
        yield SLOT
        yield f"```json\n{SLOT}\n```"


def _answer_key(keys: Sequence[str]) -> str:
    likely = [key for name in _ANSWERS for key in keys if key.lower().replace(" ", "_") == name]
    return (likely or [key for key in keys if key.lower() not in _THOUGHTS] or list(keys))[
        -1 if not likely else 0
    ]


def _object(keys: list[str], quoted: bool) -> Iterator[str]:
    """Yield objects that hold the answer under the most likely key, as a string and as a bare value."""
    chosen = _answer_key(keys)
    for slot in (f'"{SLOT}"', SLOT) if quoted else (SLOT, f'"{SLOT}"'):
        parts = (f"{json.dumps(key)}: {slot if key == chosen else json.dumps(WORKING)}" for key in keys)
        yield "{" + ", ".join(parts) + "}"
