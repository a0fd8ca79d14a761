"""Terminal styles for findings."""

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
"""Style for each severity, worst first."""
