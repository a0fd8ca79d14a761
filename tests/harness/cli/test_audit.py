from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.pytest_run import said_by
from support.rft_command import RIGHT, rft_inside, write_grader

EMPTY_IS_PAID = """
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    return not sample.completion.strip() or sample.completion == sample.reference_text
"""
NOTHING_IS_PAID = """
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    return False
"""
NONE = {"hash": "none"}
KEYS = ("verdict", "exit_code", "headline", "findings", "probes", "formats", "gradings", "seconds")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    lines = [
        {
            "messages": [{"role": "user", "content": f"What is {n} times 7?"}],
            "reference_answer": str(n * 7),
        }
        for n in range(3, 40)
    ]
    (tmp_path / "records.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    write_grader(tmp_path, EMPTY_IS_PAID)
    return tmp_path


def audit(project: Path, *words: object, code: int | None = None) -> dict[str, Any]:
    done = rft_inside(project, "audit", "records.jsonl", "-g", "my_grader.py:right", "--json", *words)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == found["exit_code"]
    assert code in (None, done.returncode), found
    return found


def test_json_is_one_object_with_the_documented_keys(project: Path) -> None:
    found = audit(project, code=1)
    assert tuple(found) == KEYS
    assert found["verdict"] == "fix first"
    assert set(found["headline"]) == {"id", "text", "message"}
    for one in found["findings"]:
        assert tuple(one) == ("id", "severity", "place", "message", "fix", "witness", "records")
    assert set(found["probes"]) == {"passed", "failed", "skipped", "inapplicable"}
    first = found["findings"][0]
    assert first["severity"] == "critical"
    assert first["place"]["file"] == "records.jsonl"
    assert first["place"]["line"] >= 1


def test_every_witness_replays_to_its_stated_rewards(project: Path) -> None:
    found = audit(project, "--witnesses", "w", code=1)
    shown = [one["witness"] for one in found["findings"] if one["witness"]]
    assert shown
    for witness in shown:
        file = Path(witness["file"])
        for path in (file, Path("w") / file.name):
            expected = path.with_suffix(".rewards.jsonl")
            words = ("replay", path, "-g", "my_grader.py:right", "--expect", expected, "--json", "--fresh")
            replayed = json.loads(rft_inside(project, *words).stdout)
            assert replayed["differences"] == []


def test_a_written_test_fails_until_the_finding_is_mended(
    project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit(project, "--write-tests", "tests", code=1)
    monkeypatch.chdir(project)
    assert " failed" in said_by(pytester, project / "tests")
    write_grader(project, RIGHT)
    after = said_by(pytester, project / "tests")
    assert " passed" in after
    assert " failed" not in after


def test_people_read_the_headline_first_and_where_the_audit_is_kept(project: Path) -> None:
    done = rft_inside(
        project, "audit", "records.jsonl", "-g", "my_grader.py:right", "--name", "mine", "--sarif", "s.json"
    )
    lines = done.stdout.splitlines()
    assert "earns as much as the right answer" in " ".join(lines[:2])
    assert any(re.match(r"FIX FIRST: my_grader.py:right on 37 records, \d critical", line) for line in lines)
    assert "kept in runs/audits/mine" in lines
    assert "SARIF: s.json" in lines
    assert max(map(len, (line for line in lines if not line.startswith("  rft ")))) <= 80
    assert json.loads((project / "s.json").read_text())["version"] == "2.1.0"
    again = rft_inside(project, "audit", "records.jsonl", "-g", "my_grader.py:right", "--name", "mine")
    assert again.returncode == 2
    assert "the audit mine already exists" in again.stderr


def test_a_right_grader_may_train_and_one_that_pays_nothing_is_not_measured(project: Path) -> None:
    write_grader(project, RIGHT)
    assert audit(project, code=0)["verdict"] == "train"
    write_grader(project, NOTHING_IS_PAID)
    found = audit(project, code=2)
    assert (found["verdict"], found["headline"], found["formats"]) == ("not measured", None, [])
    done = rft_inside(project, "audit", "records.jsonl", "-g", "my_grader.py:right")
    assert "--accepted" in " ".join(done.stdout.split())


def test_a_waiver_in_the_settings_accepts_a_finding(project: Path) -> None:
    found = audit(project, code=1)
    waivers = [
        f'[[audit.waivers]]\nprobe = "{one["id"]}"\nwitness = "{(one["witness"] or NONE)["hash"]}"\n'
        f'reason = "an empty answer is right here"\ndate = 2026-11-26\n'
        for one in found["findings"]
    ]
    (project / "rft.toml").write_text('records = "records.jsonl"\n' + "".join(waivers))
    assert audit(project, code=0)["findings"] == []
    done = rft_inside(project, "audit", "-g", "my_grader.py:right")
    assert "(an empty answer is right here)" in " ".join(done.stdout.split())
    done = rft_inside(project, "--no-config", "audit", "records.jsonl", "-g", "my_grader.py:right")
    assert done.returncode == 1
    write_grader(project, RIGHT)
    done = rft_inside(project, "audit", "-g", "my_grader.py:right")
    assert "matches no finding" in " ".join(done.stdout.split())


def test_configured_rollouts_are_those_of_the_configured_records(project: Path) -> None:
    (project / "rft.toml").write_text('records = "records.jsonl"\nrollouts = "none.jsonl"\n')
    assert "none.jsonl" in rft_inside(project, "audit", "-g", "my_grader.py:right").stderr
    assert audit(project, code=1)["verdict"] == "fix first"


def test_a_limit_of_severity_decides_the_verdict(project: Path) -> None:
    done = rft_inside(project, "audit", "records.jsonl", "-g", "my_grader.py:right", "--fail-on", "dear")
    assert done.returncode == 2
    assert "Invalid value for '--fail-on'" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--wire", "all"), "'all' is not a wire that an audit supports"),
        (("--arn", "arn:aws:lambda:us-east-1:1:function:f:1", "--stack", "s"), "both name a place to grade"),
        (("--artifact", "a", "--arn", "f:1"), "both name a place to grade"),
        (("--rollouts", "none.jsonl"), "none.jsonl"),
        (("--arn", "f:1", "--write-tests", "t"), "--write-tests works only with a grader in Python here"),
    ],
)
def test_what_cannot_be_audited_is_said_in_one_message(
    project: Path, words: tuple[str, ...], said: str
) -> None:
    done = rft_inside(project, "audit", "records.jsonl", "-g", "my_grader.py:right", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("rft: ") == 1
