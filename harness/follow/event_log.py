"""The events of one job that were seen, on disk: `events.jsonl`, oldest first, each once.

Comes in: events as the service sent them. Goes out: the same, for whoever starts again. One process at a
time may hold it. Memory stays flat: of the ids it keeps the newest 2,000, many pages more than a poll
looks back.
"""

from __future__ import annotations

import fcntl
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from harness.api.types import Event
from harness.errors import InputError
from harness.follow.lines import AppendedLines

__all__ = ["EventLog"]

_IDS_KEPT = 2_000


class EventLog:
    """The journal; read it once with `recover` before anything is added.

    Args:
        directory: The job's folder, made when missing.

    Raises:
        InputError: The folder cannot be written, or another process holds the journal.
    """

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", place=str(directory)) from error
        self.directory = directory
        self._lines = AppendedLines(directory / "events.jsonl")
        self._order: deque[str] = deque()
        self._known: set[str] = set()
        self.count = 0
        """How many events the journal holds."""
        try:
            fcntl.flock(self._lines.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lines.close()
            raise InputError(
                "another process is following this job here",
                fix="Stop it, or choose another folder with --jobs-dir.",
                place=str(directory),
            ) from error

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    @property
    def last_id(self) -> str | None:
        """The id of the event that was added last."""
        return self._order[-1] if self._order else None

    def __contains__(self, event: Event) -> bool:
        """Whether the event is among the newest that the journal holds."""
        return event_id(event) in self._known

    def recover(self) -> Iterator[Event]:
        """Read the journal from the start, cutting off a line that was half written.

        Yields:
            The events, oldest first.
        """
        for _, value in self._lines.recover():
            event = cast(Event, value)
            self._remember(event)
            yield event

    def add(self, events: list[Event]) -> list[Event]:
        """Write down those events that the journal does not hold yet.

        Args:
            events: Oldest first.

        Returns:
            Those that were new.
        """
        new = []
        for event in events:
            if event not in self:
                self._remember(event)
                new.append(event)
        if new:
            self._lines.append(new)
        return new

    def _remember(self, event: Event) -> None:
        self.count += 1
        self._order.append(event_id(event))
        self._known.add(event_id(event))
        if len(self._order) > _IDS_KEPT:
            self._known.discard(self._order.popleft())


def event_id(event: Event) -> str:
    """An event's id, or its content where the service sent none.

    Args:
        event: Any event.
    """
    found = event.get("id")
    return found if isinstance(found, str) and found else repr(sorted(event.items(), key=repr))
