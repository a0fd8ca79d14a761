from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.format_rows import FORMAT_ROWS
from support.rft_command import refusal, rft_inside

BROKEN = {"prompt": 5, "reward_model": {"ground_truth": "A"}}


def write(folder: Path, *rows: Any) -> None:
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")


def written(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def test_rows_are_recognized_and_converted(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["verl"])
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert done.returncode == 0
    assert done.stdout == (
        "rows.jsonl: 3 rows, read as verl's rows: 3 records in out.jsonl\nnext: rft validate out.jsonl\n"
    )
    assert done.stderr == "1 field is not carried over, of 3 rows: reward_model.style (2)\n"
    assert [line["reference_answer"] for line in written(tmp_path)] == [
        "72",
        ["4", "four"],
        {"inputs": ["2 1"]},
    ]
    assert rft_inside(tmp_path, "validate", "out.jsonl").returncode == 0


def test_rows_that_cannot_be_converted_are_told_and_the_others_written(tmp_path: Path):
    write(tmp_path, FORMAT_ROWS["verl"][0], "\n", "{]\n", BROKEN, BROKEN, '{"prompt": "Q", "prompt": "R"}\n')
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--from", "verl")
    assert done.returncode == 1
    assert "5 rows, read as verl's rows: 1 record in out.jsonl" in done.stdout
    assert "4 rows could not be converted:" in done.stderr
    assert "rows.jsonl:3: not JSON" in done.stderr
    assert (
        "rows.jsonl:4: `prompt` is neither a string nor a list of messages with roles (2 such rows)"
        in done.stderr
    )
    assert "rows.jsonl:6: the key `prompt` occurs twice in one object" in done.stderr
    assert len(written(tmp_path)) == 1


def test_where_no_row_can_be_converted_there_is_no_file(tmp_path: Path):
    write(tmp_path, BROKEN)
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["to"], found["not_converted"], found["format"]) == (None, 1, "verl")
    assert found["problems"][0]["first"] == "rows.jsonl:1"
    assert not (tmp_path / "out.jsonl").exists()


def test_records_and_rollouts_can_be_parted(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["sharegpt"])
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "both.jsonl")
    assert "no command takes records and rollouts in one file: --only rollouts" in done.stderr
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--only", "records")
    assert "1 record in out.jsonl" in done.stdout
    assert "4 rollouts left out" in done.stderr
    assert [line["reference_answer"] for line in written(tmp_path)] == ["four"]
    write(tmp_path, *FORMAT_ROWS["sharegpt"][:2])
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "none.jsonl", "--only", "records", "--json")
    assert (done.returncode, json.loads(done.stdout)["left_out"]) == (1, 2)


def test_lines_are_called_as_their_rows_are(tmp_path: Path):
    pair = {"prompt": "Q", "chosen": "A", "rejected": "B"}
    write(tmp_path, {**pair, "id": "p1"}, {**pair, "id": 2}, {**pair, "id": [3]}, pair)
    rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert [line["id"] for line in written(tmp_path)[::2]] == ["p1-1", "2-1", "row-3-1", "row-4-1"]
    assert [line.get("row_id") for line in written(tmp_path)[::2]] == [None, None, [3], None]
    write(tmp_path, {"question": "Q", "answer": "A", "id": 7}, {"question": "Q", "answer": "A", "id": True})
    (tmp_path / "out.jsonl").unlink()
    rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert [(line.get("task_id"), line.get("row_id")) for line in written(tmp_path)] == [
        (7, None),
        (None, True),
    ]


def test_results_of_a_batch_are_joined_with_their_requests(tmp_path: Path):
    row = FORMAT_ROWS["openai-batch"][0]
    (tmp_path / "asked.jsonl").write_text(json.dumps(row["request"]) + "\n")
    write(tmp_path, {name: value for name, value in row.items() if name != "request"})
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert done.returncode == 1
    assert "its prompt is in the batch's input file: pass that file with --requests" in done.stderr
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--requests", "asked.jsonl")
    assert done.returncode == 0
    assert [message["role"] for message in written(tmp_path)[0]["messages"]] == [
        "system",
        "user",
        "assistant",
    ]


