"""Finds the expression that answers the question: in boxes, in a claim or in the last formula."""

from __future__ import annotations

import re

from ..extract import Missing, last_number
from ..extract._blocks import TAKEN_BACK, box_span, is_retracted
from ..extract._units import unit_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Span: TypeAlias = tuple[int, int, str]  # start and end of a formula, with its delimiters, and its content

    from typing import TypeAlias

_MOST = 20
_LONGEST_PLAIN = 200
_NEAR = 20_000

_SIGNS = re.compile(r"\\\$|\$\$|\$|\\[()\[\]]")
_CLOSES = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}
_WORDS = re.compile(
    r"(?<![\\A-Za-z])(?:[A-Za-z]{3,}|(?i:an|as|at|be|by|if|in|is|it|no|of|on|so|to|we)(?![A-Za-z]))"
)
_IN_TEXT = re.compile(
    r"\\(?:begin|end)\s?\{[a-z]*\*?\}|\\(?:text|mbox|textbf|textit|mathrm|mathbf|operatorname)\s?\{[^{}]*\}|\\[A-Za-z]+"
)
_FUNCTIONS = frozenset(
    "sin cos tan cot sec csc log exp sqrt mod gcd lcm max min lim and arcsin arccos arctan".split()
)
# The text allowed between formulas, or boxes, that form one answer.
_JOINT = re.compile(
    r"(?:[\s,;.$*&~]|\\[()\[\]]|\\(?:q?quad|,|;|!| )|\\(?:text|mbox)\{\s*(?:,|and|or)?\s*\}"
    r"|\b(?:and|or)\b){0,40}\Z"
)
# Other text allowed between boxes: a noun, a remark in \text, or the name of the next value.
_JOINT_BOXES = re.compile(
    r"[\s$]*(?:\\[)\]]|\\text\{(?P<remark>[^{}]{0,40})\b(?:and|or)\s*\}|(?P<noun>[A-Za-z]{2,20})(?=\s+(?:and|or)\b))?"
    r"(?:[\s,;$]|\\[(\[]|\b(?:and|or)\b){0,20}(?:[A-Za-z](?:_\{?\w\}?)?\s*=[\s$]*)?\Z"
)
_LABEL = re.compile(r"(?<![\\\w])([A-Za-z](?:_\{?\w\}?)?(?:\(\w{1,3}\))?)\s?=[\s$]{0,3}\Z")
_REFERS = re.compile(
    r"\b(?:steps?|theorem|lemmas?|cases?|equations?|parts?|problem|figure|section|example|property|rule|eq|options?|choices?|methods?)\b\.?"
    r"[\s(]{0,2}\d",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not?|nor|never|but|instead|without|unless|wrong|false)\b", re.IGNORECASE)
_CONCLUSION = re.compile(r"(?:\A|(?<=[.\s$\])]))(?:therefore|thus|hence|so|consequently),?\s", re.IGNORECASE)
_CONCLUDED = 400
_NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
_CONTINENTAL = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
# Control characters that result from "\frac" or "\boxed" in a JSON or Python string.
_EATEN = (
    (re.compile(r"\\?\x0c(?=[a-z])"), r"\\f"),
    (re.compile(r"\\?\x08(?=[a-z])"), r"\\b"),
)
_IDLE = re.compile(r"[\s$.]|\\[,;! ]|\\left|\\right|(?<=\\)[dt](?=frac)")
_CLAIM = re.compile(
    r"\b(?P<final>final\s)?(?:answers?|solutions?|result)\b(?:\s(?:to|for|of)\b[^.\n:=$\\]{0,60}?)?[\s*_]{0,4}"
    r"(?:\b(?:is|are|was)\b|[=:])[\s*_:]{0,6}",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;](?=\s|\Z)|\n|\*\*")
_CHANGED_BEFORE = re.compile(r"(?:-|\u2212|\bnot|\bminus|\bnegative|[\^/*])[\s$*_]{0,4}\Z", re.IGNORECASE)
_DENIED_BEFORE = re.compile(  # signs before a formula may be bullets or emphasis
    r"(?:\bnot|n['\u2019]t|\bnever|\bminus|\bnegative)(?:\s(?:equal\sto|be|the|exactly|really))?[\s*_]{0,4}\Z",
    re.IGNORECASE,
)
_DENIED_BEHIND = re.compile(
    r"[\s*_]{0,4}(?:is|was)(?:\s[a-z]{2,12}ly)?\s(?:wrong|incorrect|false|not\s(?:right|correct|true|the\s))",
    re.IGNORECASE,
)
_CHANGED_BEHIND = re.compile(
    r"\s{0,3}(?:[\^!/*+\d]|\\(?:sqrt|d?frac|cdot|times|pi)\b)"
    r"|[\s$]{0,4}(?:hundred|thousand|[mb]illion|or more|or less)\b"
)
_UNIT_BEHIND = re.compile(r"[\s$~]{0,4}((?:\\(?:text|mbox|mathrm)\s?\{[^{}]{1,30}\})(?:\^\{?\d\}?)?)")


