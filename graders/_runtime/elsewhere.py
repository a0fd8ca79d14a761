"""What of a grader is imported in another process than its own, and is a part of the grader all the same."""

from __future__ import annotations

packages_elsewhere: set[str] = set()
"""Names of packages, as import statements have them."""
