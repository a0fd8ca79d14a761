from __future__ import annotations

from harness.projects.needed import lacking


def test_programs_that_are_missing_are_named_with_how_to_install_them(tmp_path):
    found = {each.name: each.install for each in lacking(str(tmp_path))}
    assert "aws-sam-cli" in found["sam"]
    assert set(found) == {"make", "sam"}


def test_programs_that_are_there_are_not(tmp_path):
    for name in ("sam", "make"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert lacking(str(tmp_path)) == []
