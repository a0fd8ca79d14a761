from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import GraderError
from graders.adapters import ConfinedFunction, confined
from graders.checks import _code_fork_server

Call = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def _no_server_left() -> Iterator[None]:
    yield
    _code_fork_server.end_processes()


@pytest.fixture
def modules_as_before() -> Iterator[None]:
    """Remove the modules that a test imports, and its changes to `sys.meta_path`."""
    before, finders = set(sys.modules), [*sys.meta_path]
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.meta_path[:] = finders


@pytest.fixture
def rewards(tmp_path: Path) -> Callable[..., ConfinedFunction]:
    """Write `rewards.py` and confine one of its functions, the last one by default."""

    def made(text: str, function: str = "f", **options: Any) -> ConfinedFunction:
        file = tmp_path / "rewards.py"
        file.write_text(text, encoding="utf-8")
        return confined(file, function, **options)

    return made


@pytest.fixture(scope="session")
def called() -> Call:
    def call(function: Call, *args: Any, **kwargs: Any) -> Any:
        async def wait() -> Any:
            return await function(*args, **kwargs)

        return asyncio.run(wait())

    return call


@pytest.fixture
def failing(called: Call) -> Call:
    """Return a function that calls an async function and returns the `GraderError` that it raises."""

    def fail(function: Call, *args: Any, **kwargs: Any) -> GraderError:
        with pytest.raises(GraderError) as raised:
            called(function, *args, **kwargs)
        return raised.value

    return fail
