"""What tests of adapters share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.adapters import ConfinedFunction, confined

Call = Callable[..., Any]


@pytest.fixture
def rewards(tmp_path: Path) -> Callable[..., ConfinedFunction]:
    """Write `rewards.py` and confine a function of it, the last one by default."""

    def made(text: str, function: str = "f", **options: Any) -> ConfinedFunction:
        file = tmp_path / "rewards.py"
        file.write_text(text, encoding="utf-8")
        return confined(file, function, **options)

    return made


@pytest.fixture
def called() -> Call:
    """Call an async function to its end."""

    def call(function: Call, *args: Any, **kwargs: Any) -> Any:
        async def wait() -> Any:
            return await function(*args, **kwargs)

        return asyncio.run(wait())

    return call