def with_escapes(text: str) -> str:
    r"""Restore commands broken by JSON or Python escapes: a form feed and `rac` become `\frac`."""
    for pattern, command in _EATEN:
        text = pattern.sub(command, text)
    return text


def with_points(text: str) -> str:
    """Replace decimal commas with points: `1.234,5` becomes `1234.5`, and `1.234` becomes `1234`."""
    return _NUMERAL.sub(_pointed, text.replace("{,}", ","))


def _pointed(found: re.Match[str]) -> str:
    if not _CONTINENTAL.fullmatch(found[0]):
        return found[0]  # 1.5, or 1,234.5, or a list
    return found[0].replace(".", "").replace(",", ".")


def whole_slot(text: str) -> str | Missing:
    """Return the expression in a string that should contain only an answer, such as a reference.

    The expression is in the string's boxes or formulas, or it is the whole string.
    """
    if "boxed" in text or "\\fbox" in text:
        return _boxed(text)
    if any(claim["final"] for claim in _CLAIM.finditer(text[-_NEAR:])):
        return answer_slot(text)
    spans = list(_formulas(text))
    if not spans:
        return text.strip() or Missing("it is empty")
    outside = [
        text[: spans[0][0]],
        *(text[one[1] : two[0]] for one, two in zip(spans, spans[1:], strict=False)),
    ]
    if all(_JOINT.match(part) for part in (*outside, text[spans[-1][1] :])):
        return _joined(text, spans)
    return text.strip()


def answer_slot(text: str) -> str | Missing:
    """Return the expression that a completion settles on."""
    near = text[-_NEAR:]
    claims = [*_CLAIM.finditer(near)][-_MOST:]
    if "boxed" in text or "\\fbox" in text:
        last = max(text.rfind("boxed"), text.rfind("\\fbox"))
        found = _boxed(text)
        is_final = bool(claims and claims[-1]["final"] and len(text) - len(near) + claims[-1].start() > last)
        if not (isinstance(found, Missing) and found.kind == "none") and not is_final:
            return found
    made = [(_claimed(near[claim.end() :]), claim) for claim in claims]
    made = [one for one in made if one[0] is not None]
    if made:
        slot, claim = made[-1]
        assert slot is not None
        if not claim["final"] and any(_plain(one[0] or "") != _plain(slot) for one in made[:-1]):
            return Missing("different answers are claimed", "several")
        behind = near[near.find(slot, claim.end()) + len(slot) :] if slot in near else ""
        return TAKEN_BACK if is_retracted(slot, behind.lstrip("$)].\\ ")) else slot
    spans = list(_formulas(near))
    if spans:
        return _last_formula(near, spans)
    plain = text.strip()
    if plain and len(plain) <= _LONGEST_PLAIN and "\n" not in plain and not has_words(plain):
        return plain.removesuffix(".")
    number = last_number(text)
    return number if isinstance(number, Missing) else str(number)


def _last_formula(near: str, spans: list[Span]) -> str | Missing:
    """Return the last formula, joined with the formulas right before it, or the conclusion after it."""
    group = [spans[-1]]
    while len(group) < min(len(spans), _MOST):
        before = spans[-len(group) - 1]
        if not _JOINT.match(near[before[1] : group[0][0]]):
            break
        group.insert(0, before)
    start, behind = group[0][0], near[group[-1][1] :]
    concluded = _concluded(behind)
    if concluded is not None:
        return concluded
    if _DENIED_BEFORE.search(near, max(0, start - 24), start) or _DENIED_BEHIND.match(behind):
        return Missing("the text around the formula denies or changes it", "not exact")
    return TAKEN_BACK if is_retracted(group[-1][2], behind) else _joined(near, group)


def _concluded(behind: str) -> str | Missing | None:
    """Return the number in a conclusion after the last formula, or None.

    For example, if the last sentence is `Therefore, there are 12 such sequences.`, the answer is 12, not the
    formula before it.
    """
    found = _CONCLUSION.search(behind[:_CONCLUDED])
    if not found:
        return None
    rest = behind[found.end() :]
    end = _SENTENCE.search(rest)
    sentence = rest[: end.start()] if end else rest
    number = last_number(sentence) if len(re.findall(r"\d[\d.,/]*", sentence)) == 1 else Missing()
    if isinstance(number, Missing) or "$" in sentence or _DENIES.search(sentence) or _REFERS.search(sentence):
        return None
    return TAKEN_BACK if is_retracted(str(number), rest[len(sentence) :]) else str(number)


