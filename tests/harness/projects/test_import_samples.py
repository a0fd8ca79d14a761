from __future__ import annotations

import json

import pytest

from harness.errors import InputError
from harness.projects.import_samples import with_samples
from harness.projects.imported import ImportedGrader

RECORD = {"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": "4"}
ROLLOUT = {"record": "a", "messages": [*RECORD["messages"], {"role": "assistant", "content": "4"}]}
IMPORTED = ImportedGrader("kind", "grader", "reward", {}, (), records=({"made": "up"},))


def written(path, *lines):
    path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in lines))
    return path


def test_without_files_the_made_up_samples_stay():
    assert with_samples(IMPORTED, None, None) is IMPORTED


def test_lines_that_can_be_used_are_taken_and_the_others_are_counted(tmp_path):
    records = written(tmp_path / "r.jsonl", RECORD, "{\n", "\n", {"messages": []})
    found = with_samples(IMPORTED, records, written(tmp_path / "c.jsonl", "3\n", ROLLOUT))
    assert (found.records, found.rollouts) == ((RECORD,), (ROLLOUT,))
    first, second = found.sample_notes
    assert (first.place, first.what[:50]) == ("r.jsonl", "1 of 3 lines are in records.jsonl; line 2 is the f")
    assert "1 of 2 lines are in rollouts.jsonl; line 1 is the first that cannot be used" in second.what


def test_no_made_up_rollouts_stay_beside_records_of_the_user_s(tmp_path):
    assert with_samples(IMPORTED, written(tmp_path / "r.jsonl", RECORD), None).rollouts == ()


@pytest.mark.parametrize("content", ["", "3\n", "{}\n"])
def test_a_file_without_a_usable_line_is_refused(tmp_path, content):
    path = written(tmp_path / "c.jsonl", content)
    with pytest.raises(InputError, match="no line can be used"):
        with_samples(IMPORTED, None, path)
