"""Graders as AgentCore evaluators, for spans in every supported format."""

from __future__ import annotations

import copy
import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Abstain, DecorationError, EventError, RecordError, Reward, Sample, grader
from graders._runtime import telemetry
from graders.adapters import as_agentcore
from graders.adapters._agentcore_dialects import DIALECTS
from graders.errors import ConfigurationError
from graders.testing import invoke, make_sample
from support.doc_tables import page, rows


@grader(timeout_s=None)
def share_of_e(sample: Sample) -> Reward:
    """The reward depends on every character of the completion, the prompt and the reference."""
    text = f"{sample.completion}|{sample.prompt}|{sample.reference_answer}"
    return Reward(text.count("e") / (1 + len(text)), reason="counted")


@grader(timeout_s=None)
def equals(sample: Sample) -> bool:
    return sample.completion == sample.reference_text


def event_of(spans: Any, expected: str | None = "72", **changes: Any) -> dict[str, Any]:
    references = [] if expected is None else [{"expectedResponse": {"text": expected}}]
    return {
        "schemaVersion": "1.0",
        "evaluatorId": "right-abc1234567",
        "evaluatorName": "right",
        "evaluationLevel": "TRACE",
        "evaluationInput": {"sessionSpans": spans},
        "evaluationReferenceInputs": references,
        "evaluationTarget": {"traceIds": ["t"]},
        **changes,
    }


def packed(text: str) -> str:
    return json.dumps([{"text": text}])


def span(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"traceId": "t", "spanId": "1", "name": "chat", "attributes": attributes, **more}


STRANDS = {"scope": {"name": "strands.telemetry.tracer"}}
LANGCHAIN = {"scope": {"name": "openinference.instrumentation.langchain"}}
TRACELOOP = {"scope": {"name": "opentelemetry.instrumentation.langchain"}}


def strands_events(prompt: str, answer: str) -> list[Any]:
    events = [
        {"name": "gen_ai.user.message", "attributes": {"content": packed(prompt)}},
        {"name": "gen_ai.choice", "attributes": {"message": packed(answer), "finish_reason": "end_turn"}},
    ]
    return [span({"gen_ai.operation.name": "chat"}, events=events, **STRANDS)]


def strands_and_its_agent(prompt: str, answer: str) -> list[Any]:
    """The agent's own span ends last, and has a line break that the model did not write."""
    events = [
        {"name": "gen_ai.user.message", "attributes": {"content": packed(prompt)}},
        {"name": "gen_ai.choice", "attributes": {"message": answer + "\n", "finish_reason": "end_turn"}},
    ]
    kind = {"gen_ai.operation.name": "invoke_agent"}
    agent = span(kind, spanId="0", events=events, endTimeUnixNano=9, **STRANDS)
    return [agent, {**strands_events(prompt, answer)[0], "endTimeUnixNano": 8}]


def log_record(prompt: str, answer: str) -> list[Any]:
    asked = {"role": "user", "content": {"content": packed(prompt)}}
    said = {"role": "assistant", "content": {"message": packed(answer), "finish_reason": "end_turn"}}
    body = {"input": {"messages": [asked]}, "output": {"messages": [said]}}
    record = {"traceId": "t", "spanId": "1", "attributes": {"event.name": "strands.telemetry.tracer"}}
    return [span({}), {**record, "body": body}]


def log_record_of_newer_strands(prompt: str, answer: str) -> list[Any]:
    asked = {"role": "user", "content": json.dumps([listed("user", prompt)])}
    said = {"role": "assistant", "content": json.dumps([listed("assistant", answer)])}
    return [span({}, body={"input": {"messages": [asked]}, "output": {"messages": [said]}}, **STRANDS)]


