"""Stores a job's events in `events.jsonl`, oldest first and without duplicates.

Only one process at a time can open this journal. Memory use is constant, because only the newest 2,000 IDs
are kept in memory, far more than one poll needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from harness.api.types import Event
from harness.disk import AppendOnly, lock

__all__ = ["EventLog"]

_IDS_KEPT = 2_000


class EventLog:
    """A job's journal of events. `recover` must be called once before events are added.

    Args:
        directory: The job's folder, which is created if it is missing.

    Raises:
        InputError: The folder cannot be written, or another process has the journal open.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._held = lock(
            directory / "events.lock",
            "the journal of this job's events",
            fix="Stop that process, or choose another folder with --jobs-dir.",
        )
        try:
            self._lines = AppendOnly(directory / "events.jsonl", "Choose another folder with --jobs-dir.")
        except BaseException:
            self._held.close()
            raise
        self._order: deque[str] = deque()
        self._known: set[str] = set()
        self.count = 0
        """Number of events in the journal."""

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._held.close()

    @property
    def last_id(self) -> str | None:
        """ID of the newest event."""
        return self._order[-1] if self._order else None

    def __contains__(self, event: Event) -> bool:
        """Return True if the event is among the newest 2,000 events of the journal."""
        return event_id(event) in self._known

    def recover(self) -> Iterator[Event]:
        """Read the journal from the start, and truncate an incomplete last line.

        Yields:
            The events, oldest first.
        """
        for _, value in self._lines.values():
            event = cast(Event, value)
            self._remember(event)
            yield event

    def add(self, events: list[Event]) -> list[Event]:
        """Append those events that the journal does not contain yet.

        Args:
            events: Events, oldest first.

        Returns:
            The new events.
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
    """Return an event's ID, or a key derived from its content if the service sent no ID.

    Args:
        event: Any event.
    """
    found = event.get("id")
    return found if isinstance(found, str) and found else repr(sorted(event.items(), key=repr))
