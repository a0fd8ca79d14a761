from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Reward, Sample, grader
from harness.errors import InputError
from harness.replay.replay_here import replay_completions, replay_here
from harness.replay.replayed import Replayed
from support.rollout_files import rollout, write_rollouts

COUNTER = itertools.count()


@grader
def right(sample: Sample) -> Reward:
    return Reward(
        float(sample.completion == sample.reference_text), metrics={"length": len(sample.completion)}
    )


@grader
def restless(sample: Sample) -> float:
    return 1 / (1 + next(COUNTER))


@grader
def silent(sample: Sample) -> Abstain:
    return Abstain("the judge is away")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    lines = [rollout(at, "72" if at < 93 else "7", "72", ok=True) for at in range(100)]
    return write_rollouts(tmp_path / "rollouts.jsonl", lines)


def fails(found: Replayed, assertion: str, *arguments: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        getattr(found, assertion)(*arguments)
    return str(caught.value)


def test_rewards_by_id(path: Path) -> None:
    found = replay_here(path, right)
    assert found.mean == 0.93
    assert found.rewards == {at: float(at < 93) for at in range(100)}
    found.assert_rewards({0: 1.0, 93: 0.0})
    said = fails(found, "assert_rewards", {0: 1.0, 93: 1.0, 94: None})
    for part in (
        "2 of 100 gradings",
        "93: reward 0.0, expected 1.0",
        "completion: '7'",
        "reference:  '72'",
        '"length"',
    ):
        assert part in said
    assert fails(found, "assert_rewards", {"0": 1.0}) == "no rollout has the id '0'"


def test_rewards_by_a_file(path: Path, tmp_path: Path) -> None:
    found = replay_here(path, right, limit=2)
    stored = tmp_path / "stored.jsonl"
    stored.write_text('{"id": 0, "reward": 1}\n{"id": 1, "reward": 1}\n')
    found.assert_rewards(stored)
    stored.write_text('{"id": 0, "reward": 0}\n{"id": 2, "reward": 1}\n')
    said = fails(found, "assert_rewards", str(stored))
    for part in (
        "3 rewards differ",
        "0: stored 0.0, now 1.0",
        "1: stored missing, now 1.0",
        "2: stored 1.0, now missing",
    ):
        assert part in said


def test_a_repeat_that_differs_from_its_stored_reward_is_listed_once_with_its_texts(
    path: Path, tmp_path: Path
) -> None:
    found = replay_here(path, right, limit=1, repeats=3)
    stored = tmp_path / "stored.jsonl"
    stored.write_text("".join(f'{{"id": 0, "reward": 0, "repeat": {at}}}\n' for at in range(3)))
    said = fails(found, "assert_rewards", stored)
    assert "3 rewards differ" in said
    assert said.count("0: stored 0.0, now 1.0") == said.count("completion: '72'") == 1


def test_unhashable_ids_are_given_as_json(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "r.jsonl", [rollout([1, "a"], "72", "72"), rollout({"n": 2}, "7", "72")])
    found = replay_here(path, right)
    assert found.rewards == {'[1, "a"]': 1.0, '{"n": 2}': 0.0}
    found.assert_rewards({'{"n": 2}': 0.0})
    found.assert_order([1, "a"], {"n": 2})


@grader
def length(sample: Sample) -> float:
    return len(sample.completion) / 10


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.booleans())
def test_an_order_holds_when_every_reward_is_below_the_one_before(lengths: list[int], strict: bool) -> None:
    found = replay_completions(["x" * count for count in lengths], length)
    steps = [one > other if strict else one >= other for one, other in itertools.pairwise(lengths)]
    if all(steps):
        found.assert_order(*range(1, len(lengths) + 1), strict=strict)
    else:
        with pytest.raises(AssertionError, match=f"{steps.count(False)} of {len(steps)} steps"):
            found.assert_order(*range(1, len(lengths) + 1), strict=strict)


