"""What may be logged: ids and places always, content only where the function's environment allows it."""

from __future__ import annotations

import os

from ..wire import strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def may_log_content() -> bool:
    """Whether `GRADER_LOG_CONTENT=1` allows prompts, completions, references and errors' texts in the log."""
    return os.environ.get("GRADER_LOG_CONTENT") == "1"


def short_id(item: Any) -> str | int | None:
    """An id that is fit for a log: short, and no structure that could carry content."""
    key = item.get("id") if isinstance(item, dict) else None
    if isinstance(key, str):
        return key[:200].encode("utf-8", "replace").decode()
    return key if isinstance(key, int) and key.bit_length() < 64 else None


def writable(value: Any) -> Any:
    """A JSON value without the lone surrogates that no log takes."""
    try:
        return strict(value)[0]
    except RecursionError:
        return "(nested too deeply to be logged)"
