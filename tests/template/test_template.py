"""The template's text: validity, references, functions, logs, alarms and outputs."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.deploy.recipe import recipe_of
from harness.localaws.template_values import merge_properties
from support import sam_template
from support.template_references import unresolved

ROOT = Path(__file__).resolve().parents[2]
# W2531 warns that a runtime will soon be deprecated, so its result depends on the date.
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


def test_the_linter_ignores_only_the_rule_that_depends_on_the_date():
    assert sam_template.load((ROOT / ".cfnlintrc").read_text()) == {"ignore_checks": [IGNORED]}


def test_each_check_of_checkov_that_is_skipped_has_its_reason_in_the_template(text):
    skipped = sam_template.load((ROOT / ".checkov.yaml").read_text())["skip-check"]
    assert skipped == re.findall(r"^# - (CKV_AWS_\d+), .*: ", text, re.MULTILINE)


def test_everything_that_the_template_refers_to_exists(template):
    assert unresolved(template) == []


def test_everything_that_the_translated_template_refers_to_exists(translated):
    assert unresolved(translated) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Names: [WordProblem,", "Names: [WordProblemX,"),
        ("!GetAtt GraderRole.Arn", "!GetAtt GraderRole.Arm"),
        ('{Ref: !Sub "${Grader}.Version"}', '{Ref: !Sub "${Grader}.Versions"}'),
        ('{Ref: !Sub "${Grader}.Alias"}', '{Ref: !Sub "${Grader}X.Alias"}'),
        ("LogGroup: !Ref GraderLogs", "LogGroup: !Ref GraderLog"),
        ("function:${AWS::StackName}-*", "function:${AWS::StackNames}-*"),
        ("VersionDescription: !Sub ${MemorySize} MB", "VersionDescription: !Sub ${Memory.Size} MB"),
        ("- HasJudgeModel\n", "- HasJudge\n"),
        ("inference-profile/${JudgeModel}", "inference-profile/${JudgeModels}"),
        ("!If [HasAlarmTopic,", "!If [HasAlarmTopics,"),
    ],
)
def test_a_reference_to_nothing_is_found(text, right, wrong):
    assert right in text
    assert unresolved(sam_template.expanded(sam_template.load(text.replace(right, wrong)))) != []


def test_the_linter_alone_would_miss_a_name_that_begins_with_a_function_s(text, tmp_path):
    """This is why `unresolved` exists. If it fails, `unresolved` may be superfluous."""
    file = tmp_path / "template.yaml"
    file.write_text(text.replace("Names: [WordProblem,", "Names: [WordProblemX,"))
    assert lint(file).returncode == 0


# --- Functions ------------------------------------------------------------------------------------


def test_every_example_grader_is_a_function_of_the_template(template):
    modules = {file.stem for file in (ROOT / "graders" / "examples").glob("[!_]*.py")}
    handlers = [each["Properties"]["Handler"] for each in graders(template).values()]
    assert {handler.split(".")[2] for handler in handlers if handler != READY_HANDLER} == modules


def test_every_handler_is_a_grader(template, monkeypatch):
    from graders.decorator import Grader

    monkeypatch.setenv(READY_VARIABLE, template["Parameters"]["GraderCheck"]["Default"])
    for function in graders(template).values():
        module, name = function["Properties"]["Handler"].rsplit(".", 1)
        assert isinstance(getattr(importlib.import_module(module), name), Grader)


def test_every_function_says_its_limits_and_is_built_by_the_makefile(template, translated):
    functions = of_type(translated, "AWS::Lambda::Function")
    assert functions.keys() == {*graders(template), "FanOutWorker"}
    assert template["Resources"]["FanOutWorker"]["Metadata"]["BuildMethod"] == "makefile"
    for name in graders(template):
        function = functions[name]
        properties = function["Properties"]
        assert properties["Timeout"] == (300 if name == "ReadyCheck" else 60)
        assert properties["MemorySize"] == {"Ref": "MemorySize"}
        assert properties["Architectures"] == [{"Ref": "Architecture"}]
        assert properties["Runtime"] == "python3.13"
        assert template["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}
        assert template["Resources"][name]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_the_recipe_is_the_one_that_the_template_says(template, monkeypatch):
    monkeypatch.chdir(ROOT)
    for name, function in graders(template).items():
        recipe = recipe_of(Path("template.yaml"), name, pins=Path("requirements/lambda.txt"))
        assert recipe.runtime == template["Globals"]["Function"]["Runtime"]
        assert recipe.architecture == template["Parameters"]["Architecture"]["Default"]
        assert recipe.handler == function["Properties"]["Handler"]
        assert (recipe.own, recipe.requirements) == (None, (Path("requirements/lambda.txt"),))


def test_a_published_version_is_kept_when_the_next_one_comes(template, translated):
    versions = of_type(translated, "AWS::Lambda::Version")
    aliases = of_type(translated, "AWS::Lambda::Alias")
    assert len(versions) == len(aliases) == len(graders(template))
    assert {each["UpdateReplacePolicy"] for each in versions.values()} == {"Retain"}
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


def test_a_parameter_changes_no_version_s_logical_id(template):
    """This is why VersionDescription names the parameters. If it fails, that may be superfluous."""
    assert version_of(template, {"MemorySize": "1024"}) == version_of(template)


def parameters_in(value, template, found=None):
    """Return the parameters that a value depends on, including those in its conditions."""
    found = set() if found is None else found
    if isinstance(value, list):
        for each in value:
            parameters_in(each, template, found)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == "Fn::If":
                parameters_in(template["Conditions"][part[0]], template, found)
            names = re.findall(r"\$\{(\w+)\}", part) if key == "Fn::Sub" else [part]
            found |= {name for name in names if isinstance(name, str) and name in template["Parameters"]}
            parameters_in(part, template, found)
    return found


# Concurrency is not part of a version, and the key changes no reward.
NOT_OF_A_VERSION = {"ReservedConcurrentExecutions", "KmsKeyArn"}


def test_each_parameter_that_changes_a_version_publishes_the_next_one(template):
    shared = template["Globals"]["Function"]
    for name, function in graders(template).items():
        properties = merge_properties(shared, function["Properties"])
        described = parameters_in(properties.pop("VersionDescription"), template)
        held = {key: value for key, value in properties.items() if key not in NOT_OF_A_VERSION}
        assert described == parameters_in(held, template), name


def test_the_longest_description_of_a_version_is_one_that_lambda_takes(template):
    longest = {
        "SubnetIds": ",".join(["subnet-0123456789abcdef0"] * 6),
        "SecurityGroupIds": ",".join(["sg-0123456789abcdef0"] * 2),
        "MemorySize": "10240",
        "Architecture": "x86_64",
        "GraderCapture": "1000000",
        "GraderLogContent": "0",
    }
    functions = graders(template)
    ready = functions["ReadyCheck"]["Properties"]["VersionDescription"]["Fn::Sub"]
    longer = {**longest, "GraderCheck": "x" * template["Parameters"]["GraderCheck"]["MaxLength"]}
    in_small_vpc = {
        **longer,
        "SubnetIds": longest["SubnetIds"][:49],
        "SecurityGroupIds": "sg-0123456789abcdef0",
    }
    assert len(re.sub(r"\$\{(\w+)\}", lambda match: in_small_vpc[match[1]], ready)) <= 256
    for name, value in longest.items():
        pattern = template["Parameters"][name].get("AllowedPattern")
        assert pattern is None or re.fullmatch(pattern, value)
        if pattern:
            assert not re.fullmatch(pattern, value + value[value.rindex(",") :])
    text = functions["WordProblem"]["Properties"]["VersionDescription"]["Fn::Sub"]
    assert len(re.sub(r"\$\{(\w+)\}", lambda match: longest[match[1]], text)) <= 256


def test_whatever_a_version_needs_outlives_its_removal_from_the_template(translated):
    policies = {
        (each["Type"], each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
        for name, each in translated["Resources"].items()
        if name != "SubmitterPolicy"
        and each["Type"] != "AWS::CloudWatch::Alarm"
        and not name.startswith("FanOut")  # not called by jobs
    }
    kinds = "Lambda::Function Lambda::Version Lambda::Alias Lambda::Permission Logs::LogGroup IAM::Role"
    kept = [f"AWS::{kind}" for kind in [*kinds.split(), "IAM::ManagedPolicy"]]
    assert policies == {(kind, "RetainExceptOnCreate", "Retain") for kind in kept}


def test_a_log_group_that_was_left_behind_is_not_in_the_way_of_the_next_stack(template):
    assert "LogGroupName" not in template["Resources"]["GraderLogs"]["Properties"]


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


def measured(alarm):
    """Return the metrics of an alarm as (namespace, name, dimension)."""
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", [alarm]) if "MetricStat" in each]
    return {
        (metric["Namespace"], metric["MetricName"], metric["Dimensions"][0]["Name"])
        for metric in metrics or [alarm]
    }


def test_every_grader_has_the_five_alarms(template):
    lambda_s, own = ("AWS/Lambda", "FunctionName"), ("RftGraders", "service")
    expected = [
        {("Errors", *lambda_s)},
        {("Throttles", *lambda_s)},
        {("TimeoutUsed", *own)},
        {("Errors", *own), ("Abstentions", *own), ("Samples", *own)},
        {("RewardSpread", *own), ("RewardMean", *own), ("Samples", *own)},
    ]
    for function in graders(template):
        alarms = alarms_of(template, function)
        assert len(alarms) == len(expected)
        found = [{(name, space, key) for space, name, key in measured(alarm)} for alarm in alarms]
        assert all(metrics in found for metrics in expected)


def test_the_duration_alarm_stands_at_four_fifths_of_the_function_s_own_timeout(template):
    for function in graders(template):
        [alarm] = [a for a in alarms_of(template, function) if a.get("MetricName") == "TimeoutUsed"]
        assert (alarm["Threshold"], alarm["Statistic"]) == (80, "Maximum")


@pytest.mark.parametrize(
    ("samples", "spread", "means", "alarms"),
    [
        (128, 0.0, (0.0, 0.0), True),
        (128, 0.0, (0.7, 0.7), True),
        (127, 0.0, (0.0, 0.0), False),
        (5000, 0.0, (0.0, 1.0), False),
        (5000, 0.01, (0.5, 0.5), False),
    ],
)
def test_a_reward_that_does_not_vary_within_calls_or_between_them_is_an_alarm(
    template, samples, spread, means, alarms
):
    """CloudWatch's expression is evaluated as Python."""
    for function in graders(template):
        [query] = [
            each
            for alarm in alarms_of(template, function)
            for each in alarm.get("Metrics", [])
            if "RewardSpread" in str(alarm) and "Expression" in each
        ]
        python = query["Expression"].replace("IF(", "choose(").replace(" AND ", " and ")
        values = {"samples": samples, "spread": spread, "highest": max(means), "lowest": min(means)}
        chosen = eval(python, {"choose": lambda test, yes, no: yes if test else no}, values)
        assert chosen == int(alarms)


