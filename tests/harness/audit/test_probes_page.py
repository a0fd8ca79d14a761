from __future__ import annotations

import re
from pathlib import Path

import click

from harness.audit.audit_verdict import EXIT_CODES
from harness.audit.engine import BEFORE, FAMILIES
from harness.audit.keeping import rules
from harness.cli.audit import command
from harness.config import read_configuration
from support.doc_tables import page, rows

PAGE = page("audit.md")


def test_its_probes_are_those_of_the_catalogue() -> None:
    table = "\n".join(re.findall(r"^\| `[A-G]\d\d` \|.*$", PAGE, re.MULTILINE))
    expected = "\n".join(f"| `{one.id}` | {one.severity.value} | {one.title} |" for one in rules().values())
    assert table == expected, f"write this table into docs/audit.md:\n{expected}"


def test_every_probe_has_a_rule_with_a_fix() -> None:
    for probe in (one for probes in (*BEFORE.values(), *FAMILIES.values()) for one in probes):
        assert probe.rule.id in rules()
    for rule in rules().values():
        assert re.fullmatch(r"[A-G]\d\d", rule.id)
        assert rule.fix.endswith(".")
        assert not rule.title.endswith(".")


def test_its_options_are_those_of_the_command() -> None:
    named = set(re.findall(r"--[a-z-]+", " ".join(row[0] for row in rows(PAGE, "Options", 2))))
    options = {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}
    assert named == options


def test_its_verdicts_and_keys_are_those_that_are_given() -> None:
    verdicts = {row[0].strip("`"): int(row[1]) for row in rows(PAGE, "Verdicts", 3)}
    assert verdicts == EXIT_CODES
    keys = re.findall(r"^\| `(\w+)` \| ", PAGE.partition("### JSON")[2].partition("###")[0], re.MULTILINE)
    assert keys == [
        "verdict",
        "exit_code",
        "headline",
        "findings",
        "probes",
        "formats",
        "gradings",
        "seconds",
    ]


def test_its_waiver_is_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    file = tmp_path / "rft.toml"
    file.write_text(text, encoding="utf-8")
    (waiver,) = read_configuration(file).waivers
    assert waiver.probe == "C05"
