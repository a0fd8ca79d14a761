from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Sample, grader
from graders.sample import item_id
from graders.wire import PROFILES, PROVEN, read_event
from harness.errors import InputError, ServiceError
from harness.replay.grading import (
    ALL_WIRES,
    LastingServiceError,
    grade_all,
    grade_batch,
    in_batches,
    profiles_of,
)
from harness.rollouts.read import Rollout, read_rollout
from harness.runs.rows import Row, failure_of
from harness.targets.fake import FakeTarget
from harness.targets.in_process import InProcessTarget
from harness.targets.protocol import Answer, Graded, GraderFault, ServiceFault
from support.rollout_files import rollout

ONE = profiles_of("open-weight")


def batch(*completions: str | None, **fields: Any) -> list[Rollout]:
    """Return rollouts with these completions. None makes a line that is not a rollout."""
    found = []
    for at, completion in enumerate(completions):
        value = {"id": at} if completion is None else rollout(f"r{at}", completion, "72", **fields)
        read = read_rollout(at, json.dumps(value).encode(), "label")
        assert read is not None
        found.append(read)
    return found


def lengths(event: Any) -> Answer:
    """Reward each sample with the length of its completion."""
    items = event if isinstance(event, list) else [event]
    return Answer([Graded(float(len(Sample(item).completion)), {}, None) for item in items], 8.0)


def rewards(rows: list[Row]) -> list[float | None]:
    return [row["reward"] for row in rows]


def test_rows_have_all_fields() -> None:
    known = {"record": "r", "label": True, "finish_reason": "stop"}
    rows = grade_batch(FakeTarget(lengths), batch("a", "bb", **known), ONE, 1, keep_label=True)
    assert rows[1] == {
        "at": 1,
        "repeat": 0,
        "id": "r1",
        "group": "r",
        "reward": 2.0,
        "metrics": {},
        "error": None,
        "ms": 4.0,
        "length": 2,
        "finish": "stop",
        "label": True,
    }
    assert (
        "label" not in grade_batch(FakeTarget(lengths), batch("a", label=True), ONE, 1, keep_label=False)[0]
    )


def test_an_invalid_line_fails_alone() -> None:
    target = FakeTarget(lengths)
    rows = grade_batch(target, batch(None, "a", None, "bb", None), ONE, 2, keep_label=False)
    assert [(row["at"], row["repeat"], row["reward"]) for row in rows] == [
        (at, repeat, reward) for at, reward in enumerate((None, 1.0, None, 2.0, None)) for repeat in (0, 1)
    ]
    assert {row["error"]["kind"] for row in rows if row["error"]} == {"input"}
    assert [len(event) for event in target.events] == [2, 2]


def test_a_batch_of_unusable_lines_asks_nobody() -> None:
    target = FakeTarget(lengths)
    assert len(grade_batch(target, batch(None, None), profiles_of(ALL_WIRES), 1, keep_label=False)) == 2
    assert target.events == []


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.integers(300, 1200))
def test_a_batch_that_is_too_large_is_split_and_nothing_is_lost(sizes: list[int], most: int) -> None:
    target = FakeTarget(lengths, max_bytes=most)
    rows = grade_batch(target, batch(*["x" * size for size in sizes]), ONE, 1, keep_label=False)
    assert all(len(json.dumps(event)) <= most for event in target.events)
    for size, row in zip(sizes, rows, strict=True):
        alone = len(json.dumps([{**target_item(size), "id": row["id"]}]))
        if alone > most:
            kind, message = failure_of(row)
            assert kind == "input"
            assert f"{most:,} bytes" in message
        else:
            assert row["reward"] == size


def target_item(size: int) -> dict[str, Any]:
    line = rollout("r0", "x" * size, "72")
    return {"id": "r0", "messages": line["messages"], "metadata": {"reference_answer": "72"}}


def test_a_failed_call_has_no_rewards() -> None:
    target = FakeTarget(lambda event: Answer([], 6.0, GraderFault("ErrorBudgetExceeded", "9")))
    rows = grade_batch(target, batch("a", "b"), ONE, 1, keep_label=False)
    assert rewards(rows) == [None, None]
    assert rows[0]["error"] == {"kind": "call", "message": "ErrorBudgetExceeded: 9"}
    assert rows[0]["ms"] == 3.0


