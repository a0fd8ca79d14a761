import pytest

from harness.audit.constants import BestConstant
from support.graded_by import findings, label_records, tagged, told

PROBES = (BestConstant(),)


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("marked(text) == gold", None),
        ("tag(text) == gold", tagged()),
        ("line(text) == gold", label_records()),
        ("0.9 * (tag(text) == gold) + 0.1 * ('<answer>' in text)", tagged()),
    ],
)
def test_a_constant_that_is_right_as_often_as_it_should_be_passes(tmp_path, reward, records):
    assert findings(tmp_path, PROBES, reward, records) == []


@pytest.mark.parametrize(
    ("reward", "records", "text"),
    [
        ("1.0 if tag(text) == gold else 0.6 * (tag(text) == 'C')", tagged(), "<answer>C</answer>"),
        ("1.0 if line(text) == gold else 0.5 * (line(text) == 'yes')", label_records(), "Answer: yes"),
    ],
)
def test_a_label_that_is_worth_more_where_it_is_wrong_is_found(tmp_path, reward, records, text):
    found = findings(tmp_path, PROBES, reward, records)
    assert told(found) == [("C03", "critical")]
    assert found[0].text == text
    assert found[0].share > 0.5


def test_a_tolerance_as_wide_as_the_answers_is_found(tmp_path):
    records = [
        {"messages": [{"role": "user", "content": f"Ratio {n}? ####"}], "reference_answer": f"{n / 250:.3f}"}
        for n in range(-12, 12)
    ]
    reward = "number(marked(text)) is not None and abs(number(marked(text)) - float(gold)) <= 0.03"
    (found,) = findings(tmp_path, PROBES, reward, records)
    assert found.id == "C03"
    assert found.text in ("#### 0", "#### 0.0", "#### 0.000", "#### -0.002") or found.share > 0.7
