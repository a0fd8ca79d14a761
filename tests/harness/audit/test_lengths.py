import pytest

from harness.audit.lengths import LengthSlope, Repetition
from support.graded_by import findings, list_records, told

RIGHT = "(marked(text) == gold)"


@pytest.mark.parametrize(
    "reward",
    [
        RIGHT,
        f"{RIGHT} * max(0.2, 1 - len(text) / 2000)",
        f"0.8 * {RIGHT} + 0.2 * (len(text) > 300)",
        f"{RIGHT} * (0.5 + min(len(text), 200) / 400 if len(text) < 1000 else 0.5)",
        "text == gold",
    ],
)
def test_constant_rewards_and_a_single_step_pass(tmp_path, reward):
    assert findings(tmp_path, (LengthSlope(), Repetition()), reward) == []


@pytest.mark.parametrize(
    ("reward", "which"),
    [
        (f"0.7 * {RIGHT} + 0.3 * min(len(text), 4000) / 4000", "wrong"),
        (f"{RIGHT} * (0.6 + 0.4 * min(len(text), 4000) / 4000)", "right"),
    ],
)
def test_padding_that_is_paid_is_found(tmp_path, reward, which):
    found = findings(tmp_path, (LengthSlope(),), reward)
    assert told(found) == [("C10", "error")]
    assert f"a {which} answer" in found[0].message
    short, long = found[0].witness.rewards
    assert long > short


def test_words_that_are_paid_each_time_are_found(tmp_path):
    reward = f"0.7 * {RIGHT} + 0.03 * min(10, text.count('clearly'))"
    assert told(findings(tmp_path, (Repetition(),), reward)) == [("C15", "warning")]


def test_one_item_that_counts_each_time_is_found(tmp_path):
    said = "(parsed(text) if isinstance(parsed(text), list) else text.split(', '))"
    reward = f"min(1.0, sum(one.strip() in parsed(gold) for one in {said}) / len(parsed(gold)))"
    assert told(findings(tmp_path, (Repetition(),), reward, list_records())) == [("C15", "warning")]
