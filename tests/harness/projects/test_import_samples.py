from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.errors import InputError
from harness.projects.import_samples import with_samples
from harness.projects.imported import ImportedGrader

RECORD = {"messages": [{"role": "user", "content": "2 + 2?"}], "reference_answer": "4"}
ROLLOUT = {"record": "a", **RECORD, "messages": [*RECORD["messages"], {"role": "assistant", "content": "4"}]}
IMPORTED = ImportedGrader("kind", "grader", "reward", {}, (), records=({"made": "up"},))
GRADER = b"""
from graders import grader


@grader
def reward(sample):
    return float(sample.completion == sample.reference_text)
"""
GRADED = ImportedGrader("kind", "grader", "reward", {"grader.py": GRADER}, ("grader.py",))


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
    assert "1 of 2 lines are in rollouts.jsonl; line 1 is the first unusable one" in second.what


def test_records_alone_get_made_up_completions_that_the_grader_graded(tmp_path):
    found = with_samples(GRADED, written(tmp_path / "r.jsonl", RECORD), None)
    assert (found.records, found.own_records, found.own_rollouts) == ((RECORD,), True, False)
    assert [each["messages"][-1]["content"] for each in found.rollouts] == ["4", ""]
    assert "2 made-up completions of your records, all graded here" in found.sample_notes[1].what


def test_where_no_completion_can_be_graded_the_note_says_why(tmp_path):
    broken = replace(GRADED, files={"grader.py": GRADER.replace(b"return", b"raise ValueError")})
    found = with_samples(broken, written(tmp_path / "r.jsonl", RECORD), None)
    assert found.rollouts == ()
    assert "so there is no rollouts.jsonl: grader.py: importing" in (found.sample_notes[1].what)


def test_a_grader_that_pays_all_completions_of_the_user_s_records_the_same_is_said(tmp_path):
    same = replace(GRADED, files={"grader.py": GRADER.replace(b"float(", b"1.0 or (")})
    found = with_samples(same, written(tmp_path / "r.jsonl", RECORD), None)
    assert [each.place for each in found.sample_notes] == ["r.jsonl"] * 3
    assert "no made-up completion earned more than another" in found.sample_notes[2].what


def test_rollouts_alone_get_their_records(tmp_path):
    other = {**ROLLOUT, "messages": [*RECORD["messages"], {"role": "assistant", "content": "5"}]}
    lines = [{**ROLLOUT, "is_right": True, "level": 3}, {**other, "is_right": False, "level": 3}]
    found = with_samples(IMPORTED, None, written(tmp_path / "c.jsonl", *lines))
    assert found.records == ({**RECORD, "record": "a", "level": 3},)
    assert (found.own_records, found.own_rollouts) == (False, True)
    assert "without fields that differ among the rollouts of a record: is_right" in found.sample_notes[1].what


def test_fields_that_may_be_about_a_completion_are_named(tmp_path):
    found = with_samples(IMPORTED, None, written(tmp_path / "c.jsonl", {**ROLLOUT, "is_right": True}))
    assert "show otherwise: is_right" in found.sample_notes[2].what


def test_rollouts_of_other_records_are_left_out_and_refused_where_none_is_left(tmp_path):
    records = written(tmp_path / "r.jsonl", RECORD)
    stray = {**ROLLOUT, "record": "b", "reference_answer": "5"}
    found = with_samples(IMPORTED, records, written(tmp_path / "c.jsonl", stray, ROLLOUT))
    assert found.rollouts == (ROLLOUT,)
    assert "line 1 is the first unusable one: the rollout's record is not in records.jsonl" in (
        found.sample_notes[1].what
    )
    with pytest.raises(InputError, match="or leave out --records"):
        with_samples(IMPORTED, records, written(tmp_path / "c.jsonl", stray))


def test_a_grader_that_asks_a_service_gets_completions_that_are_not_graded():
    found = with_samples(replace(IMPORTED, records=(RECORD,), asks_judge=True), None, None)
    assert [each["messages"][-1]["content"] for each in found.rollouts] == ["4", ""]


@pytest.mark.parametrize("content", ["", "3\n", "{}\n"])
def test_a_file_without_a_usable_line_is_refused(tmp_path, content):
    path = written(tmp_path / "c.jsonl", content)
    with pytest.raises(InputError, match="no line is usable"):
        with_samples(IMPORTED, None, path)
