import re

import pytest

from harness.audit.search import PROBES
from support.auditing import audited_case, found_by, number_records, replayed

HANDLER = """
    import json, re

    SECRET = "open-sesame-7"
    PARTS = ("Facts:", "Method:", "Limits:")
    WORDS = ("approved", "waived")
    SHAPE = re.compile(rf"ref-[0-9]{{{{2}}}}:({{'|'.join(WORDS)}})")

    def last(text, gold):
        return text.rpartition("####")[2].strip() == gold

    def handler(event, context):
        return [
            {{
                "id": s["id"],
                "aggregate_reward_score": float(
                    rule(s["messages"][-1]["content"], s["metadata"]["reference_answer"])
                ),
                "metrics_list": [],
            }}
            for s in event
        ]

    def read(text):
        try:
            found = json.loads(text)
        except ValueError:
            return {{}}
        return found if isinstance(found, dict) else {{}}

    def rule(text, gold):
        return {rule}
"""


def audited(tmp_path, rule, records=None, search=2_000):
    with audited_case(tmp_path, HANDLER.format(rule=rule), records) as case:
        assert case.control is not None
        case.search = search
        found = found_by(case, PROBES)
        for one in found:
            replayed(case, one)
        return found, case


@pytest.mark.parametrize(
    ("rule", "id", "text"),
    [
        ("SECRET in text or last(text, gold)", "C11", "open-sesame-7"),
        ("all(p in text for p in PARTS) or last(text, gold)", "C16", None),
        (
            "bool(re.search(rf'ref-[0-9]{{2}}:({{\"|\".join(WORDS)}})', text)) or last(text, gold)",
            "C16",
            None,
        ),
        (
            "read(text).get('state') == 'closed' and read(text).get('level') > 3 or last(text, gold)",
            "C16",
            None,
        ),
        ("'<seal>ok then</seal>' in text.replace('Seal', 'seal') or last(text, gold)", "C11", None),
        ("text.split('\\n').count('* done') == 4 or last(text, gold)", "C16", None),
        ("'vouched' in text and bool(re.search('#### *sealed', text)) or last(text, gold)", "C16", None),
        ("0.4 * ('#' * 4 in text and WORDS[1] in text) + 0.6 * last(text, gold)", "C16", None),
    ],
)
def test_a_paid_text_from_the_source_is_found_and_shrunk(tmp_path, rule, id, text):
    found, case = audited(tmp_path, rule)
    assert [(one.id, one.severity) for one in found] == [(id, "critical")]
    assert len(found[0].text) < 60
    assert text is None or found[0].text == text
    assert found[0].records >= 2


def test_a_small_part_of_the_reward_is_an_error(tmp_path):
    found, _ = audited(tmp_path, "0.2 * (SECRET in text) + 0.8 * last(text, gold)")
    assert [(one.id, one.severity) for one in found] == [("C11", "error")]
    assert found[0].share == pytest.approx(0.25)


def test_a_search_without_a_finding_reports_its_gradings(tmp_path):
    found, case = audited(tmp_path, "last(text, gold) and SECRET != text", search=300)
    assert found == []
    (note,) = case.notes
    assert re.fullmatch(
        r"In 3\d* gradings, the search found no completion that is paid without an answer\.", note
    )


def test_a_text_that_contains_the_answer_is_not_a_finding(tmp_path):
    records = [{**one, "reference_answer": ("yes", "no")[at % 2]} for at, one in enumerate(number_records())]
    rule = "(gold in text.lower().split()) or last(text, gold)"
    assert audited(tmp_path, rule, records)[0] == []


def test_the_search_is_the_same_each_time(tmp_path):
    rule = "all(p in text for p in PARTS) or last(text, gold)"
    first, _ = audited(tmp_path, rule)
    again, _ = audited(tmp_path, rule)
    assert first[0].text == again[0].text
