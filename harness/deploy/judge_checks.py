"""Checks that a function's role in the template may call the function's judge models.

An inference profile also requires permission for its models in each of its Regions. This is not checked.
Source: "Prerequisites for inference profiles" in the Amazon Bedrock user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.deploy.checklist import finding
from harness.deploy.default_values import mapping, sequence
from harness.deploy.judge_question import AskedJudges
from harness.findings import Finding
from harness.localaws.function import FunctionSpec
from harness.localaws.template import read_template
from harness.localaws.template_values import TemplateValues, Unresolved, merge_properties
from harness.targets.built import AskedModel

__all__ = ["ASK", "check_judges", "model_arns", "unanswered"]

ASK = "bedrock:InvokeModel"
"""The IAM action for calling a Bedrock model."""


def check_judges(
    spec: FunctionSpec,
    logical_id: str,
    judges: tuple[AskedModel, ...],
    template: Path,
    parameters: Mapping[str, str],
) -> Iterator[Finding]:
    """Check that the template gives a function the permissions or API keys for its judges' models.

    Args:
        spec: The function.
        logical_id: The function's logical ID.
        judges: The models called by the function's checks.
        template: The source template.
        parameters: Parameter values that replace the defaults.

    Raises:
        InputError: The template cannot be read.
    """
    permissions = _Permissions(template, parameters)
    for judge in judges:
        if judge.service == "bedrock":
            yield from _bedrock(permissions, logical_id, judge, str(template))
        elif judge.key_variable is not None and not spec.environment.get(judge.key_variable):
            text = f"{logical_id} calls {judge.model}, but its environment has no {judge.key_variable}"
            yield finding("D037", text, str(template))


def model_arns(model: str, partition: str, region: str, account: str) -> list[str]:
    """Return the possible ARNs of a model, as a foundation model and as an inference profile.

    Args:
        model: The model's ID or ARN. If it is an ARN, only this ARN is returned.
        partition: The account's partition.
        region: The Region in which the model is called.
        account: The account that calls the model.
    """
    if model.startswith("arn:"):
        return [model]
    start = f"arn:{partition}:bedrock:{region}"
    return [f"{start}::foundation-model/{model}", f"{start}:{account}:inference-profile/{model}"]


def unanswered(asked: AskedJudges, place: str) -> Iterator[Finding]:
    """Yield a finding for each model that did not respond.

    Args:
        asked: The result of calling the judges.
        place: The file with the samples.
    """
    for model in asked.silent:
        why = asked.trouble or f"{asked.samples} samples were graded, and no check asked it about any of them"
        yield finding("D038", f"{model.model}: {why}", place)


def _bedrock(permissions: _Permissions, name: str, judge: AskedModel, place: str) -> Iterator[Finding]:
    allowed = permissions.may_ask(name, judge.model)
    if allowed is None:
        text = f"whether the role of {name} allows {ASK} on {judge.model}: it is not in the template"
        yield finding("D050", text, place)
    elif not allowed:
        text = f"{name} calls {judge.model}, but its role does not allow {ASK} on that model"
        fix = "Set Role: !GetAtt JudgeRole.Arn, and name the model in the parameter JudgeModel."
        yield finding("D036", text, place, fix=fix)


class _Permissions:
    """The permissions of the functions in a template.

    Args:
        path: The template.
        parameters: Parameter values that replace the defaults.
    """

    def __init__(self, path: Path, parameters: Mapping[str, str]) -> None:
        template = read_template(path)
        self._resources = mapping(template["Resources"])
        self._globals = mapping(mapping(template.get("Globals")).get("Function"))
        self._values = TemplateValues(template, parameters)
        self._untold = False

    def may_ask(self, function: str, model: str) -> bool | None:
        """Return True if a function's role may call a model, or None if the template does not determine it.

        Args:
            function: The function's logical ID.
            model: The ID or ARN of a model or inference profile.
        """
        self._untold = False
        names = ("AWS::Partition", "AWS::Region", "AWS::AccountId")
        arns = model_arns(model, *(self._values[name] for name in names))
        statements = self._statements(function)
        if statements is None:
            return None
        for statement in statements:
            actions = [str(each).lower() for each in _several(statement.get("Action"))]
            fits = any(fnmatchcase(ASK.lower(), action) for action in actions)
            if statement.get("Effect") != "Allow" or statement.get("Condition") or not fits:
                continue
            for resource in _several(statement.get("Resource")):
                try:
                    patterns = self._values.text(resource).split(",")  # may be a list parameter
                except Unresolved:
                    self._untold = True
                    continue
                if any(fnmatchcase(arn, pattern) for arn in arns for pattern in patterns):
                    return True
        return None if self._untold else False

    def _statements(self, function: str) -> list[dict[str, Any]] | None:
        """Return the statements of a function's role, or None if the role is not in the template."""
        resource = mapping(self._resources.get(function))
        properties = merge_properties(self._globals, mapping(resource.get("Properties")))
        if "Role" not in properties:  # SAM creates the role from the function's own policies
            return list(self._of_policies(properties.get("Policies")))
        match self._chosen(properties["Role"]):
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                role = name
            case {"Fn::GetAtt": str(text)} if text.endswith(".Arn"):
                role = text.removesuffix(".Arn")
            case _:
                return None
        if role not in self._resources:
            return None
        held = mapping(mapping(self._resources[role]).get("Properties"))
        attached = [
            mapping(self._resources.get(str(mapping(each).get("Ref"))))
            for each in sequence(held.get("ManagedPolicyArns"))
        ]
        return [
            *self._of_policies(held.get("Policies")),
            *self._of_policies([mapping(policy.get("Properties")) for policy in attached]),
        ]

    def _of_policies(self, policies: Any) -> Iterator[dict[str, Any]]:
        for policy in map(self._chosen, sequence(policies)):
            document = mapping(mapping(policy).get("PolicyDocument") or policy)
            for statement in map(self._chosen, _several(document.get("Statement"))):
                if isinstance(statement, dict):
                    yield statement

    def _chosen(self, value: Any) -> Any:
        """Return a value with its conditions resolved, or None if they are not known before deployment."""
        try:
            return self._values.chosen(value)
        except Unresolved:
            self._untold = True
            return None


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