def test_an_order_needs_unique_ids_and_rewards(path: Path) -> None:
    write_rollouts(path, [rollout("a", "72", "72"), rollout("b", "7", "72"), rollout("b", "8", "72")])
    found = replay_here(path, right)
    wrong = {("a",): "at least two", ("a", "c"): "no rollout has the id 'c'", ("a", "b"): "2 rollouts have"}
    for ids, said in wrong.items():
        with pytest.raises(InputError, match=said):
            found.assert_order(*ids)
    said = fails(replay_completions(["a", "b"], silent), "assert_order", 1, 2)
    assert "an order needs rewards, but some rollouts have none: 2 of 2" in said


@pytest.mark.parametrize("wrong", [right, ["72", "7"], 72])
def test_completions_are_texts_or_messages(wrong: Any) -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "72"}]}
    replay_completions([message, "7", None], right, reference="72").assert_order(1, 2)
    with pytest.raises(InputError, match=r"a completion must be a string or a message.*assert_order\(best"):
        replay_completions([wrong, "7"], right)


def test_lines_of_a_failure_fit_a_terminal(path: Path) -> None:
    words = " ".join(f"word{at}" for at in range(100))
    write_rollouts(path, [rollout("a", words + " \x1b[31mred", words, note="n")])
    lines = fails(replay_here(path, right), "assert_bounds", 0.5).splitlines()
    assert all(len(line) <= 72 for line in lines)
    assert "\x1b" not in "".join(lines)


def test_bounds_are_the_graders_own_or_given(path: Path) -> None:
    found = replay_here(path, right)
    found.assert_bounds()
    assert "rewards are not all from 0.5 to 1: 7 of 100 gradings" in fails(found, "assert_bounds", 0.5)
    wide = grader(range=(-1, 1))(lambda sample: -1.0)
    replay_here(path, wide).assert_bounds()
    said = fails(replay_here(path, silent, limit=1), "assert_bounds")
    assert "0: no reward (abstain: the judge is away)" in said


@pytest.mark.parametrize("share", [0.93, 0.9, 0.0])
def test_agreement_equal_to_the_required_share_is_enough(share: float, path: Path) -> None:
    replay_here(path, right, label="ok").assert_agrees(at_least=share)


def test_missing_rewards_and_verdicts_count_against_agreement(path: Path) -> None:
    found = replay_here(path, right, label="ok")
    assert "rewards agree with ok on 93.00%, not 94.00%: 7 of 100" in fails(found, "assert_agrees", 0.94)
    assert "on 0.00%" in fails(replay_here(path, silent, label="ok"), "assert_agrees")
    assert "on 0.00%" in fails(replay_here(path, right, label="nothing"), "assert_agrees")
    with pytest.raises(InputError, match="no label was named"):
        replay_here(path, right).assert_agrees()


def test_agreement_reads_numbers_and_texts_by_the_given_rule(path: Path) -> None:
    lines = [
        rollout(at, "72" if at else "7", "72", score=at / 2, said="ok" if at else "no") for at in range(3)
    ]
    write_rollouts(path, lines)
    replay_here(path, right, label="score", label_threshold=0.5).assert_agrees()
    assert "on 66.67%" in fails(replay_here(path, right, label="score"), "assert_agrees")
    replay_here(path, right, label="score", label_tolerance=0.5).assert_agrees()
    replay_here(path, right, label="said", label_true=["ok"]).assert_agrees()
    assert "on 0.00%" in fails(replay_here(path, right, label="said"), "assert_agrees")
    wrongs: list[Any] = [
        {"label_true": "ok", "label": "said"},
        {"label_true": ["ok"]},
        {"label_threshold": 1},
    ]
    for wrong in wrongs:
        with pytest.raises(InputError, match="label"):
            replay_here(path, right, **wrong)


def by_hand(event: Any, context: Any) -> Any:
    """A plain handler, which cannot report the range of its rewards."""
    return [{"id": item["id"], "aggregate_reward_score": float(at % 3)} for at, item in enumerate(event)]


