"""Walks the fine-tuning API's lists, which come in pages.

Wire facts: `after` is the id of the last element before the page, and `has_more` says whether there is
another page (user guide, "paginate through all events").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from harness.api.failures import PageMissing, RequestRefused, Unreachable
from harness.api.types import Page

__all__ = ["MOST_PAGES", "Listing", "elements", "gathered", "next_cursor"]

MOST_PAGES = 20_000
"""A walk that needs more is broken: two million elements at 100 a page."""

Shape = TypeVar("Shape")


def elements(
    fetch: Callable[[str | None], Page[dict[str, Any]]], most: int = MOST_PAGES
) -> Iterator[dict[str, Any]]:
    """Walk a list that the service hands out in pages, one page in memory at a time.

    Args:
        fetch: Fetches the page after an id, the first page for None.
        most: The most pages to fetch.

    Yields:
        The elements, each once, in the service's order, without those that the page before had.

    Raises:
        PageMissing: The service says that there is more but not where, its pages lead in a circle, or there
            is no end.
    """
    after: str | None = None
    before: set[str] = set()
    followed: set[str] = set()
    for _ in range(most):
        page = fetch(after)
        ids = [_id(element) for element in page["data"]]
        yield from (element for name, element in zip(ids, page["data"], strict=True) if name not in before)
        if not page.get("has_more"):
            return
        after = next_cursor(page, after)
        if after in followed:
            raise PageMissing("the service's pages lead in a circle")
        followed.add(after)
        before = {name for name in ids if name is not None}
    raise PageMissing(f"the list did not end after {most} pages")


class Listing(NamedTuple, Generic[Shape]):
    """What was read of a list."""

    elements: list[Shape]
    incomplete: Unreachable | RequestRefused | None
    """What ended the list before its end; None for a whole list."""


def gathered(walk: Iterator[Shape], before: Sequence[Shape] = ()) -> Listing[Shape]:
    """Read a list to its end, and keep what was read where it breaks.

    Args:
        walk: The elements.
        before: Those that were read already; they come first.

    Raises:
        Unreachable: The first page could not be read.
        RequestRefused: The first page was refused.
    """
    found = list(before)
    try:
        for element in walk:
            found.append(element)
    except (Unreachable, RequestRefused) as error:
        if not found and not isinstance(error, PageMissing):
            raise
        return Listing(found, error)
    return Listing(found, None)


def next_cursor(page: Page[Any], after: str | None) -> str:
    """The id after which the next page starts.

    Args:
        page: The page; the service says that there is another.
        after: What it was fetched with.

    Returns:
        The last element's id, or the page's `last_id` when the page is empty or that element has none.

    Raises:
        PageMissing: The page names no id, or the one it was fetched with.
    """
    cursor = (_id(page["data"][-1]) if page["data"] else None) or _word(page.get("last_id"))
    if cursor is None or cursor == after:
        raise PageMissing("the service says that there is more and does not say where")
    return cursor


def _id(element: Any) -> str | None:
    """An element's id; None where the service sent none, or one that is neither text nor number."""
    return _word(element.get("id"))


def _word(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
