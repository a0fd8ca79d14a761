"""Files that grow line by line end after a whole line, and get all that is written to them."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from harness.disk import end_of_last_line, write_all


@given(st.binary(max_size=200).map(lambda text: text.replace(b"\x00", b"\n")))
def test_what_is_kept_ends_after_the_last_newline(content: bytes) -> None:
    assert end_of_last_line(io.BytesIO(content)) == content.rfind(b"\n") + 1


def test_a_torn_line_may_be_longer_than_a_block() -> None:
    content = b"whole\n" + b"x" * 200_000
    assert end_of_last_line(io.BytesIO(content)) == 6
    assert end_of_last_line(io.BytesIO(b"x" * 200_000)) == 0


class Reluctant(io.RawIOBase):
    """Takes three bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, content: object) -> int:
        part = bytes(content)[:3]  # type: ignore[call-overload]
        self.taken += part
        return len(part)


def test_everything_is_written_though_little_is_taken_at_a_time() -> None:
    file = Reluctant()
    write_all(file, b"one line\n")
    assert file.taken == b"one line\n"
