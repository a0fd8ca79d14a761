"""Checks of tool calls: the completion's calls against those that the record expects."""

from __future__ import annotations

import re

from ..errors import DecorationError, RecordError
from ..extract import Missing
from ..extract._json import exact_json
from ..sample import final_text
from ._answers import reward, take_option, text_of
from ._call_forms import FORMS, native_calls, written_calls
from ._expected_calls import Accepted, Arguments, expected_calls, plain
from ._options import choice_option, flag_options, names_option, text_option
from ._pairing import in_order, one_to_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Find, Take
    from ._call_forms import Call
    from ._expected_calls import ExpectedCall

    Match: TypeAlias = Literal["all", "subset", "superset", "f1"]
    Order: TypeAlias = Literal["any", "same"]
    Text: TypeAlias = Literal["any", "none", "harmony", "hermes", "json", "mistral", "pythonic"]

_PUNCTUATION = re.compile(r"[ ,./\-_*^]")  # what BFCL's evaluator takes out, standardize_string
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*")


def tool_calls(
    *,
    match: Match = "all",
    order: Order = "any",
    text: Text = "any",
    take: Take | None = None,
    tools: str = "tools",
    defaults: bool = False,
    unknown_arguments: bool = False,
    ignore: Sequence[str] = (),
    coerce: bool = False,
    ignore_case: bool = False,
    ignore_punctuation: bool = False,
    dots_as_underscores: bool = False,
) -> Callable[[Sample[Any]], Reward]:
    """Make a check that the completion makes the tool calls that the record expects.

    The reference lists calls: objects with `name` and `arguments`, as OpenAI's API has them, or BFCL's ground
    truth, `{function: {argument: [accepted values]}}`, where an empty text among the values says that the
    argument may be left out. Each call made pays for one expected call at most, by the best assignment.
    Numbers are compared by value, so `1` is `1.0`; a text is never a number, and `true` is never 1.

    The calls are those that the service parsed, `sample.tool_calls`. Where there are none, the check reads
    the forms that open-weight models write into their text, since AWS does not document whether a training
    job parses calls; the metric `from_text` says when it did. A call that cannot be read exactly makes the
    completion unread, and so does a completion without a call.

    It pays for calls alone, whatever else the completion says. Where most records expect the same call,
    that call earns their reward without a look at the prompt. `subset` pays in full for the one call that is
    easiest, `superset` for a completion that calls every tool, and `ignore_punctuation` pays `x^2` for `x2`.

    Args:
        match: `all` wants the expected calls and no others; `subset` wants only expected calls, one or more;
            `superset` wants every expected call and allows others; `f1` pays the harmonic mean of precision
            and recall over calls.
        order: Whether the calls have to stand in the `same` order as in the reference, or in `any`.
        text: The form of calls in the text that is read, `any` form, or `none`; see docs/tools.md.
        take: Finds the part of a completion's text that holds the calls; None takes all of it.
        tools: Field of the record that lists the tools, in the shape of OpenAI's API or of BFCL. Without the
            field no argument is known to be required, and none has a default.
        defaults: Whether an argument that is left out counts as the default that its tool declares, and an
            argument that the reference does not name may have that value.
        unknown_arguments: Whether a call may have arguments that the reference does not name.
        ignore: Names of arguments that are not compared, such as an explanation.
        coerce: Whether a text counts as the number or the boolean that it spells, and the other way round.
        ignore_case: Whether capitals count as small letters in texts.
        ignore_punctuation: Whether texts are compared without spaces and `, . / - _ * ^`, as BFCL's evaluator
            does; a text that is one number keeps them.
        dots_as_underscores: Whether the name `a_b` counts as `a.b`, as APIs need that allow no dots in names.

    Raises:
        DecorationError: An option cannot be meant.

    Example:
        >>> check = tool_calls(order="same")
        >>> wanted = {"calls": [{"area": {"base": [10], "unit": ["cm", ""]}}]}
        >>> made = '<tool_call>{"name": "area", "arguments": {"base": 10}}</tool_call>'
        >>> check(make_sample(made, wanted)).value
        1.0
        >>> check(make_sample('[area(base=10, unit="m")]', wanted)).value
        0.0
    """
    choice_option("match", match, ("all", "subset", "superset", "f1"))
    choice_option("order", order, ("any", "same"))
    choice_option("text", text, ("any", "none", *sorted(FORMS)))
    field = text_option("tools", tools)
    flag_options(
        defaults=defaults,
        unknown_arguments=unknown_arguments,
        coerce=coerce,
        ignore_case=ignore_case,
        ignore_punctuation=ignore_punctuation,
        dots_as_underscores=dots_as_underscores,
    )
    find = take_option(take)
    if find is not None and text == "none":
        raise DecorationError(
            "take= finds calls in the text, and text='none' reads none there: leave one out"
        )
    ignored = names_option("ignore", ignore)
    fits = _Comparison(ignored, coerce, ignore_case, ignore_punctuation, defaults, unknown_arguments)
    pairs = in_order if order == "same" else one_to_one

    def named(name: str) -> str:
        return name.replace(".", "_") if dots_as_underscores else name

    def makes_the_calls(sample: Sample[Any]) -> Reward:
        """Whether the completion makes the expected calls."""
        expected = expected_calls(sample.reference_answer)
        declared = _declared(sample.fields.get(field), field, named)
        if declared is not None:
            for call in expected:
                _check_declared(
                    call, declared.get(named(call.name)), field, None if unknown_arguments else ignored
                )
        made, from_text = _made(sample, text, find)
        if isinstance(made, Missing):
            return reward(0.0, 1.0, {"from_text": 0.0, "right_calls": 0.0})
        tool_of = (declared or {}).get
        right = pairs(
            len(made),
            len(expected),
            lambda one, other: (
                named(made[one][0]) == named(expected[other].name)
                and fits.call(made[one][1], expected[other].arguments, tool_of(named(made[one][0]), _NO_TOOL))
            ),
        )
        value = _VALUES[match](right, len(made), len(expected))
        return reward(value, 0.0, {"from_text": float(from_text), "right_calls": right / len(expected)})

    return makes_the_calls


