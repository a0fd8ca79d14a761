"""What the verbs print with: one JSON object on stdout, text for people on stdout, progress on stderr.

A verb computes first and prints last. Nothing here decides what to say. Text is never read as rich markup,
since file names and completions hold square brackets.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.report.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["emit_json", "printable", "progress_bar", "stderr_console", "stdout_console"]


def emit_json(value: Any) -> None:
    """Print one JSON value and a newline on stdout, in strict ASCII JSON.

    NaN and infinities, which JSON has not, become null; escaping keeps lone surrogates printable anywhere.

    Args:
        value: Dictionaries, lists, strings, numbers, booleans, None; anything else (a path) through `str`.
    """
    try:
        text = json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stdout_console() -> Console:
    """Console for the result that a person reads; plain text when stdout is not a terminal."""
    return _console(stderr=False)


def stderr_console() -> Console:
    """Console for progress and remarks; ask its `is_terminal` before drawing progress."""
    return _console(stderr=True)


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[..., None] | None]:
    """Draw a progress bar on stderr where somebody is looking.

    Args:
        what: What stands before the bar.
        quiet: Draw nothing in any case.

    Yields:
        What moves the bar: rich's `Progress.update`, without the task. None where nothing is drawn.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr_console(), transient=True) as bar:
        yield partial(bar.update, bar.add_task(what, total=None))


def _console(*, stderr: bool) -> Console:
    from rich.console import Console  # 40 ms that `--json` need not pay

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
