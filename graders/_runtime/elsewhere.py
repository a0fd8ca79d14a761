"""Packages that a grader imports only in a child process."""

from __future__ import annotations

packages_elsewhere: set[str] = set()
"""Package names as spelled in import statements."""
