from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.failures import Unreachable
from harness.api.pages import elements


def walk(fetch, **options):
    return list(elements(fetch, **options))


def service(ids, size, *, inclusive=False):
    """Serve a list of ids in pages of `size`, and record the calls."""
    calls = []

    def fetch(after):
        calls.append(after)
        start = 0 if after is None else ids.index(after) + (0 if inclusive else 1)
        data = [{"id": name} for name in ids[start : start + size]]
        return {"data": data, "has_more": start + size < len(ids)}

    return fetch, calls


@given(st.integers(0, 60), st.integers(2, 10), st.booleans())
def test_every_element_comes_once_in_order(count, size, inclusive):
    ids = [f"e{number}" for number in range(count)]
    fetch, _ = service(ids, size, inclusive=inclusive)
    assert [element["id"] for element in walk(fetch)] == ids


@given(st.integers(1, 60), st.integers(1, 10))
def test_it_asks_once_a_page(count, size):
    fetch, calls = service([f"e{number}" for number in range(count)], size)
    walk(fetch)
    assert len(calls) == -(-count // size)


def test_an_empty_page_that_names_the_next_id_is_walked_over():
    answers = {
        None: {"data": [], "has_more": True, "last_id": "a"},
        "a": {"data": [{"id": "b"}], "has_more": False},
    }
    assert walk(lambda after: answers[after]) == [{"id": "b"}]


@pytest.mark.parametrize("page", [{"data": [], "has_more": True}, {"data": [{}], "has_more": True}])
def test_more_without_a_cursor_is_an_error_not_a_loss(page):
    with pytest.raises(Unreachable, match="more"):
        walk(lambda after: page)


def test_a_cursor_that_stands_still_is_no_endless_loop():
    page = {"data": [{"id": "a"}], "has_more": True}
    with pytest.raises(Unreachable, match="more"):
        walk(lambda after: page)


def test_a_list_without_end_is_given_up():
    numbers = iter(range(10**9))
    with pytest.raises(Unreachable, match="5 pages"):
        walk(lambda after: {"data": [{"id": str(next(numbers))}], "has_more": True}, most=5)
