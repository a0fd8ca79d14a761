"""Draws the screen for one job: status, step, time, a curve per metric, warnings and latest messages.

`JobScreen` draws itself at the terminal's current width, so it adapts when the terminal is resized. The
screen copies all strings and numbers, so a watch can update the originals while it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import ConsoleOptions, RenderResult
from rich.text import Text

from harness.api.cost import JobCost
from harness.api.safe_text import plain_text
from harness.api.times import seconds_since_1970
from harness.api.types import Event
from harness.clock import duration
from harness.follow.curves import Curves, sparkline
from harness.follow.status import has_ended, has_succeeded, status_word
from harness.follow.watched import Watched
from harness.printable import printable, wrapped

__all__ = ["JobScreen"]

_NAME = 23
_NUMBER = 11
_CURVE = 40
_LEAST_CURVE = 6
_NOTES = 3


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    value: str
    points: list[float]


@dataclass(slots=True)
class JobScreen:
    """A job's state, to be printed or shown in a live display.

    Args:
        name: The user's name for the job.
        now: Returns the time, in seconds since 1970.
    """

    name: str
    now: Callable[[], float]
    trouble: str | None = None
    """The reason why the service is unreachable; None if it is reachable."""
    _rows: tuple[_Metric, ...] = ()
    _status: tuple[str, str] = ("not known yet", "dim")
    _id: str = ""
    _step: str = ""
    _times: tuple[float | None, float | None] = (None, None)
    _left: float | None = None
    _ended: bool = False
    _cost: str = ""
    _said: tuple[tuple[str, str], ...] = ()
    _messages: tuple[str, ...] = field(default=())

    def show(self, watched: Watched) -> None:
        """Update the screen.

        Args:
            watched: The current state of the watch.
        """
        job = watched.job
        if job is not None:
            self._ended = has_ended(job)
            good = has_succeeded(job)
            style = "bold green" if good else "bold red" if self._ended else "bold"
            self._status = status_word(job), style
            self._id = plain_text(job.id or "")
            begun, ended = (
                time if isinstance(time, float) else None for time in (job.created_at, job.finished_at)
            )
            self._times = begun, ended if self._ended else None
        self._step = _step(watched.curves)
        self._left = watched.curves.seconds_left
        self._rows = tuple(_metrics(watched.curves))
        warnings = [
            (f"{one.id} {one.message}. {one.fix or ''}".rstrip(), "yellow") for one in watched.warnings
        ]
        notes = [(f"{note}.", "cyan") for note in watched.notes[-_NOTES:]]
        silence = [(f"{watched.silence}.", "cyan")] if watched.silence else []
        said = (*warnings, *notes, *silence)
        self._said = tuple((plain_text(text), style) for text, style in said)
        self._messages = tuple(map(_message, watched.messages))
        self._cost = "" if watched.cost is None else _cost(watched.cost)

    def __rich_console__(self, console: object, options: ConsoleOptions) -> RenderResult:
        for text, style in self.lines(options.max_width):
            yield Text(text, style=style, no_wrap=True, overflow="ellipsis")

    def lines(self, width: int, *, brief: bool = False) -> Iterator[tuple[str, str]]:
        """Yield the screen's lines. Words wider than the screen are not split.

        Args:
            width: Number of columns on the screen.
            brief: True to leave out warnings, notes and messages.

        Yields:
            Each line with its style.
        """
        names = "  ".join(dict.fromkeys(part for part in (printable(self.name), self._id) if part))
        status, style = self._status
        yield from _broken(f"{names}  {status}", style, width)
        yield from _broken("   ".join([self._step, *self._clock()]), "", width)
        if self._cost:
            yield from _broken(self._cost, "", width)
        if self.trouble:
            yield from _broken(plain_text(self.trouble), "red", width)
        room = min(_CURVE, width - 2 - _NAME - _NUMBER - 2)
        for row in self._rows:
            line = f"  {row.name:<{_NAME}}{row.value:>{_NUMBER}}"
            curve = sparkline(row.points, room) if room >= _LEAST_CURVE else ""
            yield f"{line}  {curve}".rstrip(), ""
        if brief:
            return
        for text, style in self._said:
            yield from _broken(text, style, width)
        for message in self._messages:
            yield message, "dim"

    def _clock(self) -> list[str]:
        begun, ended = self._times
        passed = None if begun is None else (self.now() if ended is None else ended) - begun
        # If this machine's clock disagrees with the service's, the elapsed time is meaningless.
        shown = "unknown" if passed is None or passed < 0 else duration(passed)
        if self._ended:
            return [f"took {shown}"]
        left = "time left unknown" if self._left is None else f"about {duration(self._left)} left"
        return [f"elapsed {shown}", left]


def _cost(cost: JobCost) -> str:
    parts = {"Lambda": cost.lambda_usd, "training": cost.training_usd}
    known = (f"{name} {'unknown' if usd is None else f'{usd:.4g} USD'}" for name, usd in parts.items())
    return f"cost so far: {', '.join(known)}"


def _step(curves: Curves) -> str:
    total = curves.total_steps
    if not curves.step:
        return "no step yet" + (f" of {total}" if total else "")
    if not total:
        return f"step {curves.step} of an unknown number"
    return f"step {curves.step}/{total} ({100 * curves.step // total} %)"


def _metrics(curves: Curves) -> Iterator[_Metric]:
    for name, series in curves.series.items():
        if series.last is not None:
            yield _Metric(name, f"{series.last:.4g}", series.curve())
        elif name in curves.bad_numbers:
            yield _Metric(name, "not finite", [])


def _message(event: Event) -> str:
    seconds = seconds_since_1970(event.get("created_at"))
    try:
        at = (
            "        "
            if seconds is None
            else datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S")
        )
    except (OverflowError, OSError, ValueError):
        at = "        "
    level = str(event.get("level") or "info")
    said = "" if level == "info" else f"{plain_text(level).upper()}: "
    return f"  {at}  {said}{plain_text(str(event.get('message') or event.get('type') or '(no message)'))}"


def _broken(text: str, style: str, width: int) -> Iterator[tuple[str, str]]:
    for line in wrapped(text, width).split("\n"):
        yield line, style
