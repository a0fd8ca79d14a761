"""Terminal styles of findings."""

from __future__ import annotations

from typing import Final

__all__ = ["SEVERITY_STYLES"]

SEVERITY_STYLES: Final = {
    "critical": "bold red",
    "error": "red",
    "warning": "yellow",
    "note": "cyan",
    "info": "dim",
}
"""The style of each severity, worst first."""
