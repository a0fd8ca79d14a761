"""Replayed graders compared with the code of functions in a local AWS."""

from __future__ import annotations

import hashlib
import io
import platform
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import graders
from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.jobs.same_code import (
    CodeComparison,
    UnknownFunction,
    compare_code,
    compare_files,
    look_at_function,
)
from harness.localaws.function import PRESENT_RUNTIME, FunctionSpec
from harness.runs.facts import (
    DeployedFacts,
    GraderFacts,
    InProcessFacts,
    LocalRuntimeFacts,
    RunFacts,
    TargetFacts,
)
from harness.targets.deployed_code import FunctionFacts, hash_zip, look_up
from support.artifacts import write_artifact
from support.moto_aws import LocalAws, local_aws
from support.run_records import file_input

HANDLER = "same_code_grader.listed"
ROLE = "arn:aws:iam::123456789012:role/any"
GRADER = """
import json
from pathlib import Path
from graders import Sample, grader
import same_code_helper

WORDS = json.loads((Path(__file__).parent / "words.json").read_text())

@grader
def listed(sample: Sample) -> float:
    return same_code_helper.paid(sample.completion in WORDS)
"""
SOURCES = {
    "same_code_grader.py": GRADER,
    "same_code_helper.py": "def paid(said):\n    return float(said)\n",
    "words.json": '["yes"]',
}
serial = count(1)


def library() -> dict[str, bytes]:
    """Return the files of `graders` as an artifact contains them."""
    folder = Path(str(graders.__file__)).parent
    return {
        f"graders/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob("*.py")
    }


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


@pytest.fixture(scope="module")
def served() -> Iterator[LocalAws]:
    with local_aws() as aws:
        aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")
        yield aws


@pytest.fixture
def aws(served: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    return served


@pytest.fixture
def deploy(aws: LocalAws) -> Callable[..., str]:
    """Deploy files as a function, publish a version and return its ARN."""

    def deployed(
        files: Mapping[str, str | bytes], handler: str = "same_code_grader.listed", **more: Any
    ) -> str:
        name = f"grader-{next(serial)}"
        settings = {"Runtime": PRESENT_RUNTIME, "Role": ROLE, "Handler": handler, **more}
        functions = aws.client("lambda")
        functions.create_function(FunctionName=name, Code={"ZipFile": zipped(files)}, **settings)
        return str(functions.publish_version(FunctionName=name)["FunctionArn"])

    return deployed


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFacts:
    """The facts of a replay in process."""
    write_artifact(tmp_path, SOURCES)
    monkeypatch.chdir(tmp_path)
    digests = {str(tmp_path / name): hashed(content.encode()) for name, content in SOURCES.items()}
    ref = "same_code_grader.py:listed"
    return facts_of(InProcessFacts(ref), GraderFacts(ref, "x", {"range": [0.0, 1.0]}, digests))


def compared(facts: RunFacts, arn: str) -> CodeComparison:
    return compare_code(facts, look_at_function(arn, local_service=False))


def test_the_user_s_own_files_at_their_places_are_the_replayed_grader(
    deploy: Callable[..., str], replayed: RunFacts
) -> None:
    assert compared(replayed, deploy({**library(), **SOURCES})) == CodeComparison("proven")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"same_code_helper.py": "def paid(said):\n    return 1.0\n"},
            "different content in same_code_helper.py",
        ),
        ({"words.json": None}, "it does not have words.json"),
        ({"graders/wire.py": b"# other"}, "its rft-graders differs from the one here (graders/wire.py)"),
    ],
)
def test_differences_are_named(
    deploy: Callable[..., str], replayed: RunFacts, change: dict[str, Any], said: str
) -> None:
    files = {
        name: content for name, content in {**library(), **SOURCES, **change}.items() if content is not None
    }
    found = compared(replayed, deploy(files))
    assert found.same == "different"
    assert said in found.why[0]


