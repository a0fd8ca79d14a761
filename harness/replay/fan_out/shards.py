"""Cuts sources in S3 into shards, and creates the orders for workers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from harness.api.function_arn import read_arn
from harness.data.sources import S3_SCHEME, Source, SourceFacts, parts_of
from harness.errors import InputError
from harness.runs.facts import DeployedFacts, TargetFacts

__all__ = ["ShardRange", "check_fan_out", "check_published", "check_source", "cut_shards", "located"]

LARGEST: Final = 64 << 20
"""Maximum number of bytes of rollouts in a shard, which a worker can grade in a few calls."""

SMALLEST: Final = 256 << 10
"""Size of a shard below which starting a worker costs more than grading the shard."""

_SHARDS_A_WORKER: Final = 4
"""Number of shards per worker. With several, workers end at about the same time although shards differ."""


class ShardRange(NamedTuple):
    """One shard: a byte range of one file or object."""

    source: SourceFacts
    start: int
    """Offset of the shard in the object."""
    end: int
    base: int
    """Offset of the object's first byte in the whole input."""


def check_source(source: Source, what: str = "rollouts") -> None:
    """Raise an error if workers in AWS cannot read a source in ranges.

    Args:
        source: The source that the user named.
        what: Description of the content, for messages.

    Raises:
        InputError: A part of the source is not in S3, or is compressed.
    """
    for part, _ in parts_of(source):
        if any(not facts.name.startswith(S3_SCHEME) for facts in part.facts):
            fix = f"Copy it first: aws s3 cp {part.name} s3://BUCKET/KEY, then name s3://BUCKET/KEY."
            if part.name == "-":
                fix = "Save it as a file, and copy that: aws s3 cp FILE s3://BUCKET/KEY."
            said = f"workers in AWS read {what} only from S3, and rft does not upload files on its own"
            raise InputError(said, place=part.name, fix=fix)
        if not part.seekable:
            fix = "Unpack it in S3, and name the unpacked object."
            raise InputError("a compressed object cannot be read in ranges", place=part.name, fix=fix)


def check_fan_out(source: Source, target: TargetFacts, *, derived: bool) -> None:
    """Raise an error if workers in AWS cannot do the work.

    Args:
        source: The rollouts.
        target: The target that grades.
        derived: True if the source has records, so that rollouts would have to be made from them.

    Raises:
        InputError: The source is not in S3, is compressed or holds records, or the target is not a published
            version of a function.
    """
    check_source(source)
    if derived:
        fix = "Leave out --fan-out, or name a file of rollouts."
        raise InputError("this file has records, but --fan-out grades rollouts", place=source.name, fix=fix)
    if not isinstance(target, DeployedFacts):
        fix = "Add --arn with the ARN of a published version, or --stack."
        raise InputError("--fan-out grades with a function in AWS, not here", fix=fix)
    check_published(target.arn)
    if not target.arn.startswith("arn:") or read_arn(target.arn).version is None:
        raise _unpublished(target.arn)


def check_published(function: str) -> None:
    """Raise an error if a function's code may change during the run. AWS is not called.

    Args:
        function: An ARN, or `NAME:QUALIFIER`. An alias is resolved later, to its version at that moment.

    Raises:
        InputError: The function is `$LATEST`, or has neither a version nor an alias.
    """
    qualifier = read_arn(function).qualifier if function.startswith("arn:") else function.partition(":")[2]
    if qualifier in (None, "", "$LATEST"):
        raise _unpublished(function)


def _unpublished(function: str) -> InputError:
    fix = "Use --arn with an ARN that ends with a version number or an alias."
    what = "--fan-out needs a published version, whose code cannot change during the run"
    return InputError(what, place=function, fix=fix)


def cut_shards(source: Source, workers: int, end: int | None = None) -> tuple[tuple[int, int], ...]:
    """Cut a source into byte ranges, none of which spans two objects.

    Args:
        source: Objects of known size.
        workers: Number of workers to keep busy.
        end: Offset at which to stop, or None for the end.
    """
    ranges = list(_objects(source, end))
    total = sum(stop - start for start, stop in ranges)
    wanted = min(LARGEST, max(SMALLEST, total // (_SHARDS_A_WORKER * workers)))
    shards: list[tuple[int, int]] = []
    for start, stop in ranges:
        count = math.ceil((stop - start) / wanted)
        cuts = [start + (stop - start) * number // count for number in range(count + 1)]
        shards += zip(cuts, cuts[1:], strict=False)
    return tuple(shards)


def located(source: Source, shards: Sequence[tuple[int, int]]) -> list[ShardRange]:
    """Find the object of each shard, and the shard's range in it.

    Args:
        source: The source that was passed to `cut_shards`.
        shards: The shards that `cut_shards` returned, possibly in an earlier command.

    Raises:
        InputError: A shard spans two objects, so it was not cut for a fan-out.
    """
    found: list[ShardRange] = []
    waiting = list(shards)
    base = 0
    for part, length in parts_of(source):
        assert length is not None  # `check_source` refuses sources of unknown size
        [facts] = part.facts
        while waiting and waiting[0][0] < base + length:
            start, end = waiting.pop(0)
            if end > base + length:
                what = "this run's shards were not cut for a fan-out"
                raise InputError(what, place=part.name, fix="--fresh starts a new run.")
            # A newline added between two objects belongs to neither of them.
            found.append(ShardRange(facts, start - base, min(end - base, facts.bytes), base))
        base += length
    if waiting:
        what = "the input is shorter than this run's shards"
        raise InputError(what, place=source.name, fix="--fresh starts a new run.")
    return found


def _objects(source: Source, end: int | None) -> Iterator[tuple[int, int]]:
    """Yield each object's range in the whole source, up to `end`, without empty objects."""
    base = 0
    for part, length in parts_of(source):
        assert length is not None
        stop = base + length if end is None else min(base + length, end)
        if stop > base and part.size:
            yield base, stop
        base += length
