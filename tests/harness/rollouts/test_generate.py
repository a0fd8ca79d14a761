from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError, InputError, ServiceError
from harness.rollouts.asking import AskRefused, Busy, Completion, Generated, GenerationRequest
from harness.rollouts.generate import generate
from harness.rollouts.growing import note_of
from harness.rollouts.read import read_rollouts

TOOL = {"type": "function", "function": {"name": "f"}}


class Model:
    """A model that records its requests, raises what `fail` returns, and answers with `says` or a number."""

    def __init__(self, fail: Any = None, says: Completion | None = None) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fail = fail
        self.says = says
        self._lock = threading.Lock()

    def __call__(self, model: str, messages: list[dict[str, Any]], options: dict[str, Any]) -> Completion:
        with self._lock:
            self.asked.append((messages[-1]["content"], options))
            number = len(self.asked)
        error = self.fail(number, messages[-1]["content"]) if self.fail else None
        if error is not None:
            raise error
        return self.says or Completion({"role": "assistant", "content": f"answer {number}"}, "stop", 3, 2)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    lines = [
        {"id": f"r{n}", "messages": [{"role": "user", "content": f"q{n}"}], "reference_answer": n, "level": n}
        for n in range(10)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def request(records: Path, **more: Any) -> GenerationRequest:
    options: dict[str, Any] = {"n": 3, "patience_s": 5.0, **more}
    return GenerationRequest(
        records=records, out=records.with_name("out.jsonl"), model="m", service="s", **options
    )


def lines_of(asked: GenerationRequest) -> list[dict[str, Any]]:
    return [json.loads(line) for line in asked.out.read_text().splitlines()]


def test_every_record_gets_n_completions_with_its_fields(records: Path) -> None:
    asked = request(records)
    state = generate(asked, Model())
    assert (state.wanted, state.there, state.done, state.tokens) == (30, 0, 30, {"in": 90, "out": 60})
    found = lines_of(asked)
    assert sorted(line["id"] for line in found) == sorted(f"r{n}/{k}" for n in range(10) for k in range(3))
    for line in found:
        number = int(line["record"][1:])
        assert line["model"] == "m"
        assert (line["reference_answer"], line["level"]) == (number, number)
        assert [turn["role"] for turn in line["messages"]] == ["user", "assistant"]
    assert {rollout.group for rollout in read_rollouts(asked.out)} == {f"r{n}" for n in range(10)}


def test_existing_completions_are_kept_and_a_larger_n_adds_the_rest(records: Path) -> None:
    generate(request(records), Model())
    again = Model()
    state = generate(request(records), again)
    assert (state.there, state.done, again.asked) == (30, 0, [])
    more = Model()
    assert generate(request(records, n=5), more).done == 20
    assert len(more.asked) == 20
    assert len({line["id"] for line in lines_of(request(records))}) == 50


def test_a_connection_that_breaks_loses_and_repeats_nothing(records: Path) -> None:
    def breaks(number: int, _: str) -> Exception | None:
        return InputError("the key has expired") if number == 17 else None

    with pytest.raises(InputError, match="expired"):
        generate(request(records, concurrency=4), Model(breaks))
    before = lines_of(request(records))
    assert 0 < len(before) < 30
    with request(records).out.open("a") as file:
        file.write('{"id": "r9/2", "model": "m", "torn')
    state = generate(request(records), Model())
    after = lines_of(request(records))
    assert (state.there, state.there + state.done) == (len(before), 30)
    assert after[: len(before)] == before
    assert len({line["id"] for line in after}) == len(after) == 30


def test_a_busy_service_is_asked_again(records: Path) -> None:
    model = Model(lambda number, _: Busy("too many", 0.05, throttled=True) if number % 5 == 0 else None)
    state = generate(request(records), model)
    assert (state.done, state.waits > 0) == (30, True)
    assert len(lines_of(request(records))) == 30


def test_a_service_that_stays_busy_ends_the_run_and_keeps_its_answers(records: Path) -> None:
    model = Model(lambda number, _: Busy("no capacity", 0.02) if number > 8 else None)
    with pytest.raises(ServiceError, match="no capacity. The same command resumes"):
        generate(request(records, patience_s=0.2, concurrency=2), model)
    assert len(lines_of(request(records))) == 8


def test_a_requested_wait_of_an_hour_ends_the_run_immediately(records: Path) -> None:
    model = Model(lambda number, _: Busy("too many", 3600, throttled=True) if number > 8 else None)
    with pytest.raises(ServiceError, match="too many; it asks to wait 60 min.*--patience waits longer"):
        generate(request(records, patience_s=300.0, concurrency=1), model)
    assert len(lines_of(request(records))) == 8
    assert len(model.asked) == 9


def test_answers_still_arriving_at_the_end_are_kept(records: Path) -> None:
    together = threading.Barrier(4)

    def fail(number: int, _: str) -> Exception | None:
        if number <= 4:
            together.wait()
        if number == 1:
            return Busy("too many", 3600, throttled=True)
        threading.Event().wait(0.1)  # so that its response arrives after the run has ended
        return None

    with pytest.raises(ServiceError, match="too many"):
        generate(request(records, concurrency=4), Model(fail))
    assert len(lines_of(request(records))) == 3
    assert generate(request(records), Model()).there == 3


def test_a_refused_record_costs_only_itself(records: Path) -> None:
    state = generate(
        request(records), Model(lambda _, said: AskRefused("too long") if said == "q4" else None)
    )
    assert (state.done, state.refused) == (27, {f"r4/{k}": "too long" for k in range(3)})
    assert generate(request(records), Model()).done == 3


def test_a_model_that_refuses_everything_ends_it_soon(records: Path) -> None:
    model = Model(lambda *_: AskRefused("no such option"))
    with pytest.raises(HarnessError, match="refuses every record: no such option"):
        generate(request(records, concurrency=1), model)
    assert len(model.asked) < 10


def test_each_completion_has_its_own_seed_in_any_order(records: Path) -> None:
    seeds = []
    for at, concurrency in enumerate((1, 8)):
        model = Model()
        out = request(records, seed=7, concurrency=concurrency).out.with_name(f"{at}.jsonl")
        generate(GenerationRequest(records=records, out=out, model="m", service="s", n=3, seed=7), model)
        seeds.append(sorted((said, options["seed"]) for said, options in model.asked))
    assert seeds[0] == seeds[1]
    assert len({seed for _, seed in seeds[0]}) == 30


def test_completions_made_without_the_tools_of_the_records_are_not_mixed_with_others(records: Path) -> None:
    lines = [{**json.loads(line), "tools": [{"name": "f"}]} for line in records.read_text().splitlines()]
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = request(records)
    model = Model()
    generate(asked, model)
    assert all(options == {"tools": [TOOL]} for _, options in model.asked)
    note = note_of(asked.out)
    before = json.loads(note.read_text())
    del before["asked"]["tools"]  # as written by a version that did not send tools
    note.write_text(json.dumps(before))
    with pytest.raises(InputError, match="started with tools False, not True"):
        generate(asked, Model())


def test_tokens_lost_in_a_kill_or_not_reported_are_counted_as_unknown(records: Path) -> None:
    asked = request(records)
    state = generate(asked, Model())
    assert (state.counted, state.uncounted) == (30, 0)
    note = note_of(asked.out)
    noted = json.loads(note.read_text())
    noted.update(counted=24, tokens={"in": 72, "out": 48})  # the note of an earlier, killed run
    note.write_text(json.dumps(noted))
    state = generate(request(records, n=4), Model(says=Completion({"content": "x"}, None)))
    assert (state.tokens, state.counted, state.uncounted) == ({"in": 72, "out": 48}, 24, 16)
    again = generate(request(records, n=4), Model())
    assert (again.tokens, again.counted, again.uncounted) == (state.tokens, 24, 16)


def test_statements_about_completions_cover_the_whole_file(records: Path) -> None:
    refusing = Completion({"content": None, "refusal": "no"}, "length")
    first = generate(request(records, n=1), Model(says=refusing))
    assert (first.endings, first.textless) == ({"length": 10}, {"refused": 10})
    second = generate(request(records, n=2), Model())
    assert (second.endings, second.textless) == ({"length": 10, "stop": 10}, {"refused": 10})
    only = generate(request(records, n=1, limit=4), Model())
    assert (only.done, only.endings, only.textless) == (0, {"length": 4}, {"refused": 4})


def test_progress_is_reported_after_each_completion(records: Path) -> None:
    told: list[int] = []

    def progress(state: Generated) -> None:
        told.append(state.there + state.done)

    generate(request(records), Model(), progress)
    assert told == list(range(31))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"messages": [{"role": "assistant", "content": "x"}]}, "this is a rollout"),
        ({"asked": "x"}, "no messages"),
        ({"messages": [{"role": "user", "content": "x"}], "model": "mine"}, "has a field 'model'"),
    ],
)
def test_invalid_records_are_refused_before_any_request(
    records: Path, line: dict[str, Any], said: str
) -> None:
    with records.open("a") as file:
        file.write(json.dumps(line) + "\n")
    model = Model()
    with pytest.raises(InputError, match=rf"records\.jsonl:11: .*{said}"):
        generate(request(records), model)
    assert model.asked == []