def test_another_function_of_the_same_file_is_another_grader(
    deploy: Callable[..., str], replayed: RunFacts
) -> None:
    found = compared(replayed, deploy({**library(), **SOURCES}, handler="same_code_grader.other"))
    assert found.why == (
        "its handler is same_code_grader.other, and the replay graded with same_code_grader.py:listed",
    )


def test_facts_missing_from_a_zip_are_unknown(deploy: Callable[..., str], replayed: RunFacts) -> None:
    found = compared(replayed, deploy(SOURCES, Runtime="python3.9"))
    assert found.same == "proven"
    assert found.unchecked[0].startswith("how it grades under python3.9, as the replay ran in python3.")
    assert found.unchecked[1] == "its version of rft-graders"


def test_the_artifact_that_ran_is_the_deployed_one_file_by_file(
    deploy: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    artifact = write_artifact(tmp_path / "Listed", {**SOURCES, "pkg/deep/data.txt": "x", "pkg-a.txt": "y"})
    spec = FunctionSpec(name="listed", artifact=artifact, handler="same_code_grader.listed")
    target = LocalRuntimeFacts(tmp_path / "template.yaml", "Listed", spec.code_sha256())
    facts = facts_of(target, GraderFacts("same_code_grader:listed", target.code_sha256))
    files = {**SOURCES, "pkg/deep/data.txt": "x", "pkg-a.txt": "y"}
    assert compared(facts, deploy(files)) == CodeComparison("proven")
    found = compared(facts, deploy({**files, "words.json": '["no"]', "more.py": ""}))
    assert found.why == ("its files are not those of the replayed artifact: more.py, words.json",)
    (artifact / "words.json").write_text("[]")
    found = compared(facts, deploy({**files, "more.py": ""}))
    assert found.why == ("its files are not those of the replayed artifact",)


def test_a_deployed_run_counts_for_its_own_function_and_the_same_code(deploy: Callable[..., str]) -> None:
    one, same, other = deploy(SOURCES), deploy(SOURCES), deploy({})
    known = look_up(one)
    facts = facts_of(DeployedFacts(one, code_sha256=known.code_sha256), GraderFacts("grader", None))
    assert compared(facts, one) == CodeComparison("proven")
    assert compared(facts, same).same == "different", "another function, whatever its code"
    again = replace(known, arn=f"{one.removesuffix(':1')}:2", version="2")
    assert compare_code(facts, again).same == "proven"
    assert compare_code(facts, again).unchecked == (
        f"its settings with those of {one}, which the replay called",
    )
    asked = replace(facts, target=DeployedFacts(other, asked=one, code_sha256=known.code_sha256))
    assert compared(asked, one).same == "different", "what was called counts, not what was asked for"
    assert compare_code(facts, replace(again, code_sha256="other=")).same == "different"
    assert compare_code(facts, UnknownFunction(again.arn, "nobody asked")).same == "different"
    alias = replace(known, arn=f"{one.removesuffix(':1')}:live")
    pinned = replace(facts, target=DeployedFacts(one, version="1", code_sha256=known.code_sha256))
    assert compare_code(pinned, alias) == CodeComparison("proven")
    assert compared(facts, other).same == "different"
    plain = one.removesuffix(":1")
    unversioned = facts_of(DeployedFacts(plain, asked=plain), GraderFacts("grader", None))
    assert compare_code(unversioned, UnknownFunction(plain, "nobody asked")).same == "not proven"


def test_nothing_is_asked_of_aws_where_the_service_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"):
        monkeypatch.delenv(name, raising=False)
    found = look_at_function("arn:aws:lambda:us-west-2:123456789012:function:x:1", local_service=True)
    assert isinstance(found, UnknownFunction)
    assert "AWS was not asked" in found.why


@pytest.mark.parametrize("arn", ["", "x", "arn:", "arn:aws:lambda:us-west-2:123456789012:function:nobody:1"])
def test_an_unreadable_function_is_not_an_error(aws: LocalAws, arn: str) -> None:
    found = look_at_function(arn, local_service=True)
    assert isinstance(found, UnknownFunction)
    assert found.missing is ("nobody" in arn)


def test_an_image_has_no_zip_to_compare(aws: LocalAws, replayed: RunFacts) -> None:
    functions = aws.client("lambda")
    name = f"grader-{next(serial)}"
    image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/a:b"
    made = functions.create_function(
        FunctionName=name, PackageType="Image", Code={"ImageUri": image}, Role=ROLE
    )
    assert compared(replayed, made["FunctionArn"]) == CodeComparison(
        "not proven", ("it is a container image",)
    )


def test_code_with_another_digest_than_aws_reports_proves_nothing(
    aws: LocalAws, deploy: Callable[..., str], replayed: RunFacts
) -> None:
    facts = look_up(deploy(SOURCES))
    assert facts.location is not None
    assert facts.location not in repr(facts)
    key = unquote(urlsplit(facts.location).path.rpartition("/")[2])
    aws.client("s3").put_object(Bucket="awslambda-us-west-2-tasks", Key=key, Body=b"other")
    assert compare_code(replayed, facts).why == ("the downloaded code does not match its CodeSha256",)
    aws.client("s3").delete_object(Bucket="awslambda-us-west-2-tasks", Key=key)
    assert compare_code(replayed, facts).why == ("its code could not be downloaded (HTTP 404)",)


NAMES = st.text("abc", min_size=1, max_size=2)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(min_size=1, max_size=4)
)