def listed(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def log_record_of_langchain(prompt: str, answer: str) -> list[Any]:
    human = {"lc": 1, "id": ["langchain", "HumanMessage"], "kwargs": {"content": prompt}}
    ai = {"type": "ai", "content": answer}
    asked = {"role": "user", "content": json.dumps({"messages": [[human]]})}
    said = {"role": "assistant", "content": json.dumps({"generations": [[{"message": ai}]]})}
    return [span({}, body={"input": {"messages": [asked]}, "output": {"messages": [said]}}, **LANGCHAIN)]


def log_record_of_a_call_of_langchain(prompt: str, answer: str) -> list[Any]:
    """ADOT writes the span's values first, and then the messages in its attributes."""
    (whole,) = log_record_of_langchain(prompt, answer)
    for side, role, text in (("input", "user", prompt), ("output", "assistant", answer)):
        whole["body"][side]["messages"].append({"role": role, "content": text})
    json_ = {"input.mime_type": "application/json", "output.mime_type": "application/json"}
    return [span({"openinference.span.kind": "LLM", **json_}, **LANGCHAIN), whole]


def log_record_of_traceloop(prompt: str, answer: str) -> list[Any]:
    """ADOT calls a role `unknown` if the span does not name it."""
    body = {
        side: {"messages": [{"role": "unknown", "content": text}]}
        for side, text in (("input", prompt), ("output", answer))
    }
    record = {"traceId": "t", "spanId": "1", "attributes": {}, "body": body}
    return [span({"llm.request.type": "chat"}, **TRACELOOP), record]


def message_lists(prompt: str, answer: str) -> list[Any]:
    name = "gen_ai.client.inference.operation.details"
    asked = {"name": name, "attributes": {"gen_ai.input.messages": json.dumps([listed("user", prompt)])}}
    said = {
        "event_name": name,
        "attributes": {"gen_ai.output.messages": json.dumps([listed("assistant", answer)])},
    }
    return [{"trace_id": "t", "span_id": "1", "attributes": {}, "span_events": [asked, said]}]


def openinference(prompt: str, answer: str) -> list[Any]:
    return [
        span(
            {
                "openinference.span.kind": "LLM",
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": "Be brief.",
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.content": prompt,
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.contents.0.message_content.type": "text",
                "llm.output_messages.0.message.contents.0.message_content.text": answer,
            }
        )
    ]


def openllmetry(prompt: str, answer: str) -> list[Any]:
    attributes = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": prompt,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": answer,
    }
    return [span(attributes)]


def values(prompt: str, answer: str) -> list[Any]:
    attributes = {"openinference.span.kind": "AGENT", "input.value": prompt, "output.value": answer}
    return [span(attributes)]


def values_of_a_chain(prompt: str, answer: str) -> list[Any]:
    """The chain for the whole request. Each of its steps has values as well."""

    def chain(given: Any, made: Any, **more: Any) -> dict[str, Any]:
        kinds = {"openinference.span.kind": "CHAIN", "input.mime_type": "application/json"}
        both = {"input.value": json.dumps(given), "output.value": json.dumps(made)}
        return span({**kinds, **both, "output.mime_type": "application/json"}, **LANGCHAIN, **more)

    human, ai = {"type": "human", "content": prompt}, {"type": "ai", "content": answer}
    whole = chain({"messages": [human]}, {"messages": [human, ai]}, endTimeUnixNano=3)
    return [chain({"input": "a step"}, {"output": "a step"}, spanId="2", parentSpanId="1"), whole]


def values_of_a_text_chain(prompt: str, answer: str) -> list[Any]:
    """A LangChain chain with string input and output; strings that look like JSON are labeled JSON."""
    attributes = {"openinference.span.kind": "CHAIN", "input.value": prompt, "output.value": answer}
    for side, text in (("input", prompt), ("output", answer)):
        if text[0] + text[-1] in ("{}", "[]"):
            attributes[f"{side}.mime_type"] = "application/json"
    return [span(attributes, **LANGCHAIN)]


def values_of_smolagents(prompt: str, answer: str) -> list[Any]:
    asked = json.dumps({"task": prompt, "stream": False})
    attributes = {"openinference.span.kind": "AGENT", "input.value": asked, "output.value": answer}
    return [span(attributes, scope={"name": "openinference.instrumentation.smolagents"})]


def values_of_a_call(prompt: str, answer: str) -> list[Any]:
    asked = json.dumps({"messages": [{"role": "user", "content": prompt}], "model": "m"})
    said = json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}]})
    json_ = {"input.mime_type": "application/json", "output.mime_type": "application/json"}
    return [span({"openinference.span.kind": "LLM", "input.value": asked, "output.value": said, **json_})]


def values_of_a_task(prompt: str, answer: str) -> list[Any]:
    """Traceloop writes a decorated function's result as JSON, even a string."""
    kinds = {"traceloop.span.kind": "workflow", "traceloop.entity.input": json.dumps(prompt)}
    return [span({**kinds, "traceloop.entity.output": json.dumps(answer)})]


def values_of_a_workflow(prompt: str, answer: str) -> list[Any]:
    asked = {"inputs": {"messages": [{"type": "human", "content": prompt}]}}
    said = {
        "outputs": {"messages": [{"type": "human", "content": prompt}, {"type": "ai", "content": answer}]}
    }
    entity = {"traceloop.entity.input": json.dumps(asked), "traceloop.entity.output": json.dumps(said)}
    return [span({"traceloop.span.kind": "workflow", **entity})]