def test_an_existing_file_is_never_overwritten(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["verl"])
    (tmp_path / "out.jsonl").write_text("mine", encoding="utf-8")
    assert "out.jsonl: this file exists" in refusal(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "mine"


def test_unknown_mixed_and_empty_rows_are_refused_with_what_to_write(tmp_path: Path):
    write(tmp_path, {"a": 1, "b": 2})
    told = refusal(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert "has the keys a, b." in told
    assert "--from invocation-log|" in told
    assert "--map messages=PATH" in told
    write(tmp_path, FORMAT_ROWS["verl"][0], {"a": 1})
    told = refusal(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert "the first row looks like verl's rows, but row 2 does not" in told
    write(tmp_path)
    assert "the file is empty" in refusal(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    write(tmp_path, "{]\n")
    told = refusal(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert "rows.jsonl:1: not JSON" in told
    assert "--from FORMAT converts the others" in told
    assert not (tmp_path / "out.jsonl").exists()


def test_any_rows_are_converted_by_maps(tmp_path: Path):
    write(
        tmp_path,
        {"q": {"text": "6 * 12?"}, "a": ["72"], "answers": [{"said": "#### 72"}], "score": 1, "by": "m"},
    )
    maps = [
        "messages=q.text",
        "completion=answers[0].said",
        "reference_answer=a.0",
        "reward=score",
        "model=by",
    ]
    done = rft_inside(
        tmp_path, "convert", "rows.jsonl", "out.jsonl", *(word for one in maps for word in ("--map", one))
    )
    assert done.returncode == 0
    assert "next: rft replay out.jsonl --label reward" in done.stdout
    assert written(tmp_path) == [
        {
            "id": "row-1",
            "messages": [{"role": "user", "content": "6 * 12?"}, {"role": "assistant", "content": "#### 72"}],
            "reference_answer": "72",
            "model": "m",
            "reward": 1,
        }
    ]


def test_a_map_adds_a_field_to_what_an_importer_finds(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["verl"][:2])
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--map", "style=reward_model.style")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line["style"] for line in written(tmp_path)] == ["rule", "rule"]
    told = refusal(tmp_path, "convert", "rows.jsonl", "o", "--from", "verl", "--map", "messages=prompt")
    assert "finds `messages` on its own" in told


def test_repeated_lines_are_kept_and_counted(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["verl"][:1] * 3)
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl")
    assert "2 lines repeat the id or record of an earlier one; all are kept" in done.stderr
    assert len(written(tmp_path)) == 3


def test_lines_on_stdout_come_alone(tmp_path: Path):
    write(tmp_path, *FORMAT_ROWS["verl"])
    assert "stdout cannot take both" in refusal(tmp_path, "convert", "rows.jsonl", "-", "--json")


def test_several_files_of_several_forms_are_converted_in_order(tmp_path: Path):
    write(tmp_path, FORMAT_ROWS["verl"][0])
    (tmp_path / "more.json").write_text(json.dumps(FORMAT_ROWS["verl"][1:], indent=1), encoding="utf-8")
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "more.json", "out.jsonl")
    assert "rows.jsonl and 1 more: 3 rows, read as verl's rows: 3 records" in done.stdout
    assert len(written(tmp_path)) == 3


def test_a_table_is_converted_by_maps_of_which_some_hold_json(tmp_path: Path):
    (tmp_path / "t.csv").write_text('q,a\n6 * 12?,"{""n"": 72}"\n1?,x\n', encoding="utf-8")
    maps = ("--map", "messages=q", "--map", "reference_answer=a:json")
    done = rft_inside(tmp_path, "convert", "t.csv", "out.jsonl", *maps)
    assert done.returncode == 1
    assert "t.csv:3: `a` is not JSON text" in done.stderr
    assert [line["reference_answer"] for line in written(tmp_path)] == [{"n": 72}]


def test_records_and_rollouts_become_json_lines_as_they_are(tmp_path: Path):
    record = {"metadata": {"a": 1}, "messages": [{"role": "user", "content": "Q"}], "id": 7}
    (tmp_path / "rows.json").write_text(json.dumps([record, record], indent=2), encoding="utf-8")
    done = rft_inside(tmp_path, "convert", "rows.json", "out.jsonl", "--map", "reference_answer=metadata.a")
    assert "read as records and rollouts: 2 records in out.jsonl" in done.stdout
    assert written(tmp_path) == [{**record, "reference_answer": 1}] * 2


def test_only_prompts_writes_each_record_once_and_without_completions(tmp_path: Path):
    write(tmp_path, FORMAT_ROWS["completions"][0], *FORMAT_ROWS["completions"][1:])
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "out.jsonl", "--only", "prompts")
    assert "3 rows, read as records with lists of completions: 2 records in out.jsonl" in done.stdout
    assert "4 rollouts of a record that was already written; the first one counts" in done.stderr
    asked = FORMAT_ROWS["completions"][0]["messages"]
    assert written(tmp_path) == [
        {"messages": asked, "reference_answer": "72"},
        {"messages": asked, "topic": "arithmetic"},
    ]
    write(tmp_path, {"messages": [{"role": "assistant", "content": "72"}]})
    done = rft_inside(tmp_path, "convert", "rows.jsonl", "none.jsonl", "--only", "prompts")
    assert (done.returncode, "a completion but no prompt" in done.stderr) == (1, True)
