"""Parses verifiable instructions in IFEval's format: a kind and its arguments."""

from __future__ import annotations

from .._invisible import composed
from . import _constraint_counts as counts
from . import _constraint_forms as forms
from ._languages import LANGUAGES
from ._visible import says_something, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    Kept: TypeAlias = Callable[[str], bool | None]
    Read: TypeAlias = Callable[[object], Any]


class Instruction:
    """One instruction of a record.

    Args:
        kind: Name of the kind, such as `punctuation:no_comma`.
        arguments: Arguments for this kind, such as a number of words. Arguments that are None are ignored.

    Raises:
        ValueError: The kind is unknown or an argument is missing, unknown or invalid.
    """

    __slots__ = ("_arguments", "_test", "kind")

    def __init__(self, kind: object, arguments: Mapping[str, object]) -> None:
        if not isinstance(kind, str) or kind not in KINDS:
            from difflib import get_close_matches

            near = get_close_matches(str(kind)[:99], KINDS, 1, 0)
            raise ValueError(
                f"{kind!r} is not a kind of instruction: write one of IFEval's, such as {', '.join(near)}"
            )
        make, readers = KINDS[kind]
        given = {name: value for name, value in arguments.items() if value is not None}
        for name in given:
            if name not in readers:
                takes = f"takes {', '.join(readers)}" if readers else "takes no arguments"
                raise ValueError(f"{kind} has no argument {name}: it {takes}")
        read: dict[str, Any] = {}
        for name, reader in readers.items():
            if name not in given and name in _OPTIONAL:
                continue
            try:
                read[name] = reader(given.get(name))
            except ValueError as error:
                said = f"{name}={given[name]!r}" if name in given else f"it needs {name}"
                raise ValueError(f"{kind}: {said}: {error}") from None
        if read.get("nth_paragraph", 0) > read.get("num_paragraphs", 0):
            asked = f"nth_paragraph={read['nth_paragraph']}"
            raise ValueError(f"{kind}: {asked}: write {read['num_paragraphs']} or less")
        self.kind, self._arguments = kind, read
        self._test: Kept = make(**read)

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        if len(said) > _SAID:
            said = f"{said[:_SAID]}..."
        return f"{self.kind}({said})" if said else self.kind

    def is_kept(self, readings: Sequence[str]) -> bool | None:
        """Return True if any reading of a completion follows the instruction, or None if undecidable."""
        undecided = False
        for text in readings:
            kept = says_something(text) and self._test(text)
            if kept:
                return True
            undecided = undecided or kept is None
        return None if undecided else False

    def demanded(self) -> list[str]:
        """Return the strings that a completion must contain to follow the instruction."""
        relation = self._arguments.get("relation")
        if relation is not None and relation not in ("at least", "more than"):
            return []
        found = (self._arguments.get(name) for name in _DEMANDED)
        return [text for one in found if one for text in ([one] if isinstance(one, str) else one)]

    def forbids(self, text: str) -> bool:
        """Return True if any completion that contains the string breaks the instruction."""
        relation = self._arguments.get("relation") or self._arguments.get("let_relation")
        if relation in ("less than", "at most") or self.kind in _FORBIDDING:
            return self._test(text) is False
        return False


def contradiction(instructions: Sequence[Instruction]) -> str | None:
    """Return a message if one instruction requires a string that another forbids."""
    for one in instructions:
        for text in one.demanded():
            for other in instructions:
                if other.forbids(text):
                    return f"no completion meets both {other} and {one}"
    return None


def _count(value: object) -> int:
    # A data frame stores integers as floats if a value in the same column is missing.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("write a whole number, 1 or more")
    return value


def _text(value: object) -> str:
    text = composed(visible(value)) if isinstance(value, str) else ""
    if not text:
        raise ValueError("write a string that is not blank")
    return text


def _texts(value: object) -> list[str]:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("write a list of strings")
    return [_text(one) for one in value]


def _letter(value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or not _text(value):
        raise ValueError("write one letter or another character")
    return value


def _one_of(names: Iterable[str]) -> Read:
    known = list(names)

    def read(value: object) -> str:
        if value not in known:
            raise ValueError(f"write one of {', '.join(known)}")
        return str(value)

    return read


def _as_is(kept: Kept) -> Callable[[], Kept]:
    return lambda: kept


_relation, _language = _one_of(counts.RELATIONS), _one_of(sorted(LANGUAGES))
KINDS: dict[str, tuple[Callable[..., Kept], dict[str, Read]]] = {
    "keywords:existence": (counts.existence, {"keywords": _texts}),
    "keywords:frequency": (
        counts.frequency,
        {"relation": _relation, "keyword": _text, "frequency": _count},
    ),
    "keywords:forbidden_words": (counts.forbidden_words, {"forbidden_words": _texts}),
    "keywords:letter_frequency": (
        counts.letter_frequency,
        {"let_relation": _relation, "letter": _letter, "let_frequency": _count},
    ),
    "language:response_language": (forms.response_language, {"language": _language}),
    "length_constraints:number_words": (counts.number_words, {"relation": _relation, "num_words": _count}),
    "length_constraints:number_sentences": (
        counts.number_sentences,
        {"relation": _relation, "num_sentences": _count},
    ),
    "length_constraints:number_paragraphs": (counts.number_paragraphs, {"num_paragraphs": _count}),
    "length_constraints:nth_paragraph_first_word": (
        counts.nth_paragraph_first_word,
        {"num_paragraphs": _count, "nth_paragraph": _count, "first_word": _text},
    ),
    "detectable_content:number_placeholders": (forms.number_placeholders, {"num_placeholders": _count}),
    "detectable_content:postscript": (forms.postscript, {"postscript_marker": _text}),
    "detectable_format:number_bullet_lists": (forms.number_bullet_lists, {"num_bullets": _count}),
    "detectable_format:constrained_response": (forms.constrained_response, {"options": _texts}),
    "detectable_format:number_highlighted_sections": (
        forms.number_highlighted_sections,
        {"num_highlights": _count},
    ),
    "detectable_format:multiple_sections": (
        forms.multiple_sections,
        {"section_spliter": _text, "num_sections": _count},
    ),
    "detectable_format:json_format": (_as_is(forms.json_format), {}),
    "detectable_format:title": (_as_is(forms.title), {}),
    "combination:two_responses": (_as_is(forms.two_responses), {}),
    "combination:repeat_prompt": (forms.repeat_prompt, {"prompt_to_repeat": _text}),
    "startend:end_checker": (forms.end_checker, {"end_phrase": _text}),
    "startend:quotation": (_as_is(forms.quotation), {}),
    "change_case:capital_word_frequency": (
        counts.capital_word_frequency,
        {"capital_relation": _relation, "capital_frequency": _count},
    ),
    "change_case:english_capital": (_as_is(forms.english_capital), {}),
    "change_case:english_lowercase": (_as_is(forms.english_lowercase), {}),
    "punctuation:no_comma": (_as_is(forms.no_comma), {}),
}
"""Kinds of instructions by IFEval's names, each with a factory for its test and parsers for its arguments."""
_OPTIONAL, _SAID = ("options",), 80
_DEMANDED = (
    "keywords",
    "keyword",
    "postscript_marker",
    "prompt_to_repeat",
    "end_phrase",
    "first_word",
)
_FORBIDDING = ("keywords:forbidden_words", "punctuation:no_comma")
