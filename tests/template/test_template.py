"""The template as a document: valid, points nowhere wrong, says what has to be said of each grader."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support import sam_template
from support.template_references import unresolved

ROOT = Path(__file__).resolve().parents[2]
# The date-dependent one: "this runtime nears its end".
IGNORED = "W2531"


def of_type(template, kind):
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def graders(template):
    return of_type(template, "AWS::Serverless::Function")


def lint(file):
    return subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", IGNORED, "--", file],
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- Valid ----------------------------------------------------------------------------------------


def test_the_linter_has_nothing_to_say():
    done = lint(ROOT / "template.yaml")
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_linter_s_configuration_hides_the_calendar_and_nothing_else():
    assert sam_template.load((ROOT / ".cfnlintrc").read_text()) == {"ignore_checks": [IGNORED]}


def test_everything_that_the_template_refers_to_exists(template):
    assert unresolved(template) == []


def test_everything_that_the_translated_template_refers_to_exists(translated):
    assert unresolved(translated) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("!GetAtt WordProblem.Arn", "!GetAtt WordProblemX.Arn"),
        ("!GetAtt WordProblem.Arn", "!GetAtt WordProblem.Arm"),
        ("!Ref WordProblem.Version", "!Ref WordProblem.Versions"),
        ("!Ref WordProblem.Alias", "!Ref WordProblemX.Alias"),
        ("LogGroup: !Ref GraderLogs", "LogGroup: !Ref GraderLog"),
        ("function:${AWS::StackName}-*", "function:${AWS::StackNames}-*"),
        ("foundation-model/${JudgeModelId}", "foundation-model/${JudgeModel.Id}"),
        ("Condition: HasJudge\n", "Condition: HasJudges\n"),
        ("!If [HasAlarmTopic,", "!If [HasAlarmTopics,"),
        ("!Condition HasJudge\n", "!Condition HasJudges\n"),
    ],
)
def test_a_reference_to_nothing_is_found(text, right, wrong):
    assert right in text
    assert unresolved(sam_template.load(text.replace(right, wrong))) != []


def test_the_linter_alone_would_miss_a_name_that_begins_with_a_function_s(text, tmp_path):
    """Why `unresolved` exists; once this fails, it may be superfluous."""
    file = tmp_path / "template.yaml"
    file.write_text(text.replace("!GetAtt WordProblem.Arn", "!GetAtt WordProblemX.Arn"))
    assert lint(file).returncode == 0


# --- Functions ------------------------------------------------------------------------------------


def test_every_example_grader_is_a_function_of_the_template(template):
    modules = {file.stem for file in (ROOT / "graders" / "examples").glob("[!_]*.py")}
    handlers = [each["Properties"]["Handler"] for each in graders(template).values()]
    assert {handler.split(".")[2] for handler in handlers} == modules


def test_every_handler_is_a_grader(template):
    from graders.decorator import Grader

    for function in graders(template).values():
        module, name = function["Properties"]["Handler"].rsplit(".", 1)
        assert isinstance(getattr(importlib.import_module(module), name), Grader)


def test_every_function_says_its_limits_and_is_built_by_the_makefile(template, translated):
    functions = of_type(translated, "AWS::Lambda::Function")
    assert functions.keys() == graders(template).keys()
    for name, function in functions.items():
        properties = function["Properties"]
        assert properties["Timeout"] == 60
        assert properties["MemorySize"] == 512
        assert properties["Architectures"] == ["x86_64"]
        assert properties["Runtime"] == "python3.13"
        assert template["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}
        assert template["Resources"][name]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_the_build_compiles_for_the_runtime_of_the_template(template):
    recipe = (ROOT / "sam.mk").read_text()
    [expression] = re.findall(r"^RUNTIME = \$\(shell (.*)\)$", recipe, re.MULTILINE)
    said = subprocess.run(expression, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == [template["Globals"]["Function"]["Runtime"]]


def test_a_published_version_is_kept_when_the_next_one_comes(template, translated):
    versions = of_type(translated, "AWS::Lambda::Version")
    aliases = of_type(translated, "AWS::Lambda::Alias")
    assert len(versions) == len(aliases) == len(graders(template))
    assert {each["DeletionPolicy"] for each in versions.values()} == {"Retain"}
    assert {each["Properties"]["Name"] for each in aliases.values()} == {"live"}


def version_of(template, parameters=None):
    names = of_type(
        sam_template.translate(sam_template.packaged(template), parameters), "AWS::Lambda::Version"
    )
    return next(name for name in names if name.startswith("WordProblemVersion"))


@pytest.mark.parametrize(
    "change",
    [
        {"CodeUri": "s3://bucket/other"},
        {"Handler": "graders.examples.word_problems.other"},
        {"Timeout": 61},
        {"MemorySize": 1024},
        {"Runtime": "python3.14"},
        {"Environment": {"Variables": {"GRADER_LOG_CONTENT": "1"}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_of_a_function_publishes_a_version(template, change):
    before = version_of(template)
    template["Resources"]["WordProblem"]["Properties"] |= change
    assert version_of(template) != before


def test_nothing_changed_publishes_nothing(template):
    assert version_of(template) == version_of(template)


def test_a_parameter_publishes_nothing(template):
    assert version_of(template, {"LogRetentionDays": "7"}) == version_of(template)


# --- Logs, alarms, outputs ------------------------------------------------------------------------


def test_every_function_writes_to_a_log_group_that_forgets(translated):
    [group] = of_type(translated, "AWS::Logs::LogGroup").values()
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    for function in of_type(translated, "AWS::Lambda::Function").values():
        assert function["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": "GraderLogs"}


def alarms_of(template, function):
    def names(alarm):
        measured = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        dimensions = [pair for each in [alarm, *measured] for pair in each.get("Dimensions", [])]
        return [pair["Value"] for pair in dimensions]

    alarms = [each["Properties"] for each in of_type(template, "AWS::CloudWatch::Alarm").values()]
    return [alarm for alarm in alarms if {"Ref": function} in names(alarm)]


def test_every_grader_has_the_four_alarms(template):
    for function in graders(template):
        alarms = alarms_of(template, function)
        simple = {alarm["MetricName"]: alarm for alarm in alarms if "MetricName" in alarm}
        assert simple.keys() == {"Errors", "Throttles", "Duration"}
        assert {alarm["Namespace"] for alarm in simple.values()} == {"AWS/Lambda"}
        assert {alarm["Dimensions"][0]["Name"] for alarm in simple.values()} == {"FunctionName"}
        [own] = [alarm for alarm in alarms if "Metrics" in alarm]
        measured = [each["MetricStat"]["Metric"] for each in own["Metrics"] if "MetricStat" in each]
        assert sorted(metric["MetricName"] for metric in measured) == ["Errors", "Samples"]


def test_the_duration_alarm_stands_at_four_fifths_of_the_timeout(template):
    timeout = template["Globals"]["Function"]["Timeout"]
    for function, resource in graders(template).items():
        seconds = resource["Properties"].get("Timeout", timeout)
        [alarm] = [a for a in alarms_of(template, function) if a.get("MetricName") == "Duration"]
        assert alarm["Threshold"] == 0.8 * seconds * 1000


def test_alarms_measure_what_the_graders_send(template):
    """The names, from the source; `test_deployed.py` reads them from a real answer's log."""
    from graders._runtime import telemetry

    source = Path(telemetry.__file__).read_text()
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        for query in alarm["Properties"].get("Metrics", []):
            if "MetricStat" in query:
                metric = query["MetricStat"]["Metric"]
                assert metric["Namespace"] == telemetry.NAMESPACE
                assert f'add_metric("{metric["MetricName"]}"' in source
                assert [each["Name"] for each in metric["Dimensions"]] == ["service"]