@given(TREES, TREES, st.data())
def test_only_changes_of_user_files_count(
    own: dict[str, bytes], others: dict[str, bytes], data: st.DataObject
) -> None:
    own = {"my.py": b"m", **{f"own/{name}.x": content for name, content in own.items()}}
    there = own | {f"other/{name}.y": content for name, content in others.items()}
    facts = in_process({f"/here/{name}": content for name, content in own.items()})
    assert in_memory(facts, there).same == "proven"
    path = data.draw(st.sampled_from(sorted(there)))
    at = data.draw(st.integers(0, len(there[path]) - 1))
    changed = bytearray(there[path])
    changed[at] ^= data.draw(st.integers(1, 255))
    same = in_memory(facts, {**there, path: bytes(changed)}).same
    assert same == ("different" if path in own else "proven")
    gone = in_memory(facts, {name: content for name, content in there.items() if name != path})
    assert gone.same == ("different" if path in own else "proven")


@pytest.mark.parametrize(
    ("ref", "handler", "top"),
    [
        ("src/my.py:score", "my.score", "/here/src/"),
        ("/here/src/my.py:score", "src/my.score", "/here/"),
        ("../here/src/my.py:score", "my.score", "/here/src/"),
        ("src.my:score", "src.my.score", "/here/"),
        ("my:score", "my.score", "/here/src/"),
    ],
)
def test_the_handler_locates_the_top_of_the_zip(ref: str, handler: str, top: str) -> None:
    here = {"/here/src/my.py": b"1", "/here/src/data/t.csv": b"2", "/elsewhere/helper.py": b"3"}
    facts = in_process(here, ref)
    there = {path.removeprefix(top): content for path, content in here.items()}
    there["helper.py"] = there.pop("/elsewhere/helper.py")
    assert in_memory(facts, there, handler) == CodeComparison("proven")
    there["helper.py"] = b"4"
    assert "different content in" in in_memory(facts, there, handler).why[0]
    assert in_memory(facts, there, "your.score").same == "different"


