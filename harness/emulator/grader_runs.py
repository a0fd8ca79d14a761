"""Runs OpenAI graders without blocking the emulator's jobs or its other routes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from graders import ConfigurationError, DecorationError
from graders.adapters.openai import OpenAIRun, openai_models, openai_run
from harness.emulator.python_turns import PythonTurns, python_graders
from harness.errors import InputError

__all__ = ["GraderRuns"]

_STOP_TIMEOUT_S: Final = 2.0


class GraderRuns:
    """Runs graders on a separate event loop and thread.

    A slow or stuck grader therefore blocks neither jobs nor other routes. A Python grader that waits too long
    for its turn is rejected.

    Args:
        models: A TOML file that maps OpenAI's judge models to other models; None to support no judges.
        seconds: The time limit of a Python grader.
        turns: The queue for Python graders; None for the default queue of this machine.

    Raises:
        InputError: The TOML file cannot be used.
    """

    def __init__(self, models: Path | None, seconds: float, turns: PythonTurns | None = None) -> None:
        try:
            openai_models(models)
        except (ConfigurationError, DecorationError) as error:
            raise InputError(str(error), fix="Correct the file of --judge-models.") from error
        self._models = models
        self._seconds = seconds
        self._turns = turns or PythonTurns()
        self._lock = threading.Lock()
        self._working: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None

    async def run(self, grader: Mapping[str, Any], model_sample: str, item: Mapping[str, Any]) -> OpenAIRun:
        """Grade one sample while other requests are served.

        Raises:
            OpenAISpecError: The grader is not valid.
            ApiError: Other Python graders are running and none finishes in time.
        """
        run = self._in_turn(grader, model_sample, item)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run, self._loop()))

    async def _in_turn(
        self, grader: Mapping[str, Any], model_sample: str, item: Mapping[str, Any]
    ) -> OpenAIRun:
        async with self._turns.taken(python_graders(grader)):
            return await openai_run(grader, model_sample, item, self._models, seconds=self._seconds)

    def close(self) -> None:
        """Cancel the graders that are still running, and end the thread."""
        with self._lock:
            working, self._working = self._working, None
        if working is not None:
            loop, thread = working
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_STOP_TIMEOUT_S)

    def _loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop, which is started for the first request."""
        with self._lock:
            if self._working is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop,), name="graders", daemon=True)
                thread.start()
                self._working = loop, thread
            return self._working[0]


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:  # cancels all remaining tasks when it closes
        runner.get_loop().run_forever()