def test_metrics_go_to_one_namespace_and_each_function_names_itself(template):
    from graders._runtime.telemetry import NAMESPACE

    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE
    # One name for all would average the rewards of different graders, and no alarm's dimension would fit.
    assert "POWERTOOLS_SERVICE_NAME" not in variables
    # Content is logged on the day someone asks for it, not by default.
    assert "GRADER_LOG_CONTENT" not in variables


def test_alarms_tell_a_topic_if_there_is_one(template):
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"] == alarm["Properties"]["OKActions"] == topic, name
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching", name


def test_outputs_name_every_grader_in_three_ways_and_the_policy(template):
    expected: dict[str, object] = {"SubmitterPolicyArn": {"Ref": "SubmitterPolicy"}}
    for name in graders(template):
        expected[f"{name}VersionArn"] = {"Ref": f"{name}.Version"}
        expected[f"{name}AliasArn"] = {"Ref": f"{name}.Alias"}
        expected[f"{name}FunctionArn"] = {"Fn::GetAtt": [name, "Arn"]}
    assert {name: each["Value"] for name, each in template["Outputs"].items()} == expected


def test_no_default_belongs_to_an_account():
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    assert config["build"]["parameters"]["build_in_source"] is True
    assert config["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
    assert config["deploy"]["parameters"]["confirm_changeset"] is False
    for file in ("samconfig.toml", "template.yaml"):
        assert not re.search(r"\b\d{12}\b|AKIA[A-Z0-9]{16}", (ROOT / file).read_text()), file


# --- One's own grader -----------------------------------------------------------------------------


@pytest.fixture
def added(text):
    """The lines that the template's comment tells to add, as they would stand under Resources."""
    [lines] = re.findall(r"^#(?:   .*\n#)+(?=\n)", text[: text.index("Parameters:")], re.MULTILINE)
    return [line.removeprefix("# ") for line in lines.splitlines() if line != "#"]


def test_adding_a_grader_takes_at_most_eight_lines(added):
    assert added[0] == "  ReceiptTotal:"
    assert len(added) <= 8


def test_an_added_grader_gets_everything_from_the_rest(text, added):
    template = sam_template.load(text.replace("Resources:\n", "Resources:\n" + "\n".join(added) + "\n", 1))
    translated = sam_template.translate(sam_template.packaged(template))
    assert unresolved(template) == unresolved(translated) == []
    function = translated["Resources"]["ReceiptTotal"]["Properties"]
    assert function["Handler"] == "my_graders.receipts.receipt_total"
    assert template["Resources"]["ReceiptTotal"]["Properties"]["AutoPublishAliasAllProperties"] is True
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "GraderLogs"}
    assert (function["Timeout"], function["MemorySize"]) == (60, 512)
    assert "ReceiptTotalAliaslive" in translated["Resources"]
    made = [name for name in translated["Resources"] if name.startswith("ReceiptTotal")]
    assert len(made) == 3, "function, version, alias: a role of its own would have the broad managed policy"
