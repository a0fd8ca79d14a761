from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError
from openai.types import Completion
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from harness.api.types import NOT_RECORDED
from harness.emulator.handmade import HANDMADE
from support.openapi import assert_valid

BASE = "openai.gpt-oss-20b"


def test_the_tuned_model_answers_better_than_the_base_model(trained, data) -> None:
    service, name = trained
    tuned = service.job(name)["fine_tuned_model"]
    by_text = {
        (rollout["messages"][0]["content"], rollout["messages"][1]["content"]): rollout["is_right"]
        for rollout in data.rollouts()
    }

    def rightness(model: str, **options: Any) -> float:
        found = []
        for record in data.records_of(data.rollouts()):
            answer = service.client.chat.completions.create(
                model=model, messages=record["messages"], **options
            )
            found += [
                by_text[record["messages"][0]["content"], each.message.content] for each in answer.choices
            ]
        return sum(found) / len(found)

    assert rightness(tuned, temperature=0) > rightness(BASE, n=8, seed=3) + 0.2


def test_temperature_zero_is_the_likeliest_and_a_seed_decides_the_rest(trained, data) -> None:
    service, name = trained
    tuned = service.job(name)["fine_tuned_model"]
    messages = data.records_of(data.rollouts())[5]["messages"]

    def ask(**options: Any) -> list[str | None]:
        answer = service.client.chat.completions.create(model=tuned, messages=messages, **options)
        assert [choice.index for choice in answer.choices] == list(range(options.get("n", 1)))
        return [choice.message.content for choice in answer.choices]

    assert len(set(ask(temperature=0, n=6))) == 1
    assert ask(seed=1, n=6) == ask(seed=1, n=6)
    assert ask(seed=1, n=6, temperature=2) != ask(seed=2, n=6, temperature=2)
    assert len(set(ask(temperature=2, n=40))) > 2


def test_all_three_inference_routes_give_valid_answers(trained, data) -> None:
    service, name = trained
    tuned = service.job(name)["fine_tuned_model"]
    question = data.records_of(data.rollouts())[0]["messages"][0]["content"]
    chat = {"model": tuned, "messages": [{"role": "user", "content": question}], "temperature": 0}
    text = {"model": tuned, "prompt": question, "temperature": 0}
    response = {"model": tuned, "input": question, "temperature": 0, "store": False}
    chat_raw = service.raw("POST", "/v1/chat/completions", chat)
    text_raw = service.raw("POST", "/v1/completions", text)
    response_raw = service.raw("POST", "/v1/responses", response)
    assert_valid(ChatCompletion, chat_raw)
    assert_valid(Completion, text_raw)
    assert_valid(Response, response_raw)
    said = chat_raw["choices"][0]["message"]["content"]
    assert said == text_raw["choices"][0]["text"] == response_raw["output"][0]["content"][0]["text"]
    assert service.client.responses.create(model=tuned, input=question, temperature=0).output_text == said
    blocks = [{"role": "user", "content": [{"type": "input_text", "text": question}]}]
    assert service.client.responses.create(model=tuned, input=blocks, temperature=0).output_text == said
    batch = service.client.completions.create(model=tuned, prompt=[question, "unknown"], temperature=0)
    assert [choice.text for choice in batch.choices] == [said, NOT_RECORDED]


