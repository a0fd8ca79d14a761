"""Walking a list that the service hands out in pages.

Comes in: a function that fetches the page after an id. Goes out: the pages' elements, each once, in the
service's order. It holds one page at a time and never loops for ever on a cursor that does not move.

Wire facts: `after` is the id of the previous page's last element and `has_more` says whether there is
another page (user guide, "paginate through all events").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.api.failures import Unreachable

__all__ = ["MOST_PAGES", "next_cursor", "pages"]

MOST_PAGES = 20_000
"""A walk that needs more is broken: two million elements at 100 a page."""

Page = Mapping[str, Any]


def pages(
    fetch: Callable[[str | None], Page], *, after: str | None = None, most: int = MOST_PAGES
) -> Iterator[list[dict[str, Any]]]:
    """Yield the elements of one page after another.

    Args:
        fetch: Fetches the page after an id, the first page for None.
        after: Where to start, None for the beginning.
        most: The most pages to fetch.

    Yields:
        A page's elements, without those that the page before had.

    Raises:
        Unreachable: The service says that there is more but not where, or there is no end.
    """
    before: set[str] = set() if after is None else {after}
    for _ in range(most):
        page = fetch(after)
        elements = [element for element in page["data"] if element.get("id") not in before]
        if elements:
            yield elements
        if not page.get("has_more"):
            return
        after = next_cursor(page, after)
        before = {str(element.get("id")) for element in page["data"]}
    raise Unreachable(f"the list did not end after {most} pages", fix="Narrow it with --limit.")


def next_cursor(page: Page, after: str | None) -> str:
    """The id that the next page starts after.

    Args:
        page: A page with `has_more`.
        after: The id that this page was fetched with.

    Returns:
        The last element's id, or the page's `last_id` when the page is empty.

    Raises:
        Unreachable: The page names no id, or the one it was fetched with.
    """
    elements = page["data"]
    cursor = elements[-1].get("id") if elements else page.get("last_id")
    if not isinstance(cursor, str) or not cursor or cursor == after:
        raise Unreachable(
            "the service says that there is more, but not after which id", fix="Run the same command again."
        )
    return cursor
