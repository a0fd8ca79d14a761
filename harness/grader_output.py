"""Redirects the output of a grader and its child processes to a file, apart from our own output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from harness.disk import open_to_append

__all__ = ["LOG", "output_to"]

LOG = "grader.log"
"""Name of the output file in the folder of a run, a rehearsal or an evaluation."""


@contextmanager
def output_to(path: Path | None) -> Iterator[Path]:
    """Redirect output from Python, C and child processes to a file. Delete the file if it stays empty.

    Args:
        path: The file to append to; None for a temporary file, which is deleted at the end.

    Raises:
        InputError: The file cannot be written, or is a symbolic link.
    """
    if path is None:
        import tempfile  # takes 3 ms, which replay workers avoid

        with tempfile.TemporaryDirectory() as folder, output_to(Path(folder) / LOG) as own:
            yield own
        return
    log = os.fdopen(open_to_append(path), "a", buffering=1, encoding="utf-8", errors="backslashreplace")
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        try:
            with redirect_stdout(log), redirect_stderr(log):
                yield path
        finally:
            for number, before in zip((1, 2), kept, strict=True):
                os.dup2(before, number)
                os.close(before)
            if path.is_file() and not path.stat().st_size:  # never deletes a device
                path.unlink()
