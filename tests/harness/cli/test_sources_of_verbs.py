"""Verbs read the same data from one or several files, compressed files, stdin and S3."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.samples import RECORDS, ROLLOUTS
from support.moto_aws import LocalAws, local_aws
from support.rft_command import refusal, rft_inside

zstandard = pytest.importorskip("zstandard")

GRADER = 'checks.numbers:number(marker="####")'
PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
KINDS = [*PACKED, "-", "packed -", "two", "pattern", "s3", "s3 .gz", "s3 prefix"]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as found:
        yield found


class Places:
    """Stores data in files, in S3 or on stdin."""

    def __init__(self, folder: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._s3 = aws.client("s3")
        self._patch = monkeypatch
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)

    def put(self, bucket: str, key: str, body: bytes) -> None:
        if bucket not in {found["Name"] for found in self._s3.list_buckets()["Buckets"]}:
            where = {"LocationConstraint": "us-west-2"}
            self._s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def lay(self, kind: str, content: bytes, name: str) -> list[str]:
        """Store the content, and return the words that name it on the command line."""
        cut = content.index(b"\n", len(content) // 2) + 1
        halves = {f"{name}-1.jsonl": content[:cut].rstrip(), f"{name}-2.jsonl": content[cut:]}
        if kind in PACKED:
            (self.folder / f"{name}{kind}").write_bytes(PACKED[kind](content))
            return [f"{name}{kind}"]
        if kind.endswith("-"):
            given = gzip.compress(content) if kind.startswith("packed") else content
            self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            return ["-"]
        if kind in ("two", "pattern"):
            for half, part in halves.items():
                (self.folder / half).write_bytes(part)
            return [*halves] if kind == "two" else [f"{name}-?.jsonl"]
        objects = (
            {f"{name}/all.jsonl": content} if kind == "s3" else {f"{name}/all.gz": gzip.compress(content)}
        )
        if kind == "s3 prefix":
            objects = {f"{name}/many/{half}": part for half, part in halves.items()}
        for key, body in objects.items():
            self.put("data", key, body)
        return [f"s3://data/{name}/many/" if len(objects) > 1 else f"s3://data/{next(iter(objects))}"]


@pytest.fixture
def places(tmp_path: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(tmp_path, aws, monkeypatch)


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_validated_wherever_they_lie(kind: str, places: Places) -> None:
    broken = RECORDS.read_bytes() + b'{"messages": 1}\n' + RECORDS.read_bytes().splitlines()[0]
    named = places.lay(kind, broken, "records")
    done = rft_inside(places.folder, "validate", *named, "--json", "--check", GRADER)
    found = json.loads(done.stdout)
    assert (done.returncode, found["records"], found["check"]["records"]) == (1, 302, 301)
    alike = next(one for one in found["findings"] if one["id"] == "R060")
    halves = {
        "two": "records-2.jsonl",
        "pattern": "records-2.jsonl",
        "s3 prefix": f"{named[0]}records-2.jsonl",
    }
    before = broken[: broken.index(b"\n", len(broken) // 2)].count(b"\n") + 1 if kind in halves else 0
    assert (alike["place"]["file"], alike["place"]["line"]) == (halves.get(kind, named[0]), 302 - before)
    first = named[0].replace("?", "1") + ("records-1.jsonl" if kind == "s3 prefix" else "")
    assert alike["message"].endswith(f"as {first}:1" if kind in halves else "as line 1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_asked_about_records_wherever_they_lie(kind: str, places: Places) -> None:
    words = ("--model", "m", "--out", "o.jsonl", "--print-curl", "--base-url", "http://127.0.0.1:9/v1")
    plain = rft_inside(places.folder, "rollout", RECORDS, *words)
    done = rft_inside(places.folder, "rollout", *places.lay(kind, RECORDS.read_bytes(), "records"), *words)
    assert (done.returncode, done.stdout) == (0, plain.stdout)


@pytest.mark.parametrize("kind", ["two", "-", "s3 .gz"])
def test_the_same_rollouts_make_the_same_rehearsal(kind: str, places: Places) -> None:
    few = b"".join(ROLLOUTS.read_bytes().splitlines(keepends=True)[:400])
    (places.folder / "plain.jsonl").write_bytes(few)
    words = ("-g", GRADER, "--json", "--holdout", "0")
    plain = json.loads(rft_inside(places.folder, "rehearse", "plain.jsonl", *words, "--out", "a").stdout)
    named = places.lay(kind, few, "rollouts")
    found = json.loads(rft_inside(places.folder, "rehearse", *named, *words, "--out", "b").stdout)
    assert found["identity"]["rollouts_sha256"] == plain["identity"]["rollouts_sha256"]
    assert found["curves"] == plain["curves"]


@pytest.mark.parametrize("kind", ["s3 prefix"])
def test_an_audit_reads_records_and_rollouts_wherever_they_lie(kind: str, places: Places) -> None:
    named = places.lay(kind, RECORDS.read_bytes(), "records")
    rollouts = places.lay(".zst", ROLLOUTS.read_bytes(), "rollouts")[0]
    words = ("-g", GRADER, "--rollouts", rollouts, "--search", 0, "--limit", 20, "--json", "--seconds", 60)
    done = rft_inside(places.folder, "audit", *named, *words)
    assert done.returncode == 0, done
    [kept] = (places.folder / "runs" / "audits").glob("*/audit.json")
    facts = json.loads(kept.read_text())
    assert (facts["records"], Path(facts["rollouts"]).name) == (20, "rollouts.zst")


def test_what_a_project_s_file_names_in_s3_is_taken_as_it_is(places: Places) -> None:
    [name] = places.lay("s3", RECORDS.read_bytes(), "configured")
    (places.folder / "rft.toml").write_text(f'records = "{name}"\n')
    inner = places.folder / "inner"
    inner.mkdir()
    done = rft_inside(inner, "validate")
    assert done.stdout == f"{name}: 300 records, 0 errors, 0 warnings, 0 notes\n"
    assert "s3://data/nothing: there is no object with this key" in refusal(
        inner, "validate", "s3://data/nothing"
    )


def test_the_commands_of_the_page_run(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, content = places.folder, RECORDS.read_bytes()
    other = content.replace(b"?", b" now?")
    (folder / "days").mkdir()
    for name in ("records.jsonl", "monday.jsonl", "days/1.jsonl"):
        (folder / name).write_bytes(content)
    for name in ("records.jsonl.gz", "tuesday.jsonl.gz"):
        (folder / name).write_bytes(gzip.compress(other))
    for key in ("records.jsonl", "days/1.jsonl.gz"):
        places.put("bucket", key, gzip.compress(content))
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    commands = [shlex.split(line[2:], comments=True) for line in page.splitlines() if line.startswith("$ ")]
    assert len(commands) == 8
    for words in commands:
        if "<" in words:
            at = words.index("<")
            text = (folder / words[at + 1]).read_bytes()
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
            words = words[:at]
        done = rft_inside(folder, *words[1:])
        assert (done.returncode, done.stderr) == (0, ""), words
        assert f"{600 if 'monday.jsonl' in words else 300} records, 0 errors" in done.stdout
