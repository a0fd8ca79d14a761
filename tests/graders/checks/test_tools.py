"""Tool calls: the page's tables, BFCL's records, and generated right and wrong calls."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Reward, Sample
from graders.checks import tools as module
from graders.checks.tools import tool_calls
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear

PAGE = page("tools.md")
TOOLS = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
Calls = list[tuple[str, dict[str, Any]]]


def parsed(calls: Calls, reference: Any, **fields: Any) -> Sample:
    """Return a sample whose tool calls were parsed by the service."""
    made = [{"id": "1", "function": {"name": name, "arguments": json.dumps(one)}} for name, one in calls]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    item = {"id": "1", "messages": [{"role": "user", "content": "Q"}, message], "reference_answer": reference}
    return Sample({**item, **fields})


@pytest.mark.parametrize(
    ("call", "reference", "completion", "value", "fields"),
    [
        (call.strip("`"), json.loads(reference.strip("`")), completion, value, fields)
        for title, fields in (("How calls are compared", {}), ("The tools of a record", {"tools": TOOLS}))
        for call, reference, cell, value in rows(PAGE, title, 4)
        for completion in spans(cell)
    ],
)
def test_calls_are_paid_as_the_table_says(call, reference, completion, value, fields):
    answer = eval(call, {"tool_calls": tool_calls})(make_sample(completion, reference, **fields))
    if value == "unread":
        assert (answer.value, answer.metrics["unread"]) == (0.0, 1.0)
    else:
        assert (answer.value, answer.metrics["unread"]) == (float(value), 0.0)


def test_the_table_has_many_traps():
    assert sum(len(spans(row[2])) for row in rows(PAGE, "How calls are compared", 4)) > 100


def test_every_written_form_is_read_and_no_other_where_one_is_named():
    wanted = [{"area": {"base": [10]}}]
    forms = [
        (form.strip("`"), text)
        for form, cell, _ in rows(PAGE, "Formats of tool calls", 3)
        for text in spans(cell)
    ]
    assert {form for form, _ in forms} == {"hermes", "mistral", "harmony", "json", "pythonic"}
    for form, text in forms:
        paid = {}
        for option in ("any", "none", "hermes", "mistral", "harmony", "json", "pythonic"):
            answer = tool_calls(text=option)(make_sample(text, wanted))
            paid[option] = answer.value
            assert answer.metrics["from_text"] == answer.value == 1 - answer.metrics["unread"]
        assert {option for option, value in paid.items() if value} >= {"any", form}, text
        assert paid["none"] == 0
        others = paid.keys() - {"any", form} - ({"json"} if "json" in (form, "mistral") else set())
        assert not any(paid[option] for option in others), text


CALL = '{"name": "f", "arguments": {"a": 1}}'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"I look it up.\n<tool_call>\n{CALL}\n</tool_call>\n<tool_call>{CALL}</tool_call>", 1),
        (
            f"<think><tool_call>{CALL}</tool_call></think><tool_call>{CALL}</tool_call>"
            + f"<tool_call>{CALL}</tool_call>",
            1,
        ),
        (f"<think><tool_call>{CALL}</tool_call><tool_call>{CALL}</tool_call></think>", 0),
        (f"{CALL}; {CALL}", 1),
        (f"<|python_tag|>{CALL}\n{CALL}<|eom_id|>", 1),
        (f"[{CALL}, {CALL}]", 1),
        (f"Sure.[TOOL_CALLS] [{CALL}, {CALL}]</s>", 1),
        ('[TOOL_CALLS]f{"a": 1}[TOOL_CALLS]f[CALL_ID]x[ARGS]{"a": 1}', 1),
        (
            "<|channel|>analysis<|message|>Two.<|end|>"
            + "<|start|>assistant<|channel|>commentary to=functions.f "
            '<|constrain|>json<|message|>{"a": 1}<|call|>' * 2,
            1,
        ),
        (' to=functions.f<|channel|>commentary json<|message|>{"a": 1}<|call|>', 0),  # one call of two
        (
            'analysisTwo of them.assistantcommentary to=functions.f json{"a": 1}' * 2,
            0,
        ),
        (
            'analysisTwo of them.assistantcommentary to=functions.f json{"a": 1}'
            'assistantcommentary to=functions.f json{"a": 1}',
            1,
        ),
        ('commentary to=functions.f json{"a": 1}', 0),  # one call of two
        ('I say commentary to=functions.f json{"a": 1}', 0),
        (f"<|channel|>final<|message|>[{CALL}, {CALL}]<|return|>", 1),
        ('<|channel|>analysis<|message|>commentary to=functions.f {"a": 1}<|end|>', 0),
        (f"<tool_call>{CALL}</tool_call><tool_call>{CALL}", 0),
        (f"<tool_call>{CALL}</tool_call>[TOOL_CALLS] [{CALL}]", 0),
        (f"<tool_call>{CALL}</tool_call><tool_call>{{}}</tool_call>", 0),
        (f'<tool_call>{CALL[:-1]}, "name": "f"}}</tool_call>' * 2, 0),
        (f"[TOOL_CALLS] [{CALL}, {CALL}] and so on", 0),
        (f"I call {CALL}; {CALL}", 0),
        (f"```json\n[{CALL}, {CALL}]\n```", 0),
    ],
)
def test_several_calls_in_a_text_are_read_all_or_none(text, value):
    assert tool_calls()(make_sample(text, [{"f": {"a": [1]}}] * 2)).value == value


def test_take_finds_the_calls_in_a_text():
    sample = make_sample(f"So:\n```json\n{CALL}\n```", [{"f": {"a": [1]}}])
    assert (tool_calls()(sample).value, tool_calls(take="code_block")(sample).value) == (0, 1)


def test_parsed_calls_count_alone():
    wanted = [{"f": {"a": [1]}}]
    sample = parsed([("f", {"a": 2})], wanted)
    sample.messages[-1]["content"] = CALL
    assert tool_calls()(sample) == Reward(0.0, metrics={"unread": 0.0, "from_text": 0.0, "right_calls": 0.0})
    for call, value in (
        ({"name": "f", "arguments": {"a": 1}}, 1),
        ({"function": {"name": "f", "arguments": '{"a": 1'}}, 0),
        ({"function": {"name": "f", "arguments": '{"a": 1, "a": 1}'}}, 0),
        ({"function": {"name": "f", "arguments": "[1]"}}, 0),
        ({"function": {"arguments": '{"a": 1}'}}, 0),
        ({"function": None}, 0),
        ("f", 0),
        (None, 0),
    ):
        sample.messages[-1]["tool_calls"] = [call]
        assert tool_calls()(sample).value == value, call
        assert tool_calls()(sample).metrics["unread"] == 1 - value


def test_blocks_of_the_content_are_parsed_calls():
    wanted = [{"f": {"a": [1]}}]
    for block in (
        {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}},
        {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
    ):
        sample = parsed([], wanted)
        sample.messages[-1]["content"] = [{"text": "I call f."}, block]
        assert tool_calls()(sample) == Reward(
            1.0, metrics={"unread": 0.0, "from_text": 0.0, "right_calls": 1.0}
        )
        assert tool_calls()(parsed([("f", {"a": 1})], [block])).value == 1
        sample.messages[-1]["content"].append(block)
        assert tool_calls()(sample).value == 0


def test_a_call_without_arguments_is_written_in_many_ways():
    written: tuple[Any, ...] = ("{}", "", None, {})
    for arguments in written:
        sample = parsed([], [{"f": {}}])
        sample.messages[-1]["tool_calls"] = [{"function": {"name": "f", "arguments": arguments}}]
        assert tool_calls()(sample).value == 1


@pytest.mark.parametrize(
    ("reference", "fields", "message"),
    [
        ([], {}, "lists no call"),
        ({"calls": []}, {}, "lists no call"),
        ("Paris", {}, "not a list of calls"),
        (7, {}, "not a list of calls"),
        (["f"], {}, "that is not a call"),
        ({"f": 1}, {}, "that is not a call"),
        ({"name": "f"}, {}, "that is not a call"),
        ({"name": "f", "arguments": "{"}, {}, "that is not a call"),
        ({"f": {"a": 1}}, {}, "does not list what f.a accepts"),
        ({"f": {"a": []}}, {}, "does not list what f.a accepts"),
        ({"f": {"a": [{"k": [1], "l": 2}]}}, {}, "some fields of f.a"),
        ({"f": {"a": [float("nan")]}}, {}, "JSON lacks"),
        ([{"f": {}}] * 129, {}, "more than 128"),
        ({"g": {"a": ["x"]}}, {"tools": TOOLS}, "'g', which is not among the record's tools"),
        ({"f": {"b": [7]}}, {"tools": TOOLS}, "'f' without 'a'"),
        ({"f": {}}, {"tools": "x"}, "not a list of tools"),
        ({"f": {}}, {"tools": [{"type": "function"}]}, "a tool without a name"),
    ],
)
def test_a_reference_that_no_calls_can_be_compared_with_is_the_records_fault(reference, fields, message):
    with pytest.raises(RecordError, match=message):
        tool_calls()(make_sample("[f(a=1)]", reference, **fields))


def test_a_deep_reference_is_refused_and_a_deep_completion_is_wrong():
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    with pytest.raises(RecordError, match="nested deeper than 64"):
        tool_calls()(make_sample("[f(a=1)]", [{"name": "f", "arguments": {"a": deep}}]))
    for text in (
        f"[f(a={'[' * 900}{']' * 900})]",
        f'{{"name": "f", "arguments": {{"a": {"[" * 900}{"]" * 900}}}}}',
    ):
        assert tool_calls()(make_sample(text, [{"f": {"a": [[]]}}])).value == 0


def test_a_reference_may_be_text_and_tools_may_be_openais():
    tools: list[Any] = [{"type": "function", "function": TOOLS[0]}]
    schema = {"json": {"type": "object", "required": ["a"]}}
    converse = [{"toolSpec": {"name": "f", "inputSchema": schema}}]
    for offered in (tools, converse):
        for text, value in (('[f(a="x")]', 1), ("[f()]", 0)):
            assert tool_calls()(make_sample(text, [{"f": {"a": ["x", ""]}}], tools=offered)).value == value
    for reference in (
        '{"calls": [{"f": {"a": ["x"]}}]}',
        '{"id": "simple_0", "ground_truth": [{"f": {"a": ["x"]}}]}',
        '[f(a="x")]',
        '{"name": "f", "arguments": {"a": "x"}}',
    ):
        for listed in (tools, json.dumps(tools)):
            sample = make_sample('[f(a="x")]', reference, tools=listed)
            assert tool_calls()(sample).value == 1
    assert tool_calls(tools="offered")(make_sample('[f(a="x")]', [{"f": {"a": ["x"]}}], tools=7)).value == 1


def test_a_large_text_is_spelled_once_however_often_it_is_compared():
    check = tool_calls(ignore_case=True, ignore_punctuation=True)
    calls: Calls = [("f", {"a": ".,A" * 2_000})] * 100
    start = time.process_time()
    assert check(parsed(calls, [{"f": {"a": ["x", "y", "z"]}}] * 100)).value == 0
    spelled = time.process_time() - start
    start = time.process_time()
    assert tool_calls()(parsed(calls, [{"f": {"a": ["x", "y", "z"]}}] * 100)).value == 0
    assert spelled < 20 * max(time.process_time() - start, 0.01)


UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "most"}, "match='most': write one of 'all', 'subset', 'superset', 'f1'"),
        ({"order": True}, "write one of 'any', 'same'"),
        ({"text": "xml"}, "'hermes'"),
        ({"tools": " "}, "not blank"),
        ({"coerce": 1}, "True or False"),
        ({"may_expect_none": "no"}, "True or False"),
        ({"ignore": "why"}, "a list of names"),
        ({"ignore": ["a", "a"]}, "each name once"),
        ({"take": "calls"}, "pass a function"),
        ({"take": "tag", "text": "none"}, "leave one out"),
    ],
)
def test_invalid_options_are_refused_immediately(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.tool_calls(**options)


def chosen(value: Any, pick: random.Random) -> Any:
    """Return a value chosen from the accepted values."""
    if isinstance(value, list):
        return [chosen(one, pick) for one in value]
    return arguments(value, pick) if isinstance(value, dict) else value


def arguments(
    accepted: dict[str, list[Any]], pick: random.Random, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Choose arguments from the accepted values, and sometimes omit optional ones."""
    made = {}
    for name, values in accepted.items():
        kept = [one for one in values if one != ""]
        if kept and (name in required or "" not in values or pick.random() < 0.5):
            made[name] = chosen(pick.choice(kept), pick)
    return made