def older_events(prompt: str, answer: str) -> list[Any]:
    asked = {"gen_ai.prompt": json.dumps([{"role": "user", "content": prompt}])}
    said = {"gen_ai.completion": json.dumps([{"role": "assistant", "content": answer}])}
    events = [
        {"name": "gen_ai.content.prompt", "attributes": asked},
        {"name": "gen_ai.content.completion", "attributes": said},
    ]
    return [span({}, events=events)]


def log_events(prompt: str, answer: str) -> list[Any]:
    """OpenTelemetry's log records for a call of a Bedrock model, with content blocks in their bodies."""
    said = {"index": 0, "message": {"role": "assistant", "content": [{"text": answer}]}}
    return [
        {"traceId": "t", "spanId": "1", "eventName": name, "attributes": {}, "body": body}
        for name, body in (("gen_ai.user.message", {"content": [{"text": prompt}]}), ("gen_ai.choice", said))
    ]


WRITERS = (
    strands_events,
    strands_and_its_agent,
    log_record,
    log_record_of_newer_strands,
    log_record_of_langchain,
    log_record_of_a_call_of_langchain,
    log_record_of_traceloop,
    message_lists,
    openinference,
    openllmetry,
    values,
    values_of_a_chain,
    values_of_smolagents,
    values_of_a_call,
    values_of_a_task,
    values_of_a_workflow,
    older_events,
    log_events,
)
# Blank strings are left out. Some strings look like the JSON in which libraries wrap them.
TEXTS = (
    st.text(min_size=1) | st.sampled_from(['{"a": 1}', "[1, 2]", '["x"]', '[{"a": 1}]', "{", "[]"])
).filter(str.strip)


@pytest.mark.parametrize("write", WRITERS)
@given(prompt=TEXTS, answer=TEXTS, expected=TEXTS)
@settings(max_examples=25)
def test_the_value_is_the_reward_that_a_replay_of_the_same_texts_gets(
    write: Any, prompt: str, answer: str, expected: str
) -> None:
    replayed = share_of_e.grade(make_sample(answer, expected, prompt=prompt))
    answered = as_agentcore(share_of_e)(event_of(write(prompt, answer), expected), None)
    assert answered["value"] == replayed.value
    assert answered["label"] == ("Passed" if replayed.value >= 0.5 else "Failed")


LOOKALIKES = st.sampled_from(
    [
        '[{"text":"72"}]',
        '[{"text":"7"},{"text":"2"}]',
        '[{"text":"72"}',
        '{"content":"72"}',
        '{"output":"72"}',
        '{"task":"72"}',
        '"72"',
        '{"messages": []}',
        '{"messages":[{"role":"assistant","content":"72"}]}',
        '{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"72"}]}',
        '{"inputs":{"messages":[{"role":"assistant","content":"72"}]}}',
        '{"outputs":{"messages":[{"role":"assistant","content":"72"}]}}',
        '{"choices":[{"message":{"role":"assistant","content":"72"}}]}',
        '{"generations":[[{"message":{"role":"assistant","content":"72"}}]]}',
        '[{"role":"assistant","content":"72"}]',
        '[{"role":"assistant","parts":[{"type":"text","content":"72"}]}]',
    ]
)


def read_from(spans: list[Any]) -> list[tuple[str, str]] | None:
    """Return the turns that a grader receives; None if the spans are rejected."""
    seen: list[tuple[str, str]] = []

    @grader(timeout_s=None)
    def look(sample: Sample) -> float:
        seen.extend((turn["role"], turn["content"]) for turn in sample.messages)
        return 1.0

    answer = as_agentcore(look)(event_of(spans), None)
    return None if answer.get("errorCode") == "SPANS_NOT_READ" else seen


@pytest.mark.parametrize("write", [*WRITERS, values_of_a_text_chain])
@pytest.mark.parametrize("has_scope", [True, False])
@given(prompt=LOOKALIKES | st.just("8 x 9?"), answer=LOOKALIKES)
@settings(max_examples=20)
def test_the_look_of_a_text_never_changes_how_it_is_read(
    write: Any, has_scope: bool, prompt: str, answer: str
) -> None:
    if write is values_of_a_text_chain:  # if both look like a chain's state, they are parsed as one
        prompt = "8 x 9?"
    spans = write(prompt, answer)
    if not has_scope:
        spans = [{key: part for key, part in one.items() if key != "scope"} for one in spans]
    turns = read_from(spans)
    assert turns is None or [one for one in turns if one[0] != "system"] == [
        ("user", prompt),
        ("assistant", answer),
    ]


