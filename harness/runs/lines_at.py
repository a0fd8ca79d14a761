"""Reads single lines of a source by where they begin, without reading all that lies between them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from harness.data.json_lines import MAX_LINE
from harness.data.sources import Source
from harness.runs.run_input import holds_local_files

__all__ = ["lines_at"]

_BLOCK = 1 << 20

_NEAR, _NEAR_IN_S3 = 1 << 20, 8 << 20
"""Bytes that are rather read on than left out: opening a file or an object in S3 anew costs as much."""


def lines_at(source: Source, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The lines that begin at some bytes of a source, in the order of the bytes.

    Args:
        source: The source. One that is not seekable is read once from its beginning.
        places: Where lines begin, in any order; each is read once.

    Yields:
        The place, and the line without its end.

    Raises:
        InputError: The source cannot be read.
    """
    near = _NEAR if holds_local_files(source.facts) else _NEAR_IN_S3
    with contextlib.ExitStack() as opened:
        file: BinaryIO | None = None
        at = 0
        for place in sorted(set(places)):
            if file is None or (source.seekable and place - at > near):
                opened.close()
                file = opened.enter_context(source.open(place if source.seekable else 0))
                at = place if source.seekable else 0
            while at < place and (skipped := file.read(min(place - at, _BLOCK))):
                at += len(skipped)
            line = file.readline(MAX_LINE)
            at += len(line)
            yield place, line.removesuffix(b"\n").removesuffix(b"\r")
