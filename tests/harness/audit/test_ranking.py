import pytest

from harness.audit.ranking import Ranking
from support.auditing import number_records
from support.graded_by import findings, told

RIGHT = "(marked(text) == gold)"
PROBES = (Ranking(),)
SHORT = "max(0.05, 1 - max(0, len(text) - 150) / 500)"
"""A factor that falls with length and reaches its minimum of 0.05 at 625 characters."""
SURE = "max(0.0, 1 - 0.3 * len(re.findall('maybe|perhaps|possibly|not sure', text.lower())))"


@pytest.mark.parametrize(
    "reward",
    [
        f"0.2 if {RIGHT} and int(gold) % 4 == 0 else 0.6 if int(gold) % 4 == 0 else {RIGHT}",
        f"{RIGHT} * (0.3 if len(text) > 100 else 1.0) or 0.6 * ('#' not in text and len(text) > 100)",
    ],
)
def test_a_wrong_completion_that_earns_more_is_found(tmp_path, reward):
    found = findings(tmp_path, (Ranking(),), reward)
    assert told(found) == [("C06", "critical")]
    better, worse = found[0].witness.rewards
    assert worse > better


@pytest.mark.parametrize(
    ("how", "said"), [(SHORT, "after long working"), (SURE, "after words of doubt")], ids=["length", "doubt"]
)
def test_a_right_answer_that_falls_below_a_wrong_one_is_found(tmp_path, how, said):
    (one,) = findings(tmp_path, PROBES, f"{how} if {RIGHT} else 0.2 if '####' in text else 0.0")
    assert (one.id, one.severity) == ("C06", "critical")
    assert said in one.message
    assert one.records <= one.tried


@pytest.mark.parametrize(
    "reward",
    [
        f"{SHORT} if {RIGHT} else 0.0",
        f"{SURE} if {RIGHT} else 0.0",
        f"0.3 + 0.7 * {SHORT} if {RIGHT} else 0.2 if '####' in text else 0.0",
        "1.0 if text == '#### ' + gold else 0.2 if re.fullmatch('#### [0-9]+', text) else 0.0",
    ],
)
def test_right_answers_that_stay_above_wrong_ones_pass(tmp_path, reward):
    assert findings(tmp_path, PROBES, reward) == []


def test_long_working_may_cost_the_reward_where_the_prompts_ask_for_a_short_reply(tmp_path):
    rows = number_records(24, "Reply with one short line: #### and the number.")
    assert findings(tmp_path, PROBES, f"{SHORT} if {RIGHT} else 0.2 if '####' in text else 0.0", rows) == []
