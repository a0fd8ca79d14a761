import pytest

from harness.audit.ranking import Ranking
from harness.audit.relations import DeniedLabel, RightThenWrong, Truncated
from support.auditing import number_records
from support.graded_by import findings, label_records, tagged, text_records, told

RIGHT = "(marked(text) == gold)"
ALL = (Ranking(), RightThenWrong(), Truncated(), DeniedLabel())


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        (RIGHT, None),
        ("text == gold", None),
        ("1.0 if text == gold else -1.0 if not text.isdigit() else 0.0", None),
        ("tag(text) == gold", tagged()),
        ("line(text) == gold", label_records()),
        (f"{RIGHT} * (0.4 if len(text) > 100 else 1.0)", None),
    ],
)
def test_graders_that_read_the_last_answer_or_the_answer_alone_pass(tmp_path, reward, records):
    assert findings(tmp_path, ALL, reward, records) == []


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("gold in re.findall('[0-9]+', text)", None),
        ("(re.findall('#### *([0-9]+)', text) or [''])[0] == gold", None),
        ("gold in text", text_records()),
    ],
)
def test_a_paid_right_answer_before_a_wrong_one_is_found(tmp_path, reward, records):
    assert told(findings(tmp_path, (RightThenWrong(),), reward, records)) == [("C08", "error")]


def test_paid_longer_working_is_not_mistaken_for_its_right_answer(tmp_path):
    assert findings(tmp_path, (RightThenWrong(),), f"0.6 * {RIGHT} + 0.4 * (len(text) > 60)") == []


def test_a_paid_completion_without_an_answer_is_found(tmp_path):
    reward = "tag(text) == gold or text.rstrip().endswith('<answer>')"
    assert told(findings(tmp_path, (Truncated(),), reward, tagged())) == [("C13", "error")]


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("(re.findall(r'\\b[A-D]\\b', tag(text) or '') or [''])[-1] == gold", tagged()),
        ("(re.findall('yes|no$', line(text) or '') or [''])[-1] == gold", label_records()),
    ],
)
def test_a_denied_label_is_a_note(tmp_path, reward, records):
    assert told(findings(tmp_path, (DeniedLabel(),), reward, records)) == [("C14", "note")]


def test_numbers_are_not_denied(tmp_path):
    assert DeniedLabel().why_not is not None
    assert findings(tmp_path, (DeniedLabel(),), "gold in text") == []


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("(marked(text) or (re.findall('[0-9]+', text) or [''])[-1]) == gold", None),
        ("(tag(text) or (re.findall(r'\\b[A-D]\\b', text) or [''])[-1]) == gold", tagged()),
        ("gold in text if '</think>' not in text else tag(text) == gold", tagged()),
    ],
)
def test_paid_working_that_never_gives_the_answer_is_found(tmp_path, reward, records):
    (one,) = findings(tmp_path, (Truncated(),), reward, records)
    assert (one.id, one.severity) == ("C13", "error")
    assert one.records <= one.tried


def test_the_last_number_may_count_where_no_prompt_asks_for_a_format(tmp_path):
    rows = number_records(24, "Reply to this.")
    assert findings(tmp_path, (Truncated(),), "(re.findall('[0-9]+', text) or [''])[-1] == gold", rows) == []
