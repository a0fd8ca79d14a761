from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.data.formats.recognized import convert_command
from harness.data.json_lines import repeated_keys
from harness.data.rules import MAX_PROMPT_CHARS, RULES
from harness.data.sources import source_of
from harness.data.validate import Report, validate
from harness.errors import InputError
from harness.findings import Severity
from harness.samples import RECORDS, ROLLOUTS
from support.format_rows import FORMAT_ROWS

COUNT = {"R050"}
"""Every short file breaks this rule, so the tables below leave it out."""


def record(number: int = 0, **fields: Any) -> dict[str, Any]:
    prompt = {"role": "user", "content": f"Question {number}?"}
    return {"messages": [prompt], "reference_answer": f"#### {number}"} | fields


def spoken(*messages: Any) -> dict[str, Any]:
    return record(messages=list(messages))


def user(content: Any = "Q?") -> dict[str, Any]:
    return {"role": "user", "content": content}


def check(folder: Path, data: bytes | list[Any], **options: Any) -> Report:
    path = folder / "data.jsonl"
    if isinstance(data, list):
        data = "".join(json.dumps(row) + "\n" for row in data).encode()
    path.write_bytes(data)
    return validate(path, **options)


def broken(report: Report) -> list[str]:
    assert len(report.findings) == sum(report.by_rule.values())
    return sorted(finding.id for finding in report.findings if finding.id not in COUNT)


GOOD = json.dumps(record()).encode()
LONG = "the reference answer, long enough to be looked for"

FILES: dict[str, tuple[bytes, list[str]]] = {
    "utf-16": ('{"a": 1}'.encode("utf-16"), ["R001"]),
    "one latin-1 line": (GOOD + b'\n{"messages": "\xe9"}\n', ["R001"]),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, ["R002"]),
    "not JSON": (GOOD + b"\nhello\n", ["R003"]),
    "one pretty-printed object": (b'{\n"messages": []\n}\n', ["R013"]),
    "pretty-printed objects after a byte order mark": (
        b"\xef\xbb\xbf\n"
        + json.dumps(record(), indent=2).encode()
        + b"\n"
        + json.dumps(record(1), indent=2).encode(),
        ["R013"],
    ),
    "an object that never ends": (b'{\n"messages": []\n', ["R003", "R003"]),
    "a JSON array over several lines": (b"[" + GOOD + b",\n" + GOOD + b"]", ["R012"]),
    "a pretty-printed JSON array": (json.dumps([record(), record(1)], indent=1).encode(), ["R012"]),
    "a JSON array on one line": (b"[" + GOOD + b"]", ["R012"]),
    "a line that is a list": (b"[" + GOOD + b"]\n" + GOOD, ["R004"]),
    "commas after the records": (
        GOOD + b",\r\n" + json.dumps(record(1)).encode() + b" , \n",
        ["R014", "R014"],
    ),
    "a comma after a line that is not JSON": (b"hello,\n", ["R003"]),
    "a duplicate key": (GOOD[:-1] + b', "reference_answer": "4"}', ["R015"]),
    "a nested duplicate key": (GOOD[:-1] + b', "x": [{"a": {"b": 1, "c": 2, "b": 1}}]}', ["R015"]),
    "the same key in two objects": (GOOD[:-1] + b', "x": [{"a": 1}, {"a": 1}]}', []),
    "nan": (GOOD[:-1] + b', "x": NaN}', ["R005"]),
    "a lone surrogate": (GOOD[:-1] + b', "x": "\\ud800"}', ["R005"]),
    "a huge integer": (GOOD[:-1] + b', "x": 123456789012345678901}', ["R006"]),
    "a blank line": (GOOD + b"\n\n", ["R007"]),
    "nothing": (b"", ["R008"]),
    "only blank lines": (b"\n \n", ["R007", "R007", "R008"]),
    "a line over 6 MB": (json.dumps(record(notes="x" * 6_300_000)).encode(), ["R009"]),
    "crlf and no last newline": (GOOD + b"\r\n" + json.dumps(record(1)).encode(), []),
    "unlimited nesting": (GOOD[:-1] + b', "x": ' + b"[" * 99_999 + b"]" * 99_999 + b"}", ["R003"]),
}

