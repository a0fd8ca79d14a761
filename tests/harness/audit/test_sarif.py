from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harness.audit.keeping import rules
from harness.audit.sarif import sarif
from harness.findings import Place, Severity
from harness.runs.audits import AuditFacts, AuditFinding
from harness.runs.facts import GraderFacts, InProcessFacts

# The required and the allowed keys of each object, from the SARIF 2.1.0 schema.
ALLOWED = {
    "sarifLog": ({"version", "runs"}, {"$schema", "version", "runs"}),
    "run": ({"tool"}, {"tool", "columnKind", "invocations", "results"}),
    "driver": ({"name"}, {"name", "version", "properties", "rules"}),
    "rule": ({"id"}, {"id", "shortDescription", "defaultConfiguration", "help"}),
    "result": (
        {"message"},
        {"ruleId", "ruleIndex", "level", "message", "locations", "properties"}
        | {"partialFingerprints", "suppressions"},
    ),
    "invocation": ({"executionSuccessful"}, {"executionSuccessful"}),
}
LEVELS = {"none", "note", "warning", "error"}


def audit() -> AuditFacts:
    def finding(name: str, severity: Severity, place: Place | None, **more: Any) -> AuditFinding:
        return AuditFinding(id=name, severity=severity, title="t", message="m", place=place, fix="f", **more)

    return AuditFacts(
        catalogue="1",
        grader=GraderFacts("g.py:f", "abc"),
        target=InProcessFacts("g.py:f"),
        wire="open-weight",
        data="/d/my records.jsonl",
        data_sha256="d",
        records=2,
        verdict="fix first",
        findings=(
            finding("C01", Severity.CRITICAL, Place("my records.jsonl", 3), witness="0" * 16),
            finding("Z99", Severity.WARNING, Place("/d/grader.py")),
            finding("C02", Severity.INFO, None, waived="meant so"),
        ),
    )


def check(kind: str, value: dict[str, Any]) -> None:
    required, allowed = ALLOWED[kind]
    assert required <= set(value) <= allowed, (kind, set(value))


def texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("message", "shortDescription", "help"):
                yield each["text"]
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def test_a_log_follows_the_schema() -> None:
    log = json.loads(json.dumps(sarif(audit(), "0.1"), allow_nan=False))
    check("sarifLog", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    check("run", run)
    driver = run["tool"]["driver"]
    check("driver", driver)
    for rule in driver["rules"]:
        check("rule", rule)
        assert rule["defaultConfiguration"]["level"] in LEVELS
    for result in run["results"]:
        check("result", result)
        assert result["level"] in LEVELS
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            where = location["physicalLocation"]
            assert re.fullmatch(r"[\w./:%-]+", where["artifactLocation"]["uri"])
            assert where.get("region", {"startLine": 1})["startLine"] >= 1
    assert all(isinstance(text, str) and text for text in texts(log))
    check("invocation", run["invocations"][0])


def test_a_log_has_every_rule_and_its_findings() -> None:
    (run,) = sarif(audit(), "0.1")["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert set(ids) == {*rules(), "C01", "C02", "Z99"}
    first, other, waived = run["results"]
    assert first["level"] == "error"
    assert first["properties"]["severity"] == "critical"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20records.jsonl"},
        "region": {"startLine": 3},
    }
    assert first["partialFingerprints"] == {"witness/v1": "0" * 16}
    assert other["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///d/grader.py"
    assert waived["suppressions"] == [{"kind": "external", "justification": "meant so"}]
    assert waived["locations"] == []
