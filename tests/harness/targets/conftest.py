from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_modules_left() -> Iterator[None]:
    """Remove the modules that a test imported, so that the next test can import others of the same name."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
