from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.function_arn import FunctionArn, partition_of, read_arn
from harness.errors import InputError

PREFIX = "arn:aws:lambda:us-west-2:123456789012:function:"


@pytest.mark.parametrize(
    ("text", "qualifier", "version"),
    [
        (f"{PREFIX}my-grader", None, None),
        (f"{PREFIX}my_grader:7", "7", "7"),
        (f"{PREFIX}{'n' * 64}:live", "live", None),
        (f"{PREFIX}my-grader:$LATEST", "$LATEST", None),
        (f"{PREFIX}my-grader:{'a' * 128}", "a" * 128, None),
    ],
)
def test_a_functions_arn_is_taken_apart(text, qualifier, version):
    arn = read_arn(text)
    assert (arn.qualifier, arn.version, arn.region, arn.account) == (
        qualifier,
        version,
        "us-west-2",
        "123456789012",
    )
    assert text.startswith(arn.function)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-west-2", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partition_and_region_agree(region, partition):
    assert partition_of(region) == partition
    tail = f"lambda:{region}:123456789012:function:f:1"
    assert read_arn(f"arn:{partition}:{tail}").partition == partition
    for other in {"aws", "aws-us-gov", "aws-cn", "awsome"} - {partition}:
        with pytest.raises(InputError, match=f"{region} is in the partition {partition}"):
            read_arn(f"arn:{other}:{tail}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my-grader", "is not the ARN of a Lambda function"),
        ("arn:aws:iam::123456789012:role/grader", "is not the ARN"),
        ("arn:aws:lambda:us-west-2:123456789012:layer:one:1", "is not the ARN"),
        (f"{PREFIX}f:1:2", "is not the ARN"),
        (f" {PREFIX}f", "is not the ARN"),
        ("arn:aws:lambda:mars:123456789012:function:f", "Region is 'mars'"),
        ("arn:aws:lambda:us-west-2:12345:function:f", "not 12 digits"),
        (f"{PREFIX}{'n' * 65}", "65 characters; Lambda allows at most 64"),
        (f"{PREFIX}", "is not a function's name"),
        (f"{PREFIX}a.b", "is not a function's name"),
        (f"{PREFIX}f\n", "is not a function's name"),
        (f"{PREFIX}f:0", "versions are whole numbers from 1"),
        (f"{PREFIX}f:007", "versions are whole numbers from 1"),
        (f"{PREFIX}f:", "neither a version nor an alias"),
        (f"{PREFIX}f:$latest", "in single quotes"),
        (f"{PREFIX}f:{'a' * 129}", "at most 128"),
    ],
)
def test_the_wrong_part_is_named(text, said):
    with pytest.raises(InputError, match=said):
        read_arn(text)


@given(st.lists(st.text(max_size=8) | st.sampled_from(PREFIX.split(":")), max_size=10).map(":".join))
def test_any_text_is_an_arn_or_refused(text):
    try:
        arn = read_arn(text)
    except InputError:
        return
    assert isinstance(arn, FunctionArn)
    assert text.startswith(arn.function)
