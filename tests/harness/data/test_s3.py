from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.data.json_lines import lines, numbered_lines, place_of
from harness.data.s3 import S3Source, s3_client, s3_sources
from harness.data.sources import SourceFacts, source_from, source_of
from harness.errors import HarnessError, InputError, ServiceError
from support.moto_aws import LocalAws, local_aws
from support.object_server import served_object

ODD_KEYS = ["a b/ü.jsonl", "100%/a#b?c=d.jsonl", "%41+&.jsonl", "[1]*.jsonl", "a//b.jsonl"]


def text(seed: int, count: int = 400) -> bytes:
    """Return lines of random length, some blank, some ending in CRLF, and a last line without a newline."""
    rng = random.Random(seed)
    line = [rng.randbytes(rng.randrange(300)).hex().encode() + rng.choice([b"\n", b"\r\n", b"\n\n"])
            for _ in range(count)]  # fmt: skip
    return b"".join(line) + b"no newline"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as found:
        yield found


@pytest.fixture
def s3(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    client = aws.client("s3")
    for bucket in ("data", "kept"):
        if bucket not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
            where = {"LocationConstraint": "us-west-2"}
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    client.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    return client


def unhurried(name: str) -> S3Source:
    """Open the object with a clock that makes retries immediate."""
    [found] = s3_sources(name, s3_client())
    found.clock = ManualClock()
    return found


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_object_is_read_like_a_file_whatever_its_key(s3, tmp_path, key):
    content = text(1, 40)
    s3.put_object(Bucket="data", Key=key, Body=content)
    (tmp_path / "file").write_bytes(content)
    name = f"s3://data/{key}"
    source = source_of(name)
    whole = list(lines(tmp_path / "file"))
    assert list(lines(source)) == list(lines(source_from(source.facts))) == whole
    assert (source.name, source.size, source.seekable, source.changed()) == (name, len(content), True, None)
    assert [line.source for line in numbered_lines(source)] == [name] * len(whole)
    assert place_of(source, 7) == f"{name}, byte 7"


def test_an_object_is_cut_anywhere_and_loses_nothing(s3):
    content = text(2)
    s3.put_object(Bucket="data", Key="cut", Body=content)
    source = source_of("s3://data/cut")
    whole = list(lines(source))
    assert b"\n".join(line for _, line in whole) == content.replace(b"\r\n", b"\n")
    for cut in random.Random(2).sample(range(len(content)), 50):
        assert [*lines(source, 0, cut), *lines(source, cut)] == whole


def test_prefixes_and_patterns_take_objects_by_key_and_no_folders(s3):
    for key in ("p/b.jsonl", "p/a.jsonl", "p/deep/c.jsonl", "p/d.txt", "px.jsonl"):
        s3.put_object(Bucket="kept", Key=key, Body=key.encode())
    s3.put_object(Bucket="kept", Key="p/", Body=b"")
    s3.put_object(Bucket="kept", Key="p/empty.jsonl", Body=b"")
    for name, found in [
        ("p/", ["p/a.jsonl", "p/b.jsonl", "p/d.txt", "p/deep/c.jsonl"]),
        ("p/*.jsonl", ["p/a.jsonl", "p/b.jsonl"]),
        ("p*/[ab].jsonl", ["p/a.jsonl", "p/b.jsonl"]),
        ("**/?.jsonl", ["p/a.jsonl", "p/b.jsonl", "p/deep/c.jsonl"]),
    ]:
        assert [line.decode() for _, line in lines(source_of(f"s3://kept/{name}"))] == found
    for name, said in [
        ("p/none/", "no object has this prefix"),
        ("p/*.gz", "no object matches this pattern"),
    ]:
        with pytest.raises(InputError, match=said):
            source_of(f"s3://kept/{name}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("s3://data/none", "there is no object with this key"),
        ("s3://data-of-nobody/none", "there is no bucket data-of-nobody"),
        ("s3://data-of-nobody/a*", "there is no bucket data-of-nobody"),
        ("s3://", "no bucket is given"),
        ("s3:///key", "no bucket is given"),
        ("s3://NOT_A_BUCKET!/key", "the request to AWS is not valid"),
    ],
)
def test_missing_objects_are_distinguished(s3, name, said):
    with pytest.raises(InputError, match=said) as caught:
        source_of(name)
    assert caught.value.place == name


def test_a_replaced_object_is_an_error_unless_its_version_still_exists(s3):
    for bucket in ("data", "kept"):
        s3.put_object(Bucket=bucket, Key="replaced", Body=b"1\n2\n")
    one, two = source_of("s3://data/replaced"), source_of("s3://kept/replaced")
    for bucket in ("data", "kept"):
        s3.put_object(Bucket=bucket, Key="replaced", Body=b"3\n4\n")
    with pytest.raises(InputError, match="was replaced during reading"):
        list(lines(one))
    assert one.changed() == "s3://data/replaced was replaced in the meantime"
    assert [line for _, line in lines(two)] == [b"1", b"2"]
    assert two.changed() is None
    s3.delete_object(Bucket="data", Key="replaced")
    assert one.changed() == "s3://data/replaced: there is no object with this key"
    with pytest.raises(InputError, match="no object with this key"):
        list(lines(one))


