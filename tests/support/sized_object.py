"""A source of any size, with no content but its last byte."""

from __future__ import annotations

import io

from harness.data.sources import SourceFacts


class Sized:
    """An object in S3 that is too large for a test to create."""

    def __init__(self, name: str, size: int, last: bytes = b"\n", seekable: bool = True) -> None:
        self.name, self.size, self.seekable = name, size, seekable
        self.facts = (SourceFacts(name, size, etag=f"etag of {name}"),)
        self._last = last

    def open(self, start: int = 0) -> io.BufferedReader:
        assert start == self.size - 1
        return io.BufferedReader(io.BytesIO(self._last))

    def changed(self) -> str | None:
        return None