RECORDS_BY_RULE: dict[str, tuple[list[Any], list[str]]] = {
    "only rollouts": ([spoken(user(), {"role": "assistant", "content": "A"})] * 2, ["R010"]),
    "a rollout among records": (
        [record(1), spoken(user(), {"role": "nova_assistant", "content": "A"}), record(2)],
        ["R011"],
    ),
    "missing messages": ([{"reference_answer": "4"}], ["R020"]),
    "empty messages": ([record(messages=[])], ["R020"]),
    "messages as a string": ([record(messages="Q?")], ["R020"]),
    "a message as a string": ([spoken("Q?")], ["R021"]),
    "a message without role": ([spoken({"content": "Q?"})], ["R021"]),
    "a role that is a list": ([spoken({"role": ["user"], "content": None})], ["R021", "R024"]),
    "a role that is a number": ([spoken({"role": 1, "content": "Q?"})], ["R021"]),
    "an unknown role": ([spoken({"role": "human", "content": "Q?"})], ["R022"]),
    "a role of another service": ([spoken({"role": "developer", "content": "D"}, user())], ["R023"]),
    "missing content": ([spoken({"role": "user"})], ["R024"]),
    "content as a number": ([spoken(user(3))], ["R024"]),
    "content as an object": ([spoken(user({"text": "Q?"}))], ["R024"]),
    "a text block without text": ([spoken(user([{"type": "text"}]))], ["R024"]),
    "an image block": ([spoken(user([{"type": "image_url", "image_url": {}}]))], ["R025"]),
    "a Converse block": ([spoken(user([{"text": "Q?"}]))], ["R025"]),
    "an OpenAI block": ([spoken(user([{"type": "text", "text": "Q?"}]))], []),
    "an empty prompt": ([spoken(user(" \n"))], ["R026"]),
    "an empty list of blocks": ([spoken(user([]))], ["R026"]),
    "an empty system message": ([spoken({"role": "system", "content": ""}, user())], ["R027"]),
    "a system message last": ([spoken(user(), {"role": "system", "content": "S"})], ["R028"]),
    "a history": ([spoken(user(), {"role": "assistant", "content": "A"}, user("And?"))], []),
    "a tool call in the history": (
        [spoken(user(), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, user("And?"))],
        [],
    ),
    "a system prompt in its own field": ([record(system="S")], ["R029"]),
    "a system prompt of Converse": ([record(system=[{"text": "S"}])], ["R029"]),
    "a system prompt under other names": ([record(systemPrompt="S", System_Message="T")], ["R029"] * 2),
    "a system prompt in both places": (
        [{**spoken({"role": "system", "content": " S\n"}, user()), "system": "S"}],
        [],
    ),
    "another system prompt than the messages'": (
        [{**spoken({"role": "system", "content": "S"}, user()), "system_prompt": "T"}],
        ["R029"],
    ),
    "a field named system that is no text": ([record(system=True)], []),
    "a field named system that is an object": ([record(system={"os": "linux"})], []),
    "an empty system prompt": ([record(system=""), record(2, system=[]), record(3, system=None)], ["R033"]),
    "no reference": ([{"messages": [user()]}], ["R030"]),
    "a null reference": ([record(reference_answer=None)], ["R030"]),
    "an empty reference": ([record(reference_answer=" ")], ["R031"]),
    "an empty object": ([record(reference_answer={})], ["R031"]),
    "an empty string, wrapped as in the event": ([record(reference_answer={"text": ""})], ["R031"]),
    "the string of a missing value": (
        [record(at, reference_answer=text) for at, text in enumerate(("nan", "None", "#### NaN", "N/A"))],
        ["R034"] * 4,
    ),
    "a nested missing value": ([record(reference_answer={"a": "nan", "b": "4"})], ["R034"]),
    "an answer that contains such a word": ([record(reference_answer="None of them")], []),
    "the reference under another name": ([record(reference_answer=None, solution="4")], ["R030"]),
    "a field equal to the reference": ([record(1, answer="1"), record(2, answer="2")], ["R035"]),
    "a field of another answer": ([record(1, answer="1"), record(2, answer="3")], []),
    "zero": ([record(reference_answer=0)], ["R032"]),
    "a list": ([record(reference_answer=["4"])], ["R032"]),
    "an object": ([record(reference_answer={"answer": 4})], []),
    "a field of two types": ([record(1, level=1), record(2, level="1"), record(3, level=2.5)], ["R033"]),
    "a reference of two types": ([record(1), record(2, reference_answer={"a": 1})], ["R033"]),
    "a part of the reference of two types": (
        [record(1, reference_answer={"a": 1}), record(2, reference_answer={"a": "1"})],
        ["R033"],
    ),
    "null next to a type": ([record(1, level=1), record(2, level=None)], []),
    "metadata": ([record(metadata={"source": "x"})], ["R040"]),
    "contradicting metadata": ([record(metadata={"reference_answer": "other"})], ["R040", "R041"]),
    "trajectories": ([record(trajectories=[])], ["R040"]),
    "an id": ([record(id="1")], ["R042"]),
    "the harness's names": ([record(record="g", model="m")], ["R043", "R043"]),
    "the same record twice": ([record(1), record(2), record(1)], ["R060"]),
    "the same prompt in another form": ([record(1), record(1, messages=[user([{"type": "text",
                                         "text": "Question 1? "}])])], ["R060"]),
    "one answer with other working": ([record(1), record(1, reference_answer="1 = 1\n#### 1")], ["R061"]),
    "the same reference, wrapped as in the event": (
        [record(1), record(1, reference_answer={"text": "#### 1"})], ["R033", "R060"]),
    "the same prompt with another reference": ([record(1), record(1, reference_answer="#### 2")], ["R061"]),
    "the reference in the prompt": (
        [record(messages=[user(f"Is it {LONG}?")], reference_answer=LONG)],
        ["R070"],
    ),
    "the reference in another case": (
        [record(messages=[user(LONG.upper())], reference_answer=LONG)],
        ["R070"],
    ),
    "every part of the reference": (
        [record(messages=[user(f"{LONG} 12")], reference_answer={"why": LONG, "n": 12})],
        ["R070"],
    ),
    "short parts that are to be extracted": (
        [record(messages=[user("Casa Verde asks for 120.50 EUR by 2026-12-01")],
                reference_answer={"vendor": "Casa Verde", "total": 120.5, "due": "2026-12-01"})], []),
    "one part of the reference": (
        [record(messages=[user(LONG)], reference_answer={"why": LONG, "n": 12})], []),
    "the reference inside a longer word": ([record(messages=[user(LONG + "s")], reference_answer=LONG)], []),
    "a short reference in the prompt": ([record(messages=[user("Is 4 even?")], reference_answer="4")], []),
    "a long prompt": ([spoken(user("x" * (MAX_PROMPT_CHARS + 1)))], ["R080"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_breaks_exactly_its_rules(tmp_path: Path, name: str):
    data, rules = FILES[name]
    assert broken(check(tmp_path, data)) == rules


def test_nesting_that_only_some_parsers_read_is_an_error(tmp_path: Path):
    data = GOOD[:-1] + b', "x": ' + b"[" * 1_500 + b"]" * 1_500 + b"}"
    # Python 3.11 cannot parse it. Later versions can.
    assert broken(check(tmp_path, data)) in (["R003"], ["R005"])


@pytest.mark.parametrize("name", RECORDS_BY_RULE)
def test_records_break_exactly_their_rules(tmp_path: Path, name: str):
    rows, rules = RECORDS_BY_RULE[name]
    assert broken(check(tmp_path, rows)) == rules


def test_every_rule_has_a_file_that_breaks_it():
    tried = {rule for _, rules in (*FILES.values(), *RECORDS_BY_RULE.values()) for rule in rules}
    assert tried | {"R050", "R051", "R090", "R091"} == set(RULES)


@pytest.mark.parametrize(
    ("count", "rule", "severity", "for_a_job"),
    [
        (99, "R050", "note", "error"),
        (100, None, None, None),
        (10_001, "R051", "note", "note"),
    ],
)
def test_the_number_of_records_is_only_a_note_without_a_job(
    tmp_path: Path, count: int, rule: str | None, severity: str | None, for_a_job: str | None
):
    rows = [record(number) for number in range(count)]
    for for_job, expected in [(False, severity), (True, for_a_job)]:
        found = [(f.id, f.severity.value) for f in check(tmp_path, rows, for_job=for_job).findings]
        assert found == ([(rule, expected)] if rule else [])


def test_findings_name_the_line_and_how_to_fix_it(tmp_path: Path):
    report = check(tmp_path, GOOD + b"\n\nhello\n")
    places = [(finding.id, finding.place and finding.place.line) for finding in report.findings]
    assert places == [("R007", 2), ("R003", 3), ("R050", None)]
    assert all(finding.place and finding.place.file == report.file for finding in report.findings)
    assert all(finding.fix for finding in report.findings)


def test_a_mixed_file_names_each_rollout(tmp_path: Path):
    answer = {"role": "assistant", "content": "A"}
    report = check(tmp_path, [record(1), spoken(user(), answer), record(2), spoken(user("R?"), answer)])
    assert [f.place.line for f in report.findings if f.id == "R011" and f.place] == [2, 4]


def test_the_rarer_type_of_a_field_is_the_one_pointed_at(tmp_path: Path):
    report = check(tmp_path, [record(1, x="a"), record(2, x=1), record(3, x="b")])
    (finding,) = [finding for finding in report.findings if finding.id == "R033"]
    assert finding.place is not None
    assert finding.place.line == 2
    assert finding.message == "`x` is a string 2x (line 1), a number 1x (line 2)"


def test_keeping_few_findings_still_counts_all(tmp_path: Path):
    report = check(tmp_path, b"x\n" * 50, keep=5)
    assert (len(report.findings), report.by_rule["R003"], report.errors) == (5, 50, 50)
    assert report.to_json()["counts"]["error"] == 50


def test_the_sample_records_are_clean_and_the_sample_rollouts_are_not_records():
    assert validate(RECORDS, for_job=True).findings == []
    assert [finding.id for finding in validate(ROLLOUTS).findings] == ["R010"]


def test_files_that_cannot_be_opened_are_input_errors(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        validate(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="folder"):
        validate(tmp_path)


LINE = st.binary(max_size=40) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "text", "type", "reference_answer", "metadata", "id"]
            ),
            inner | st.sampled_from(["user", "system", "assistant", "text"]),
            max_size=4,
        )
    ),
    max_leaves=15,
).map(lambda value: json.dumps(value).encode())


