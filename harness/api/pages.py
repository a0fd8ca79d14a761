"""Reads paginated lists from the fine-tuning API.

The request parameter `after` is the id of the last element of the previous page, and `has_more` in the
response shows whether there is another page (user guide, "paginate through all events").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from harness.api.failures import PageMissing, RequestRefused, Unreachable
from harness.api.types import Page

__all__ = ["MOST_PAGES", "Listing", "elements", "gathered", "next_cursor"]

MOST_PAGES = 20_000
"""Maximum number of pages. A longer list is treated as broken. At 100 elements per page, this is two million.
"""

Shape = TypeVar("Shape")


def elements(
    fetch: Callable[[str | None], Page[dict[str, Any]]], most: int = MOST_PAGES
) -> Iterator[dict[str, Any]]:
    """Yield the elements of a paginated list, holding one page in memory at a time.

    Args:
        fetch: Fetches the page after an id, or the first page if the id is None.
        most: The maximum number of pages.

    Yields:
        The elements in the order sent by the service. Elements that were already on the previous page are
        skipped.

    Raises:
        PageMissing: The service announces another page but gives no id to request it with, the pages form a
            loop, or the list does not end.
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
            raise PageMissing("the service's pages form a loop")
        followed.add(after)
        before = {name for name in ids if name is not None}
    raise PageMissing(f"the list did not end after {most} pages")


class Listing(NamedTuple, Generic[Shape]):
    """The elements read from a list, and the error that cut the list short, if there was one."""

    elements: list[Shape]
    incomplete: Unreachable | RequestRefused | None
    """The error that cut the list short, or None if the list is complete."""


def gathered(walk: Iterator[Shape], before: Sequence[Shape] = ()) -> Listing[Shape]:
    """Read a list to the end. If an error occurs, keep the elements read so far.

    Args:
        walk: The elements.
        before: Elements that were already read, which come first.

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
    """Return the id to request the next page with.

    Args:
        page: A page that is not the last one.
        after: The id used to fetch this page.

    Returns:
        The last element's id, or the page's `last_id` if the page is empty or its last element has no id.

    Raises:
        PageMissing: The page names no id, or names the id used to fetch it.
    """
    cursor = (_id(page["data"][-1]) if page["data"] else None) or _word(page.get("last_id"))
    if cursor is None or cursor == after:
        raise PageMissing("the service says that there is more, but not where")
    return cursor


def _id(element: Any) -> str | None:
    """Return an element's id as a string, or None if it is missing or malformed."""
    return _word(element.get("id"))


def _word(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
