"""Queries written by a model, graded on a scratch database."""

from __future__ import annotations

import json
from pathlib import Path

from support.rft_command import replay_json, rft_inside, rows_of

SCRIPT = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3);"
RIGHT = "SELECT a FROM t WHERE a > 1"
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
WIDE = "WITH RECURSIVE c(x) AS (SELECT printf('%19000d', 1) UNION ALL SELECT x FROM c)"
HUGE = f"{WIDE} SELECT x FROM c ORDER BY x"
ATTACKS = {
    ENDLESS: "stopped",
    HUGE: "stopped",
    "DELETE FROM t": "refused",
    "ATTACH 'stolen.db' AS other": "refused",
}


def record(completion: str, reference: str = RIGHT, script: str = SCRIPT) -> dict[str, object]:
    messages = [{"role": "user", "content": "Which are above one?"}]
    messages += [{"role": "assistant", "content": completion}] if completion else []
    return {"messages": messages, "reference_answer": reference, "script": script}


def write(path: Path, records: list[dict[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")


def test_an_attack_fails_only_its_own_rollout(tmp_path: Path) -> None:
    texts = [text for attack in ATTACKS for text in (attack, RIGHT)]
    write(tmp_path / "rollouts.jsonl", [record(text) for text in texts])
    found = replay_json(tmp_path, grader="checks.sql:sql_result(steps=1000000)")
    rows = rows_of(tmp_path, found)
    assert [row["reward"] for row in rows] == [0.0, 1.0] * len(ATTACKS)
    assert [row["metrics"][fault] for row, fault in zip(rows[::2], ATTACKS.values(), strict=True)] == [
        1.0
    ] * 4
    assert not (tmp_path / "stolen.db").exists()


def test_records_that_no_query_can_answer_are_found_before_a_job(tmp_path: Path) -> None:
    write(
        tmp_path / "train.jsonl",
        [record("")]
        + [
            record("", "SELECT a FROM t WHERE a > 9"),
            record("", RIGHT, "CREATE"),
            record("", "SELECT b FROM t"),
        ],
    )
    done = rft_inside(tmp_path, "validate", "train.jsonl", "--check", "checks.sql:sql_result()", "--json")
    found = [one["place"]["line"] for one in json.loads(done.stdout)["findings"] if one["id"] == "R090"]
    assert (done.returncode, found) == (1, [2, 3, 4])