def test_the_range_of_a_handler_without_a_declaration_is_unknown(path: Path) -> None:
    found = replay_here(path, by_hand, label="ok")
    assert found.bounds is None
    found.assert_bounds(0, 2)
    for assertion in (found.assert_bounds, found.assert_agrees):
        with pytest.raises(InputError, match=r"range is not known.*range=\(0, 1\)"):
            assertion()
    known = replay_here(path, by_hand, label="ok", range=(0, 2))
    known.assert_bounds()
    assert "on 33.00%" in fails(known, "assert_agrees"), "of 0, 1 and 2 only 2 is above the middle"
    write_rollouts(path, [rollout(at, "x", "72", ok=float(at % 3)) for at in range(9)])
    replay_here(path, by_hand, label="ok").assert_agrees()


def test_a_range_that_the_grader_contradicts_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match="declares a range from 0 to 1, not from 0 to 2"):
        replay_here(path, right, range=(0, 2))


def test_determinism_is_shown_by_repeats(path: Path) -> None:
    replay_here(path, right, repeats=3).assert_deterministic()
    said = fails(replay_here(path, restless, repeats=2, limit=3), "assert_deterministic")
    assert "rewards change when the same rollout is graded again: 3 of 6 gradings" in said
    assert re.search(r"0: reward 0\.\d+, at first [01]\.\d+\n", said)
    with pytest.raises(InputError, match="graded only once"):
        replay_here(path, right).assert_deterministic()


def test_changing_metrics_are_not_deterministic(path: Path) -> None:
    @grader
    def counts(sample: Sample) -> Reward:
        return Reward(1.0, metrics={"calls": next(COUNTER)})

    said = fails(replay_here(path, counts, repeats=2), "assert_deterministic")
    assert "reward 1.0, at first 1.0 with {'calls': " in said


def test_wires_are_compared(path: Path) -> None:
    replay_here(path, right, wire="all", limit=5).assert_wires_agree()
    by_place = grader(lambda sample: float("metadata" in sample._item))
    said = fails(replay_here(path, by_place, wire="all", limit=5), "assert_wires_agree")
    assert "the wire formats disagree: 5 of 5 gradings" in said
    assert "'open-weight': 1.0" in said
    with pytest.raises(InputError, match="only one wire format was used"):
        replay_here(path, right).assert_wires_agree()


def test_shown_texts_are_short(path: Path) -> None:
    write_rollouts(path, [rollout(at, "x" * 10_000, "72") for at in range(50)])
    said = fails(replay_here(path, right), "assert_bounds", 0.5)
    assert len(said) < 4_000
    assert said.count("completion:") == 5


def test_a_file_that_cannot_be_used_says_where(path: Path) -> None:
    with path.open("a") as file:
        file.write("\n{\n")
    assert len(replay_here(path, right, limit=100).rows) == 100
    with pytest.raises(InputError, match=r"rollouts\.jsonl:102: not JSON"):
        replay_here(path, right)
    path.write_text("\n")
    with pytest.raises(InputError, match="no rollouts"):
        replay_here(path, right)


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"limit": 0}, {"label": "id"}, {"wire": "novva"}])
def test_contradictory_options_are_refused(wrong: dict[str, Any], path: Path) -> None:
    with pytest.raises(InputError):
        replay_here(path, right, **wrong)


@grader
def levels(sample: Sample) -> float:
    return float(sample.fields == {"level": 1})


def test_the_training_file_decides_which_fields_a_grader_sees(tmp_path: Path) -> None:
    lines = [rollout(at, "72", "72", level=9, quality=at) for at in range(3)]
    path = write_rollouts(tmp_path / "rollouts.jsonl", lines)
    record = {"messages": lines[0]["messages"][:-1], "reference_answer": "72", "level": 1}
    records = write_rollouts(tmp_path / "train.jsonl", [record])
    assert replay_here(path, levels, records=records).mean == 1.0
    with pytest.raises(InputError, match="Leave out one of them"):
        replay_here(path, levels, records=records, keep_field=["level"])