@given(prompt=LOOKALIKES, answer=LOOKALIKES)
def test_a_known_writers_text_is_read_even_if_it_looks_like_json(prompt: str, answer: str) -> None:
    exact = (strands_events, log_record, log_record_of_newer_strands, log_record_of_langchain, message_lists)
    for write in (*exact, openinference, openllmetry, values_of_a_call, values_of_a_task):
        assert read_from(write(prompt, answer)) is not None


def test_every_dialect_is_read_by_a_test() -> None:
    assert len(DIALECTS) <= len(WRITERS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "traceId spanId name attributes events body scope input output messages content message role parts",
        "type text toolUse tool_calls kwargs generations gen_ai.input.messages llm.input_messages.0.message",
        "gen_ai.prompt.0.content gen_ai.choice gen_ai.user.message traceIds expectedResponse endTimeUnixNano",
    ]
).flatmap(lambda names: st.sampled_from(names.split()))
BROKEN = st.recursive(
    JSON | st.sampled_from(["t", "user", "assistant", '[{"text":1}]', '{"messages":[{}]}', "[" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def changed(value: Any, path: list[int], change: Any) -> Any:
    """Return a JSON value with the part at a path of positions replaced."""
    inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if not path or not inner:
        return change
    at = path[0] % len(inner)
    parts = [changed(part, path[1:], change) if n == at else part for n, part in enumerate(inner)]
    return dict(zip(value, parts, strict=True)) if isinstance(value, dict) else parts


def is_of_the_contract(answer: Any) -> bool:
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    if "label" in answer:
        return isinstance(answer["value"], float) and answer.keys() <= {"label", "value", "explanation"}
    return answer.keys() == {"errorCode", "errorMessage"} and bool(answer["errorMessage"])


@pytest.mark.parametrize("write", WRITERS)
@given(path=st.lists(st.integers(0, 9), min_size=1, max_size=9), change=JSON)
@settings(max_examples=50)
def test_an_event_that_is_broken_in_one_place_is_answered_within_the_contract(
    write: Any, path: list[int], change: Any
) -> None:
    event = changed(event_of(write("8 x 9?", "72")), path, change)
    assert is_of_the_contract(as_agentcore(share_of_e)(event, None))


@given(spans=BROKEN | st.lists(st.dictionaries(KEYS, BROKEN, max_size=6), max_size=3), rest=BROKEN)
def test_broken_spans_are_answered_with_an_error_of_the_contract(spans: Any, rest: Any) -> None:
    event = {**event_of(spans), "evaluationTarget": rest, "evaluationReferenceInputs": rest}
    assert is_of_the_contract(as_agentcore(share_of_e)(event, None))


@given(trained=st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
@settings(max_examples=20)
def test_a_training_event_is_answered_as_the_grader_answers_it(trained: list[tuple[str, str]]) -> None:
    samples = [make_sample(answer, expected) for answer, expected in trained]
    for wire in ("open-weight", "trajectories", "sagemaker-single", "sagemaker-oss-verl"):
        assert invoke(as_agentcore(equals), samples, wire) == invoke(equals, samples, wire)


def test_the_graders_error_says_what_the_handler_has_to_be() -> None:
    with pytest.raises(EventError, match="from an AgentCore evaluator: write `handler = as_agentcore"):
        equals(event_of(openllmetry("8 x 9?", "72")), None)


def test_a_record_may_have_fields_with_an_evaluators_names() -> None:
    sample = make_sample("72", "72", evaluationLevel="TRACE", evaluationInput={})
    assert invoke(as_agentcore(equals), [sample], "sagemaker-single") == [Reward(1.0)]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"evaluationLevel": "SESSION"}, "LEVEL_NOT_SUPPORTED", "create the evaluator at level TRACE"),
        ({"evaluationLevel": "TOOL_CALL"}, "LEVEL_NOT_SUPPORTED", "create the evaluator at level TRACE"),
        ({"evaluationLevel": None}, "LEVEL_NOT_SUPPORTED", "evaluationLevel is missing"),
        ({"evaluationInput": {"sessionSpans": []}}, "SPANS_NOT_READ", "holds no spans"),
        ({"evaluationInput": None}, "SPANS_NOT_READ", "holds no spans"),
        ({"evaluationTarget": {"traceIds": ["other"]}}, "SPANS_NOT_READ", "more than 6 MB"),
        ({"evaluationTarget": {"traceIds": ["t", "u"]}}, "TARGET_NOT_READ", "names 2 traces"),
        (
            {
                "evaluationReferenceInputs": [
                    {"expectedResponse": {"text": "72"}},
                    {"expectedResponse": {"text": "73"}},
                ]
            },
            "TARGET_NOT_READ",
            "differ in expected_response",
        ),
        ({"evaluationReferenceInputs": None}, "GRADER_RECORD", "holds no reference answer"),
    ],
)
def test_an_event_that_cannot_be_graded_says_what_to_do(changes: Any, code: str, said: str) -> None:
    answer = as_agentcore(equals)(event_of(openllmetry("8 x 9?", "72"), **changes), None)
    assert answer["errorCode"] == code
    assert said in answer["errorMessage"]
    assert "value" not in answer


