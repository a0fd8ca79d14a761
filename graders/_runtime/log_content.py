"""Keeps prompts, completions and references out of logs unless the environment allows them."""

from __future__ import annotations

import os

from ..wire import strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def may_log_content() -> bool:
    """Return True if `GRADER_LOG_CONTENT=1` is set, which allows content and errors in logs."""
    return os.environ.get("GRADER_LOG_CONTENT") == "1"


def short_id(item: Any) -> str | int | None:
    """Return the item's id if it is safe to log, or None. Strings are truncated to 200 characters."""
    key = item.get("id") if isinstance(item, dict) else None
    if isinstance(key, str):
        return key[:200].encode("utf-8", "replace").decode()
    return key if isinstance(key, int) and key.bit_length() < 64 else None


def writable(value: Any) -> Any:
    """Return a JSON value without lone surrogates, which cannot be written to a log."""
    try:
        return strict(value)[0]
    except RecursionError:
        return "(nested too deeply to be logged)"
