"""A check that compares the completion's tool calls with the ones the record expects."""

from __future__ import annotations

from ..errors import DecorationError
from ..extract import Missing
from ..sample import final_text
from ._answers import reward, take_option, text_of
from ._argument_comparison import ArgumentComparison
from ._call_forms import FORMS, native_calls, seems_to_call, written_calls
from ._declared_tools import NO_TOOL, check_declared, declared_tools
from ._expected_calls import expected_calls
from ._options import choice_option, flag_options, names_option, text_option
from ._pairing import in_order, one_to_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Find, Take
    from ._call_forms import Call

    Match: TypeAlias = Literal["all", "subset", "superset", "f1"]
    Order: TypeAlias = Literal["any", "same"]
    Text: TypeAlias = Literal["any", "none", "harmony", "hermes", "json", "mistral", "pythonic"]


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
    may_expect_none: bool = False,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion makes the tool calls that the record expects.

    The reference lists the expected calls, either as objects with `name` and `arguments`, as in OpenAI's API,
    or as BFCL's ground truth, `{function: {argument: [accepted values]}}`, where an empty string among the
    values means that the argument may be omitted. Each call in the completion counts for at most one expected
    call, and the best assignment is used. Numbers are compared by value, so `1` equals `1.0`. A string never
    equals a number, and `true` never equals 1.

    The check uses the calls that the service parsed: `sample.tool_calls` or content blocks. If there are
    none, it searches the text for calls in the forms that open-weight models write, because AWS does not
    document whether a training job parses calls. The metric `from_text` is then 1. A completion is unread if
    it contains no call or a call that cannot be parsed exactly. The metric `right_calls` is the fraction of
    the expected calls that are right.

    It rewards the right calls, whatever else the completion says. If most records expect the same call, a
    model earns their reward by always making that call. On 500 BFCL tasks, the best single answer was right
    twice. `subset` gives full reward for one right call, and `f1` gives 0.55 on average for one right call in
    the 200 tasks that expect several calls. `superset` rewards a completion that makes every conceivable
    call, and `ignore_punctuation` rewards `x^2` if `x2` is right.

    Args:
        match: `all` requires the expected calls and no others. `subset` requires at least one call and allows
            only expected calls. `superset` requires every expected call and allows others. `f1` rewards the
            harmonic mean of precision and recall.
        order: `same` if the calls must be in the reference's order, `any` if not.
        text: The form of calls to look for in the text, or `any` or `none`. See `docs/tools.md`.
        take: Extracts the part of a completion's text that contains the calls. None uses the whole text.
        tools: The record field that lists the tools, in the format of OpenAI's API, Converse or BFCL. Without
            this field, the check does not know which arguments are required or have defaults.
        defaults: Whether an omitted argument counts as the default that its tool declares, and an argument
            that is not in the reference may have its default.
        unknown_arguments: Whether a call may have arguments that are not in the reference.
        ignore: The names of arguments not to compare, such as `explanation`.
        coerce: Whether a string counts as the number or boolean that it spells, and vice versa.
        ignore_case: Whether to ignore case in strings.
        ignore_punctuation: Whether to compare strings without spaces and `, . / - _ * ^`, as BFCL's evaluator
            does. A string that is a number keeps these characters.
        dots_as_underscores: Whether the name `a_b` counts as `a.b`, for APIs that do not allow dots in names.
        may_expect_none: Whether the reference may be an empty list, for a record that needs no call. Any text
            without a call is then right. If False, such a record raises a `RecordError`.

    Raises:
        DecorationError: An option is invalid.

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
        may_expect_none=may_expect_none,
    )
    find = take_option(take)
    if find is not None and text == "none":
        raise DecorationError(
            "take= extracts calls from the text, and text='none' reads none there: leave one out"
        )
    ignored = names_option("ignore", ignore)
    needless = None if unknown_arguments else ignored  # arguments that an expected call may omit
    pairs = in_order if order == "same" else one_to_one

    def named(name: str) -> str:
        return name.replace(".", "_") if dots_as_underscores else name

    def makes_the_calls(sample: Sample[Any]) -> Reward:
        expected = expected_calls(sample.reference_answer, may_be_none=may_expect_none)
        declared = declared_tools(sample.fields.get(field), field, named)
        if declared is not None:
            for call in expected:
                check_declared(call, declared.get(named(call.name)), field, needless)
        made, from_text = _made(sample, text, find)
        if isinstance(made, Missing):
            says = not expected and any(map(str.isalnum, sample.completion))
            if says:
                says = not seems_to_call(sample.completion, final_text(sample), declared or ())
            return reward(float(says), float(not says), {"from_text": 0.0, "right_calls": float(says)})
        fits = ArgumentComparison(
            ignored, coerce, ignore_case, ignore_punctuation, defaults, unknown_arguments
        )

        def is_right(one: int, other: int) -> bool:
            (name, arguments), wanted = made[one], expected[other]
            tool = (declared or {}).get(named(name), NO_TOOL)
            return named(name) == named(wanted.name) and fits.call(arguments, wanted.arguments, tool)

        right = pairs(len(made), len(expected), is_right)
        value = _VALUES[match](right, len(made), len(expected)) if expected else 0.0
        return reward(
            value, 0.0, {"from_text": float(from_text), "right_calls": right / max(1, len(expected))}
        )

    return makes_the_calls


_VALUES: dict[str, Callable[[int, int, int], float]] = {
    "all": lambda right, made, expected: float(right == made == expected),
    "subset": lambda right, made, expected: float(right == made),
    "superset": lambda right, made, expected: float(right == expected),
    "f1": lambda right, made, expected: 2 * right / (made + expected),
}
"""Computes the reward for each value of `match` from the numbers of right, made and expected calls."""


def _made(sample: Sample[Any], form: str, find: Find | None) -> tuple[list[Call] | Missing, bool]:
    """Return a completion's calls, and True if they were parsed from its text."""
    parsed = native_calls(sample)
    if parsed is not None:
        return parsed, False
    if form == "none":
        return Missing("the service parsed no tool call"), False
    if find is None:
        return written_calls(sample.completion, final_text(sample), form), True
    part = text_of(find(sample.completion))
    return (part if isinstance(part, Missing) else written_calls(part, part, form)), True