def test_spans_of_an_unknown_library_are_named() -> None:
    spans = [{"traceId": "t", "scope": {"name": "acme.tracing"}, "attributes": {"acme.answer": "72"}}]
    answer = as_agentcore(equals)(event_of(spans), None)
    assert "acme.tracing" in answer["errorMessage"]


def test_without_a_target_a_single_trace_is_the_target() -> None:
    spans = openllmetry("8 x 9?", "72")
    assert as_agentcore(equals)(event_of(spans, evaluationTarget=None), None)["value"] == 1.0
    two = [*spans, {**spans[0], "traceId": "u"}]
    answer = as_agentcore(equals)(event_of(two, evaluationTarget=None), None)
    assert answer["errorCode"] == "SPANS_NOT_READ"


def test_a_tools_span_has_no_answer() -> None:
    tool = {**openllmetry("8 x 9?", "73")[0], "spanId": "2", "endTimeUnixNano": 10}
    for key, value in (
        ("gen_ai.operation.name", "execute_tool"),
        ("openinference.span.kind", "TOOL"),
        ("traceloop.span.kind", "tool"),
    ):
        spans = [*openllmetry("8 x 9?", "72"), {**tool, "attributes": {**tool["attributes"], key: value}}]
        assert as_agentcore(equals)(event_of(spans), None)["value"] == 1.0


def test_an_empty_last_answer_is_not_replaced_by_an_earlier_one() -> None:
    first, last = openllmetry("8 x 9?", "72")[0], openllmetry("8 x 9?", "")[0]
    spans = [{**first, "endTimeUnixNano": 8}, {**last, "spanId": "2", "endTimeUnixNano": 9}]
    assert "empty" in error_of(spans)


def test_a_span_may_write_its_end_as_a_date() -> None:
    wrong, right = openllmetry("8 x 9?", "73")[0], openllmetry("8 x 9?", "72")[0]
    for span_of in (wrong, right):
        span_of.pop("endTimeUnixNano", None)
    spans = [
        {**right, "spanId": "2", "end_time": "2026-11-26T10:00:02.000000Z"},
        {**wrong, "end_time": "2026-11-26T10:00:01.000000Z"},
    ]
    assert as_agentcore(equals)(event_of(spans), None)["value"] == 1.0


def test_a_failure_outside_the_spans_says_where() -> None:
    class Broken:
        def get_remaining_time_in_millis(self) -> int:
            raise RuntimeError("secret")

    answer = as_agentcore(equals)(event_of(openllmetry("8 x 9?", "72")), Broken())
    assert answer["errorCode"] == "EVENT_NOT_READ"
    assert "RuntimeError at test_agentcore.py:" in answer["errorMessage"]
    assert "secret" not in answer["errorMessage"]


def test_the_answer_is_the_agents_even_if_a_model_was_called_for_something_else_later() -> None:
    later = {**strands_events("Summarize.", "A sum.")[0], "spanId": "3", "endTimeUnixNano": 10}
    spans = [*strands_and_its_agent("8 x 9?", "72"), later]
    assert as_agentcore(equals)(event_of(spans), None)["value"] == 1.0


def error_of(spans: list[Any]) -> str:
    answer = as_agentcore(equals)(event_of(spans), None)
    assert answer["errorCode"] == "SPANS_NOT_READ"
    return str(answer["errorMessage"])


@pytest.mark.parametrize(
    "message",
    [
        '[{"text": "7',
        json.dumps([{"text": "72"}, {"speech": "73"}]),
        json.dumps([{"text": "72"}, {"text": 73}]),
        [{"type": "text", "text": "72"}, {"type": "poem", "text": "73"}],
        [1],
    ],
)
def test_an_answer_that_cannot_be_read_completely_is_unread(message: Any) -> None:
    whole = strands_events("8 x 9?", "Let me see.")[0]
    cut = copy.deepcopy(whole)
    cut["events"][1]["attributes"]["message"] = message
    assert "cannot be read exactly" in error_of([cut])
    assert "cannot be read exactly" in error_of([whole, {**cut, "spanId": "2"}])
    agent = {**values("8 x 9?", "72")[0], "spanId": "0"}
    assert as_agentcore(equals)(event_of([agent, cut]), None)["value"] == 1.0