_VALUES: dict[str, Callable[[int, int, int], float]] = {
    "all": lambda right, made, expected: float(right == made == expected),
    "subset": lambda right, made, expected: float(right == made),
    "superset": lambda right, made, expected: float(right == expected),
    "f1": lambda right, made, expected: 2 * right / (made + expected),
}
"""What each `match` pays for, given the calls that are right, made and expected."""


def _made(sample: Sample[Any], form: str, find: Find | None) -> tuple[list[Call] | Missing, bool]:
    """The calls of a completion, and whether its text was read for them."""
    if sample.tool_calls:
        return native_calls(sample.tool_calls), False
    if form == "none":
        return Missing("the service parsed no tool call"), False
    if find is None:
        return written_calls(sample.completion, final_text(sample), form), True
    part = text_of(find(sample.completion))
    return (part if isinstance(part, Missing) else written_calls(part, part, form)), True


class _Tool:
    """What a tool declares of its arguments.

    Args:
        required: The arguments that no call may leave out.
        defaults: What arguments are that a call leaves out.
    """

    __slots__ = ("defaults", "required")

    def __init__(self, required: frozenset[str], defaults: dict[str, Any]) -> None:
        self.required = required
        self.defaults = defaults


_NO_TOOL = _Tool(frozenset(), {})


def _declared(given: object, field: str, named: Callable[[str], str]) -> dict[str, _Tool] | None:
    """The record's tools by name; None where it lists none.

    Raises:
        RecordError: They are no tools.
    """
    if given is None:
        return None
    listed: Any = exact_json(given) if isinstance(given, str) else given
    if not isinstance(listed, list):
        raise RecordError(f"the record's {field} is no list of tools")
    found: dict[str, _Tool] = {}
    for one in listed:
        tool: Any = one.get("function", one) if isinstance(one, dict) else None
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise RecordError(f"the record's {field} lists a tool without a name")
        schema = tool.get("parameters", tool.get("input_schema"))
        schema = schema if isinstance(schema, dict) else {}
        properties, required = schema.get("properties"), schema.get("required")
        found[named(tool["name"])] = _Tool(
            frozenset(name for name in required if isinstance(name, str))
            if isinstance(required, list)
            else frozenset(),
            {
                name: one["default"]
                for name, one in (properties.items() if isinstance(properties, dict) else ())
                if isinstance(one, dict) and "default" in one
            },
        )
    return found


def _check_declared(
    call: ExpectedCall, tool: _Tool | None, field: str, ignored: Sequence[str] | None
) -> None:
    """Refuse an expected call that no call of the record's tools could be.

    Args:
        call: The expected call.
        tool: The tool of its name; None where there is none.
        field: The record's field that lists the tools.
        ignored: Arguments that are not compared; None where a call may have any.

    Raises:
        RecordError: The tool is not listed, or requires an argument that the call does not name.
    """
    if tool is None:
        raise RecordError(
            f"the reference answer calls {call.name!r}, which is not among the record's {field}"
        )
    lacking = () if ignored is None else sorted(tool.required.difference(call.arguments, ignored))
    if lacking:
        raise RecordError(
            f"the reference answer calls {call.name!r} without {lacking[0]!r}, "
            f"which the record's {field} require"
        )


class _Comparison:
    """Compares the arguments of a call with those that are expected.

    Args:
        ignored: Names of arguments that are not compared.
        coerce: Whether texts count as the numbers and booleans that they spell.
        ignore_case: Whether capitals count as small letters.
        ignore_punctuation: Whether punctuation counts as nothing.
        defaults: Whether an argument that is left out counts as its tool's default.
        unknown: Whether a call may have arguments that are not expected.
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

    def call(self, given: Mapping[str, Any], wanted: Arguments, tool: _Tool) -> bool:
        """Whether the arguments of a call are the expected ones."""
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
        """Whether a value is accepted; where an argument is required, an empty text stands for itself."""
        if value == "" and required and accepted.optional:
            return all(isinstance(one, str) for one in accepted.values)
        return any(self._same(value, one) for one in accepted.values)

    def _same(self, value: Any, wanted: Any) -> bool:
        """Whether a value is the wanted one; how deep it goes, the reference decides."""
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
        """A text, spelled alike with those that count as the same."""
        if self._ignore_punctuation and not _NUMBER.fullmatch(text.strip()):
            text = _PUNCTUATION.sub("", text).replace("'", '"')
        return text.casefold() if self._ignore_case else text


def _equal(value: object, wanted: object) -> bool:
    """Whether two values of JSON that are no objects of the reference are the same."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted


def _coerced_equal(value: object, wanted: object) -> bool:
    """Whether one of two values is a text that spells the other, a number or a boolean."""
    if isinstance(value, str) is isinstance(wanted, str):
        return False
    text, other = (value, wanted) if isinstance(value, str) else (wanted, value)
    if not isinstance(other, (bool, int, float)):
        return False
    spelled = exact_json(str(text).strip().lower())
    return isinstance(spelled, (bool, int, float)) and _equal(spelled, other)