@given(st.lists(LINE, max_size=6))
@example([b'{"messages": [{"role": "\\ud800", "content": {"\\ud800": 1}}], "\\ud800": [NaN]}'] * 2)
@example([b'{"messages": [{"role": "user", "content": [["a"]]}], "reference_answer": {"text": {"text": 1}}}'])
def test_arbitrary_bytes_never_make_it_fail(tmp_path_factory, rows: list[bytes]):
    try:
        report = check(tmp_path_factory.mktemp("any"), b"\n".join(rows))
    except InputError:
        return
    json.dumps(report.to_json())
    assert report.records <= max(1, sum(row.count(b"\n") + 1 for row in rows))
    assert (report.errors > 0) == any(f.severity >= Severity.ERROR for f in report.findings)


def test_memory_grows_only_by_hashes(tmp_path: Path):
    path = tmp_path / "big.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(6_000):
            file.write(json.dumps(record(number, notes="x" * 2_000)) + "\n")
    tracemalloc.start()
    try:
        assert validate(path, keep=5).records == 6_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 12_000_000
    assert peak < 4_000_000


@pytest.mark.parametrize(
    "name",
    ["bedrock/rft_train_data.jsonl", "bedrock/rft_test_validation_data.jsonl", "gsm8k/train-records.jsonl"],
)
def test_published_training_files_pass_validation(shared_data: Path, name: str):
    assert validate(shared_data / name, for_job=True).findings == []


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"dialogue": [user()], "solution": "1"}, ["dialogue", "solution"]),
        ({"text": "Q?", "Ground Truth": "1"}, ["text", "Ground Truth"]),
        ({"conversations": [{}], "expected_output": "1", "label": 1}, ["conversations", "expected_output"]),
        ({"chat": "Q?", "reward_model": {"ground_truth": "1"}}, ["chat", "reward_model.ground_truth"]),
        ({"prompt": "", "answer": None}, []),
    ],
)
def test_a_look_alike_of_a_missing_field_is_named(tmp_path: Path, fields: dict[str, Any], names: list[str]):
    report = check(tmp_path, [fields])
    told = [one.message.partition("; ")[2] for one in report.findings if one.id in {"R020", "R030"}]
    assert told == ([f"`{name}` looks like it" for name in names] or ["", ""])


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"PK\x03\x04", "zip"),
        (b"PAR1", "Parquet"),
    ],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, head: bytes, kind: str):
    with pytest.raises(InputError, match=f"this is an? {kind} file, not JSON lines"):
        check(tmp_path, head)


