from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.emulator.api_errors import ApiError
from harness.emulator.grader_runs import GraderRuns
from harness.emulator.python_turns import PythonTurns

CHECK: dict[str, Any] = {
    "type": "string_check",
    "input": "{{sample.output_text}}",
    "reference": "a",
    "operation": "eq",
}
HANGS: dict[str, Any] = {
    "type": "python",
    "source": "import time\ndef grade(sample, item):\n    time.sleep(1e6)",
}
GOOD: dict[str, Any] = {"type": "python", "source": "def grade(sample, item):\n    return 1"}


def test_a_python_grader_that_waits_for_those_that_hang_is_refused_and_others_are_not() -> None:
    several = {
        "type": "multi",
        "graders": {"a": HANGS, "b": HANGS, "c": CHECK},
        "calculate_output": "a + b + c",
    }
    runs = GraderRuns(None, 600, PythonTurns(2, 0.5))

    async def story() -> ApiError:
        hanging = asyncio.ensure_future(runs.run(several, "a", {}))
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as refusal:
            await runs.run(GOOD, "a", {})
        assert (await runs.run(CHECK, "a", {})).reward == 1
        hanging.cancel()
        assert (await runs.run(GOOD, "a", {})).reward == 1
        return refusal.value

    try:
        error = asyncio.run(story())
    finally:
        runs.close()
    assert error.status == 503
    assert error.message.startswith("2 Python graders are running")


def test_a_python_grader_is_ended_when_its_seconds_are_over() -> None:
    runs = GraderRuns(None, 0.2)
    try:
        answer = asyncio.run(runs.run(HANGS, "a", {}))
    finally:
        runs.close()
    assert answer.errors["python_grader_server_error_type"] == "timeout"
