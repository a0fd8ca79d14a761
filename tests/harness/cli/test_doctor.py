from __future__ import annotations

import json
import shutil

import pytest

from harness.cli.main import main
from harness.errors import InputError
from harness.localaws.function import PRESENT_RUNTIME
from harness.localaws.manifest import Manifest, write_manifest
from harness.targets.built import built_function
from support.builds import SAME, write_build, write_project


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE", "REGION", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def ids(capsys):
    return [one["id"] for one in json.loads(capsys.readouterr().out)["findings"]]


def test_without_credentials_template_and_artifact_are_looked_at(project, capsys):
    write_build(project)
    assert main(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["looked_at"] == ["template.yaml", ".aws-sam/build: Same"]
    assert set(said["artifacts"]["Same"]) >= {"bytes_unzipped", "bytes_zipped", "import_ms", "code_sha256"}
    assert said["functions"] == {}
    assert said["counts"]["error"] == 0


def test_what_is_not_built_is_a_warning(project, capsys):
    assert main(["doctor"]) == 0
    assert "warning D020 not built" in capsys.readouterr().out


def test_an_error_fails(project, capsys):
    write_build(project, SAME.replace("==", "!="))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert out.index("error D030 older than the sources") < out.index("note D027")
    assert "Run `sam build` again." in out
    assert out.splitlines()[-1] == "1 error, 1 note"


def test_asking_judges_says_so_where_there_is_none(project, capsys):
    assert main(["doctor", "--ask-judge", "rollouts.jsonl"]) == 0
    assert "nothing is built, so no judge is known" in " ".join(capsys.readouterr().out.split())
    write_build(project)
    assert main(["doctor", "--ask-judge", "rollouts.jsonl"]) == 0
    assert "no function that is built here has a judge" in " ".join(capsys.readouterr().out.split())


def test_another_template_is_looked_at_where_it_stands(project, capsys, monkeypatch, tmp_path):
    write_build(project)
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--template", "project/template.yaml", "--json"]) == 0
    assert ids(capsys) == ["D027"]


def test_several_templates_are_looked_at(project, capsys, tmp_path):
    other = write_project(tmp_path / "other")
    assert main(["doctor", "--template", "template.yaml", "--template", str(other / "template.yaml")]) == 0
    assert capsys.readouterr().out.count("warning D020 not built") == 2


@pytest.mark.parametrize("name", ["template.yml", "infra/graders.yaml"])
def test_the_template_that_sam_takes_is_looked_at(project, capsys, name):
    (project / name).parent.mkdir(exist_ok=True)
    (project / "template.yaml").rename(project / name)
    if "/" in name:
        text = f'[default.global.parameters]\ntemplate_file = "{name}"\n'
        (project / "samconfig.toml").write_text(text)
    main(["doctor", "--json"])
    assert json.loads(capsys.readouterr().out)["looked_at"] == [name]


def test_the_job_is_held_to_the_region_of_samconfig(project, capsys):
    asked = ["doctor", "--model", "openai.gpt-oss-20b", "--json"]
    assert main(asked) == 0
    assert ids(capsys) == ["D050", "D020"]
    (project / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "eu-west-1"\n')
    assert main(asked) == 0
    assert ids(capsys) == ["D067", "D020"]
    assert main([*asked, "--job-region", "us-west-2"]) == 1
    assert ids(capsys) == ["D066", "D020"]
    assert main([*asked, "--region", "us-west-2"]) == 0
    assert ids(capsys) == ["D020"]


def test_a_module_that_only_a_call_imports_is_found_in_the_build(project, capsys):
    source = f"{SAME}\n\ndef later():\n    import no_such_package\n"
    (project / "app.py").write_text(source)
    write_build(project, source)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "error D034" in out
    assert "imports no_such_package" in " ".join(out.split())


def test_a_limit_of_a_sample_beyond_the_call_s_is_found(project, capsys):
    write_build(project, Timeout=5)
    main(["doctor", "--json"])
    assert "D017" in ids(capsys)


def test_a_partial_build_is_said_to_be_one(project, capsys):
    """After `sam build Same`, CodeUri of each other function is still its source folder."""
    with (project / "template.yaml").open("a") as template:
        template.write(
            "  Other: {Type: 'AWS::Serverless::Function', Properties: {Handler: app.same, CodeUri: .}}\n"
        )
    build = write_build(project, functions={"Same": "app.same", "Other": "app.same"})
    text = (build / "template.yaml").read_text().replace("CodeUri: Other", "CodeUri: .")
    (build / "template.yaml").write_text(text)
    main(["doctor"])
    out = " ".join(capsys.readouterr().out.split())
    assert "Other is in the template but not in the build, which is partial or older" in out
    assert "checked 2: template.yaml, .aws-sam/build: Same" in out
    with pytest.raises(InputError, match="Other is not built"):
        built_function(build, "Other")


def test_a_function_that_came_after_the_build_is_found(project, capsys):
    write_build(project, functions={"Former": "app.same"})
    main(["doctor"])
    assert "Same is in the template but not in the build" in " ".join(capsys.readouterr().out.split())


def test_settings_that_changed_since_the_build_are_found(project, capsys):
    write_build(project, MemorySize=1024, Environment={"Variables": {"LIMIT": "3"}})
    assert main(["doctor"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "MemorySize and Environment of Same changed in the template since the build" in out


def test_another_build_is_looked_at(project, capsys, tmp_path):
    write_build(tmp_path / "elsewhere", SAME.replace("==", "!="))
    assert main(["doctor", "--artifact", str(tmp_path / "elsewhere"), "--json"]) == 1
    assert ids(capsys) == ["D027", "D030"]


def test_a_folder_that_hides_the_library_is_found(project, capsys):
    (project / "graders").mkdir()
    (project / "graders" / "__init__.py").touch()
    assert main(["doctor", "--json"]) == 1
    assert "D040" in ids(capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--template", "missing.yaml"], "missing.yaml: there is no template here"),
        (["--template", "app.py"], "app.py"),
        (["--artifact", "nowhere"], "nothing is built here"),
        (["--function", "Same"], "Add --stack, or pass --arn"),
        (["--arn", "grader"], "this is not the ARN of a Lambda function"),
        (["--stack", "mine"], "no AWS region is configured"),
        (["--stack", "mine", "--region", "us-west-2"], "no AWS credentials are configured"),
    ],
)
def test_what_cannot_be_looked_at(project, capsys, words, message):
    assert main(["doctor", *words]) == 2
    assert message in capsys.readouterr().err


def test_nothing_here_to_look_at(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 2
    assert "`rft init` makes a project" in capsys.readouterr().err


# --- Container images ---------------------------------------------------------------


def add(project, text):
    with (project / "template.yaml").open("a") as template:
        template.write(text)


IMAGE = """  Big:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: .aws-sam/images/Big, Dockerfile: Dockerfile, Runtime: %s}
    Properties:
      PackageType: Image
      ImageConfig: {Command: [app.same]}
      AutoPublishAliasAllProperties: true
"""


@pytest.mark.parametrize(
    "overrides",
    [
        "'Arch=arm64 Other=\"a b\"'",
        "['Arch=arm64', 'Other=x']",
        "'ParameterKey=Arch,ParameterValue=arm64'",
        "{Arch = 'arm64'}",
    ],
)
def test_an_artifact_of_another_architecture_than_samconfig_deploys_is_an_error(project, capsys, overrides):
    template = project / "template.yaml"
    text = template.read_text().replace(
        "      CodeUri: .\n", "      CodeUri: .\n      Architectures: [!Ref Arch]\n"
    )
    parameter = "Parameters:\n  Arch: {Type: String, Default: x86_64}\n"
    template.write_text(parameter + text)
    built = write_build(project, Architectures=[{"Ref": "Arch"}])
    with (built / "template.yaml").open("a") as file:
        file.write(parameter)
    manifest = Manifest(project="../..", runtime=PRESENT_RUNTIME, architecture="x86_64", glibc="2.34")
    write_manifest(built / "Same", manifest)
    assert main(["doctor", "--json"]) == 0
    capsys.readouterr()
    (project / "samconfig.toml").write_text(f"[default.deploy.parameters]\nparameter_overrides = {overrides}")
    assert main(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert "parameter_overrides in samconfig.toml" in said["looked_at"]
    found = [one for one in said["findings"] if one["id"] == "D031"]
    assert [one["message"] for one in found] == [
        "Same was built for x86_64, but Architectures is arm64 in the deployment"
    ]
    assert "pass --template template.yaml --function Same" in found[0]["fix"]


def test_an_image_is_not_passed_over(project, capsys):
    add(project, IMAGE % PRESENT_RUNTIME)
    write_build(project)
    assert main(["doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    said = {one["id"]: one["message"] for one in found if "Big" in one["message"]}
    assert said["D033"] == "Big has PackageType: Image and Runtime"
    assert "the files that go into the image of Big are not here" in said["D050"]


def test_the_files_of_an_image_are_looked_at_where_they_are(project, capsys):
    template = project / "template.yaml"
    text = template.read_text().replace(f"    Runtime: {PRESENT_RUNTIME}\n", "")
    template.write_text(
        text.replace("      CodeUri: .\n", f"      CodeUri: .\n      Runtime: {PRESENT_RUNTIME}\n")
    )
    add(project, IMAGE % PRESENT_RUNTIME)
    built = write_build(project)
    (project / ".aws-sam" / "images" / "Big").mkdir(parents=True)
    (built / "Same").rename(project / ".aws-sam" / "images" / "Big" / "task")
    shutil.rmtree(built)
    assert main(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["artifacts"].keys() == {"Big"}
    assert said["artifacts"]["Big"]["processor_share"] == 0.29  # the default memory has less
    assert [one["message"] for one in said["findings"] if one["id"] == "D050"] == [
        "Big is a container image: its base system and its layers were not checked"
    ]
