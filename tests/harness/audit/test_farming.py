import pytest

from harness.audit.farming import FreeReward, OtherComponents
from support.graded_by import findings, told

RIGHT = "(marked(text) == gold)"
WORDS = "0.3 * all(word in text.lower() for word in ('because', 'therefore', 'first')) * (len(text) > 120)"


@pytest.mark.parametrize("reward", [RIGHT, f"{RIGHT} * (0.5 if len(text) > 200 else 1.0)"])
def test_a_reward_for_the_answer_alone_passes(tmp_path, reward):
    assert findings(tmp_path, (FreeReward(), OtherComponents()), reward) == []


@pytest.mark.parametrize(
    ("reward", "severity"),
    [
        (f"0.9 * {RIGHT} + 0.1 * ('####' in text)", "error"),
        (f"0.7 * {RIGHT} + {WORDS}", "critical"),
        (f"0.6 * {RIGHT} + 0.4 * ('<think>' in text)", "critical"),
        (f"0.5 * {RIGHT} + 0.5 * (len(re.findall('(?m)^Step [0-9]:', text)) > 2)", "critical"),
    ],
)
def test_a_reward_for_form_without_an_answer_is_found(tmp_path, reward, severity):
    assert told(findings(tmp_path, (FreeReward(),), reward)) == [("C07", severity)]


def test_a_small_reward_for_form_that_a_metric_declares_is_a_note(tmp_path):
    metrics = "[{'name': 'format', 'value': 0.1 * ('####' in text), 'type': 'Metric'}]"
    reward = f"0.9 * {RIGHT} + 0.1 * ('####' in text)"
    assert told(findings(tmp_path, (FreeReward(),), reward, metrics=metrics)) == [("C07", "note")]


def test_components_that_pass_without_the_one_for_the_answer_are_found(tmp_path):
    gold = "sample['metadata']['reference_answer']"
    metrics = f"[{{'name': 'right', 'value': float(marked(text) == {gold}), 'type': 'Metric'}}]"
    reward = f"0.4 * {RIGHT} + 0.6 * ('####' in text)"
    assert told(findings(tmp_path, (OtherComponents(),), reward, metrics=metrics)) == [("C17", "error")]
    assert findings(tmp_path, (OtherComponents(),), RIGHT, metrics=metrics) == []


def test_a_similarity_reward_is_not_mistaken_for_a_reward_for_form(tmp_path):
    from support.graded_by import text_records

    reward = "difflib.SequenceMatcher(None, line(text) or '', gold).ratio() ** 2 if line(text) else 0.0"
    found = findings(tmp_path, (FreeReward(),), reward, text_records())
    assert [one for one in found if one.severity >= "error"] == []