def test_records_of_one_name_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    line = json.dumps({"id": "same", "messages": [{"role": "user", "content": "x"}]})
    path.write_text(f"{line}\n{line}\n")
    generate(request(path, n=1), Model())
    assert sorted(found["id"] for found in lines_of(request(path))) == ["same/0", "same@2/0"]


@pytest.mark.parametrize(
    ("fields", "odd"),
    [
        ('"messages": [{"role": "user", "content": "\\ud800"}]', "a lone surrogate"),
        ('"messages": [{"role": "user", "content": "q", "x": 1e400}]', "NaN, an infinite number"),
        (
            '"messages": [{"role": "user", "content": "q"}], "tools": [{"name": "f", "input_schema": NaN}]',
            "NaN, an infinite number",
        ),
    ],
)
def test_a_record_that_no_request_can_contain_is_refused_before_anything_is_asked(
    records: Path, fields: str, odd: str
) -> None:
    with records.open("a") as file:
        file.write(f"{{{fields}}}\n")
    model = Model()
    with pytest.raises(InputError, match=odd) as refused:
        generate(request(records), model)
    assert refused.value.place == f"{records}:11"
    assert (model.asked, request(records).out.exists()) == ([], False)


@pytest.mark.parametrize("k", ["²", "③", "٣", "-1", "1.0", "9" * 5000, "", "k"])
def test_a_rollout_with_an_odd_number_counts_as_another(records: Path, k: str) -> None:
    asked = request(records)
    generate(asked, Model())
    with asked.out.open("a") as file:
        file.write(json.dumps({"id": f"r0/{k}", "record": "r0", "model": "m", "messages": []}) + "\n")
    assert generate(asked, Model()).there == 30
