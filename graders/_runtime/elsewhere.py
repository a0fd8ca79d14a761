"""Packages that a grader imports only in a child process, but that are part of the grader."""

from __future__ import annotations

packages_elsewhere: set[str] = set()
"""Names of packages, as in import statements."""
