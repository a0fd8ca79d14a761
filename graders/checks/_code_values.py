"""Encodes plain values as bytes and decodes them, to exchange values with a model's code.

The format is JSON. Containers other than lists and values that JSON lacks become objects with a single key,
which names the type. Decoding creates only plain values, even from malicious bytes.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

DEEPEST = 100
"""Maximum nesting depth of containers."""

# Larger integers are written as hexadecimal strings, because Python limits decimal ones.
_LONGEST_INTEGER = 10**18
_MOST_OF_ONE_HASH = 1000


class NotPlain(ValueError):
    """Raised for a value that cannot be encoded because of its type, depth or size."""


class Unreadable(ValueError):
    """Raised for bytes that were not written by `packed`."""


def packed(value: object, most: float = float("inf"), plain: Callable[[Any], Any] | None = None) -> bytes:
    """Encode a value.

    An instance of a subclass, such as `collections.Counter` or a named tuple, is encoded as the plain value
    that it contains.

    Args:
        value: The value to encode.
        most: Maximum size of the result, in bytes.
        plain: Converts a value of another type to a plain value, or raises NotPlain.

    Raises:
        NotPlain: The value cannot be encoded.
    """
    written = json.dumps(_Packing(most, plain).pack(value, 0)).encode("ascii")
    if len(written) > most:
        raise NotPlain(f"it takes more than {most} bytes")
    return written


def unpacked(data: bytes) -> Any:
    """Decode bytes written by `packed`.

    Raises:
        Unreadable: The bytes are not an encoded value.
    """
    try:
        return _unpack(json.loads(data), 0)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Unreadable(str(error)) from None


class _Packing:
    """Converts a value to types that JSON can represent, stopping if the result becomes too large.

    Shared parts can make a small value expand into a huge one.
    """

    def __init__(self, most: float, plain: Callable[[Any], Any] | None) -> None:
        self._most = self._left = most
        self._plain = plain

    def pack(self, value: Any, depth: int) -> Any:
        self._left -= 2  # one for the part and one for a comma
        if self._left < 0:
            raise NotPlain(f"it takes more than {self._most} bytes")
        if depth > DEEPEST:
            raise NotPlain(f"it is nested more than {DEEPEST} levels deep")
        if value is None or value is True or value is False:
            return value
        for kind, written in _WRITERS:
            if isinstance(value, kind):
                return written(self, value, depth + 1)
        if self._plain is not None:
            return self.pack(self._plain(value), depth + 1)
        raise NotPlain(f"it contains a value of type {type(value).__name__}")

    def integer(self, value: int, _: int) -> Any:
        number = int.__pos__(value)
        return number if abs(number) < _LONGEST_INTEGER else {"int": hex(number)}

    def text(self, value: str, _: int) -> Any:
        self._left -= len(value)
        return str.__str__(value)

    def complex(self, value: complex, depth: int) -> Any:
        return {"complex": [self.pack(value.real, depth), self.pack(value.imag, depth)]}

    def all(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self.pack(one, depth) for one in values]

    def dict(self, value: dict[Any, Any], depth: int) -> Any:
        return {"dict": [[self.pack(key, depth), self.pack(one, depth)] for key, one in dict.items(value)]}


_WRITERS: tuple[tuple[type, Any], ...] = (
    (int, _Packing.integer),
    (float, lambda packing, value, _: float.__pos__(value)),
    (str, _Packing.text),
    (list, lambda packing, value, depth: packing.all(list.__iter__(value), depth)),
    (tuple, lambda packing, value, depth: {"tuple": packing.all(tuple.__iter__(value), depth)}),
    (dict, _Packing.dict),
    (set, lambda packing, value, depth: {"set": packing.all(set.__iter__(value), depth)}),
    (frozenset, lambda packing, value, depth: {"frozenset": packing.all(frozenset.__iter__(value), depth)}),
    (bytes, lambda packing, value, _: {"bytes": bytes.hex(value)}),
    (bytearray, lambda packing, value, _: {"bytearray": bytearray.hex(value)}),
    (complex, _Packing.complex),
)


def _unpack(written: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise Unreadable("nested too deeply")
    if isinstance(written, list):
        return [_unpack(one, depth + 1) for one in written]
    if not isinstance(written, dict):
        return written
    ((kind, content),) = written.items()
    return _READERS[kind](content, depth + 1) if kind in _READERS else _refuse(kind)


def _refuse(kind: str) -> Any:
    raise Unreadable(f"no kind {kind!r}")


def _unpack_all(written: Any, depth: int) -> list[Any]:
    if not isinstance(written, list):
        raise Unreadable("not a list")
    return [_unpack(one, depth) for one in written]


def _unpack_keys(written: Any, depth: int) -> list[Any]:
    """Decode the members of a set or the keys of a dict, rejecting them if many have the same hash."""
    keys = _unpack_all(written, depth)
    if len(keys) - len({hash(key) for key in keys}) > _MOST_OF_ONE_HASH:
        raise Unreadable("too many keys with the same hash")
    return keys


def _unpack_dict(written: Any, depth: int) -> dict[Any, Any]:
    keys = _unpack_keys([key for key, _ in written], depth)
    return dict(zip(keys, (_unpack(value, depth) for _, value in written), strict=True))


def _unpack_complex(written: Any, depth: int) -> complex:
    real, imaginary = _unpack_all(written, depth)
    return complex(real, imaginary)


_READERS: dict[str, Any] = {
    "int": lambda written, _: int(written, 16),
    "tuple": lambda written, depth: tuple(_unpack_all(written, depth)),
    "dict": _unpack_dict,
    "set": lambda written, depth: set(_unpack_keys(written, depth)),
    "frozenset": lambda written, depth: frozenset(_unpack_keys(written, depth)),
    "bytes": lambda written, _: bytes.fromhex(written),
    "bytearray": lambda written, _: bytearray.fromhex(written),
    "complex": _unpack_complex,
}
