"""Templates for OpenAI's graders, in which `{{ item.name }}` is replaced by a value.

A template is parsed only once, so placeholders inside a value are not replaced. OpenAI does not document the
format of a value that is not a string. This module writes it as JSON (*unverified*).
"""

from __future__ import annotations

import json
import re

from ..checks._visible import visible
from ..extract import Missing
from ._openai_scores import RecordFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ._openai_scores import Scope

NAMESPACES = ("item", "sample")
_WITH_FORM = ("choices", "output_tools", "messages")
"""Values that contain roles, ids and other fields in addition to the answer's text."""
_TEMPLATE = re.compile(r"\{\{\s*+(?P<inside>[^{}]*)\}\}")
_UNCLOSED = re.compile(r"\{\{\s*+(?:item|sample)\b[^\s}]*")
_STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]{}"']+)|\[(?P<index>\d{1,9})\]|\[(?P<quote>["'])(?P<key>[^"'{}]+)(?P=quote)\]"""
)
_WORD = re.compile(r"[^\W\d]\w*|")
_SHOWN = 60
_LONGEST = 20_000_000
"""Maximum length of a filled template. The same value may occur several times in it."""


class TemplateFault(ValueError):
    """Raised when a string is not a valid template. The message gives the fix."""


class NamedValue:
    """A placeholder in a template.

    Args:
        namespace: `item` or `sample`.
        path: Path to the value: object keys and list positions.
        text: The placeholder as spelled in the template, without the braces.
    """

    __slots__ = ("namespace", "path", "text")

    def __init__(self, namespace: str, path: tuple[str | int, ...], text: str) -> None:
        self.namespace = namespace
        self.path = path
        self.text = text

    def value(self, scope: Scope) -> Any:
        """Return the value, or None if it is absent, null or NaN."""
        found = self._in(scope.named(self.namespace))
        if found is None and self.path == ("reference_answer", "text") and self.namespace == "item":
            # A service may wrap the reference in an object with the single key `text`, which `Sample` drops.
            found = scope.item.get("reference_answer")
            return found if isinstance(found, str) else None
        return None if found is None or found != found else found

    def _in(self, values: Any) -> Any:
        for step in self.path:
            if isinstance(step, int):
                values = values[step] if isinstance(values, list) and step < len(values) else None
            else:
                values = values.get(step) if isinstance(values, dict) else None
        return values

    @property
    def holds_form(self) -> bool:
        """True if the value has keys, roles or ids in addition to its text."""
        return self.path[0] in _WITH_FORM and self.path[-1] not in ("content", "name", "arguments")

    def says_something(self, scope: Scope) -> bool:
        """Return True if the value contains visible text or a number at any depth.

        Object keys, roles and ids do not count, even though they are written into a template.
        """
        value = self.value(scope)
        if not isinstance(value, str) or self.path[0] in _WITH_FORM:
            value = self._in(scope.told(self.namespace))
        return any(map(visible, _leaves(value)))

    def written(self, scope: Scope) -> str | Missing:
        """Return the value as a string, or `Missing` if the completion does not have the value.

        Raises:
            RecordError: The record does not have the value.
        """
        value = self.value(scope)
        if isinstance(value, str):
            return value
        if value is None:
            fault = "is not there"
        else:
            try:
                return json.dumps(value, ensure_ascii=False)
            except (ValueError, TypeError, RecursionError):
                fault = "cannot be written as JSON"
        if self.namespace == "sample":
            return Missing(f"{self.text} {fault}")
        raise RecordFault("invalid_variable_error", f"{self.text} {fault}: every record needs a value for it")


class TextTemplate:
    """A string with placeholders.

    Args:
        text: The string.

    Raises:
        TemplateFault: A placeholder does not name a value.
    """

    __slots__ = ("pieces", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces: tuple[str | NamedValue, ...] = tuple(_pieces(text))

    @property
    def values(self) -> list[NamedValue]:
        """The placeholders, in order."""
        return [piece for piece in self.pieces if isinstance(piece, NamedValue)]

    @property
    def reads_completion(self) -> bool:
        """True if the template uses a value from the completion."""
        return any(value.namespace == "sample" for value in self.values)

    def written(self, scope: Scope, shown: Callable[[str], str] | None = None) -> str | Missing:
        """Fill the template by replacing its placeholders with values.

        Args:
            scope: The values that placeholders can name.
            shown: Converts each value before it is written.

        Returns:
            The filled template, or `Missing` if the completion lacks a value or makes the result too long.

        Raises:
            RecordError: The record lacks a value or makes the result too long.
        """
        texts: list[str] = []
        unread: Missing | None = None
        size = of_record = 0
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else piece.written(scope)
            if isinstance(text, Missing):
                unread = text if unread is None else unread
                continue
            size += len(text)
            of_record += 0 if isinstance(piece, NamedValue) and piece.namespace == "sample" else len(text)
            if size <= _LONGEST:
                texts.append(shown(text) if shown and not isinstance(piece, str) else text)
        if of_record > _LONGEST:
            message = f"the template with this record is longer than {_LONGEST:,} characters"
            raise RecordFault("other_error", message)
        if size > _LONGEST and unread is None:
            unread = Missing(f"the template with this completion is longer than {_LONGEST:,} characters")
        return "".join(texts) if unread is None else unread

    def compared(self, scope: Scope, may_be_blank: bool = False) -> str | Missing:
        """Fill the template as one side of a comparison, such that two empty sides never match.

        Args:
            scope: The values that the placeholders can name.
            may_be_blank: True to compare the template even if all of its values are blank.

        Returns:
            The filled template, or `Missing` if the completion lacks a value or leaves it blank.

        Raises:
            RecordError: The record lacks a value or leaves it blank.
        """
        text = self.written(scope)
        if isinstance(text, Missing) or may_be_blank:
            return text
        # The completion's values decide; if the template has none, the record's values do.
        telling = [value for value in self.values if value.namespace == "sample"] or self.values
        if any(value.says_something(scope) for value in telling) if telling else visible(text):
            return text
        if self.reads_completion:
            return Missing("the completion leaves it blank", "not exact")
        what = " and ".join(value.text for value in self.values) or "the text"
        raise RecordFault("invalid_variable_error", f"{what} is blank: every record needs text for it")


def _leaves(value: Any) -> Iterator[str]:
    """Yield each string and number in a value, as a string."""
    ahead = [value]
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            ahead += one.values()
        elif isinstance(one, (list, tuple)):
            ahead += one
        elif one is not None and one == one:
            yield one if isinstance(one, str) else str(one)


def _pieces(text: str) -> Iterator[str | NamedValue]:
    """Split a template into strings and placeholders."""
    done = at = 0
    while (at := text.find("{{", at)) >= 0:
        found = _TEMPLATE.match(text, at)
        if found and (not found["inside"].strip() or _WORD.match(found["inside"])[0]):  # type: ignore[index]
            if text[done:at]:
                yield text[done:at]
            yield _named_value(found["inside"].strip())
            done = at = found.end()
            continue
        if not found and (open_ := _UNCLOSED.match(text, at)):
            raise TemplateFault(f"{_quoted(open_[0])} has no closing braces: write }}}} after the name")
        at += 1
    if text[done:]:
        yield text[done:]


def _named_value(inside: str) -> NamedValue:
    """Parse a placeholder.

    Raises:
        TemplateFault: The placeholder does not name a value.
    """
    spelled = _quoted(f"{{{{{inside}}}}}")
    namespace = _WORD.match(inside)[0]  # type: ignore[index]
    if namespace not in NAMESPACES:
        raise TemplateFault(
            f"{spelled} names no value: write {{{{item.NAME}}}} for a field of the record, or "
            "{{sample.output_text}} for the completion"
        )
    path: list[str | int] = []
    at = len(namespace)
    while step := _STEP.match(inside, at):
        path.append(int(step["index"]) if step["index"] else step["name"] or step["key"])
        at = step.end()
    if at < len(inside) or not path:
        raise TemplateFault(
            f"{spelled} is not a valid path: write the names after {namespace}, as in "
            + ("{{item.answer.unit}} or {{item.answers[0]}}" if namespace == "item" else _SAMPLE_PATH)
        )
    return NamedValue(namespace, tuple(path), inside)


_SAMPLE_PATH = "{{sample.output_json.unit}} or {{sample.output_tools[0].function.name}}"


def _quoted(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