@pytest.mark.parametrize(
    ("retryable", "said"), [(True, "The same command"), (False, "Retrying will not help")]
)
def test_an_unreachable_service_is_not_a_result(retryable: bool, said: str) -> None:
    fault = ServiceFault("TooManyRequestsException", "slow down", retryable)
    with pytest.raises(ServiceError, match="TooManyRequestsException: slow down") as caught:
        grade_batch(FakeTarget(lambda event: Answer([], 1.0, fault)), batch("a"), ONE, 1, keep_label=False)
    assert caught.value.exit_code == 3
    assert said in str(caught.value.fix)
    assert "the same command" in str(caught.value.fix).lower()


def test_every_wire_is_sent_and_a_grader_that_does_not_care_agrees() -> None:
    @grader
    def right(sample: Sample) -> bool:
        return sample.completion == sample.reference_text and sample.fields["unit"] == "kg"

    rows = grade_batch(
        InProcessTarget(right), batch("72", "7", None, unit="kg"), profiles_of(ALL_WIRES), 1, keep_label=False
    )
    assert rewards(rows) == [1.0, 0.0, None]
    assert not any("wires" in row for row in rows)


def test_a_grader_that_reads_only_one_wire_format_is_detected() -> None:
    def handler(event: Any, context: Any) -> Any:
        items = read_event(event)
        return [
            {"id": item_id(item), "aggregate_reward_score": float("metadata" in item), "metrics_list": []}
            for item in items
        ]

    rows = grade_batch(InProcessTarget(handler), batch("72"), profiles_of(ALL_WIRES), 1, keep_label=False)
    assert rows[0]["reward"] == 1.0
    wires = rows[0]["wires"]
    assert list(wires) == list(PROVEN)
    assert {name for name, reward in wires.items() if reward == 1.0} == {
        name for name in PROVEN if PROFILES[name].placement == "metadata"
    }


def test_wire_formats_that_fail_alike_agree_despite_their_messages() -> None:
    def fails(event: Any) -> Answer:
        items = read_event(event)
        said = {"kind": "exception", "message": str(event)}
        return Answer([Graded(None, {}, said)] * len(items), 1.0)

    rows = grade_batch(FakeTarget(fails), batch("72"), profiles_of(ALL_WIRES), 1, keep_label=False)
    assert "wires" not in rows[0]


def test_a_grader_that_changes_its_sample_sees_a_new_one_each_time() -> None:
    @grader
    def careless(sample: Sample) -> float:
        reward = len(sample.completion) / 10
        sample.messages.clear()
        return reward

    rollouts = batch("72", "7")
    rows = grade_batch(InProcessTarget(careless), rollouts, profiles_of(ALL_WIRES), 2, keep_label=False)
    assert rewards(rows) == [0.2, 0.2, 0.1, 0.1]
    assert not any("wires" in row for row in rows)
    assert rollouts[0].sent == rollout("r0", "72", "72")


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
def test_batches_hold_everything_once_in_order(numbers: list[int], size: int) -> None:
    cut: list[Any] = list(in_batches(cast(Any, numbers), size))
    assert [one for part in cut for one in part] == numbers
    assert all(len(part) == size for part in cut[:-1])


def test_an_unknown_wire_format_is_reported_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no wire format 'novva'.*open-weight.*all"):
        profiles_of("novva")
    assert [profile.name for profile in profiles_of(ALL_WIRES)] == list(PROVEN)
    assert profiles_of(ALL_WIRES)[0].name == "open-weight", "whose rewards are recorded"


def test_the_id_of_a_rollout_without_one_is_its_place(tmp_path: Path) -> None:
    found = read_rollout(9, json.dumps(rollout(None, "72")).encode())
    assert found is not None
    assert grade_batch(FakeTarget(lengths), [found], ONE, 1, keep_label=False)[0]["id"] == "at-9"


def test_a_sample_that_is_too_large_to_send_fails_alone() -> None:
    def answer(event: Any) -> Answer:
        if any(item["id"] == "odd" for item in event):
            return Answer([], 1.0, ServiceFault("InvalidRequestContentException", "holds NaN", False))
        return Answer([Graded(1.0, {}, None) for _ in event], 1.0)

    target = FakeTarget(answer)
    some = [Rollout(at, key, "g", rollout(key, "#### 72")) for at, key in enumerate(["a", "b", "odd", "c"])]
    rows = grade_batch(target, some, ONE, 1, keep_label=False)
    assert [row["reward"] for row in rows] == [1.0, 1.0, None, 1.0]
    assert rows[2]["error"] == {"kind": "input", "message": "holds NaN"}