def test_real_tasks_pay_accepted_calls_and_none_that_differs(shared_data: Path):
    check, pick, seen = tool_calls(), random.Random(7), 0
    for line in (shared_data / "bfcl" / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        required = {one["name"]: tuple(one["parameters"]["required"]) for one in record["tools"]}
        wanted = [next(iter(call.items())) for call in record["reference_answer"]["calls"]]

        def paid(calls: Calls, record: dict[str, Any] = record) -> float:
            return check(parsed(calls, record["reference_answer"], tools=record["tools"])).value

        right = [(name, arguments(accepted, pick, required[name])) for name, accepted in wanted]
        pick.shuffle(right)
        assert paid(right) == 1, record["id"]
        seen += 1
        for wrong in differing(right, wanted, pick):
            assert paid(wrong) == 0, (record["id"], wrong)
    assert seen == 500


def differing(
    right: Calls, wanted: list[tuple[str, dict[str, list[Any]]]], pick: random.Random
) -> list[Calls]:
    """Return variants of the calls, each with one error: a call too few or too many, or another function,
    value, type or argument.
    """
    found = [right[1:], [*right, right[0]], [(right[0][0] + "_x", right[0][1]), *right[1:]]]
    at = pick.randrange(len(right))
    name, given = right[at]

    def changed(arguments: dict[str, Any]) -> Calls:
        return [*right[:at], (name, arguments), *right[at + 1 :]]

    found.append(changed({**given, "no such argument": 1}))
    accepted = [one for function, one in wanted if function == name]
    for key, value in given.items():
        found.append(changed({**given, key: f"{value} or so"}))
        found.append(changed({**given, key: [value]}))
        found.append(changed({**given, key: 987654.5}))
        if all("" not in one[key] for one in accepted if key in one):
            found.append(changed({other: one for other, one in given.items() if other != key}))
        if isinstance(value, (int, float)):
            found.append(changed({**given, key: json.dumps(value)}))
    return found


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ARGUMENTS = st.dictionaries(st.text(min_size=1, max_size=4), VALUES, max_size=3)
CALLS = st.lists(st.tuples(st.sampled_from(["f", "g", "m.h"]), ARGUMENTS), min_size=1, max_size=4)


@given(CALLS, st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_same_calls_are_paid_in_any_order_and_fewer_or_more_are_not(calls, pick):
    reference = [{"name": name, "arguments": one} for name, one in calls]
    made = list(calls)
    pick.shuffle(made)
    sample = parsed(made, reference)
    for match in ("all", "subset", "superset", "f1"):
        assert UNTYPED.tool_calls(match=match)(sample).value == 1
    assert tool_calls(order="same")(parsed(calls, reference)).value == 1
    written = "".join(f"<tool_call>{json.dumps({'name': n, 'arguments': a})}</tool_call>" for n, a in made)
    assert tool_calls()(make_sample(f"So: {written}.", reference)).value == 1
    more, fewer = [*made, ("other", {})], made[1:]
    assert tool_calls()(parsed(more, reference)).value == tool_calls()(parsed(fewer, reference)).value == 0
    assert tool_calls(match="superset")(parsed(more, reference)).value == 1
    assert tool_calls(match="subset")(parsed(fewer, reference)).value == float(bool(fewer))
    assert tool_calls(match="f1")(parsed(more, reference)).value == pytest.approx(
        2 * len(made) / (2 * len(made) + 1)
    )


@given(ARGUMENTS.filter(bool), VALUES, st.data())
@settings(max_examples=25)
def test_one_other_value_is_never_paid_unless_it_is_accepted(given_arguments, value, data):
    name = data.draw(st.sampled_from(sorted(given_arguments)))
    other = {**given_arguments, name: value}
    same = canonical(value) == canonical(given_arguments[name])
    reference = [{"name": "f", "arguments": given_arguments}]
    assert tool_calls()(parsed([("f", other)], reference)).value == float(same)
    assert tool_calls()(parsed([("f", without(given_arguments, name))], reference)).value == 0


def without(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    left = copy.deepcopy(arguments)
    del left[name]
    return left


def canonical(value: Any) -> Any:
    """Return a value in which 1 and 1.0 are equal, and True equals neither."""
    if isinstance(value, dict):
        return {key: canonical(one) for key, one in value.items()}
    if isinstance(value, list):
        return [canonical(one) for one in value]
    return (isinstance(value, bool), value) if isinstance(value, (bool, int, float)) else value


@given(st.dictionaries(st.from_regex(r"[a-z_]\w{0,5}", fullmatch=True), VALUES, max_size=3))
@settings(max_examples=40)
def test_what_python_writes_is_read_as_python_means_it(arguments):
    reserved = {"true", "false", "null"}
    arguments = {name: one for name, one in arguments.items() if name not in reserved and name.isascii()}
    written = ", ".join(f"{name}={one!r}" for name, one in arguments.items())
    text = f"[m.f({written})]"
    sample = make_sample(text, [{"name": "m.f", "arguments": arguments}])
    if sample.completion == text:  # the text contains no marks of reasoning
        assert tool_calls()(sample).value == 1


@given(st.text("[](){}f=,:'\"\\1a.<>/_|&", max_size=40) | st.text())
@settings(max_examples=40)
def test_no_text_raises(text):
    for frame in (
        text,
        f"[f({text})]",
        f"<tool_call>{text}</tool_call>",
        f"[TOOL_CALLS]{text}",
        f"<|channel|>{text}",
    ):
        assert tool_calls()(make_sample(frame, [{"f": {"zz": ["zz"]}}])).value == 0


HOSTILE = [
    "[f(a=" + "[" * 1000,
    "[f(a=" + "1," * 500,
    "[f(a='" + "\\" * 1000,
    "<tool_call>" * 100,
    "[TOOL_CALLS]" * 100,
    "<|channel|>" * 100,
    "<|channel|>commentary to=functions.f<|message|>" * 25,
    "to=functions." + "<|start|>assistant " * 50,
    "commentary to=functions.f json{" * 50,
    'assistantcommentary to=functions.f {"a": 1}' * 20,
    '{"name":' * 100,
    "[f(a=1)," * 100,
    "{" + "\n" * 1000,
    "[" + " " * 1000,
    "[f(\n" + "\n" * 1000 + ".",
]


@pytest.mark.parametrize("unit", HOSTILE, ids=range(len(HOSTILE)))
def test_time_is_linear(unit):
    assert_linear(tool_calls(), lambda times: make_sample(unit * times, [{"f": {"a": [1]}}]), 800)


HAS_F: dict[str, Any] = {
    "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    ]
}


@pytest.mark.parametrize(
    ("said", "paid"),
    [
        ("f(a=1)", 0),
        ("Sure: [f(a=1)]", 0),
        ('```json\n{"name": "g", "arguments": {}}\n```', 0),
        ("<function=f><parameter=a>1</parameter></function>", 0),
        ("<tool_call>{", 0),
        ("", 0),
        ("...", 0),
        ("[Note] I cannot.", 1),
        ("[1]: none", 1),
        ('{"answer": "x"}', 1),
        ('{"name": "Ada"}', 1),
        ("No tool helps.", 1),
    ],
)
@pytest.mark.parametrize("text", ["any", "none", "hermes", "json"])
def test_a_record_that_needs_no_call_pays_no_text_that_calls(said, paid, text):
    check = tool_calls(may_expect_none=True, text=text)
    assert check(make_sample(said, [], **HAS_F)).value == paid
