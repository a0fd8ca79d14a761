"""Parses the ARNs of Lambda functions and checks them against Lambda's limits.

Sources: botocore's pattern for `LambdaArn` (native Bedrock), Lambda's API reference (names of at most 64
characters, aliases of at most 128 that are not numbers, versions from 1), and AWS's list of partitions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from harness.errors import InputError

__all__ = ["FunctionArn", "partition_of", "read_arn"]

LONGEST_ARN: Final = 512
LONGEST_NAME: Final = 64
LONGEST_ALIAS: Final = 128

_LOOKS = "It looks like arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION."
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_NAME = re.compile(r"[a-zA-Z0-9_-]+\Z")
_VERSION = re.compile(r"[1-9][0-9]*\Z")
_ALIAS = re.compile(r"(?![0-9]+\Z)[a-zA-Z0-9_-]+\Z")
# Partitions by the prefix of a Region's name.
_PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}


@dataclass(frozen=True, slots=True)
class FunctionArn:
    """The components of a function ARN."""

    partition: str
    region: str
    account: str
    name: str
    qualifier: str | None
    """A version, an alias or `$LATEST`, or None if the ARN has no qualifier."""

    @property
    def version(self) -> str | None:
        """The published version in the ARN, whose code never changes, or None for any other qualifier."""
        return self.qualifier if self.qualifier and self.qualifier.isdigit() else None

    @property
    def function(self) -> str:
        """The function ARN without the qualifier."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"


def partition_of(region: str) -> str:
    """Return the partition of a Region, such as `aws` or `aws-us-gov`."""
    return next((name for begins, name in _PARTITIONS.items() if region.startswith(begins)), "aws")


def read_arn(text: str) -> FunctionArn:
    """Parse a function ARN.

    Args:
        text: The ARN.

    Raises:
        InputError: The text is not a valid function ARN. The message names the invalid part.
    """
    parts = text.split(":")
    if len(parts) not in (7, 8) or parts[0] != "arn" or parts[2] != "lambda" or parts[5] != "function":
        raise InputError(f"{text[:100]!r} is not the ARN of a Lambda function", fix=_LOOKS)
    _, partition, _, region, account, _, name = parts[:7]
    qualifier = parts[7] if len(parts) == 8 else None
    if not _REGION.match(region):
        raise InputError(f"the ARN's Region is {region[:40]!r}, which does not exist", fix=_LOOKS)
    if partition != partition_of(region):
        right = partition_of(region)
        raise InputError(f"the ARN says partition {partition[:40]}, but {region} is in the partition {right}")
    if not _ACCOUNT.match(account):
        raise InputError(f"the ARN's account is {account[:40]!r}, not 12 digits", fix=_LOOKS)
    if len(name) > LONGEST_NAME:
        raise InputError(
            f"the function's name has {len(name)} characters; Lambda allows at most {LONGEST_NAME}"
        )
    if not _NAME.match(name):
        raise InputError(f"{name!r} is not a function's name: Lambda allows letters, digits, - and _")
    if qualifier is not None:
        _check_qualifier(qualifier)
    if len(text) > LONGEST_ARN:
        raise InputError(f"the ARN has {len(text)} characters; at most {LONGEST_ARN} are allowed")
    return FunctionArn(partition, region, account, name, qualifier)


def _check_qualifier(qualifier: str) -> None:
    """Reject a qualifier that is not a version, an alias or `$LATEST`."""
    if qualifier == "$LATEST" or _VERSION.match(qualifier):
        return
    if qualifier.isdigit():
        raise InputError(f"{qualifier[:40]!r} is not a version: versions are whole numbers from 1")
    if len(qualifier) > LONGEST_ALIAS:
        raise InputError(f"the alias has {len(qualifier)} characters; Lambda allows at most {LONGEST_ALIAS}")
    if not _ALIAS.match(qualifier):
        raise InputError(
            f"{qualifier[:40]!r} is neither a version nor an alias: use a number, a name or $LATEST"
            " (in single quotes, or a shell replaces it)"
        )
