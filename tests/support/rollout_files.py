from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.samples import ROLLOUTS


def rollout(key: Any, completion: str | None, reference: Any = "#### 72", **fields: Any) -> dict[str, Any]:
    """Return one line of a rollouts file."""
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": completion}]
    return {"id": key, "messages": turns, "reference_answer": reference, **fields}


def write_rollouts(path: Path, rollouts: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rollouts), encoding="utf-8")
    return path


def write_many(path: Path, count: int) -> Path:
    """Write copies of the shipped rollouts, with their own ids and records."""
    shipped = ROLLOUTS.read_text(encoding="utf-8").splitlines()
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            one = json.loads(shipped[at % len(shipped)])
            copy = at // len(shipped)
            file.write(
                json.dumps({**one, "id": f"{one['id']}#{copy}", "record": f"{one['record']}#{copy}"}) + "\n"
            )
    return path
