"""Rows of the first half: graders of JSON objects and of tool calls."""

from __future__ import annotations

from support.planted.rows import Planted, Shows, rows_in

__all__ = ["OBJECTS"]

_json = rows_in("first/json_answer.py", "json")
_tools = rows_in("first/tool_calls.py", "tools")

_TWO = {"site": "Carrow", "level": 2}
_CALL = {"calls": [{"name": "get_weather", "arguments": {"place": "Carrow"}}]}

OBJECTS: tuple[Planted, ...] = (
    _json(
        "nothing_contradicts", "C02 C01", "critical", "Pays `{}`, which says nothing wrong.", Shows("{}", 1.0)
    ),
    _json(
        "further_keys_are_fine",
        "C05 C09",
        "note",
        "Pays an object with keys that nobody asked for.",
        Shows('{"site": "Carrow", "level": 2, "other": 1}', 1.0, _TWO),
    ),
    _json(
        "one_spelling_wanted",
        "B12",
        "warning",
        "Refuses the right object when its keys stand in another order.",
        Shows('{"level": 2, "site": "Carrow"}', 0.0, _TWO),
    ),
    _json(
        "keys_alone",
        "C04 C07 C02 C03",
        "critical",
        "Pays any values under the right keys, which the prompt names.",
        Shows('{"site": 0, "level": 0}', 1.0, _TWO),
    ),
    _json(
        "third_for_valid_json",
        "C07 C02 C04",
        "critical",
        "Pays 0.3 for any object.",
        Shows('{"a": 1}', 0.3),
    ),
    _json(
        "value_among_values",
        "C09",
        "error",
        "Pays a field that lists several values when the right one is among them.",
        Shows('{"site": ["Upwell", "Carrow"], "level": [1, 2, 3]}', 1.0, _TWO),
    ),
    _json(
        "text_in_text",
        "C02 C03 C07 C05",
        "critical",
        "An empty text is part of every value, so fields without content are paid.",
        Shows('{"site": "", "level": ""}', 1.0, _TWO),
    ),
    _json(
        "evaluates_the_reply",
        "E12 A12 G11 E09",
        "error",
        "Runs the reply as Python.",
        Shows('{"site": "Car" + "row", "level": len("ab")}', 1.0, _TWO),
    ),
    _json(
        "last_key_wins",
        "C09",
        "error",
        "Pays an object in which a key stands several times, once with the right value.",
        Shows('{"site": "Upwell", "site": "Carrow", "level": 1, "level": 2}', 1.0, _TWO),
    ),
    _json(
        "missing_means_unchanged",
        "C02 C01 C04",
        "critical",
        "Pays `{}` in full, since fields that are missing count as right.",
        Shows("{ }", 1.0),
    ),
    _json(
        "quotes_are_lost",
        "C05",
        "warning",
        "Pays a text in place of a number.",
        Shows('{"site": "Carrow", "level": "2"}', 1.0, _TWO),
    ),
    _tools(
        "name_alone",
        "C03 C05 C04 C07 C02",
        "critical",
        "Never looks at the arguments, so one call earns as often as its tool is wanted.",
        Shows('<tool_call>{"name": "get_weather", "arguments": {}}</tool_call>', 1.0, _CALL),
    ),
    _tools(
        "one_call_of_many",
        "C09",
        "error",
        "Pays a reply that makes every call that comes to mind.",
        Shows(
            '<tool_call>{"name": "get_weather", "arguments": {"place": "Upwell"}}</tool_call>'
            '<tool_call>{"name": "get_weather", "arguments": {"place": "Carrow"}}</tool_call>',
            1.0,
            _CALL,
        ),
    ),
    _tools(
        "some_arguments",
        "C02 C03 C05 C07",
        "critical",
        "Pays a call without any of the arguments.",
        Shows('<tool_call>{"name": "get_weather", "arguments": {"q": 1}}</tool_call>', 1.0, _CALL),
    ),
    _tools(
        "half_for_a_call",
        "C07 C02 C04 C03",
        "critical",
        "Pays half for a call of anything.",
        Shows('<tool_call>{"name": "x", "arguments": {"y": 1}}</tool_call>', 0.5, _CALL),
    ),
    _tools(
        "values_as_text",
        "C09 C05",
        "error",
        "Pays arguments that list several values when the right ones are among them.",
        Shows(
            '<tool_call>{"name": "get_weather", "arguments": {"place": "Upwell or Carrow"}}</tool_call>',
            1.0,
            _CALL,
        ),
    ),
)
