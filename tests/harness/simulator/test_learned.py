"""What a job has learned, for known draws and policies."""

from __future__ import annotations

from array import array

from harness.simulator.examples import Example, Examples
from harness.simulator.learned import learned, rewards_by_record
from harness.simulator.policy import Policy, initial
from harness.simulator.pool import Pool
from harness.simulator.training import DrawRow


def examples(*texts: str, records: int = 3) -> list[Example]:
    pool = Pool(
        {
            "messages": [
                {"role": "user", "content": f"q{number}"},
                {"role": "assistant", "content": text},
            ],
            "model": f"style-{place}",
        }
        for number in range(records)
        for place, text in enumerate(texts)
    )
    return [Example(group.record, group) for group in pool.groups.values()]


def preferring(chosen: list[Example], place: int, weight: float = 3.0) -> Policy:
    """Return a policy that prefers one completion of each record, by terms of that record only."""
    own = {one.group.candidates[place].key: weight for one in chosen}
    return Policy(array("d", initial().theta), own)


def rewarded(chosen: list[Example], *rewards: float | None) -> dict[str, float | None]:
    return {
        candidate.key: reward
        for one in chosen
        for candidate, reward in zip(one.group.candidates, rewards, strict=True)
    }


def drawn(chosen: list[Example], *advantages: float) -> list[tuple[int, DrawRow]]:
    return [
        (1, DrawRow(one.group.key, option.key, 1.0, None, gain, option.length))
        for one in chosen
        for option, gain in zip(one.group.options, advantages, strict=True)
    ]


def test_the_base_model_says_everything_equally_often() -> None:
    chosen = examples("a", "bb", "ccc")
    rewards = rewarded(chosen, 0.0, 1.0, None)
    assert set(rewards_by_record(None, chosen, rewards).values()) == {0.5}
    assert rewards_by_record(None, chosen, rewards) == rewards_by_record(initial(), chosen, rewards)
    assert rewards_by_record(None, chosen, {}) == {}


def test_specific_terms_apply_only_to_their_own_records() -> None:
    chosen = examples("a", "bb")
    policy, rewards = preferring(chosen, 1), rewarded(chosen, 0.0, 1.0)
    report = learned(Examples(chosen, [], []), drawn(chosen, -1.0, 1.0), rewards, policy)
    after = report.expected_reward.after
    assert after.training is not None
    assert after.training > 0.9
    assert (after.training_theta_alone, after.held_out) == (0.5, None)
    assert {shift.model for shift in report.amplified} == {"style-1"}
    assert {shift.model for shift in report.suppressed} == {"style-0"}


def test_the_expected_length_follows_the_policy() -> None:
    chosen = examples("x" * 20, "y" * 40, "z" * 60)
    longer = learned(Examples(chosen, [], []), [], {}, preferring(chosen, 2)).length
    shorter = learned(Examples(chosen, [], []), [], {}, preferring(chosen, 0)).length
    assert longer is not None
    assert shorter is not None
    assert longer.before == shorter.before == 10.0
    assert shorter.after < 10.0 < longer.after


def test_the_base_of_a_horizon_is_what_earns_more_than_the_lowest() -> None:
    chosen = examples("a", "bb", "ccc")
    for rewards, above in (((0.5, 0.5, 0.5), 0), ((0.0, 1.0, None), 3), ((-1.0, 0.0, 0.5), 6)):
        graded = learned(Examples(chosen, [], []), [], rewarded(chosen, *rewards), initial()).graded
        assert graded.above_lowest == above


def test_groups_that_never_moved_are_listed_by_reason() -> None:
    chosen = examples("a", "bb", records=4)
    equal, unlucky, silent, moved = (one.group for one in chosen)
    rewards = rewarded(chosen, 0.0, 1.0)
    rewards.update({candidate.key: 1.0 for candidate in equal.candidates})
    rewards.update({candidate.key: None for candidate in silent.candidates})
    draws = [*drawn(chosen[:3], 0.0, 0.0), *drawn(chosen[3:], -1.0, 1.0)]
    still = learned(Examples(chosen, [], []), draws, rewards, initial()).never_moved
    assert (still.groups, still.drawn, still.undrawn) == (3, 4, 0)
    assert (still.all_equal, still.unlucky_draw, still.no_reward) == (
        [equal.key], [unlucky.key], [silent.key])  # fmt: skip
    assert learned(Examples(chosen, [], []), [], rewards, initial()).never_moved.undrawn == 4
    assert moved.key not in (*still.all_equal, *still.unlucky_draw, *still.no_reward)
