"""Parts in S3, against moto over HTTP. Most tests also run with a boto3 that does not know `IfNoneMatch`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.aws import NotInAws
from harness.replay.fan_out.part import PartPlace
from harness.replay.fan_out.part_store import S3Parts
from support.moto_aws import LocalAws, local_aws

PLACE = PartPlace("results", "runs/first one")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as served:
        where = {"LocationConstraint": served.region}
        served.client("s3").create_bucket(Bucket="results", CreateBucketConfiguration=where)
        yield served


@pytest.fixture(params=[True, False], ids=["knows the parameter", "knows the header"])
def store(aws: LocalAws, request: pytest.FixtureRequest) -> S3Parts:
    s3 = aws.client("s3")
    if not request.param:
        shape = s3.meta.service_model.operation_model("PutObject").input_shape
        shape.members.pop("IfNoneMatch", None)
    return S3Parts(PartPlace("results", f"{PLACE.prefix}/{request.param}"), s3)


def test_a_part_is_kept_once(store: S3Parts) -> None:
    assert store.metadata("shards/000001/0.jsonl") is None
    assert store.get("shards/000001/0.jsonl") is None
    assert store.put_once("shards/000001/0.jsonl", b"{}\n", {"next": "5"})
    assert not store.put_once("shards/000001/0.jsonl", b"other\n", {"next": "6"})
    assert store.metadata("shards/000001/0.jsonl") == {"next": "5"}
    assert store.get("shards/000001/0.jsonl") == (b"{}\n", {"next": "5"})


def test_of_many_parallel_writers_one_wins(store: S3Parts) -> None:
    bodies = [f"{number}\n".encode() for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda body: store.put_once("shards/000002/0.jsonl", body, {}), bodies))
    assert kept.count(True) == 1
    found = store.get("shards/000002/0.jsonl")
    assert found is not None
    assert found[0] == bodies[kept.index(True)]


def test_names_are_listed_in_order_beyond_one_page(store: S3Parts) -> None:
    names = [f"many/{number:06d}" for number in range(1_005)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: store.put(name, b""), names))
    assert list(store.keys("many/")) == names


def test_a_bucket_that_is_missing_is_named(aws: LocalAws) -> None:
    gone = S3Parts(PartPlace("gone", "runs"), aws.client("s3"))
    with pytest.raises(NotInAws, match="s3://gone/runs"):
        gone.put_once("shards/0", b"", {})


class Refusing:
    """An S3 client without permissions."""

    def __init__(self, s3: Any) -> None:
        self.meta = s3.meta

    def head_object(self, **_: Any) -> Any:
        from botocore.exceptions import ClientError

        answer: Any = {"Error": {"Code": "403", "Message": "Forbidden"}}
        raise ClientError(answer, "HeadObject")


def test_a_missing_permission_is_named(aws: LocalAws) -> None:
    store = S3Parts(PLACE, Refusing(aws.client("s3")))
    with pytest.raises(
        Exception, match=r"Allow s3:GetObject, s3:PutObject and s3:ListBucket on s3://results"
    ):
        store.metadata("shards/0")
