"""Completions made from recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.conclusions.made import KINDS, RECORDS, grade_made, made_of
from harness.data.identity import record_key
from harness.simulator.examples import Example
from harness.simulator.failure import JobFailure
from harness.simulator.grader_calls import SampleReward, Turn
from harness.simulator.pool import Pool

TEXTS = st.lists(st.text("ab 1.2-#\n", max_size=12), max_size=6)


class Counting:
    """Rewards each completion by its text and stores the requested turns."""

    def __init__(self, reward: Callable[[str], float | None]) -> None:
        self.reward = reward
        self.turns: list[Turn] = []

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        self.turns += turns
        return [SampleReward(self.reward(turn.candidate.text), None) for turn in turns]


def examples(count: int, texts: Sequence[str]) -> list[Example]:
    pool = Pool(
        {
            "record": f"r{number}",
            "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": text}],
            "reference_answer": "7",
        }
        for number in range(count)
        for text in texts
    )
    return [
        Example({"messages": [{"role": "user", "content": "q"}], "reference_answer": "7"}, group)
        for group in pool.groups.values()
    ]


def text_of(kind: str, *texts: str) -> str:
    [found] = [one.text for one in made_of(texts) if one.kind == kind]
    return found


@given(TEXTS)
def test_made_texts_are_new_and_of_one_kind_each(texts: list[str]) -> None:
    found = made_of(texts)
    kinds, made = [one.kind for one in found], [one.text for one in found]
    assert len(set(kinds)) == len(kinds)
    assert len(set(made)) == len(made)
    assert set(kinds) <= set(KINDS)
    assert not set(made) & set(texts)
    assert all(one.source is None or texts[one.source].strip() for one in found)
    assert ("empty" in kinds) is ("" not in texts)


@given(st.lists(st.integers(0, 999), min_size=2, max_size=6, unique=True))
def test_all_answers_are_joined_in_the_dress_of_one(answers: list[int]) -> None:
    texts = [f"First 3 + 4.\n#### {answer}" for answer in answers]
    joined = text_of("joined", *texts)
    assert joined.startswith("First 3 + 4.\n#### ")
    assert joined.removeprefix("First 3 + 4.\n#### ") == " or ".join(map(str, answers))
    assert "lines" not in {one.kind for one in made_of(texts)}


def test_answers_that_are_no_numbers_are_joined_by_lines() -> None:
    assert text_of("lines", "Hm.\nAnswer: Paris", "Answer: Rome\n", "Answer: Paris") == (
        "Answer: Paris or Rome"
    )
    assert text_of("lines", "(A)", "(B)") == "(A or B)"
    assert text_of("lines", '{"answer": "A"}', '{"answer": "AB"}') == '{"answer": "A or AB"}'
    assert text_of("listed", "Hm.\n\\boxed{x}", "\\boxed{y}") == "\\boxed{x}\n\\boxed{y}"
    assert text_of("lines", "yes", "yesterday") == "yes or yesterday"
    assert {one.kind for one in made_of(["Paris", "Paris"])} == {"repeated", "stuffed", "empty"}


def test_of_tool_calls_alone_an_empty_answer_is_made() -> None:
    assert [one.kind for one in made_of([None, None])] == ["empty"]
    assert {one.source for one in made_of([None, "Paris"]) if one.source is not None} == {1}


def test_numbers_that_do_not_stand_at_the_end_are_joined_and_the_last_lines_too() -> None:
    texts = ("It is 3.\nGood luck!", "It is 4.\nBye!")
    assert text_of("joined", *texts) == "It is 3 or 4.\nBye!"
    assert text_of("lines", *texts) == "Good luck or Bye!"


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("#### -3", "#### 4", "#### -3 or 4"),
        ("7-5", "8", "7-5 or 8"),
        ("1,234.5 dollars", "2", "1,234.5 or 2"),
    ],
)
def test_a_number_is_taken_whole(one: str, other: str, joined: str) -> None:
    assert text_of("joined", one, other) == joined


def test_the_longest_is_repeated_by_its_body_and_all_words_and_numbers_stand_before_the_shortest() -> None:
    assert text_of("repeated", "Think.\n#### 4", "5") == "Think.\n" * 6 + "#### 4"
    assert text_of("repeated", "ab cd", "5") == " ".join(["ab cd"] * 6)
    assert text_of("stuffed", "ab cd ab 1,000.5", "x2") == "ab cd 1,000.5 x 2 x2"


def test_each_made_completion_is_graded_once_and_replays_as_a_rollout() -> None:
    chosen = examples(RECORDS + 10, ("4 apples", "5", "6"))
    grader = Counting(lambda text: float(" or " in text))
    expected = {example.group.key: 0.25 for example in chosen}
    found, unrewarded, failed = grade_made(chosen, expected, {}, grader, 0)
    assert (unrewarded, failed) == (0, {})
    names = [turn.name for turn in grader.turns]
    assert len(set(names)) == len(names) == RECORDS * 5
    best = found[0]
    assert (best.kind, best.reward, best.policy, best.more.records) == ("joined", 1.0, 0.25, RECORDS)
    assert [pay.more.mean for pay in found] == sorted((pay.more.mean for pay in found), reverse=True)
    assert best.witness["messages"] == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "4 or 5 or 6"},
    ]
    assert (best.witness["model"], best.witness["reference_answer"]) == ("made", "7")
    assert record_key(best.witness)


def test_what_it_was_made_of_is_looked_up_and_lost_rewards_are_counted() -> None:
    chosen = examples(5, ("long one here", "no"))
    known = {one.key: float(len(one.text)) for example in chosen for one in example.group.candidates}
    grader = Counting(lambda text: None if not text else 1.0)
    found, unrewarded, _ = grade_made(chosen, {one.group.key: 0.0 for one in chosen}, {**known}, grader, 0)
    assert unrewarded == 5
    assert {pay.kind: pay.source for pay in found} == {
        "lines": None,
        "listed": None,
        "repeated": 13.0,
        "stuffed": 2.0,
    }


def test_a_kind_that_the_grader_cannot_take_keeps_no_other_from_being_graded() -> None:
    class Failing(Counting):
        def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
            if any(not turn.candidate.text for turn in turns):
                raise JobFailure("grader_call_failed", "no text")
            return super().grade(turns)

    chosen = examples(5, ("one", "two"))
    found = grade_made(chosen, {one.group.key: 0.0 for one in chosen}, {}, Failing(lambda text: 1.0), 0)
    assert {pay.kind for pay in found.pays} == {"lines", "listed", "repeated", "stuffed"}
    assert found.failed == {"empty": "no text"}


def test_records_that_no_policy_was_judged_on_are_left_out() -> None:
    chosen = examples(4, ("a", "b"))
    grader = Counting(lambda text: 1.0)
    assert grade_made(chosen, {}, {}, grader, 0) == ([], 0, {})
    assert grader.turns == []
