"""Plain values pass between the child process and the grader unchanged, and other values are refused."""

from __future__ import annotations

import collections
import enum
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_values import DEEPEST, NotPlain, Unreadable, packed, unpacked

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**17, max_value=10**6000)
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.binary().map(bytearray)
    | st.complex_numbers()
)
KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["int", "tuple", "dict", "set", "frozenset", "bytes", "bytearray", "complex", "x"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)
PLAIN = {type(None), bool, int, float, str, bytes, bytearray, complex, list, tuple, dict, set, frozenset}


def exact(value):
    """Return a string for an exact comparison, in which 1 and True differ, and 0.0 and -0.0."""
    if isinstance(value, dict):
        return f"dict{sorted((exact(key), exact(one)) for key, one in value.items())}"
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}{sorted(map(exact, value))}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{[*map(exact, value)]}"
    return f"{type(value).__name__} {hex(value) if type(value) is int else repr(value)}"


def all_within(value):
    yield value
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from all_within(one)


@given(VALUES)
def test_every_plain_value_crosses_with_its_type(value):
    assert exact(unpacked(packed(value))) == exact(value)


@given(ANYTHING)
def test_any_json_is_parsed_to_plain_values_or_refused(written):
    try:
        value = unpacked(json.dumps(written).encode())
    except Unreadable:
        return
    assert {type(one) for one in all_within(value)} <= PLAIN


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_to_plain_values_or_refused(data):
    try:
        value = unpacked(data)
    except Unreadable:
        return
    assert {type(one) for one in all_within(value)} <= PLAIN


Point = collections.namedtuple("Point", "x y")


class Shade(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "crossed"),
    [
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
        (Point(1, 2), (1, 2)),
        (Shade.RED, 1),
        (type("Text", (str,), {"__eq__": lambda *_: True, "__hash__": str.__hash__})("a"), "a"),
    ],
)
def test_an_instance_of_a_subclass_crosses_as_what_it_holds(value, crossed):
    read = unpacked(packed(value))
    assert (type(read), read) == (type(crossed), crossed)


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "value", [object(), AlwaysEqual(), [AlwaysEqual()], {1: print}, iter([]), range(3), {}.keys(), ..., int]
)
def test_another_object_does_not_cross(value):
    with pytest.raises(NotPlain, match="it contains a value of type "):
        packed(value)


def test_a_list_that_holds_itself_does_not_cross():
    within: list[object] = []
    within.append(within)
    with pytest.raises(NotPlain, match=f"nested more than {DEEPEST} levels deep"):
        packed(within)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 200 + b"]" * 200,
        b'{"tuple": ' * 50_000,
        b"1" * 5000,
        b'{"set": [[]]}',
        b'{"dict": [[1, 2, 3]]}',
        b'{"dict": 1}',
        b'{"int": 1}',
        b"",
        b"\xff",
        b"1 2",
        b"{}",
    ],
)
def test_bytes_without_a_packed_value_are_refused(data):
    with pytest.raises(Unreadable):
        unpacked(data)


@pytest.mark.parametrize("shape", ['{"set": [%s]}', '{"frozenset": [%s]}', '{"dict": [%s]}'])
def test_many_keys_with_the_same_hash_are_refused(shape):
    one_hash = (
        str(at * (2**61 - 1)) if at < 4 else f'{{"int": "{at * (2**61 - 1):#x}"}}' for at in range(20_000)
    )
    pairs = (f"[{key}, 0]" for key in one_hash) if "dict" in shape else one_hash
    with pytest.raises(Unreadable, match="same hash"):
        unpacked((shape % ", ".join(pairs)).encode())
