from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Reward
from graders.reward import KINDS, Failure
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, Target, graded

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS)
def test_a_bare_number_is_a_reward_without_metrics(value: float) -> None:
    assert graded(value) == Graded(value, {}, None, None)


@given(NUMBERS, st.dictionaries(st.text(min_size=1), NUMBERS), st.floats(0, 1e6))
def test_components_stand_among_the_metrics(value: float, numbers: dict[str, float], ms: float) -> None:
    names = sorted(numbers)
    half = len(names) // 2
    parts = {name: numbers[name] for name in names[:half]}
    metrics = {name: numbers[name] for name in names[half:]}
    assert graded(Reward(value, metrics=metrics, components=parts), ms) == Graded(value, numbers, None, ms)


def test_a_reason_stands_beside_the_reward_and_is_cut() -> None:
    assert graded(Reward(1.0, reason="It is right.")) == Graded(1.0, {}, None, None, "It is right.")
    assert len(graded(Reward(1.0, reason="x" * 10_000)).reason or "") == 2_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_never_becomes_a_number(kind: str) -> None:
    assert graded(Failure(kind, "why")) == Graded(None, {}, {"kind": kind, "message": "why"}, None)


def test_the_fake_answers_and_remembers() -> None:
    fake = FakeTarget(lambda event: Answer([Graded(1.0, {}, None)] * len(event), 2.0), max_bytes=10)
    target: Target = fake
    assert target.grade([{"id": "a"}]).items == [Graded(1.0, {}, None)]
    assert fake.events == [[{"id": "a"}]]
    assert (target.max_bytes, target.concurrency, target.name) == (10, 1, "fake")
    target.close()
