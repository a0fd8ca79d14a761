from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.deploy import recipe
from harness.deploy.artifact import build, main
from harness.deploy.recipe import recipe_of
from harness.errors import InputError
from harness.localaws.manifest import changed_sources
from support.artifacts import REPOSITORY, write_artifact

# No interpreter of this version exists, so the build skips compiling, which would take most of the time.
NOWHERE = "python3.99"
GLOBALS = """
Parameters:
  Rt: {{Type: String, Default: python3.12}}
  Arch: {{Type: String, Default: arm64}}
  Open: {{Type: String}}
Conditions:
  Old: !Equals [!Ref Rt, python3.11]
Globals:
  Function:
    CodeUri: .
    Runtime: {runtime}
    {architectures}
Resources:
  Bucket: {{Type: AWS::S3::Bucket}}
  Node:
    Type: AWS::Serverless::Function
    Properties: {{Handler: index.handler, Runtime: nodejs22.x}}
  Plain:
    Type: AWS::Serverless::Function
    Properties:
      Handler: plain.grade
      {own}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_artifact(tmp_path / "project", {"plain.py": ""})
    monkeypatch.chdir(folder)
    return folder


def declared(runtime="python3.13", architectures="", own=""):
    Path("template.yaml").write_text(
        GLOBALS.format(runtime=runtime, architectures=architectures, own=own), "utf-8"
    )
    return recipe_of(Path("template.yaml"), "Plain")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, ("python3.13", "x86_64")),
        ({"runtime": '"python3.12"  # keep'}, ("python3.12", "x86_64")),
        ({"runtime": "'python3.11'"}, ("python3.11", "x86_64")),
        ({"runtime": "!Ref Rt"}, ("python3.12", "x86_64")),
        ({"runtime": "!Sub '${Rt}'"}, ("python3.12", "x86_64")),
        ({"runtime": "!If [Old, python3.10, python3.14]"}, ("python3.14", "x86_64")),
        ({"architectures": "Architectures: [arm64]"}, ("python3.13", "arm64")),
        ({"architectures": "Architectures:\n      - arm64"}, ("python3.13", "arm64")),
        ({"architectures": "Architectures: [!Ref Arch]"}, ("python3.13", "arm64")),
        ({"architectures": "Architectures: !Ref Arch"}, ("python3.13", "arm64")),
        ({"architectures": "Architectures: !If [Old, [x86_64], [arm64]]"}, ("python3.13", "arm64")),
        ({"own": "Runtime: python3.11"}, ("python3.11", "x86_64")),
        (
            {"architectures": "Architectures: [arm64]", "own": "Architectures: [x86_64]"},
            ("python3.13", "x86_64"),
        ),
    ],
)
def test_runtime_and_architecture_are_the_function_s_own(project, words, expected):
    found = declared(**words)
    assert (found.runtime, found.architecture) == expected


def test_the_defaults_that_were_used_are_said_with_how_to_replace_them(project):
    (note,) = declared(runtime="!Ref Rt", architectures="Architectures: [!Ref Arch]").notes
    assert "Rt=python3.12 Arch=arm64" in note
    assert "RFT_PARAMETERS" in note
    assert declared().notes == ()
    declared(runtime="!Ref Rt")
    found = recipe_of(Path("template.yaml"), "Plain", parameters={"Rt": "python3.11"})
    assert (found.runtime, found.notes) == ("python3.11", ())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"runtime": "!Ref Open"}, "Runtime is missing, or known only at deployment"),
        ({"architectures": "Architectures: [!Ref Open]"}, "Architectures is missing, or known only"),
        ({"architectures": "Architectures: arm64"}, r"Architectures is \"arm64\""),
        ({"architectures": "Architectures: [arm64, x86_64]"}, "Architectures is"),
        ({"architectures": "Architectures: [riscv]"}, "Architectures is"),
        ({"own": "Environment: []"}, None),
    ],
)
def test_what_leaves_the_build_open_is_refused(project, words, message):
    if message is None:
        declared(**words)
        return
    with pytest.raises(InputError, match=message):
        declared(**words)


@pytest.mark.parametrize("function", ["Nothing", "Bucket", "Node"])
def test_a_function_that_is_not_there_is_refused_with_those_that_are(project, function):
    declared()
    with pytest.raises(InputError, match=r"template\.yaml: there is no Python function .* Plain"):
        recipe_of(Path("template.yaml"), function)


# --- Own files and packages ---------------------------------------------------------------------------

TWO = """
Globals: {Function: {CodeUri: ., Runtime: python3.99}}
Resources:
  Plain: {Type: AWS::Serverless::Function, Properties: {Handler: my_graders.plain.grade}}
  Fancy: {Type: AWS::Serverless::Function, Properties: {Handler: my_graders.fancy.grade}}
  Example:
    Type: AWS::Serverless::Function
    Properties: {Handler: graders.examples.word_problems.word_problem}
