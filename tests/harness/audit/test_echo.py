from harness.audit.echo import Echo
from support.graded_by import findings, told

PROBES = (Echo(),)


def test_a_grader_that_reads_the_place_of_the_answer_passes(tmp_path):
    assert findings(tmp_path, PROBES, "marked(text) == gold") == []


def test_words_of_the_prompt_that_are_paid_are_found(tmp_path):
    overlap = "len(set(prompt.split()) & set(text.split())) / len(set(prompt.split()))"
    found = findings(tmp_path, PROBES, f"0.5 * (marked(text) == gold) + 0.5 * ({overlap}) ** 4")
    assert told(found) == [("C12", "critical")]


def test_a_long_text_that_is_paid_is_not_taken_for_the_prompt(tmp_path):
    assert findings(tmp_path, PROBES, "0.5 * (marked(text) == gold) + 0.5 * (len(text) > 40)") == []


def test_a_paid_copy_of_a_passage_with_the_answer_is_found(tmp_path):
    records = [
        {
            "messages": [{"role": "user", "content": f"Room {n * 31 + 5} is free. Which room? ####"}],
            "reference_answer": str(n * 31 + 5),
        }
        for n in range(24)
    ]
    assert told(findings(tmp_path, PROBES, "gold in re.findall('[0-9]+', text)", records)) == [
        ("C12", "critical")
    ]
    assert findings(tmp_path, PROBES, "marked(text) == gold", records) == []