def test_alarms_measure_what_the_graders_send(template):
    """The names are from the source. `test_deployed.py` checks them in a real log."""
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
    # One service name for all graders would average their rewards, and match no alarm's dimension.
    assert "POWERTOOLS_SERVICE_NAME" not in variables
    # Content and shapes are logged only if someone asks for it.
    assert variables["GRADER_LOG_CONTENT"] == {"Ref": "GraderLogContent"}
    assert variables["GRADER_CAPTURE"] == {"Ref": "GraderCapture"}
    defaults = template["Parameters"]
    assert (defaults["GraderLogContent"]["Default"], defaults["GraderCapture"]["Default"]) == ("0", 0)


def test_alarms_tell_a_topic_if_there_is_one(template):
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"] == alarm["Properties"]["OKActions"] == topic, name
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching", name


def test_outputs_name_every_grader_in_three_ways_and_the_policy(template):
    expected: dict[str, object] = {
        "SubmitterPolicyArn": {"Ref": "SubmitterPolicy"},
        "LogGroupName": {"Ref": "GraderLogs"},
        "FanOutStateMachineArn": {"Ref": "FanOutMachine"},
        "FanOutWorkerName": {"Ref": "FanOutWorker"},
        "FanOutBucket": {"Ref": "FanOutBucket"},
        "FanOutPrefix": {"Ref": "FanOutPrefix"},
        "FanOutPolicyArn": {"Ref": "FanOutPolicy"},
    }
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
    """Return the lines in the template's comment that users should add under Resources."""
    [lines] = re.findall(r"^#   ReceiptTotal:\n(?:#     .*\n)+", text, re.MULTILINE)
    return [line.removeprefix("# ") for line in lines.splitlines()]


