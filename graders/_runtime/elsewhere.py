"""Packages that a grader needs although it imports them only in a child process."""

from __future__ import annotations

packages_elsewhere: set[str] = set()
"""Names of packages, as in import statements."""
