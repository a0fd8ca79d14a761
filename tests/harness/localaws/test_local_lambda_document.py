from __future__ import annotations

import re

from harness.localaws import confinement, limits, template
from harness.localaws.confinement import Protection
from harness.localaws.function import FunctionSpec
from support.artifacts import REPOSITORY

TEXT = (REPOSITORY / "docs" / "local-lambda.md").read_text("utf-8")


def first_cells(title):
    section = next(part for part in TEXT.split("\n## ") if part.startswith(title))
    return re.findall(r"^\| `([^`]*)` \|", section, re.MULTILINE)


def test_every_protection_has_a_row_in_the_order_in_which_they_are_tried():
    assert first_cells("Which files a function can write") == [str(each) for each in Protection]


def test_what_the_template_reader_notes_as_not_imitated_is_listed():
    assert set(template.NOT_IMITATED) <= set(first_cells("What differs from Lambda"))


def test_figures_are_those_of_the_code():
    assert f"{limits.MB_A_PROCESSOR:,} MB is one CPU" in TEXT
    assert f"The init phase may take {limits.INIT_SECONDS:g} seconds" in TEXT
    assert f"({FunctionSpec.__dataclass_fields__['ephemeral_mb'].default} MB by default)" in TEXT


def test_what_a_function_sees_is_what_is_shown():
    shown = TEXT.split("the function sees only")[1].partition("`/var/task`")[0]
    for folder in re.findall(r"`(/[a-z]+)`", shown):
        assert folder in (*confinement.SYSTEM, "/opt", "/dev"), folder
