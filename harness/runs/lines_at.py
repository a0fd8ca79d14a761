"""Reads single lines of a source by their offsets, without reading everything between them."""

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
"""Gaps of at most this many bytes are read, because reopening a file or S3 object takes as long."""


def lines_at(source: Source, places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines at the given offsets of a source, in the order of the offsets.

    Args:
        source: The source. A source that is not seekable is read once from the start.
        places: Offsets of line starts, in any order; each line is read once.

    Yields:
        The offset, and the line without its newline.

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
