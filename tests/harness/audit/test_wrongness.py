import pytest

from harness.audit.farming import FreeReward
from harness.audit.wrongness import Fillers, NoContent
from support.auditing import number_records
from support.graded_by import findings, label_records, object_records, tagged, told

RIGHT = "marked(text) == gold"


@pytest.mark.parametrize("probe", [NoContent(), Fillers()])
def test_a_grader_that_pays_the_answer_alone_passes(tmp_path, probe):
    assert findings(tmp_path, (probe,), RIGHT) == []


@pytest.mark.parametrize(
    ("reward", "severity"),
    [
        (f"{RIGHT} or not text.strip()", "critical"),
        (f"{RIGHT} or 0.5 * text.startswith('I am not')", "critical"),
        (f"{RIGHT} or 0.2 * ('sorry' in text)", "error"),
    ],
)
def test_texts_without_content_that_are_paid_are_found(tmp_path, reward, severity):
    assert told(findings(tmp_path, (NoContent(),), reward)) == [("C01", severity)]


def test_silence_that_counts_as_one_of_two_labels_is_found(tmp_path):
    found = findings(
        tmp_path, (NoContent(),), "('no' if line(text) != 'yes' else 'yes') == gold", label_records()
    )
    assert told(found) == [("C01", "critical")]
    assert found[0].records < found[0].tried


@pytest.mark.parametrize(
    "reward",
    [
        f"{RIGHT} or marked(text) == 'nan'",
        "(marked(text) or 'x').strip('.,') in ('', gold)",
        f"{RIGHT} or ('####' in text and number(marked(text)) is None)",
    ],
)
def test_fillers_that_are_paid_are_found(tmp_path, reward):
    (found,) = findings(tmp_path, (Fillers(),), reward)
    assert (found.id, str(found.severity)) == ("C02", "critical")
    assert found.text.startswith("####")
    assert found.records == found.tried


def test_a_filler_that_is_the_right_answer_is_not_a_finding(tmp_path):
    records = [
        {
            "messages": [{"role": "user", "content": f"Take {n} from {n + n % 3}. ####"}],
            "reference_answer": str(n % 3),
        }
        for n in range(24)
    ]
    assert findings(tmp_path, (Fillers(),), RIGHT, records) == []


def test_a_filler_that_begins_like_one_letter_is_no_better_than_that_letter(tmp_path):
    reward = "(tag(text) or '?')[0].upper() == gold"
    assert findings(tmp_path, (Fillers(),), reward, tagged()) == []


def test_an_object_without_values_is_found_and_an_empty_reference_is_not(tmp_path):
    blank = "isinstance(said, dict) and all(gold and str(v) in gold for v in said.values())"
    reward = f"(lambda said: {blank})(parsed(text))"
    (found,) = findings(tmp_path, (Fillers(),), reward, object_records())
    assert (found.id, str(found.severity)) == ("C02", "critical")
    empty = [*object_records(18), *({**one, "reference_answer": "{}"} for one in object_records(6))]
    assert findings(tmp_path, (Fillers(),), "parsed(text) == parsed(gold)", empty) == []


def test_a_whole_text_from_the_user_is_not_an_empty_form(tmp_path):
    rows = number_records(12, "Answer with two bullet points, each on its own line.")
    reward = "len(re.findall('(?m)^- [a-z]+', text)) == 2"
    more = {"kind": "format", "accepted": ("- first\n- second",)}
    assert findings(tmp_path, (Fillers(),), reward, rows, **more) == []
    open_tags = {"kind": "format", "accepted": ("<answer>{a}</answer>",)}
    assert told(findings(tmp_path, (Fillers(),), "'<answer>' in text", rows, **open_tags)) == [
        ("C02", "critical")
    ]


def test_partial_reward_for_an_undecided_word_needs_no_answer(tmp_path):
    reward = "1.0 if line(text) == gold else 0.6 if line(text) == 'unknown' else 0.0"
    found = findings(tmp_path, (Fillers(), FreeReward()), reward, label_records())
    assert told(found) == [("C07", "critical")]
    assert found[0].text == "Answer: unknown"
    assert found[0].records == found[0].tried
