from __future__ import annotations

import gzip
import io
import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats.conversion import convert
from harness.data.formats.field_maps import parse_map
from harness.data.sources import source_of
from harness.errors import InputError
from support.logged_calls import CONVERSE, LLAMAS
from support.moto_aws import local_aws

PREFIX = "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/11/26/"


def packed(*rows: dict[str, Any]) -> bytes:
    return gzip.compress("\n".join(map(json.dumps, rows)).encode())


def test_invocation_logs_in_s3(monkeypatch: pytest.MonkeyPatch):
    with local_aws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        large = {**LLAMAS, "input": {"inputBodyS3Path": f"s3://logs/{PREFIX}03/data/1_input.json.gz"}}
        s3.put_object(Bucket="logs", Key=f"{PREFIX}03/a.json.gz", Body=packed(CONVERSE, large))
        s3.put_object(Bucket="logs", Key=f"{PREFIX}03/data/1_input.json.gz", Body=packed({"prompt": "Q"}))
        s3.put_object(Bucket="logs", Key=f"{PREFIX}04/b.json.gz", Body=packed(LLAMAS))
        target = io.BytesIO()
        found = convert(source_of(f"s3://logs/{PREFIX}"), target, "invocation-log")
        logs_alone = convert(source_of("s3://logs/AWSLogs/**/2026/11/*/*/*.json.gz"), io.BytesIO())
    assert [json.loads(line)["messages"][-1]["content"] for line in target.getvalue().splitlines()] == [
        "#### 72",
        "\n\n72",
    ]
    assert (found.rows, found.rollouts, found.failed) == (4, 2, 2)
    places = {one.message.partition(" ")[0]: one.first for one in found.problems.values()}
    assert places == {
        "its": f"s3://logs/{PREFIX}03/a.json.gz:2",
        "this": f"s3://logs/{PREFIX}03/data/1_input.json.gz:1",
    }
    assert (logs_alone.rows, logs_alone.rollouts, logs_alone.failed) == (3, 2, 1)


@given(
    data=st.binary(max_size=80)
    | st.lists(
        st.sampled_from([*'[]{},:"\n', '"a"', '{"messages": "Q"}', "5", "a,b", "\ufeff"]), max_size=12
    ).map(lambda parts: "".join(parts).encode()),
    ending=st.sampled_from(["jsonl", "csv"]),
)
def test_any_file_is_converted_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str):
    path = tmp_path_factory.getbasetemp() / f"any.{ending}"
    path.write_bytes(data)
    try:
        found = convert(path, io.BytesIO(), None, [parse_map("messages=messages")])
    except InputError:
        return
    assert found.rows == found.lines + found.failed


@given(st.lists(st.floats() | st.sampled_from(["1e400", "-1e999", '[0, {"a": NaN}]']), max_size=4))
def test_what_is_written_is_json_for_every_parser(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
):
    path = tmp_path_factory.getbasetemp() / "numbers.jsonl"
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    lines = [f'{{"messages": [{{"role": "user", "content": "Q"}}], "x": {text}}}\n' for text in texts]
    path.write_text('{"messages": [{"role": "user", "content": "Q"}]}\n' + "".join(lines))
    target = io.BytesIO()
    found = convert(path, target)
    assert len([orjson.loads(line) for line in target.getvalue().splitlines()]) == found.lines
    finite = [text for text in texts if not re.search("N|I|e400|e999", text)]
    assert (found.lines, found.failed) == (1 + len(finite), len(texts) - len(finite))
    assert all(re.match(r"`x(\[\]\.a)?` is NaN, infinite or larger", one) for one in found.problems)
