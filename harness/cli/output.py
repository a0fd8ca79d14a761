"""Prints results on stdout and progress and notes on stderr, for all verbs.

Text is never interpreted as rich markup, because file names and completions may contain square brackets. A
lint rule prevents other modules from printing.
"""

from __future__ import annotations

import codecs
import io
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.printable import printable, readable, substitute, wrapped
from harness.report.severity_styles import SEVERITY_STYLES

if TYPE_CHECKING:
    from harness.report.console import SafeConsole

__all__ = [
    "SEVERITY_STYLES",
    "emit_json",
    "open_streams",
    "printable",
    "progress_bar",
    "say",
    "stderr_console",
    "stdout_console",
]


def emit_json(value: Any) -> None:
    """Print a value to stdout as strict, ASCII-only JSON, followed by a newline.

    NaN and infinities, which JSON cannot express, become null. Escaping keeps lone surrogates printable.

    Args:
        value: Dictionaries, lists, strings, numbers, booleans or None. Other values, such as paths, are
            converted with `str`.
    """
    import json  # takes 2 ms, so it is not loaded for `rft --help`

    try:
        text = json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(
    text: str = "", *, err: bool = False, bold: bool = False, dim: bool = False, verbatim: bool = False
) -> None:
    """Print text for people, with control characters escaped and long lines wrapped on a terminal.

    Args:
        text: One or more lines.
        err: Print on stderr instead of stdout.
        bold: Print in bold on a terminal.
        dim: Print dimmed on a terminal.
        verbatim: Do not wrap long lines, for example of a command or a completion.
    """
    stream = sys.stderr if err else sys.stdout
    text, terminal = readable(text), stream.isatty()
    if terminal and not verbatim:
        text = wrapped(text, shutil.get_terminal_size().columns)
    if (bold or dim) and terminal and "NO_COLOR" not in os.environ:
        text = f"\x1b[{1 if bold else 2}m{text}\x1b[0m"
    stream.write(text + "\n")
    stream.flush()


def stdout_console() -> SafeConsole:
    """Return the console for results. It prints plain text if stdout is not a terminal."""
    return _screen(stderr=False)


def stderr_console() -> SafeConsole:
    """Return the console for progress and notes. Check `is_terminal` before drawing progress."""
    return _screen(stderr=True)


def _screen(*, stderr: bool) -> SafeConsole:
    from harness.report.console import SafeConsole  # takes 40 ms, not loaded for `--json`

    return SafeConsole(stderr=stderr)


def open_streams() -> None:
    """Make stdout and stderr writable even if they were closed or cannot encode some characters."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")
    codecs.register_error("rft", substitute)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="rft")


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[..., None] | None]:
    """Draw a progress bar if stderr is a terminal.

    Args:
        what: The label before the bar.
        quiet: Never draw.

    Yields:
        rich's `Progress.update` for the bar's task, or None if no bar is drawn.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    from harness.report.console import SafeConsole

    # The bar needs a separate stream, because stderr goes to the grader's log while the grader runs.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="backslashreplace") as stream:
        with Progress(
            *columns,
            console=SafeConsole(file=stream),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as bar:
            yield partial(bar.update, bar.add_task(what, total=None))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
