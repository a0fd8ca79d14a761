from __future__ import annotations

import json

from harness.targets.ready_checks import ready_checks
from support.rft_command import rft_inside

CHECKS = ready_checks()


def test_the_list_fits_a_terminal_and_names_every_check(tmp_path):
    listed = rft_inside(tmp_path, "graders")
    assert listed.returncode == 0
    assert max(map(len, listed.stdout.splitlines())) <= 80
    for check in CHECKS:
        assert f"  {check.name.partition(':')[2]}" in listed.stdout
        assert f"checks.{check.family}: " in listed.stdout


def test_one_check_is_shown_with_its_options_and_its_example(tmp_path):
    shown = rft_inside(tmp_path, "graders", "number").stdout
    assert "checks.numbers:number: the answer's number equals the reference's." in shown
    assert "It rewards a right number after wrong reasoning" in shown
    assert "  marker            The text right before the answer" in shown
    assert '  >>> check = number(marker="####")' in shown


def test_one_check_as_json(tmp_path):
    shown = json.loads(rft_inside(tmp_path, "graders", "number", "--json").stdout)
    assert shown["name"] == "checks.numbers:number"
    assert {"pays", "options", "example", "cost", "family"} <= set(shown)


def test_a_name_that_is_no_check_s_and_a_table_of_all_are_refused(tmp_path):
    assert rft_inside(tmp_path, "graders", "nope").returncode == 2
    refused = rft_inside(tmp_path, "graders", "--toml")
    assert refused.returncode == 2
    assert "rft graders NAME --toml" in refused.stderr
