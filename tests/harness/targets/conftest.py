"""What tests of targets share: a grader that one imports is not there for the next."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_modules_left() -> Iterator[None]:
    """Take out what a test imported, and what it put on the path."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