@pytest.mark.parametrize("kind", ["Runtime.ExitError", "Sandbox.Timedout", "KeyError"])
def test_a_sample_that_kills_its_function_fails_alone(kind: str) -> None:
    calls = []

    def poisoned(event: Any) -> Answer:
        calls.append(len(event))
        if any(Sample(item).completion == "poison" for item in event):
            return Answer([], 1.0, GraderFault(kind, "it is gone"))
        return lengths(event)

    given = batch(*["a"] * 40, "poison", *["a"] * 23)
    rows = grade_batch(FakeTarget(poisoned), given, ONE, 1, keep_label=False)
    assert rewards(rows) == [None if at == 40 else 1.0 for at in range(64)]
    assert failure_of(rows[40]) == ("call", f"{kind}: it is gone")
    assert len(calls) == 13


@pytest.mark.parametrize(("tries", "reward"), [(1, 1.0), (9, None)])
def test_a_call_is_retried_once_if_no_sample_fails_alone(tries: int, reward: float | None) -> None:
    whole: list[Any] = []

    def crowded(event: Any) -> Answer:
        if len(event) == 64 and len(whole) < tries:
            whole.append(event)
            return Answer([], 1.0, GraderFault("Sandbox.Timedout", "time"))
        return lengths(event)

    rows = grade_batch(FakeTarget(crowded), batch(*["a"] * 64), ONE, 1, keep_label=False)
    assert rewards(rows) == [reward] * 64
    if reward is None:
        said = "Sandbox.Timedout: time (a call of 64 samples; none of them fails in smaller calls)"
        assert failure_of(rows[0]) == ("call", said)


def test_a_fault_of_a_whole_call_is_not_blamed_on_a_sample() -> None:
    target = FakeTarget(lambda event: Answer([], 1.0, GraderFault("ErrorBudgetExceeded", "of all")))
    rows = grade_batch(target, batch(*["a"] * 64), ONE, 1, keep_label=False)
    assert {failure_of(row) for row in rows} == {("call", "ErrorBudgetExceeded: of all")}
    assert len(target.events) == 1


def test_a_function_that_always_exits_is_not_called_for_each_sample() -> None:
    calls = []

    def broken(event: Any) -> Answer:
        calls.append(len(event))
        return Answer([], 1.0, GraderFault("Sandbox.Timedout", "time"))

    rows = grade_batch(FakeTarget(broken), batch(*["a"] * 64), ONE, 1, keep_label=False)
    assert rewards(rows) == [None] * 64
    assert len(calls) < 20


@pytest.mark.parametrize("wire", ["open-weight", ALL_WIRES])
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("plain", [False, True])
def test_an_async_grader_gets_the_same_rows_sample_by_sample(wire: str, repeats: int, plain: bool) -> None:
    async def scored(sample: Sample) -> float:
        sample.messages.append({"role": "user", "content": "changed"})  # each grading has its own copy
        await asyncio.sleep(0)
        return len(sample.completion) / 10 if sample.completion else 1 / 0

    target = InProcessTarget(grader(lambda sample: scored(sample)) if plain else grader(scored))
    completions = ["a", None, "", "bbb", *["cc"] * 70, None]
    how = profiles_of(wire), repeats, True
    expected = grade_batch(target, batch(*completions, label=True), *how)
    found: list[Row] = []
    grade_all(target, iter(batch(*completions, label=True)), *how, found.extend)
    assert target.streams
    assert [{**row, "ms": 0} for row in found] == [{**row, "ms": 0} for row in expected]


@given(st.floats(0, 1e7))
def test_milliseconds_are_kept_to_four_places(ms: float) -> None:
    def answer(event: Any) -> Answer:
        return Answer([Graded(1.0, {}, None, ms)], ms)

    [row] = grade_batch(FakeTarget(answer), batch("a"), ONE, 1, keep_label=False)
    assert row["ms"] == pytest.approx(round(ms, 4), abs=1.01e-4)
    assert row["ms"] == round(row["ms"], 4)


@pytest.mark.parametrize("retryable", [True, False])
def test_the_error_class_says_whether_retrying_may_help(retryable: bool) -> None:
    target = FakeTarget(lambda event: Answer([], 1.0, ServiceFault("AccessDenied", "no", retryable)))
    with pytest.raises(ServiceError) as failed:
        grade_batch(target, batch("a"), ONE, 1, keep_label=False)
    assert isinstance(failed.value, LastingServiceError) is not retryable
