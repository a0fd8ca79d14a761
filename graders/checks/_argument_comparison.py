"""Compares a tool call's arguments with the values that a record accepts."""

from __future__ import annotations

import re

from ..extract._json import exact_json
from ._expected_calls import Accepted, Arguments, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ._declared_tools import DeclaredTool

_PUNCTUATION = re.compile(r"[ ,./\-_*^]")  # characters that BFCL's standardize_string removes
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*")


class ArgumentComparison:
    """Compares the arguments of tool calls with the expected arguments.

    Args:
        ignored: Names of arguments that are not compared.
        coerce: Whether a string is equal to the number or boolean that it spells.
        ignore_case: Whether to ignore case.
        ignore_punctuation: Whether to ignore punctuation.
        defaults: Whether an omitted argument counts as the tool's default value.
        unknown: Whether a call may have unexpected arguments.
    """

    def __init__(
        self,
        ignored: Sequence[str],
        coerce: bool,
        ignore_case: bool,
        ignore_punctuation: bool,
        defaults: bool,
        unknown: bool,
    ) -> None:
        self._ignored = frozenset(ignored)
        self._coerce = coerce
        self._ignore_case = ignore_case
        self._ignore_punctuation = ignore_punctuation
        self._defaults = defaults
        self._unknown = unknown
        self._spellings: dict[str, str] = {}  # a cache

    def call(self, given: Mapping[str, Any], wanted: Arguments, tool: DeclaredTool) -> bool:
        """Return True if a call's arguments match the expected ones."""
        defaults = tool.defaults if self._defaults else {}
        given = {name: value for name, value in given.items() if name not in self._ignored}
        for name, value in given.items():
            if name in wanted:
                if not self._accepts(wanted[name], value, name in tool.required):
                    return False
            elif not self._unknown and not (name in defaults and self._same(value, plain(defaults[name]))):
                return False
        for name, accepted in wanted.items():
            if name in given or name in self._ignored:
                continue
            if name in defaults and self._accepts(accepted, defaults[name], False):
                continue
            if not accepted.optional or name in tool.required:
                return False
        return tool.required - self._ignored <= given.keys()

    def _accepts(self, accepted: Accepted, value: object, required: bool) -> bool:
        """Return True if a value is accepted.

        In BFCL's format, an empty string among the accepted values makes an argument optional. If the tool
        requires the argument, the empty string is itself an accepted value.
        """
        if value == "" and required and accepted.optional:
            return all(isinstance(one, str) for one in accepted.values)
        return any(self._same(value, one) for one in accepted.values)

    def _same(self, value: Any, wanted: Any) -> bool:
        """Compare a value with the expected one. A deeply nested value cannot cause deep recursion."""
        if isinstance(wanted, Arguments):
            if not isinstance(value, dict) or not value.keys() <= wanted.keys():
                return False
            return all(
                self._accepts(one, value[name], False) if name in value else one.optional
                for name, one in wanted.items()
            )
        if isinstance(wanted, list):
            return (
                isinstance(value, list) and len(value) == len(wanted) and all(map(self._same, value, wanted))
            )
        if isinstance(value, str) and isinstance(wanted, str):
            return value == wanted or self._spelled(value) == self._spelled(wanted)
        return _equal(value, wanted) or (self._coerce and _coerced_equal(value, wanted))

    def _spelled(self, text: str) -> str:
        """Normalize a string for comparison according to the options."""
        if not (self._ignore_case or self._ignore_punctuation):
            return text
        spelling = self._spellings.get(text)
        if spelling is None:
            spelling = text
            if self._ignore_punctuation and not _NUMBER.fullmatch(text.strip()):
                spelling = _PUNCTUATION.sub("", text).replace("'", '"')
            if self._ignore_case:
                spelling = spelling.casefold()
            self._spellings[text] = spelling
        return spelling


def _equal(value: object, wanted: object) -> bool:
    """Return True if two JSON values are equal. Unlike in Python, True is not 1."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted


def _coerced_equal(value: object, wanted: object) -> bool:
    """Return True if one value is a number or boolean and the other is a string that spells it."""
    if isinstance(value, str) is isinstance(wanted, str):
        return False
    text, other = (value, wanted) if isinstance(value, str) else (wanted, value)
    if not isinstance(other, (bool, int, float)):
        return False
    spelled = exact_json(str(text).strip().lower())
    return isinstance(spelled, (bool, int, float)) and _equal(spelled, other)
