from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.rollouts.growing import CompletionsAsked, GrowingFile, note_of

ASKED = CompletionsAsked(model="m", service="s", records_sha256="0", options={"temperature": 1.0}, seed=7)

texts = st.lists(st.text(max_size=30), max_size=6)


def rollout(text: str) -> dict[str, str]:
    return {"model": "m", "text": text}


@given(texts, st.integers(0, 400))
def test_a_file_cut_anywhere_keeps_its_complete_lines_and_can_be_resumed(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], cut: int
) -> None:
    path = tmp_path_factory.mktemp("growing") / "r.jsonl"
    with GrowingFile(path, ASKED) as file:
        for text in written:
            file.append(rollout(text))
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    count = path.read_bytes().count(b"\n")
    with GrowingFile(path, ASKED) as file:
        assert [value["text"] for value in file.recover()] == written[:count]
        file.append(rollout("after"))
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["text"] for line in lines] == [*written[:count], "after"]


def test_different_request_settings_are_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with GrowingFile(path, ASKED) as file:
        file.append(rollout("x"))
    with pytest.raises(InputError, match="options.*0.5.*Use another --out"):
        GrowingFile(path, replace(ASKED, options={"temperature": 0.5}))


def test_an_empty_file_can_be_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    GrowingFile(path, replace(ASKED, model="mistyped")).__exit__()
    with GrowingFile(path, ASKED) as file:
        assert file.note.asked == ASKED


def test_a_file_written_by_something_else_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"mine": 1}')
    with pytest.raises(InputError, match="not started by this command"):
        GrowingFile(path, ASKED)
    assert path.read_text() == '{"mine": 1}'
    assert not note_of(path).exists()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": 1}', '{"schema": 2}', "[" * 200_000, '{"schema": 1, "asked": 5}']
)
def test_a_damaged_note_is_a_one_sentence_error(content: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with GrowingFile(path, ASKED) as file:
        file.append(rollout("x"))
    note_of(path).write_text(content)
    with pytest.raises(
        InputError, match=r"asked\.json: this is not a readable note of a rollouts file.*another --out"
    ):
        GrowingFile(path, ASKED)


def test_a_note_of_0_1_0_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    old = Path(__file__).parents[2] / "support" / "written_by_0_1_0" / "rollouts.jsonl.asked.json"
    shutil.copy(old, note_of(path))
    asked = CompletionsAsked(
        model="openai.gpt-oss-20b",
        service="rehearsal",
        records_sha256=json.loads(old.read_text())["asked"]["records_sha256"],
        seed=0,
    )
    path.write_text('{"model": "openai.gpt-oss-20b"}\n')
    with GrowingFile(path, asked) as file:
        assert (file.note.tokens, file.note.counted) == ({"in": 24, "out": 137}, None)
        assert len(list(file.recover())) == 1


def test_tokens_are_counted_over_all_commands(tmp_path: Path) -> None:
    with GrowingFile(tmp_path / "r.jsonl", ASKED) as file:
        file.append(rollout("x"))
        file.save_tokens({"in": 5, "out": 7}, 1)
    with GrowingFile(tmp_path / "r.jsonl", ASKED) as file:
        assert (file.note.tokens, file.note.counted) == ({"in": 5, "out": 7}, 1)


def test_a_line_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with GrowingFile(path, ASKED) as file:
        file.append({"model": "other"})
    with (
        GrowingFile(path, ASKED) as file,
        pytest.raises(InputError, match=r"r\.jsonl:1: .*from another model"),
    ):
        list(file.recover())


def test_two_processes_cannot_hold_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with GrowingFile(path, ASKED), pytest.raises(InputError, match="in use by process"):
        GrowingFile(path, ASKED)


def test_a_lone_surrogate_is_written_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with GrowingFile(path, ASKED) as file:
        file.append(rollout("\ud800"))
        assert [value["text"] for value in file.recover()] == ["\ud800"]