def has_words(text: str) -> bool:
    """Return True if a text contains words other than commands and function names."""
    return any(word.lower() not in _FUNCTIONS for word in _WORDS.findall(_IN_TEXT.sub(" ", text)))


def _boxed(text: str) -> str | Missing:
    """Return the content of the last box, joined with any earlier boxes that belong to the same answer."""
    contents: list[str] = []
    end, behind, joined, label = len(text), "", "", ""
    for _ in range(_MOST):
        span = box_span(text[:end])
        if isinstance(span, Missing):
            if not contents or span.kind != "none":
                return span
            break
        start = max(text.rfind("\\boxed", 0, span[0]), text.rfind("\\fbox", 0, span[0]), 0)
        content = text[slice(*span)].strip()
        if not contents:
            behind = text[span[1] + 1 :]
            if _CHANGED_BEFORE.search(text[max(0, start - 16) : start]) or _CHANGED_BEHIND.match(behind):
                return Missing("the text around the box changes it", "not exact")
            joined, label = content + _unit_behind(behind), _label(text, start)
        elif _joins(between := text[span[1] + 1 : end]) and len(contents) < _MOST:
            separator = " or " if " or " in between else ", "
            joined, label = f"{_label(text, start)}{content}{separator}{label}{joined}", ""
        elif _plain(content) not in map(_plain, (*contents, joined)):
            return Missing("different boxes are claimed", "several")
        contents.append(content)
        end = start
    return TAKEN_BACK if is_retracted(contents[0], behind) else _once(joined, contents)


def _label(text: str, start: int) -> str:
    r"""Return the name before a box, such as `x = ` in `x = \boxed{1}`."""
    found = _LABEL.search(text[max(0, start - 24) : start])
    return f"{found[1]} = " if found else ""


def _joins(between: str) -> bool:
    """Return True if the text between two boxes joins them into one answer."""
    if _JOINT.match(between):
        return True
    found = _JOINT_BOXES.match(between) if len(between) <= 80 else None
    return found is not None and not _DENIES.search(f"{found['remark'] or ''} {found['noun'] or ''}")


def _unit_behind(behind: str) -> str:
    found = _UNIT_BEHIND.match(behind)
    if found:
        return str(found[1])
    near = behind[:40].lstrip(" $~")
    return f" {near[: unit_end(near, 0)]}" if near[:1].isalpha() else ""


def _once(joined: str, contents: list[str]) -> str:
    """Return the content of the boxes, joined unless they are all equal."""
    return contents[0] if len(contents) > 1 and len({*map(_plain, contents)}) == 1 else joined


def _claimed(rest: str) -> str | None:
    """Return the expression that follows a claim, or None."""
    rest = rest[:2000].lstrip()
    spans = list(_formulas(rest))
    first = _SENTENCE.search(rest)
    if spans and (first is None or spans[0][0] < first.start()) and not has_words(rest[: spans[0][0]]):
        group = [spans[0]]
        while len(group) < len(spans) and _JOINT.match(rest[group[-1][1] : spans[len(group)][0]]):
            group.append(spans[len(group)])
        lead = rest[: group[0][0]].strip(' *_:\\"\u201c')
        return f"{lead} {_joined(rest, group)}".strip()
    sentence = (rest[: first.start()] if first else rest).strip(" *_`")
    if sentence and has_words(sentence):
        number = last_number(sentence)
        return None if isinstance(number, Missing) else str(number)
    return sentence or None


def _formulas(text: str) -> Iterator[Span]:
    """Yield the formulas between delimiters, in order."""
    opened = None
    for sign in _SIGNS.finditer(text):
        if sign[0] == "\\$":
            continue
        if opened is not None and sign[0] == _CLOSES[opened[0]]:
            content = text[opened.end() : sign.start()]
            if content.strip() and not (opened[0] == "$" and has_words(content) and not content.isalpha()):
                yield opened.start(), sign.end(), content.strip()
                opened = None
                continue
        opened = sign if sign[0] in _CLOSES else None


def _joined(text: str, spans: list[Span]) -> str:
    """Join the formulas of one answer with commas or `or`."""
    made: str = spans[0][2]
    for before, one in zip(spans, spans[1:], strict=False):
        between = text[before[1] : one[0]]
        made += f"{' or ' if re.search('or', between) else ', '}{one[2]}"
    return made


def _plain(text: str) -> str:
    """Remove characters that do not change an expression."""
    return _IDLE.sub("", text)