def test_values_of_unknown_fields_are_unread() -> None:
    (whole,) = values_of_a_text_chain("8 x 9?", '{"final": "72", "sure": true}')
    attributes = whole["attributes"]
    assert "it is JSON with unknown fields" in error_of([whole])
    plain = {**whole, "attributes": {**attributes, "output.mime_type": "text/plain"}}
    assert as_agentcore(equals)(event_of([plain], attributes["output.value"]), None)["value"] == 1.0
    attributes["output.value"] = '{"final": "72"}'  # LangChain writes a single string unchanged
    assert as_agentcore(equals)(event_of([whole], '{"final": "72"}'), None)["value"] == 1.0


def test_a_chain_is_read_as_its_state_only_if_a_model_gave_the_same_answer() -> None:
    forged = '{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"72"}]}'
    (chain,) = values_of_a_text_chain(forged, forged)
    call = {**openinference("8 x 9?", forged)[0], "spanId": "2"}
    assert "may be the text itself" in error_of([chain, call])
    state = values_of_a_chain("8 x 9?", "72")[1]
    call = {**openinference("8 x 9?", "72")[0], "spanId": "2"}
    assert as_agentcore(equals)(event_of([state, call]), None)["value"] == 1.0


def test_a_text_that_a_model_call_confirms_is_read_even_if_its_chain_is_ambiguous() -> None:
    answer = '{"final": "72", "sure": true}'
    (chain,) = values_of_a_text_chain("8 x 9?", answer)
    call = {**openinference("8 x 9?", answer)[0], "spanId": "2"}
    assert as_agentcore(equals)(event_of([chain, call], answer), None)["value"] == 1.0
    call = {**openinference("8 x 9?", "Let me see.")[0], "spanId": "2"}
    assert "it is JSON with unknown fields" in error_of([chain, call])


def test_traceloops_state_is_not_an_answer_if_its_span_is_missing() -> None:
    body = {
        "input": {"messages": [{"role": "user", "content": '{"inputs": {"input": "8 x 9?"}, "kwargs": {}}'}]},
        "output": {"messages": [{"role": "assistant", "content": '{"outputs": "72", "kwargs": {}}'}]},
    }
    assert "it is JSON with unknown fields" in error_of([span({}, body=body, **TRACELOOP)])


def test_the_system_prompt_of_a_log_record_is_not_json() -> None:
    for content in (
        "Be brief.",
        {"content": packed("Be brief.")},
        '[{"type": "text", "content": "Be brief."}]',
    ):
        bare, record = log_record("8 x 9?", "72")
        record["body"]["input"]["messages"].insert(0, {"role": "system", "content": content})
        turns = [("system", "Be brief."), ("user", "8 x 9?"), ("assistant", "72")]
        assert read_from([bare, record]) == turns


def test_an_answer_that_looks_like_a_librarys_json_is_read_unchanged() -> None:
    for answer in ('[{"text": "72", "label": "a"}]', '[{"a": 1}]', '{"outputs": 1}', "[]", '{"messages": 2}'):
        for write in (strands_events, log_record, openinference, openllmetry, message_lists):
            event = event_of(write("8 x 9?", answer), answer)
            assert as_agentcore(equals)(event, None) == {"label": "Passed", "value": 1.0}


def test_a_tool_call_is_not_the_last_answer_once_the_tool_has_run() -> None:
    call = json.dumps([{"text": "Let me see."}, {"toolUse": {"name": "multiply", "input": {}}}])
    asks = strands_events("8 x 9?", "")[0]
    asks["events"][1]["attributes"]["message"] = call
    asks["endTimeUnixNano"] = 1
    tool = span({"gen_ai.operation.name": "execute_tool"}, spanId="2", endTimeUnixNano=2, **STRANDS)
    assert "ends with a tool call" in error_of([asks, tool])
    assert as_agentcore(equals)(event_of([asks], "Let me see."), None)["value"] == 1.0


def test_without_times_the_last_record_counts() -> None:
    spans = [*openllmetry("8 x 9?", "73"), {**openllmetry("8 x 9?", "72")[0], "spanId": "2"}]
    assert as_agentcore(equals)(event_of(spans), None)["value"] == 1.0


