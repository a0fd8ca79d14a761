"""Any value that JSON can hold, as services may send where something else was expected."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", " ", "null", "..", "\x1b[31m", "succeeded", "2026-02-18T19:16:58Z"]),
)


def json_values() -> st.SearchStrategy[Any]:
    """Small values of every type, nested a little."""
    return st.recursive(
        _PLAIN,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=5,
    )