def test_an_empty_object_has_no_lines(s3):
    s3.put_object(Bucket="data", Key="empty", Body=b"")
    assert list(lines(source_of("s3://data/empty"))) == []


@pytest.mark.parametrize("seed", range(5))
def test_broken_connections_lose_nothing_and_repeat_nothing(monkeypatch, seed):
    content = text(seed, 2000)
    rng = random.Random(seed)
    with served_object(content, monkeypatch) as served:
        source = unhurried("s3://any/key")
        breaks = iter([rng.randrange(len(content) // 4) for _ in range(10)])
        served.cuts = lambda start: next(breaks, None)
        assert [line for _, line in lines(source)] == content.replace(b"\r\n", b"\n").split(b"\n")
    assert len(served.starts) > 4
    assert served.starts == sorted(served.starts)


def test_an_object_replaced_between_two_connections_is_never_mixed(monkeypatch):
    first, second = text(1, 2000), text(2, 2000)
    whole = first.replace(b"\r\n", b"\n").split(b"\n")
    rng = random.Random(3)
    with served_object(first, monkeypatch) as served:
        source = unhurried("s3://any/key")
        served.cuts = lambda start: rng.randrange(1, len(first) // 2)
        served.on_get = lambda start: setattr(served, "content", second if start else first)
        for _ in range(50):
            served.content = first
            seen: list[bytes] = []
            with pytest.raises(InputError, match="replaced during reading"):
                seen.extend(line for _, line in lines(source))
            assert seen == whole[: len(seen)]


def test_reading_fails_after_too_many_broken_connections(monkeypatch):
    with served_object(b"1\n2\n", monkeypatch) as served:
        source = unhurried("s3://any/key")
        served.cuts = lambda start: 2 - start if start < 2 else 0
        with pytest.raises(ServiceError, match=r"reading failed 10 times at byte 2"):
            list(lines(source))
    assert source.clock.monotonic() > ManualClock().monotonic()
    assert len(served.starts) == 10


def test_a_server_without_ranged_requests_is_refused(monkeypatch):
    with served_object(b"1\n2\n", monkeypatch) as served:
        source = source_of("s3://any/key")
        served.ranged = False
        assert [line for _, line in lines(source)] == [b"1", b"2"]
        with pytest.raises(ServiceError, match="does not support ranged requests"):
            list(lines(source, 2))


def test_reading_ahead_is_limited_to_a_buffer(monkeypatch):
    with served_object(b"x" * 99 + b"\n" + b"y" * 9_000_000, monkeypatch):
        source = source_of("s3://any/key")
        with source.open() as file:
            assert len(file.readline()) == 100
            assert len(file.peek()) < 1024 * 1024


def test_s3_errors_about_permissions_and_regions_are_explained(monkeypatch):
    said = {
        403: ("AccessDenied", ServiceError, "do not allow s3:GetObject"),
        301: ("PermanentRedirect", InputError, "the bucket is in the Region eu-west-1"),
        503: ("SlowDown", ServiceError, "too many calls at the same time"),
    }
    for status, (code, kind, text) in said.items():
        with served_object(b"1", monkeypatch) as served:
            served.refusal = status, code, {"x-amz-bucket-region": "eu-west-1"}
            with pytest.raises(HarnessError, match=text) as caught:
                source_of("s3://any/key")
            assert isinstance(caught.value, kind)
    with served_object(b"1", monkeypatch) as served:
        source = source_of("s3://any/key")
        served.refusal = 403, "AccessDenied", {}
        with pytest.raises(ServiceError, match="do not allow s3:GetObject"):
            source.changed()


def test_without_permission_for_versions_the_pinned_content_is_read(monkeypatch):
    with served_object(b"1\n2\n", monkeypatch) as served:
        served.version = "v1"
        source = source_of("s3://any/key")
        assert source.facts[0].version == "v1"
        assert [line for _, line in lines(source)] == [b"1", b"2"]
        served.content = b"3\n4\n"
        with pytest.raises(InputError, match="replaced during reading"):
            list(lines(source))


def test_facts_alone_are_enough_to_read_in_another_process(s3):
    s3.put_object(Bucket="data", Key="facts", Body=b"1\n")
    [facts] = source_of("s3://data/facts").facts
    wrong = SourceFacts(facts.name, facts.bytes, etag='"another"')
    with pytest.raises(InputError, match="replaced"):
        list(lines(source_from([wrong])))