def test_white_space_that_a_library_adds_is_not_part_of_the_answer() -> None:
    """Strands joins an answer's blocks with line breaks in its agent's span and record."""
    blocks = json.dumps([{"text": "It is "}, {"text": "72."}])
    turn = {"name": "gen_ai.user.message", "attributes": {"content": packed("8 x 9?")}}
    events = [turn, {"name": "gen_ai.choice", "attributes": {"message": blocks}}]
    call = span({}, spanId="2", events=events, **STRANDS)
    whole = {"name": "gen_ai.choice", "attributes": {"message": "It is \n72.\n"}}
    for kind in ({"gen_ai.operation.name": "invoke_agent"}, {}):
        agent = span(kind, spanId="0", events=[turn, whole], endTimeUnixNano=9, **STRANDS)
        answer = as_agentcore(equals)(event_of([agent, call], "It is 72."), None)
        assert answer["value"] == 1.0


def test_references_of_other_traces_do_not_count() -> None:
    references = [
        {"context": {"spanContext": {"traceId": "u"}}, "expectedResponse": {"text": "73"}},
        {"context": {"spanContext": {"sessionId": "s"}}, "expectedResponse": {"text": "72"}},
    ]
    event = event_of(openllmetry("8 x 9?", "72"), evaluationReferenceInputs=references)
    assert as_agentcore(equals)(event, None)["value"] == 1.0


def test_assertions_and_trajectories_are_fields_or_the_reference() -> None:
    seen: list[Any] = []

    @grader
    def look(sample: Sample) -> float:
        seen.append((sample.reference_answer, sample.fields))
        return 1.0

    references = [
        {"assertions": [{"text": "It says 72."}, {"text": "It is brief."}]},
        {"expectedTrajectory": {"toolNames": ["multiply"]}},
    ]
    event = event_of(openllmetry("8 x 9?", "72"), evaluationReferenceInputs=references)
    for reference in ("expected_response", "assertions", "expected_trajectory"):
        as_agentcore(look, reference=reference)(event, None)
    fields = {"assertions": ["It says 72.", "It is brief."], "expected_trajectory": ["multiply"]}
    assert seen == [(None, fields), (fields["assertions"], fields), (["multiply"], fields)]


def test_tool_calls_and_thoughts_are_where_a_rollout_has_them() -> None:
    seen: list[Sample[Any]] = []

    @grader
    def look(sample: Sample) -> float:
        seen.append(sample)
        return 1.0

    blocks = [
        {"reasoningContent": {"reasoningText": {"text": "Multiply."}}},
        {"text": "72"},
        {"toolUse": {"toolUseId": "1", "name": "multiply", "input": {"a": 8, "b": 9}}},
    ]
    events = [
        {"name": "gen_ai.system.message", "attributes": {"content": packed("Be brief.")}},
        {"name": "gen_ai.user.message", "attributes": {"content": packed("8 x 9?")}},
        {"name": "gen_ai.user.message", "attributes": {"content": json.dumps([{"toolResult": {}}])}},
        {"name": "gen_ai.choice", "attributes": {"message": json.dumps(blocks)}},
    ]
    as_agentcore(look)(event_of([span({}, events=events, **STRANDS)]), None)
    (sample,) = seen
    assert (sample.completion, sample.reasoning, sample.prompt) == ("72", "Multiply.", "8 x 9?")
    assert [turn["role"] for turn in sample.messages] == ["system", "user", "tool", "assistant"]
    function = {"name": "multiply", "arguments": '{"a": 8, "b": 9}'}
    assert sample.tool_calls == [{"id": "1", "type": "function", "function": function}]


def outcome_of(function: Any, answer: str = "The answer is seventy-two clips in total.") -> dict[str, Any]:
    return as_agentcore(grader(function))(event_of(openllmetry("How many clips?", answer)), None)


LETTERS = st.text(alphabet="xyz", min_size=1)


@given(
    prompt=LETTERS,
    answer=LETTERS,
    kind=st.sampled_from(["reason", "abstain", "exception", "record", "value"]),
)
@settings(max_examples=40)
def test_the_answer_is_the_same_whatever_the_grader_says_about_the_conversation(
    prompt: str, answer: str, kind: str
) -> None:
    def says(sample: Sample) -> Reward | Abstain:
        said = f"{sample.completion[-3:]} to {sample.prompt}"
        if kind == "abstain":
            return Abstain(said)
        if kind == "reason":
            return Reward(0.5, metrics={"n": 2}, components={"brief": 0.5}, reason=said)
        if kind == "value":
            return Reward(0.5, metrics={said: float("nan")})
        raise {"exception": ValueError, "record": RecordError}[kind](said)

    handler = as_agentcore(grader(says))
    answers = [
        handler(event_of(openllmetry(*texts)), None) for texts in ((prompt, answer), ("What is it?", "72"))
    ]
    assert answers[0] == answers[1]
    if kind == "reason":
        assert answers[0] == {"label": "Passed", "value": 0.5, "explanation": "brief: 0.5, n: 2"}


