from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.data.json_lines import place_of
from harness.data.sources import SourceFacts, parts_of, source_from, source_of, text_sha256
from harness.runs.facts import InputFacts
from harness.runs.run_input import found_again, same_text


@pytest.fixture
def given(tmp_path: Path) -> InputFacts:
    """The input of a run with two files."""
    (tmp_path / "a.jsonl").write_bytes(b"one\ntwo")
    (tmp_path / "b.jsonl").write_bytes(b"three\n")
    source = source_of(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    return InputFacts(source.facts, text_sha256(source), derived=False)


def why(given: InputFacts) -> str | None:
    found = found_again(given)
    return found if isinstance(found, str) else None


def test_the_hash_is_that_of_the_text_that_is_graded(given: InputFacts, tmp_path: Path) -> None:
    assert given.sha256 == hashlib.sha256(b"one\ntwo\nthree\n").hexdigest()
    assert text_sha256(source_of(tmp_path / "b.jsonl")) == hashlib.sha256(b"three\n").hexdigest()


def test_several_files_are_found_again_while_they_hold_the_same(given: InputFacts, tmp_path: Path) -> None:
    assert why(given) is None
    os.utime(tmp_path / "b.jsonl", (1, 1))
    assert why(given) is None
    assert "changed since" in str(why(replace(given, sha256=None))), "its earlier content is unknown"
    (tmp_path / "b.jsonl").write_bytes(b"thr33\n")
    assert why(given) == f"{tmp_path}/a.jsonl and 1 more changed since it was replayed"
    (tmp_path / "b.jsonl").write_bytes(b"longer\n")
    assert why(given) == f"{tmp_path}/b.jsonl is not what was replayed"
    (tmp_path / "b.jsonl").unlink()
    assert why(given) == f"{tmp_path}/b.jsonl, which was replayed, does not exist"
    os.mkfifo(tmp_path / "b.jsonl")
    assert why(given) == f"{tmp_path}/b.jsonl is not what was replayed"


def test_an_input_is_the_same_by_its_text_and_the_sizes_of_its_files(
    given: InputFacts, tmp_path: Path
) -> None:
    (tmp_path / "c.jsonl").write_bytes(b"three\n")
    (tmp_path / "whole.jsonl").write_bytes(b"one\ntwo\nthree\n")

    def asked(*names: str) -> InputFacts:
        return InputFacts(source_of(*(tmp_path / name for name in names)).facts, None, derived=False)

    assert same_text(given, asked("a.jsonl", "c.jsonl"))
    assert not same_text(given, asked("c.jsonl", "a.jsonl"))
    assert not same_text(given, asked("a.jsonl"))
    assert not same_text(given, asked("a.jsonl", "b.jsonl", "c.jsonl")), "the pattern now matches more files"
    assert not same_text(given, asked("whole.jsonl"))
    assert not same_text(replace(given, spoiled=True), asked("a.jsonl", "b.jsonl"))


PINNED = SourceFacts("s3://b/k", 5, etag='"1"')


def test_objects_are_told_apart_by_what_s3_says_and_never_read_for_it() -> None:
    was = InputFacts((PINNED,), None, derived=False)
    assert same_text(was, was)
    assert same_text(replace(was, sha256="0"), was), "only a copy is hashed"
    others: list[dict[str, Any]] = [{"etag": '"2"'}, {"version": "2"}, {"name": "s3://b/other"}]
    for other in others:
        assert not same_text(was, replace(was, sources=(replace(PINNED, **other),)))


def test_standard_input_is_told_by_its_content_and_not_found_again() -> None:
    was = InputFacts((SourceFacts("-", 5),), "0", derived=False, copied=True)
    assert same_text(was, was)
    assert same_text(was, replace(was, sources=(SourceFacts("/dev/fd/63", 5),))), "the same in another pipe"
    assert not same_text(was, replace(was, sha256="1"))
    assert why(was) == "it came from standard input, and no copy was saved"


def test_objects_whose_lengths_are_known_are_asked_for_nothing() -> None:
    other = SourceFacts("s3://b/other", 7, etag='"2"')
    source = source_from((PINNED, other), (6, 7))
    assert (source.size, [length for _, length in parts_of(source)]) == (13, [6, 7])
    assert place_of(source, 8) == "s3://b/other, byte 2"


@pytest.mark.parametrize("lengths", [(5,), (7, 7), (4, 7), (5, 7, 1)])
def test_lengths_of_other_sources_are_refused(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="lengths that do not match"):
        InputFacts((PINNED, SourceFacts("s3://b/o", 7, etag='"2"')), None, derived=False, lengths=lengths)
