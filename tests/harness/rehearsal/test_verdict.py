"""What figures mean: one verdict for each way in which a rehearsal can go."""

from __future__ import annotations

from typing import Any

import pytest

from harness.rehearsal.verdict import Controls, Facts, verdicts

WORKS = Controls(own=100, own_highest=100, other=100, other_lowest=99)
LIKES_NOTHING = Controls(own=100, own_highest=0, other=100, other_lowest=100)
LIKES_ALL = Controls(own=100, own_highest=100, other=100, other_lowest=0)


def facts(
    held_out: tuple[float, float] | None = (0.4, 0.4),
    training: tuple[float, float] = (0.4, 0.45),
    still: int = 20,
    controls: Controls | None = WORKS,
    **more: Any,
) -> Facts:
    def at(place: int) -> dict[str, float | None]:
        theta = training[place]
        return {
            "training": training[place],
            "training_theta_alone": theta,
            "held_out": held_out[place] if held_out else None,
        }

    learned = {
        "graded": {"completions": more.get("rewarded", 800), "asked": 800},
        "never_moved": {"groups": still, "drawn": 100, "all_equal": ["x"] * still, "unlucky_draw": []},
        "expected_reward": {"before": at(0), "after": at(1)},
        "advantage_length_correlation": more.get("correlation", 0.0),
    }
    return Facts(learned, [], more.get("lengths", [30.0, 30.0, 30.0, 30.0]), (0.0, 1.0), controls)


def said(found: Facts) -> list[tuple[str, str]]:
    return [(verdict.kind, verdict.message) for verdict in verdicts(found)]


def test_a_rise_on_held_out_records_is_learning() -> None:
    [(kind, message)] = said(facts(held_out=(0.4, 0.5)))
    assert (kind, "0.400 -> 0.500" in message) == ("learned", True)


def test_equal_rewards_everywhere_leave_the_policy_as_it_was() -> None:
    [(kind, message)] = said(facts(still=100, controls=LIKES_NOTHING))
    assert kind == "constant"
    assert "stayed as it was and nothing was learned: all 100 groups are zero-std" in message
    assert "Look at the grader first" in message


def test_no_reward_at_all() -> None:
    assert [kind for kind, _ in said(facts(rewarded=0))] == ["unrewarded"]


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        (WORKS, "The grader is not to blame"),
        (LIKES_NOTHING, "Look at the grader first"),
        (LIKES_NOTHING, "another format"),
        (LIKES_ALL, "Look at the grader first"),
        (None, "was not measured"),
    ],
)
def test_style_that_says_nothing_is_told_from_a_broken_grader(controls: Controls | None, told: str) -> None:
    [(kind, message)] = said(facts(controls=controls))
    assert kind == "flat"
    assert "style of these completions does not separate right from wrong" in message
    assert told in message


def test_hardly_any_group_with_a_difference_is_named_as_that() -> None:
    [(kind, message)] = said(facts(still=95))
    assert (kind, "95 of 100 groups gave no advantage" in message) == ("flat", True)


@pytest.mark.parametrize(
    ("correlation", "lengths", "length"),
    [
        (0.6, [30.0, 60.0], "longer"),
        (-0.6, [60.0, 30.0], "shorter"),
        (0.6, [30.0, 31.0], None),
        (0.6, [60.0, 30.0], None),
        (0.1, [30.0, 60.0], None),
        (None, [30.0, 60.0], None),
    ],
)
def test_length_is_named_where_it_goes_with_the_gain(
    correlation: float | None, lengths: list[float], length: str | None
) -> None:
    found = said(facts(held_out=(0.4, 0.6), correlation=correlation, lengths=lengths))
    assert [kind for kind, _ in found] == ["learned", *(["length"] if length else [])]
    if length:
        assert found[1][1].startswith(f"length: the gain is bought with {length} completions")


def test_a_handful_of_groups_is_too_few_to_speak_of_style() -> None:
    [(kind, message)] = said(facts(still=80))
    assert (kind, "Too little was learned from" in message) == ("flat", True)


def test_without_held_out_records_style_alone_decides() -> None:
    [(kind, message)] = said(facts(held_out=None, training=(0.4, 0.6)))
    assert (kind, "by style alone" in message) == ("learned", True)