@given(st.dictionaries(st.text(max_size=3), st.integers(), min_size=1, max_size=4), st.booleans())
def test_only_real_duplicate_keys_are_reported(fields: dict[str, int], twice: bool):
    line = json.dumps(fields)
    name = next(iter(fields))
    if twice:
        line = f"{line[:-1]}, {json.dumps(name)}: 1}}"
    assert repeated_keys(line.encode()) == ([name] if twice else [])


@pytest.mark.parametrize(
    ("name", "rule"), [("verl", "R020"), ("invocation-log", "R020"), ("completions", "R010")]
)
def test_rows_of_another_tool_are_named_with_what_converts_them(tmp_path: Path, name: str, rule: str):
    report = check(tmp_path, FORMAT_ROWS[name][:2])
    told = [one for one in report.findings if one.message.startswith("this looks like ")]
    assert [(one.id, str(one.place)) for one in told] == [(rule, f"{report.file}:{at}") for at in (1, 2)]
    assert not {one.id for one in report.findings} & {"R026", "R030", "R024"}
    assert told[0].fix == f"Convert the file: {convert_command(report.file)}"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (GOOD.decode().encode("utf-16"), "R001"),
        (b"[" + GOOD.strip() + b"]", "R012"),
        (b'{"a":\n1}\n', "R013"),
        (b"\xff\n", "R001"),
        (b"5\n", "R004"),
    ],
)
def test_of_several_files_the_one_at_fault_is_named(tmp_path: Path, content: bytes, rule: str):
    good, bad = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    good.write_bytes(GOOD + b"\n")
    bad.write_bytes(content)
    found = [one for one in validate(source_of(good, bad)).findings if one.id == rule]
    assert [str(one.place) for one in found] == [f"{bad}:1"]
