from hypothesis import given
from hypothesis import strategies as st

from harness.audit.shaped_rewards import degrees, shaped
from support.auditing import audited_case
from support.graded_by import handler, text_records


@given(st.lists(st.floats(0, 1), max_size=20))
def test_degrees_lie_between_nothing_and_all(shares):
    assert 0 <= degrees(shares) <= len({round(share, 2) for share in shares})
    assert degrees([0.0, 1.0, *shares]) == degrees(shares)


def test_similarity_is_paid_by_degrees_and_equality_is_not(tmp_path):
    likeness = "difflib.SequenceMatcher(None, line(text) or '', gold).ratio()"
    with audited_case(tmp_path, handler(likeness), text_records()) as case:
        assert shaped(case)
    with audited_case(tmp_path, handler("line(text) == gold"), text_records()) as case:
        assert not shaped(case)