"""


def built(function, into, *sources):
    words = ["--template", "template.yaml", "--function", function, "--requirements", "none"]
    code = main(["--into", str(into), *words, *(["--source", *sources] if sources else [])])
    assert code == 0
    return {str(file.relative_to(into)): file.read_bytes() for file in into.rglob("*") if file.is_file()}


def test_an_artifact_is_the_same_with_and_without_a_neighbor_that_has_packages(project, tmp_path, capsys):
    plain = {"__init__.py": "", "plain/__init__.py": "", "words/list.txt": "", "requirements.txt": "# none\n"}
    write_artifact(project, {"template.yaml": TWO})
    write_artifact(project / "my_graders", plain)
    alone = built("Plain", tmp_path / "alone")
    write_artifact(project / "my_graders" / "fancy", {"__init__.py": "", "requirements.txt": "pydantic\n"})
    assert built("Plain", tmp_path / "together") == alone
    assert "left out: my_graders/fancy (its own requirements.txt makes it another grader's)" in (
        capsys.readouterr().out
    )
    fancy = recipe_of(Path("template.yaml"), "Fancy")
    assert [str(file) for file in fancy.requirements] == [
        "my_graders/requirements.txt",
        "my_graders/fancy/requirements.txt",
    ]


def test_an_example_gets_nothing_of_the_user_s(project, tmp_path):
    write_artifact(project, {"template.yaml": TWO, "my_graders/__init__.py": "", "requirements.txt": "numpy"})
    names = {name.split("/")[0] for name in built("Example", tmp_path / "example")}
    assert names == {"graders"}


def test_what_graders_share_goes_into_each_with_its_packages(project, tmp_path):
    write_artifact(project, {"template.yaml": TWO, "my_graders/plain.py": ""})
    write_artifact(project / "lib", {"words.txt": "", "requirements.txt": "# none\n"})
    assert "lib/words.txt" in built("Plain", tmp_path / "plain", "lib")
    found = recipe_of(Path("template.yaml"), "Plain", sources=(Path("lib"), Path("my_graders")))
    assert found.sources == (Path("lib"),)
    assert found.requirements == (Path("lib/requirements.txt"),)


def test_the_pins_of_every_function_come_first(project):
    write_artifact(project, {"template.yaml": TWO, "my_graders/plain.py": "", "pins.txt": ""})
    assert recipe_of(Path("template.yaml"), "Plain", pins=Path("pins.txt")).requirements == (
        Path("pins.txt"),
    )


# --- Where no environment was made --------------------------------------------------------------------


def test_without_pyyaml_and_without_pins_it_is_said_what_to_install(project, monkeypatch):
    declared()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(recipe, "_READER_PINS", Path("nowhere.txt"))
    with pytest.raises(InputError, match=r"PyYAML.*pip install 'rft-graders\[deploy\]'"):
        recipe_of(Path("template.yaml"), "Plain")


@pytest.mark.slow
def test_a_python_with_pip_alone_builds_the_checkout(tmp_path):
    """Builds like `sam build` without an environment. Downloads PyYAML and Powertools by their hashes."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "bare"], check=True)
    words = ["--template", "template.yaml", "--function", "WordProblem"]
    words += ["--requirements", "requirements/lambda.txt", "--into", str(tmp_path / "artifact")]
    command = [tmp_path / "bare" / "bin" / "python", "-m", "harness.deploy.artifact", *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "MB zipped" in done.stdout
    assert not list((tmp_path / "bare").rglob("yaml"))


@pytest.mark.slow
def test_wheels_for_arm64_are_built_from_here(project, tmp_path):
    """Downloads packages with compiled code from the index."""
    template = TWO.replace("python3.99", "python3.13, Architectures: [arm64]")
    write_artifact(project, {"template.yaml": template, "my_graders/plain.py": ""})
    write_artifact(project, {"my_graders/requirements.txt": "numpy\norjson\nrapidfuzz\n"})
    build(recipe_of(Path("template.yaml"), "Plain"), tmp_path / "artifact")
    tags = {file.name.split(".")[1] for file in (tmp_path / "artifact").rglob("*.cpython-*.so")}
    assert tags == {"cpython-313-aarch64-linux-gnu"}
    for package in ("numpy", "orjson", "rapidfuzz"):
        assert list((tmp_path / "artifact" / package).rglob("*.so"))


# --- Container images ---------------------------------------------------------------------------------

IMAGE = """
Resources:
  Big:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: .aws-sam/images/Big, Dockerfile: Dockerfile, Runtime: python3.12}
    Properties:
      PackageType: Image
      Architectures: [arm64]
      ImageConfig: {Command: [plain.grade]}
"""


def test_the_context_of_an_image_holds_the_artifact_and_a_dockerfile(project, capsys):
    write_artifact(project, {"template.yaml": IMAGE, "requirements.txt": "# none\n"})
    into = project / ".aws-sam" / "images" / "Big"
    words = ["--template", "template.yaml", "--function", "Big", "--requirements", "none"]
    assert main(["--into", str(into), *words]) == 0
    assert "for an image of python3.12 on arm64" in capsys.readouterr().out
    assert (into / "task" / "plain.py").is_file()
    assert (into / "task" / "graders" / "__init__.py").is_file()
    lines = (into / "Dockerfile").read_text().splitlines()
    assert "FROM public.ecr.aws/lambda/python:3.12" in lines
    assert "COPY task/ ${LAMBDA_TASK_ROOT}/" in lines
    assert 'CMD ["plain.grade"]' in lines


def test_an_image_may_be_larger_than_a_zip_file(project, tmp_path, monkeypatch):
    write_artifact(project, {"template.yaml": IMAGE})
    monkeypatch.setattr("harness.deploy.artifact.UNZIPPED_BYTES", 10)
    assert recipe_of(Path("template.yaml"), "Big").image
    build(recipe_of(Path("template.yaml"), "Big"), tmp_path / "image")


def test_functions_made_in_a_loop_are_said_to_be_unread(project):
    loop = """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Outer:
    - A
    - [X]
    - Fn::ForEach::Inner: [B, [Y], {"${A}${B}": {Type: AWS::Serverless::Function}}]
"""
    write_artifact(project, {"template.yaml": loop})
    with pytest.raises(InputError, match="Fn::ForEach::Outer makes functions that the build does not read"):
        recipe_of(Path("template.yaml"), "XY")


def test_a_file_of_secrets_goes_in_and_is_said(project, tmp_path):
    write_artifact(project, {"template.yaml": TWO, "my_graders/plain.py": "", "my_graders/.env": "KEY=1"})
    found = build(recipe_of(Path("template.yaml"), "Plain"), tmp_path / "plain")
    assert [note for note in found.notes if note.startswith("my_graders/.env went in")]
    assert (tmp_path / "plain" / "my_graders" / ".env").is_file()


def test_what_sam_refuses_of_an_image_is_refused_before(project):
    globals_ = "Globals: {Function: {Runtime: python3.13}}\n"
    write_artifact(project, {"template.yaml": globals_ + IMAGE})
    with pytest.raises(InputError, match="SAM refuses Runtime for PackageType: Image.*Globals"):
        recipe_of(Path("template.yaml"), "Big")


def test_an_image_without_its_runtime_or_handler_is_said(project):
    write_artifact(project, {"template.yaml": IMAGE.replace(", Runtime: python3.12", "")})
    assert "is built on python3.13" in recipe_of(Path("template.yaml"), "Big").notes[0]
    write_artifact(project, {"template.yaml": IMAGE.replace("[plain.grade]", "[]")})
    with pytest.raises(InputError, match="Handler is missing"):
        recipe_of(Path("template.yaml"), "Big")


READY = """
Parameters:
  GraderCheck: {Type: String, Default: grader.toml}
Resources:
  Ready:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Runtime: python3.99
      Handler: graders.configured.ready_check
      Environment: {Variables: {GRADER_CHECK: !Ref GraderCheck}}
"""


def test_the_file_that_describes_a_ready_check_goes_into_its_artifact(project, tmp_path):
    (project / "template.yaml").write_text(READY)
    (project / "grader.toml").write_text('check = "checks.numbers:number"\n')
    (project / "requirements.txt").write_text("")
    made = recipe_of(Path("template.yaml"), "Ready")
    assert (made.check, made.own, made.requirements) == (
        "grader.toml",
        Path("grader.toml"),
        (Path("requirements.txt"),),
    )
    artifact = tmp_path / "built"
    build(made, artifact)
    assert {"graders", "grader.toml"} <= {each.name for each in artifact.iterdir()}
    assert not (artifact / "plain.py").exists()
    assert changed_sources(artifact, project) == []
    (project / "grader.toml").write_text('check = "checks.text:exact"\n')
    assert changed_sources(artifact, project) == ["grader.toml"]


def test_a_ready_check_named_in_a_line_has_no_file(project):
    (project / "template.yaml").write_text(READY)
    made = recipe_of(Path("template.yaml"), "Ready", parameters={"GraderCheck": "checks.text:exact()"})
    assert (made.check, made.own) == ("checks.text:exact()", None)


def test_a_ready_check_that_only_a_deployment_knows_is_refused(project):
    (project / "template.yaml").write_text(READY.replace(", Default: grader.toml", ""))
    with pytest.raises(InputError, match="GRADER_CHECK is missing, or known only at deployment"):
        recipe_of(Path("template.yaml"), "Ready")
