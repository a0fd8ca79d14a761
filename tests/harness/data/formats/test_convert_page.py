from __future__ import annotations

import pytest

from harness.cli.convert import command
from harness.data.formats.all_importers import IMPORTERS
from harness.data.formats.importer import Importer
from harness.data.records import ends_with_assistant
from support.doc_tables import page, rows, spans
from support.format_rows import FORMAT_ROWS
from support.readme import README, commands

PAGE = README.parent / "docs" / "convert.md"
TABLE = {spans(row[0])[0]: row for row in rows(page("convert.md"), "Formats", 5)}


def test_the_table_lists_the_importers_in_order():
    assert list(TABLE) == [importer.name for importer in IMPORTERS]


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.name)
def test_the_table_row_matches_the_importer(importer: Importer):
    _, _, recognized, become, lost = TABLE[importer.name]
    made = [importer.convert(row) for row in FORMAT_ROWS[importer.name]]
    keys = {span.partition(".")[0] for span in spans(recognized)}
    assert all(keys.intersection(row) for row in FORMAT_ROWS[importer.name])
    kinds = {ends_with_assistant(line) for one in made for line in one.lines}
    assert become == ", ".join(
        name for name, kind in (("records", False), ("rollouts", True)) if kind in kinds
    )
    assert set(spans(lost)) <= {path for one in made for path in one.lost}
    assert bool(spans(lost)) == any(one.lost for one in made)


@pytest.mark.parametrize("words", commands("rft", PAGE), ids=" ".join)
def test_its_commands_are_understood(words: list[str]):
    assert words[0] == "convert"
    command.make_context("convert", words[1:])