def test_adding_a_grader_takes_ten_lines_and_its_name_in_one_list(text, added):
    assert added[0] == "  ReceiptTotal:"
    assert len(added) == 10
    code = re.sub(r"#.*", "", text)
    resources = code[code.index("Resources:") : code.index("CorrectThenFormat:", code.index("Resources:"))]
    assert len(re.findall(r"\bWordProblem\b", code)) == 2
    assert len(re.findall(r"\bWordProblem\b", resources)) == 1


def test_an_added_grader_gets_everything_from_the_rest(text, added):
    longer = text.replace("\nResources:\n", "\nResources:\n" + "\n".join(added) + "\n", 1)
    longer = longer.replace("Names: [", "Names: [ReceiptTotal, ")
    template = sam_template.expanded(sam_template.load(longer))
    translated = sam_template.translate(sam_template.packaged(template))
    assert unresolved(template) == unresolved(translated) == []
    function = translated["Resources"]["ReceiptTotal"]["Properties"]
    assert function["Handler"] == "my_graders.receipt_total.receipt_total"
    assert template["Resources"]["ReceiptTotal"]["Properties"]["AutoPublishAliasAllProperties"] is True
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "GraderLogs"}
    assert (function["Timeout"], function["MemorySize"]) == (60, {"Ref": "MemorySize"})
    made = {
        name: each["Type"] for name, each in translated["Resources"].items() if name.startswith("Receipt")
    }
    assert made["ReceiptTotalAliaslive"] == "AWS::Lambda::Alias"
    assert "AWS::IAM::Role" not in made.values(), "a role of its own would have the broad managed policy"
    assert list(made.values()).count("AWS::CloudWatch::Alarm") == 5
    assert {"ReceiptTotalVersionArn", "ReceiptTotalAliasArn", "ReceiptTotalFunctionArn"} <= set(
        translated["Outputs"]
    )