def test_the_reason_is_shown_where_content_may_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def quotes(sample: Sample) -> Reward:
        return Reward(0.25, metrics={"n": 2}, reason=f"It says {sample.completion!r}" + "!" * 2000)

    monkeypatch.setenv("GRADER_LOG_CONTENT", "1")
    explanation = outcome_of(quotes)["explanation"]
    assert "seventy-two" in explanation
    assert len(explanation) == 1000


def test_the_work_after_grading_depends_only_on_the_event() -> None:
    @grader(timeout_s=None)
    def quotes(sample: Sample) -> Reward:
        return Reward(0.5, reason=sample.completion[:900])

    def seconds(size: int) -> float:
        event = event_of(message_lists("x" * size, "x" * size))
        began = process_time()
        assert as_agentcore(quotes)(event, None)["value"] == 0.5
        return process_time() - began

    assert seconds(400_000) < 100 * max(seconds(20_000), 0.01)


def test_no_failure_has_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def abstains(sample: Sample) -> Abstain:
        return Abstain(f"the judge refused to grade: {sample.completion}")

    def breaks(sample: Sample) -> float:
        raise ValueError(sample.completion)

    def unfit(sample: Sample) -> float:
        return float("nan")

    def asks(sample: Sample) -> float:
        raise ConfigurationError("no key: set OPENAI_API_KEY")

    def record(sample: Sample) -> float:
        raise RecordError("the record has no unit")

    found = {function.__name__: outcome_of(function) for function in (abstains, breaks, unfit, asks, record)}
    assert {name: answer["errorCode"] for name, answer in found.items()} == {
        "abstains": "GRADER_ABSTAIN",
        "breaks": "GRADER_EXCEPTION",
        "unfit": "GRADER_VALUE",
        "asks": "GRADER_CONFIGURATION",
        "record": "GRADER_RECORD",
    }
    assert found["abstains"]["errorMessage"].startswith("the grader abstained (set GRADER_LOG_CONTENT=1")
    assert "ValueError at test_agentcore.py" in found["breaks"]["errorMessage"]
    assert not any("value" in answer or "seventy-two" in str(answer) for answer in found.values())
    monkeypatch.setenv("GRADER_LOG_CONTENT", "1")
    assert "seventy-two" in outcome_of(breaks)["errorMessage"]


def test_an_async_grader_runs_to_completion() -> None:
    async def waits(sample: Sample) -> float:
        return 1.0

    assert outcome_of(waits)["value"] == 1.0


def test_the_sample_is_graded_within_the_time_that_lambda_leaves() -> None:
    class NoTime:
        def get_remaining_time_in_millis(self) -> int:
            return 0

    @grader
    def runs_on(sample: Sample) -> bool:
        while True:
            pass

    answer = as_agentcore(runs_on)(event_of(openllmetry("8 x 9?", "72")), NoTime())
    assert answer["errorCode"] == "GRADER_TIMEOUT"


def test_an_evaluation_is_one_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "evaluator")
    monkeypatch.setattr(telemetry, "_send", lines.append)
    as_agentcore(equals)(event_of(openllmetry("8 x 9?", "72")), None)
    assert [(line["samples"], line["reward_mean"]) for line in lines] == [(1, 1.0)]


def test_passing_changes_only_the_label() -> None:
    @grader(range=(-1, 1))
    def half(sample: Sample) -> float:
        return 0.25

    event = event_of(openllmetry("8 x 9?", "72"))
    assert as_agentcore(half)(event, None) == {"label": "Passed", "value": 0.25}
    assert as_agentcore(half, passing=0.5)(event, None) == {"label": "Failed", "value": 0.25}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((lambda sample: 1.0, {}), "decorate the scoring function first"),
        ((equals, {"reference": "text"}), "not one of expected_response"),
        ((equals, {"passing": 2}), "within the grader's range, 0 to 1"),
        ((equals, {"passing": float("nan")}), "within the grader's range"),
        ((equals, {"passing": "half"}), "within the grader's range"),
    ],
)
def test_an_invalid_argument_is_refused_immediately(arguments: Any, said: str) -> None:
    with pytest.raises(DecorationError, match=said):
        as_agentcore(arguments[0], **arguments[1])


def test_the_page_lists_the_dialects_that_are_read() -> None:
    listed = [tuple(one) for one in rows(page("adapters.md"), "AgentCore: the same grader in production", 2)]
    assert listed == [(form, writer) for form, writer, _ in DIALECTS]
