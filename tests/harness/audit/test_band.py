import pytest

from harness.audit.band import AcceptanceBand
from support.auditing import number_records
from support.graded_by import findings, told

BAND = (AcceptanceBand(),)
N = "number(marked(text))"
CLOSE = f"{N} is not None and abs({N} - float(gold)) <= "


def test_an_exact_comparison_passes(tmp_path):
    reward = "(marked(text) or 'x').removesuffix('.0') == gold"
    assert findings(tmp_path, BAND, reward) == []


@pytest.mark.parametrize(
    ("reward", "severity", "said"),
    [
        (f"{CLOSE} 0.1 * abs(float(gold))", "error", "0.9 to 1.1 times"),
        (f"{CLOSE} 1", "error", "numbers up to"),
        (f"{N} is not None and abs({N}) == abs(float(gold))", "critical", "the sign flipped"),
        (f"{N} in (float(gold), float(gold) * 100, float(gold) / 100)", "critical", "x100 and /100"),
        ("gold in (marked(text) or '')", "critical", "x10"),
        ("(re.match('-?[0-9]+', marked(text) or '') or [''])[0] == gold", "critical", "followed by `e5`"),
        (f"{CLOSE} 0.0005 * abs(float(gold))", "note", "times the right number"),
    ],
)
def test_the_band_of_accepted_numbers_is_one_finding(tmp_path, reward, severity, said):
    found = findings(tmp_path, BAND, reward)
    assert told(found) == [("C05", severity)]
    assert said in found[0].message


@pytest.mark.parametrize(("ask", "severity"), [("####", "error"), ("Within 5%. ####", "note")])
def test_a_tolerance_that_the_prompt_states_is_a_note(tmp_path, ask, severity):
    found = findings(tmp_path, BAND, f"{CLOSE} 0.05 * abs(float(gold))", number_records(24, ask))
    assert told(found) == [("C05", severity)]


def test_rounding_to_the_places_of_the_right_answer_is_a_note(tmp_path):
    records = [
        {**one, "reference_answer": f"{at + 1}.{at % 9 + 1}5"} for at, one in enumerate(number_records())
    ]
    reward = f"{N} is not None and round({N}, 1) == round(float(gold), 1)"
    found = findings(tmp_path, BAND, f"{CLOSE} 0.004", records)
    assert [str(one.severity) for one in found] in ([], ["note"])
    assert told(findings(tmp_path, BAND, reward, records)) != []


def test_a_difference_that_floats_do_not_show_is_a_note(tmp_path):
    found = findings(tmp_path, BAND, f"{N} == float(gold)")
    assert told(found) == [("C05", "note")]
    assert found[0].witness.rollouts[0]["reference_answer"] == "9007199254740992"


def test_a_reward_for_closeness_is_a_note(tmp_path):
    reward = f"max(0.0, 1 - abs({N} - float(gold)) / abs(float(gold))) if {N} is not None else 0.0"
    assert told(findings(tmp_path, BAND, reward)) == [("C05", "note")]


def larger(records):
    return [{**one, "reference_answer": str(2_000 + 997 * at)} for at, one in enumerate(records)]


@pytest.mark.parametrize(
    ("ask", "reward", "severity"),
    [
        ("####", f"{N} is not None and round({N}) == float(gold)", "error"),
        ("Rounded to the nearest unit. ####", f"{N} is not None and round({N}) == float(gold)", "note"),
        ("####", f"{CLOSE} 0.0003 * float(gold)", "note"),
    ],
)
def test_fractions_near_large_whole_numbers_are_wrong(tmp_path, ask, reward, severity):
    found = findings(tmp_path, BAND, reward, larger(number_records(24, ask)))
    assert told(found) == [("C05", severity)]