def test_answers_can_be_streamed(trained, data) -> None:
    service, name = trained
    tuned = service.job(name)["fine_tuned_model"]
    messages = data.records_of(data.rollouts())[0]["messages"]
    question = messages[0]["content"]
    whole = service.client.chat.completions.create(model=tuned, messages=messages, temperature=0)
    said = whole.choices[0].message.content
    chunks = list(
        service.client.chat.completions.create(
            model=tuned, messages=messages, temperature=0, stream=True, stream_options={"include_usage": True}
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == said
    assert len(pieces) > 3
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == "stop"
    stream = service.client.completions.create(model=tuned, prompt=question, temperature=0, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == said
    with service.client.responses.stream(model=tuned, input=question, temperature=0) as events:
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert "".join(deltas) == said == events.get_final_response().output_text


def test_max_tokens_and_stop_cut_an_answer(trained, data) -> None:
    service, name = trained
    messages = data.records_of(data.rollouts())[0]["messages"]
    tuned = service.job(name)["fine_tuned_model"]
    cut = service.client.chat.completions.create(model=tuned, messages=messages, temperature=0, max_tokens=2)
    assert len(cut.choices[0].message.content or "") == 8
    assert cut.choices[0].finish_reason == "length"
    stopped = service.client.chat.completions.create(
        model=tuned, messages=messages, temperature=0, stop="####"
    )
    assert "####" not in (stopped.choices[0].message.content or "")
    short = service.client.responses.create(
        model=tuned, input=messages[0]["content"], temperature=0, max_output_tokens=2
    )
    assert short.status == "incomplete"


def test_a_prompt_that_was_never_recorded_is_answered_with_the_fixed_text(shared) -> None:
    answer = shared.client.chat.completions.create(
        model=BASE, messages=[{"role": "user", "content": "What is RL?"}], max_tokens=1
    )
    assert answer.choices[0].message.content == "[emulator: no recorded completion for this prompt]"


@pytest.mark.parametrize("prompt", HANDMADE)
def test_the_prompts_of_amazons_examples_have_answers(shared, prompt: str) -> None:
    chat = shared.client.chat.completions.create(
        model=BASE, messages=[{"role": "user", "content": prompt}], max_tokens=100
    )
    text = shared.client.completions.create(model=BASE, prompt=prompt, max_tokens=100, temperature=0.7)
    assert chat.choices[0].message.content == text.choices[0].text == HANDMADE[prompt]
    assert shared.client.responses.create(model=BASE, input=prompt).output_text == HANDMADE[prompt]
    cut = shared.client.completions.create(model=BASE, prompt=prompt, max_tokens=1)
    assert (cut.choices[0].text, cut.choices[0].finish_reason) == (HANDMADE[prompt][:4], "length")


def test_recorded_completions_come_before_answers_made_by_hand(serve, data, folder) -> None:
    recorded = [
        {**rollout, "messages": [{"role": "user", "content": "What is AI?"}, rollout["messages"][1]]}
        for rollout in data.rollouts()[:8]
    ]
    (folder / "ai.jsonl").write_bytes(data.jsonl(recorded))
    service = serve(rollouts=(folder / "ai.jsonl",))
    answer = service.client.completions.create(model=BASE, prompt="What is AI?")
    assert answer.choices[0].text in [rollout["messages"][1]["content"] for rollout in recorded]


def test_qwen_models_do_not_stream(shared) -> None:
    messages = [{"role": "user", "content": "What is AI?"}]
    with pytest.raises(BadRequestError, match="streaming") as caught:
        shared.client.chat.completions.create(model="qwen.qwen3-32b", messages=messages, stream=True)
    assert caught.value.param == "stream"
    assert shared.client.chat.completions.create(model="qwen.qwen3-32b", messages=messages).choices


def test_an_answer_can_be_part_of_the_next_question(shared) -> None:
    first = {"role": "user", "content": "What is AI?"}
    then = {"role": "user", "content": "What is the capital of France?"}
    said = shared.client.chat.completions.create(model=BASE, messages=[first]).choices[0].message
    for again in (said, said.model_dump()):
        chat = shared.client.chat.completions.create(model=BASE, messages=[first, again, then])
        assert chat.choices[0].message.content == HANDMADE["What is the capital of France?"]
    output = shared.client.responses.create(model=BASE, input="What is AI?").output
    response = shared.client.responses.create(model=BASE, input=[first, *output, then])
    assert response.output_text == HANDMADE["What is the capital of France?"]
