"""Stacks in moto with the SAM transform, outputs, and CloudFormation's order of changes.

This adds four rules of CloudFormation that moto does not follow. A change set gets the transforms and, after
its execution, outputs. An update changes a function before it publishes a version of it. A resource is
replaced if a property changes that cannot be updated. A resource that is removed or replaced remains if its
policies retain it. Failed updates are not rolled back.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import (
    ResourceMap,
    clean_json,
    parse_and_create_resource,
    parse_and_update_resource,
)
from samtranslator.model.exceptions import InvalidDocumentException

from support.sam_template import LANGUAGE_EXTENSIONS, REGION, SAM_TRANSFORM, translate


def transformed(text: str, parameters: dict[str, str]) -> str:
    """Return a template with its transforms applied, as JSON.

    moto knows only Retain. RetainExceptOnCreate has the same effect here, because nothing is rolled back.

    Raises:
        ValidationError: SAM refuses the template.
    """
    try:
        translated = json.dumps(translate(Stack.parse_template(text), parameters), default=str)
        return translated.replace('"RetainExceptOnCreate"', '"Retain"')
    except ValueError as refused:
        raise ValidationError(message=f"Transform {LANGUAGE_EXTENSIONS} failed with: {refused}") from refused
    except InvalidDocumentException as refused:
        why = "; ".join(str(cause.message) for cause in refused.causes)
        raise ValidationError(message=f"Transform {SAM_TRANSFORM} failed with: {why}") from refused


_FIRST = ("AWS::Lambda::Function", "AWS::Lambda::Version")


class OrderedResources(ResourceMap):
    """A stack's resources, changed in CloudFormation's order: functions, versions, others, removals."""

    _resource_json_map: dict[str, Any]

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        declared_before: dict[str, Any] = dict(self._resource_json_map)
        before = {name: self._resolved(name) for name in declared_before if name in self._parsed_resources}
        self._template = template
        if parameters:
            self.input_parameters = parameters
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()
        self._resource_json_map = template["Resources"]

        wanted = [name for name, each in template["Resources"].items() if self._is_wanted(each)]
        for name in sorted(wanted, key=self._rank):
            if name not in self._parsed_resources:
                self[name]  # creates the resource and those that it refers to
            elif name in before and self._resolved(name) != before[name]:
                self._modify(name, before[name], declared_before[name])
        for name in before.keys() - set(wanted):
            resource = self._parsed_resources.pop(name)
            if declared_before[name].get("DeletionPolicy") != "Retain":
                self._delete_resource(resource, declared_before[name])

    def _is_wanted(self, declared: dict[str, Any]) -> bool:
        condition = declared.get("Condition")
        return condition is None or bool(self.lazy_condition_map[condition])

    def _rank(self, name: str) -> int:
        kind = self._resource_json_map[name]["Type"]
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)

    def _resolved(self, name: str) -> Any:
        return clean_json(copy.deepcopy(self._resource_json_map[name]), self)

    def _modify(self, name: str, before: dict[str, Any], declared_before: dict[str, Any]) -> None:
        declared = self._resource_json_map[name]
        old, new = before.get("Properties", {}), self._resolved(name).get("Properties", {})
        fixed = _create_only(declared["Type"])
        if any(old.get(key) != new.get(key) for key in fixed):
            replaced = self._parsed_resources[name]
            made = parse_and_create_resource(name, declared, self, self._account_id, self._region_name)
            if declared.get("UpdateReplacePolicy") != "Retain":
                self._delete_resource(replaced, declared_before)
        elif old == new:
            return  # only its retention policies changed
        else:
            made = parse_and_update_resource(name, declared, self, self._account_id, self._region_name)
        if made is None:
            raise NotImplementedError(f"moto cannot update a {declared['Type']}")
        self._parsed_resources[name] = made


def _create_only(kind: str) -> list[str]:
    """Return the properties whose change replaces a resource of this type."""
    schema: Any = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return [path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])]


def _as_given(parameters: dict[str, Any]) -> dict[str, str]:
    """Return parameters as strings. For UsePreviousValue, moto has numbers and lists."""
    return {
        name: ",".join(value) if isinstance(value, list) else str(value) for name, value in parameters.items()
    }


class SamCloudFormation(CloudFormationBackend):
    """CloudFormation with the SAM transform."""

    # moto finds a backend's routes by its module
    __module__ = "moto.cloudformation.models"

    def create_stack(self, *positional: Any, **given: Any) -> Stack:
        given["template"] = transformed(given["template"], given["parameters"])
        return super().create_stack(*positional, **given)

    def create_change_set(self, *positional: Any, **given: Any) -> tuple[str, str]:
        given["parameters"] = _as_given(given["parameters"])
        given["template"] = transformed(given["template"], given["parameters"])
        return super().create_change_set(*positional, **given)

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        super().execute_change_set(change_set_name, stack_name)
        change_set: Any = self.describe_change_set(change_set_name)
        stack = self.stacks[change_set.stack_id]
        # Defaults are included, because the next change set names every parameter, and unchanged values must
        # not be a change.
        stack.parameters = _as_given(stack.resource_map.resolved_parameters)
        stack._parse_template()
        stack.output_map = stack._create_output_map()
