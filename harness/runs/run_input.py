"""Reopens a run's input and checks that its content is still the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.data.sources import Source, SourceFacts, source_from, text_sha256
from harness.errors import HarnessError
from harness.runs.facts import InputFacts

__all__ = ["found_again", "holds_local_files", "same_text"]


def holds_local_files(sources: Sequence[SourceFacts]) -> bool:
    """Return True if all sources are local files, so that reading them again costs nothing."""
    return all(one.mtime_ns is not None for one in sources)


def found_again(given: InputFacts) -> Source | str:
    """Reopen the sources of a run's input.

    Args:
        given: The run's facts about its input.

    Returns:
        The source if its content has not changed since grading, otherwise the reason why it cannot be used.
    """
    now = []
    for one in given.sources:
        if one.mtime_ns is not None:
            try:
                found = os.stat(one.name)
            except (OSError, ValueError):
                return f"{one.name}, which was replayed, does not exist"
            # A run from another machine may name a device or a pipe, and reading that would never end.
            if not Path(one.name).is_file() or found.st_size != one.bytes:
                return f"{one.name} is not what was replayed"
            one = replace(one, mtime_ns=found.st_mtime_ns)
        elif one.etag is None:
            return f"it came from {'standard input' if one.name == '-' else one.name}, and no copy was saved"
        now.append(one)
    try:
        source = source_from(now, given.lengths)
        if tuple(now) != given.sources and text_sha256(source) != given.sha256:
            return f"{given.name} changed since it was replayed"
        return source.changed() or source
    except HarnessError as error:
        return str(error)


def same_text(was: InputFacts, now: InputFacts) -> bool:
    """Return True if two inputs have the same content, even in different places.

    Args:
        was: The input of a run that was started.
        now: The requested input, which is read if necessary.
    """
    if not was.like(now):
        return False
    if now.sha256 is not None:
        return was.sha256 == now.sha256
    if not holds_local_files(now.sources):  # the hash of a copy is known only later
        return was.sources == now.sources
    try:
        return was.sha256 is not None and was.sha256 == text_sha256(source_from(now.sources))
    except HarnessError:
        return False