def test_package_versions_are_compared_and_unknown_ones_are_listed() -> None:
    facts = in_process({"/here/my.py": b"1"}, packages={"Ruamel_Yaml": "1.2", "rapidfuzz": "3", "boto3": "1"})
    code = {"my.py": b"1", "ruamel.yaml-1.2.dist-info/METADATA": b"", "rapidfuzz-4.dist-info/METADATA": b""}
    assert in_memory(facts, code).why == ("it has rapidfuzz 4 (the replay: 3)",)
    del code["rapidfuzz-4.dist-info/METADATA"]
    assert in_memory(facts, code).unchecked == ("the version of boto3, rapidfuzz",)


def test_files_that_may_be_in_a_layer_are_not_proven() -> None:
    facts = in_process({"/here/my.py": b"1", "/here/words.txt": b"2"})
    found = in_memory(facts, {"my.py": b"1"}, layers=1)
    assert found.same == "not proven"
    assert found.why[0].endswith("words.txt, unless in a layer, which was not read")
    assert in_memory(facts, {"my.py": b"0"}, layers=1).same == "different"
    assert in_memory(facts, {"my.py": b"1", "words.txt": b"2"}, layers=2).unchecked == (
        "the content of its 2 layers",
    )


def in_process(
    files: Mapping[str, bytes], ref: str = "my.py:score", packages: dict[str, str] | None = None
) -> RunFacts:
    digests = {path: hashed(content) for path, content in files.items()}
    return facts_of(InProcessFacts(ref), GraderFacts(ref, "x", None, digests, packages or {}))


def in_memory(
    facts: RunFacts, files: Mapping[str, bytes], handler: str = "my.score", layers: int = 0
) -> CodeComparison:
    """Compare the facts with a zip file, without deploying it."""
    function = FunctionFacts(
        arn="arn",
        version="1",
        code_sha256="x",
        handler=handler,
        runtime=PRESENT_RUNTIME,
        layers=layers,
        location=None,
        unread="",
    )
    with tempfile.TemporaryFile() as held:
        held.write(zipped(files))
        return compare_files(facts, function, hash_zip(held, "arn"))


def facts_of(target: TargetFacts, grader: GraderFacts) -> RunFacts:
    return RunFacts(
        grader=grader,
        input=file_input("rollouts.jsonl"),
        target=target,
        wire="open-weight",
        versions={"python": platform.python_version(), "rft-graders": version("rft-graders")},
    )


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


LINE = 'checks.numbers:number(marker="####")'
DESCRIBED = 'check = "checks.numbers:number"\nmarker = "####"\n'


def ready(check: str) -> dict[str, Any]:
    """Return the settings of a function that grades with a ready check."""
    return {"handler": READY_HANDLER, "Environment": {"Variables": {READY_VARIABLE: check}}}


def test_a_ready_check_is_the_one_that_its_variable_names(deploy: Callable[..., str], tmp_path: Path) -> None:
    declared: dict[str, Any] = {"range": [0.0, 1.0]}
    described = {str(tmp_path / "grader.toml"): hashed(DESCRIBED.encode())}
    by_file = facts_of(InProcessFacts("grader.toml"), GraderFacts("grader.toml", "x", declared, described))
    whole = f"graders.{LINE}"
    by_line = facts_of(InProcessFacts(whole), GraderFacts(whole, "x", declared))
    files: dict[str, str | bytes] = {**library(), "grader.toml": DESCRIBED}
    assert compared(by_file, deploy(files, **ready("grader.toml"))) == CodeComparison("proven")
    assert compared(by_line, deploy(library(), **ready(LINE))) == CodeComparison("proven")
    changed = compared(by_file, deploy({**files, "grader.toml": "check = 1"}, **ready("grader.toml")))
    assert changed.why[0].startswith("it has different content in ")
    assert changed.why[0].endswith("grader.toml")
    other = compared(by_line, deploy(library(), **ready("checks.numbers:number()")))
    said = f"its variable GRADER_CHECK is checks.numbers:number(), and the replay graded with {whole}"
    assert other.why == (said,)
    assert "is not set" in compared(by_line, deploy(library(), handler=READY_HANDLER)).why[0]
    assert compared(by_line, deploy(library())).same == "different"
