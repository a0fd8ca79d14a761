"""Fetches every new event of a job exactly once, oldest first, over an unreliable network.

Pages arrive newest first, so a poll pages back until it finds an event that is already in the journal. If
this takes more than one page, the pages are stored on disk (`events.walk.jsonl`). An interrupted walk can
then resume, and 100,000 events need no more memory than 100. Events are appended to the journal only after
the walk has reached a known event, so the journal has no gap unless the service causes one. If a page
announces a next page but has no usable ID, it is fetched again a few times. After that it counts as the last
page, and `incomplete` is true.

Wire facts: pages, `after` and `has_more` are documented. The order is not documented, so it is determined
from each first page. Services that list the oldest events first are supported too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, cast

from harness.api.failures import RequestRefused, Unreachable
from harness.api.pages import MOST_PAGES, next_cursor
from harness.api.times import seconds_since_1970
from harness.api.types import STEP, Event, Page
from harness.disk import AppendOnly
from harness.follow.event_log import EventLog, event_id

__all__ = ["NewEvents", "is_newest_first"]

_DEAD_ENDS = 3
"""Maximum number of attempts to fetch an announced page, after which the previous page counts as the last."""


class NewEvents:
    """Fetches a job's events that are not in the journal yet. To be used as a context manager.

    Args:
        fetch: Fetches the page after an event's ID, or the first page for None.
        log: The journal, after a call of `recover`.
    """

    def __init__(self, fetch: Callable[[str | None], Page[Event]], log: EventLog) -> None:
        self._fetch = fetch
        self._log = log
        self._newest_first = True
        self._walk = AppendOnly(log.directory / "events.walk.jsonl")
        self._offsets: list[int] = []
        self._cursors: set[str | None] = set()
        for offset, step in self._walk.values():
            self._offsets.append(offset)
            self._cursors.add(step["cursor"])
        self._dead_ends = 0

    def __enter__(self) -> NewEvents:
        return self

    def __exit__(self, *_: object) -> None:
        self._walk.close()
        if not self._offsets:
            self._walk.path.unlink(missing_ok=True)

    @property
    def pending(self) -> bool:
        """True if an announced page is missing. The next poll requests it again."""
        return 0 < self._dead_ends < _DEAD_ENDS

    @property
    def incomplete(self) -> bool:
        """True if an announced page never arrived, so that events may be missing."""
        return self._dead_ends >= _DEAD_ENDS

    def poll(self) -> Iterator[list[Event]]:
        """Fetch new events page by page. After an error, the next call resumes.

        Yields:
            New events, oldest first, after they were written to the journal.

        Raises:
            Unreachable: The network or the service failed.
            RequestRefused: The service does not know the job.
        """
        if self._offsets:
            yield from self._walk_on()
        if self._offsets:
            return
        page = self._fetch(None)
        order = is_newest_first(page["data"])
        if order is None and self._has_unseen(page):
            order = False
        self._newest_first = self._newest_first if order is None else order
        if not self._newest_first:
            yield from self._forward(page)
        elif self._is_last(page):
            yield from self._added(page["data"][::-1])
        elif self._keep(page, None):
            yield from self._walk_on()

    # --- Newest first: read back to a known event, then append in order of time

    def _walk_on(self) -> Iterator[list[Event]]:
        for _ in range(MOST_PAGES):
            step = self._walk.value_at(self._offsets[-1])
            if step["end"]:
                break
            try:
                page = self._fetch(step["cursor"])
            except RequestRefused as error:
                if error.status not in (400, 404):
                    raise
                # The service no longer knows the id that the walk reached, so begin another walk.
                self._forget()
                return
            if not self._keep(page, step["cursor"]):
                return
        else:
            self._forget()
            raise Unreachable(f"the events did not end after {MOST_PAGES} pages")
        yield from self._merge()
        self._forget()

    def _keep(self, page: Page[Event], after: str | None) -> bool:
        """Add a page to the walk. Return False if its next page is missing and must be fetched again."""
        cursor = None if self._is_last(page) else self._cursor(page, after)
        if cursor is None and self.pending:
            return False
        self._offsets.append(
            self._walk.append([{"end": cursor is None, "cursor": cursor, "data": page["data"]}])
        )
        self._cursors.add(cursor)
        return True

    def _cursor(self, page: Page[Event], after: str | None) -> str | None:
        """Return the event ID after which the next page starts.

        The result is None if the page has no such ID, or if the ID leads back to an earlier page.
        """
        try:
            cursor = next_cursor(page, after)
        except Unreachable:
            cursor = None
        if cursor is None or cursor in self._cursors:
            self._dead_ends = min(self._dead_ends + 1, _DEAD_ENDS)
            return None
        self._dead_ends = 0
        return cursor

    def _merge(self) -> Iterator[list[Event]]:
        """Append the walk's pages to the journal, oldest first.

        If an earlier call was killed, appending starts at the page with the journal's newest event.
        """
        first_pages = range(min(2, len(self._offsets)))
        if is_newest_first([event for number in first_pages for event in self._page(number)]) is False:
            # The first page alone did not show the order.
            self._newest_first = False
            for number in range(len(self._offsets)):
                yield from self._added(self._page(number))
            return
        start = len(self._offsets) - 1
        if self._log.last_id is not None:
            for number in range(start, -1, -1):
                if any(event_id(event) == self._log.last_id for event in self._page(number)):
                    start = number
                    break
        for number in range(start, -1, -1):
            yield from self._added(self._page(number)[::-1])

    def _page(self, number: int) -> list[Event]:
        return cast(list[Event], self._walk.value_at(self._offsets[number])["data"])

    def _forget(self) -> None:
        self._offsets, self._cursors = [], set()
        self._walk.cut(0)

    def _has_unseen(self, page: Page[Event]) -> bool:
        """Return True if all events on the first page are known but later pages may contain new ones."""
        if not page.get("has_more") or not all(event in self._log for event in page["data"]):
            return False
        ids = {event_id(event) for event in page["data"]}
        return self._log.count <= len(ids) or self._log.last_id not in ids

    def _is_last(self, page: Page[Event]) -> bool:
        return not page.get("has_more") or any(event in self._log for event in page["data"])

    # --- Oldest first: continue after the known events

    def _forward(self, page: Page[Event]) -> Iterator[list[Event]]:
        self._cursors = set()
        after = self._log.last_id
        if after is not None and page.get("has_more"):
            page = self._fetch(after)
        for _ in range(MOST_PAGES):
            yield from self._added(page["data"])
            if not page.get("has_more"):
                return
            after = self._cursor(page, after)
            if after is None:
                return
            self._cursors.add(after)
            page = self._fetch(after)
        raise Unreachable(f"the events did not end after {MOST_PAGES} pages")

    def _added(self, events: list[Event]) -> Iterator[list[Event]]:
        new = self._log.add(events)
        if new:
            yield new


def is_newest_first(events: list[Event]) -> bool | None:
    """Determine the order of a page of events.

    Args:
        events: A page, in the service's order.

    Returns:
        True for newest first, False for oldest first, or None if all events have the same second.
    """
    for read in (lambda event: seconds_since_1970(event.get("created_at")), _step):
        values = [value for value in map(read, events) if isinstance(value, int | float)]
        falls = sum((a > b) - (a < b) for a, b in pairwise(values))
        if falls:
            return falls > 0
    return None


def _step(event: Event) -> Any:
    data = event.get("data")
    return data.get(STEP) if isinstance(data, dict) else None
