"""The request options that a judge's model accepts are found in few requests, whatever its errors say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graders.checks._judge_abilities import FORM, Abilities, Trial
from graders.checks._judge_chat import Chat
from graders.checks._judge_converse import Converse
from graders.checks._judge_retries import FormRefused, seconds_of

WORDS = [
    "temperature",
    "seed",
    "prompt caching",
    "toolChoice",
    "max_tokens",
    "json_schema",
    "strict",
    "too long",
]
MESSAGES = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join))


def abilities(service: str) -> Abilities:
    if service == "bedrock":
        return Converse("m", None, 0, 10).abilities()
    return Chat("m", None, "KEY", 0, 10).abilities()


@given(st.sampled_from(["bedrock", "openai"]), st.lists(MESSAGES, min_size=20, max_size=20), st.booleans())
def test_a_model_that_refuses_every_form_is_given_up_and_nothing_is_remembered(
    service: str, messages: list[str], heard: bool
) -> None:
    known = abilities(service)
    if heard:
        known.heard.answer()
    before = dict(known.known)
    trial = Trial(known)
    tried = [trial.parts]
    for message in messages:
        if not trial.refused(FormRefused(message)):
            break
        assert trial.parts not in tried
        tried.append(trial.parts)
    assert len(tried) <= sum(len(steps) for steps in known.ladders.values())
    assert known.known == before


@given(st.sampled_from(["bedrock", "openai"]), st.lists(MESSAGES, max_size=6))
def test_later_requests_have_the_form_that_was_answered(service: str, messages: list[str]) -> None:
    known = abilities(service)
    trial = Trial(known)
    for message in messages:
        trial.refused(FormRefused(message))
    trial.answered()
    assert known.heard.ever
    assert Trial(known).parts == trial.parts
    assert all(value in known.ladders[part] for part, value in trial.parts.items())
    assert FORM in trial.parts


@given(st.one_of(st.none(), st.text(max_size=12), st.floats().map(str), st.integers().map(str)))
def test_any_retry_header_gives_a_finite_wait_or_none(header: str | None) -> None:
    seconds = seconds_of(header)
    assert seconds is None or 0 <= seconds < 1e19
