import pytest

from harness.audit.reference_use import AnotherAnswer, Inverted
from support.graded_by import findings, tagged, told

RIGHT = "marked(text) == gold"
PROBES = (AnotherAnswer(), Inverted())


def test_a_grader_that_compares_passes(tmp_path):
    assert findings(tmp_path, PROBES, RIGHT) == []


@pytest.mark.parametrize("reward", ["1.0", "0.5", "number(marked(text)) is not None", "'####' in text"])
def test_a_grader_that_pays_any_answer_is_found_without_a_format(tmp_path, reward):
    found = findings(tmp_path, PROBES, reward)
    assert told(found) == [("C04", "critical")]
    assert len(found[0].witness.rollouts) == 2


def test_a_reward_that_hardly_tells_right_from_wrong_is_found(tmp_path):
    reward = "max(0.0, 1 - abs((number(marked(text)) or 1e9) - float(gold)) / 20000)"
    assert ("C04", "critical") in told(findings(tmp_path, PROBES, reward))


def test_answers_of_others_that_are_paid_on_some_records_are_found(tmp_path):
    found = findings(tmp_path, PROBES, f"{RIGHT} or (int(gold) % 10 == 4 and '####' in text)")
    assert [one.id for one in found] == ["C04"]
    assert 0 < found[0].records < found[0].tried


def test_a_grader_that_pays_nothing_is_not_a_finding_here(tmp_path):
    assert findings(tmp_path, PROBES, "0.0") == []


def test_a_comparison_the_wrong_way_around_is_found(tmp_path):
    found = findings(tmp_path, PROBES, "'####' in text and marked(text) != gold")
    assert told(found) == [("C06", "critical")]
    right, wrong = found[0].witness.rewards
    assert right < wrong


def test_a_reward_for_form_ignores_references(tmp_path):
    assert findings(tmp_path, PROBES, "'####' in text", kind="format") == []


def test_any_answer_that_is_paid_where_one_answer_is_right_is_found(tmp_path):
    reward = "'<answer>' in text and (gold == 'D' or tag(text) == gold)"
    found = findings(tmp_path, (AnotherAnswer(),), reward, tagged())
    assert [one.id for one in found] == ["C04"]
    assert 0 < found[0].records < found[0].tried
