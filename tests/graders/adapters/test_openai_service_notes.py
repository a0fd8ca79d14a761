"""Notes on graders that call a judge model or an endpoint."""

from __future__ import annotations

import re
from typing import Any

import pytest

from graders.adapters.openai import openai_notes

NAME = "gpt-4o-2024-08-06"
USER = {"role": "user", "content": "{{sample.output_text}}"}
SYSTEM = {"role": "system", "content": "Score it."}
HEADERS = {"X": "hidden-1", "Content-Type": "application/json"}
ASSISTANT = {"role": "assistant", "content": "{{sample.output_text}}"}


def notes(models: Any = None, **spec: Any) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for note in openai_notes(spec, models):
        found.setdefault(note.pointer, []).append((note.how, note.what))
    return found


def judged(models: Any = None, **spec: Any) -> dict[str, list[tuple[str, str]]]:
    return notes(models, **{"type": "score_model", "model": NAME, "input": [SYSTEM, USER], **spec})


def said(found: list[tuple[str, str]], how: str, words: str) -> bool:
    return any(one == how and words in what for one, what in found)


def test_a_model_without_a_replacement_is_unsupported_with_the_line_to_add() -> None:
    [(how, what)] = judged()["/model"]
    assert (how, f'add "{NAME}" = ' in what) == ("unsupported", True)
    [(how, what)] = judged({NAME: "mine"})["/model"]
    assert (how, f"{NAME} is mine of Bedrock" in what) == ("approximated", True)
    table = {NAME: {"model": "mine", "service": "openai", "temperature": 0.1, "max_tokens": 9}}
    found = judged(table, sampling_params={"max_completions_tokens": 7})
    assert said(found["/model"], "approximated", "an OpenAI-compatible service")
    assert said(found["/model"], "approximated", "sets the temperature")
    assert said(found["/sampling_params/max_completions_tokens"], "approximated", "max_tokens instead")


def test_a_place_within_a_multi_grader_is_its_whole_pointer() -> None:
    inner = {"type": "label_model", "model": NAME, "input": [USER], "labels": ["a"], "passing_labels": ["a"]}
    found = notes(type="multi", graders={"tone": inner}, calculate_output="tone")
    assert {"/graders/tone/model", "/graders/tone/input", "/graders/tone/passing_labels"} <= set(found)


@pytest.mark.parametrize(
    ("messages", "how", "words"),
    [
        ([SYSTEM, USER], "approximated", "without delimiters"),
        ([SYSTEM, USER], "approximated", "told to answer with steps and result"),
        ([SYSTEM, {"role": "user", "content": "Go."}], "approximated", "does not depend on what it says"),
        ([{"role": "system", "content": "{{sample.output_text}}"}, USER], "mapped", "no service caches it"),
        ([SYSTEM], "approximated", "the system message is sent as the user's"),
        ([USER, SYSTEM], "approximated", "later system messages come first"),
        ([USER, USER], "approximated", "consecutive messages of the same role are joined"),
        ([USER, ASSISTANT], "approximated", "a short user message is added"),
        ([ASSISTANT, USER], "approximated", "a short user message is added"),
    ],
)
def test_changes_to_messages_are_noted(messages: list[dict[str, Any]], how: str, words: str) -> None:
    assert said(judged(input=messages)["/input"], how, words)


def test_a_conversation_that_is_sent_unchanged_has_no_note() -> None:
    found = judged(input=[SYSTEM, USER, ASSISTANT, USER])["/input"]
    assert not any("order" in what for _, what in found)


@pytest.mark.parametrize(
    ("key", "value", "how", "words"),
    [
        ("temperature", 0.5, "mapped", "sent"),
        ("temperature", 1.5, "approximated", "Bedrock's maximum"),
        ("max_completions_tokens", 100, "mapped", "maximum number of tokens"),
        ("seed", 42, "approximated", "not sent"),
        ("top_p", 1, "approximated", "not sent"),
        ("reasoning_effort", "low", "approximated", "not sent"),
        ("best_of", 3, "unsupported", "it is ignored"),
    ],
)
def test_each_sampling_parameter_has_its_note(key: str, value: object, how: str, words: str) -> None:
    assert said(judged(sampling_params={key: value})[f"/sampling_params/{key}"], how, words)


def test_an_endpoint_has_its_notes_without_the_values_of_its_headers() -> None:
    found = notes(type="endpoint", url="https://g.example/", headers=HEADERS, rate_limit=50)
    assert said(found["/url"], "mapped", "three retries")
    assert said(found["/url"], "approximated", "where Azure discards the rollout")
    assert said(found["/headers/Content-Type"], "approximated", "not sent")
    assert said(found["/rate_limit"], "approximated", "50 requests per second in each process")
    assert "hidden-1" not in repr(found)


ENDPOINT = {"type": "endpoint", "url": "https://g.example/", "headers": HEADERS, "rate_limit": 50}
LABELED = {"type": "label_model", "model": NAME, "input": [USER], "labels": ["a"], "passing_labels": ["a"]}
CHECK = {"type": "string_check", "operation": "eq", "input": "a", "reference": "{{item.deep}}"}
PYTHON = {"type": "python", "source": "import numpy\ndef grade(sample, item): return 1", "image_tag": "old"}
LISTS = {**CHECK, "operation": "like", "input": "{{sample.output_json.a}} {{sample.choices}} {{item.id}}"}
SIMILAR = {"type": "text_similarity", "evaluation_metric": "bleu", "input": "a", "reference": "{{item.a}}"}
SCORED = {"type": "score_model", "model": NAME, "input": [SYSTEM, USER], "pass_threshold": 0.5}
GRADERS = {"a": ENDPOINT, "b": LABELED, "c": CHECK, "d": PYTHON, "e": LISTS, "f": SIMILAR, "g": SCORED}
MULTI = {"type": "multi", "graders": GRADERS, "calculate_output": "1 + a ** 2 / max(b, c)"}
DIFFERS = re.compile("where (OpenAI|Azure|AWS)|not documented|may pose")


@pytest.mark.parametrize("spec", [*GRADERS.values(), MULTI], ids=[*GRADERS, "multi"])
def test_a_difference_from_the_service_is_never_called_mapped(spec: dict[str, Any]) -> None:
    """Readers take "mapped" to mean "grades as it did at OpenAI"."""
    whole = {"hyperparameters": {}, "response_format": {}, "grader": spec}
    found = list(openai_notes(whole))
    assert {"approximated"} <= {note.how for note in found}
    assert [note for note in found if note.how == "mapped" and DIFFERS.search(note.what)] == []
