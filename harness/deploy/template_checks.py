"""Finds harmful settings in a SAM template before it is built, such as timeouts and IAM policies.

Values that are not known before deployment, such as a parameter without a default, are not checked, because a
guess could lead to a wrong finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.deploy.alarm_checks import loops, watched
from harness.deploy.build_checks import check_build
from harness.deploy.checklist import finding
from harness.deploy.default_values import mapping, plain, sequence
from harness.deploy.not_checked import not_checked_function, not_checked_resource
from harness.deploy.policies import check_statements, written
from harness.deploy.publishing_checks import check_publishing
from harness.deploy.settings_checks import check_settings
from harness.findings import Finding, Place
from harness.localaws.template import function_loops, read_template
from harness.localaws.template_values import FUNCTION_TYPE, TemplateValues, merge_properties

__all__ = ["check_template"]

_LOG_GROUP = "AWS::Logs::LogGroup"
_POLICY_HOLDERS = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


def check_template(path: Path, parameters: Mapping[str, str] | None = None) -> list[Finding]:
    """Check a template.

    Args:
        path: The template.
        parameters: Parameter values that replace the defaults.

    Raises:
        InputError: The file cannot be read or is not a template.
    """
    return list(_Template(path, parameters or {}).findings())


class _Template:
    def __init__(self, path: Path, parameters: Mapping[str, str]) -> None:
        self._path = path
        self._template = read_template(path)
        self._lines = path.read_text("utf-8").splitlines()
        self._resources: dict[str, Any] = {
            name: one for name, one in self._template["Resources"].items() if isinstance(one, dict)
        }
        self._values = TemplateValues(self._template, parameters)
        self._globals = mapping(mapping(self._template.get("Globals")).get("Function"))

    def findings(self) -> Iterator[Finding]:
        graders = [name for name, one in self._resources.items() if one.get("Type") == FUNCTION_TYPE]
        elsewhere = [
            one
            for name, resource in self._resources.items()
            for one in not_checked_resource(name, resource, self._place(name))
        ]
        elsewhere += [
            finding(
                "D050",
                f"{loop} makes functions: they were not checked, and the build does not read them",
                str(self._path),
                fix="Write each as a separate resource.",
            )
            for loop in function_loops(self._template)
        ]
        yield from elsewhere
        if not graders and not elsewhere:
            yield finding("D011", "the template has no function", str(self._path))
        for name in graders:
            yield from self._function(name)
        yield from self._alarms(graders)
        for name, resource in self._resources.items():
            if resource.get("Type") in _POLICY_HOLDERS:
                yield from self._policies(name, mapping(resource.get("Properties")))

    def _function(self, name: str) -> Iterator[Finding]:
        own = mapping(self._resources[name].get("Properties"))
        properties = merge_properties(self._globals, own)
        place = self._place(name)
        known = plain(self._values, properties)
        # A value known only at deployment is replaced with a harmless one, so that it causes no finding.
        unknown = {"Timeout": 60, "MemorySize": 512}
        known |= {key: value for key, value in unknown.items() if key in properties and key not in known}
        yield from check_settings(
            place,
            timeout_s=_number(known.get("Timeout")),
            memory_mb=_number(known.get("MemorySize")),
            storage_mb=_number(mapping(known.get("EphemeralStorage")).get("Size")),
            runtime=_text(known.get("Runtime")),
            environment=mapping(mapping(known.get("Environment")).get("Variables")),
        )
        yield from not_checked_function(name, known, place)
        if known.get("PackageType") != "Image":
            yield from check_build(name, self._resources[name], known, self._path.parent, place)
        if "AutoPublishAlias" not in properties:
            text = f"{name} publishes no version: the next deployment changes the reward of a running job"
            yield finding("D003", text, place)
        elif plain(self._values, own.get("AutoPublishAliasAllProperties")) is not True:
            text = (
                f"{name} publishes a version only for changed code: a new timeout would not reach the alias"
            )
            yield finding("D004", text, place)
        if "AutoPublishAlias" in properties:
            yield from check_publishing(name, self._template, properties, place)
        if not self._retained(name, properties):
            yield finding(
                "D005", f"the log group of {name} has no retention: you pay for its logs forever", place
            )
        yield from self._own_policies(name, own.get("Policies"), place)

    def _alarms(self, graders: list[str]) -> Iterator[Finding]:
        lists = [loop.name for loop in loops(self._template) if loop.items]
        fix = f"Add its name to the list of {lists[0]}." if lists else None
        for name in sorted({*graders} - watched(self._template, graders)):
            yield finding("D012", f"no alarm in the template watches {name}", self._place(name), fix=fix)

    def _retained(self, name: str, properties: Mapping[str, Any]) -> bool:
        """Return True if the function's log group deletes old logs or belongs to another stack."""
        wanted = mapping(properties.get("LoggingConfig")).get("LogGroup")
        groups = {key: one for key, one in self._resources.items() if one.get("Type") == _LOG_GROUP}
        if (group := str(mapping(wanted).get("Ref"))) in groups:
            fitting = [groups[group]]
        elif wanted is not None:
            return True  # the log group belongs to another stack
        else:
            mine = f"/aws/lambda/${{{name}}}"
            names = {key: mapping(one.get("Properties")).get("LogGroupName") for key, one in groups.items()}
            fitting = [groups[key] for key, found in names.items() if found == {"Fn::Sub": mine}]
        return any("RetentionInDays" in mapping(one.get("Properties")) for one in fitting)

    def _policies(self, name: str, properties: Mapping[str, Any]) -> Iterator[Finding]:
        place = self._place(name)
        documents = [properties.get("PolicyDocument")]
        documents += [one.get("PolicyDocument") for one in written(properties.get("Policies"))]
        for document in documents:
            yield from check_statements(document, place, name)
        for arn in sequence(properties.get("ManagedPolicyArns")):
            yield from _managed(arn, name, place)

    def _own_policies(self, name: str, policies: Any, place: Place) -> Iterator[Finding]:
        """Check the policies that SAM allows on a function: managed policy names and statements."""
        for policy in policies if isinstance(policies, list) else [policies]:
            if isinstance(policy, dict):
                yield from check_statements(policy, place, name)
            else:
                yield from _managed(policy, name, place)

    def _place(self, name: str) -> Place:
        pattern = re.compile(rf'\s+["\']?{re.escape(name)}["\']?\s*:')
        line = next((at for at, text in enumerate(self._lines, 1) if pattern.match(text)), None)
        return Place(file=str(self._path), line=line)


def _managed(policy: Any, whose: str, place: Place) -> Iterator[Finding]:
    name = policy.rpartition("/")[2] if isinstance(policy, str) else ""
    if name == "AdministratorAccess":
        yield finding("D007", f"{whose} has {name}", place)
    elif name.endswith("FullAccess"):
        yield finding("D008", f"{whose} has {name}", place)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
