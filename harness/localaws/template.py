"""Functions read from a SAM template: best the built one, `.aws-sam/build/template.yaml`.

The template is YAML or JSON. `Globals` are merged; `Ref`, `Sub`, `GetAtt` and `Join` are resolved from
parameters, pseudo parameters and the template's own functions. What is beyond that is left out of the
function and named in its `notes`: a guess would be worse than a gap.

Source: the SAM specification (`AWS::Serverless::Function`, `Globals`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.localaws.function import FunctionSpec

__all__ = ["read_function", "read_functions", "read_template"]

_TYPE = "AWS::Serverless::Function"
NOT_IMITATED = {
    "Layers": "its layers are not imitated: what they hold is missing here",
    "VpcConfig": "its VPC is not imitated: here it reaches what this machine reaches",
    "FileSystemConfigs": "its file systems are not imitated: nothing is mounted here",
}
_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")
_PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}


class _Unresolved(Exception):
    """A value that only a deployment could know."""


def read_template(path: Path) -> dict[str, Any]:
    """Read a template with CloudFormation's short tags (`!Sub x`) turned into their long form (`Fn::Sub`).

    Raises:
        InputError: It cannot be read or is no template.
    """
    try:
        text = path.read_text("utf-8")
        template = json.loads(text) if path.suffix == ".json" else _load_yaml(text)
    except OSError as error:
        raise InputError(f"cannot read the template: {error.strerror}", place=str(path)) from error
    except ValueError as error:
        raise InputError(f"the template cannot be parsed: {error}", place=str(path)) from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise InputError("this is no template: it has no Resources", place=str(path))
    return template


def read_functions(path: Path, parameters: Mapping[str, str] | None = None) -> dict[str, FunctionSpec]:
    """Every Python function of a template that runs from a folder.

    Args:
        path: The template.
        parameters: Values that replace the parameters' defaults.

    Raises:
        InputError: The template cannot be read, or a function lacks its handler, its runtime or its folder.
    """
    template = read_template(path)
    reader = _Reader(template, parameters or {}, path)
    found = {}
    for logical_id, resource in template["Resources"].items():
        if isinstance(resource, dict) and resource.get("Type") == _TYPE:
            spec = reader.function(logical_id, resource.get("Properties") or {})
            if spec is not None:
                found[logical_id] = spec
    return found


def read_function(
    path: Path, name: str | None = None, parameters: Mapping[str, str] | None = None
) -> FunctionSpec:
    """One function of a template, by logical id or function name; without a name, the only one.

    Raises:
        InputError: As `read_functions`, or no function or several fit.
    """
    functions = read_functions(path, parameters)
    fitting = [spec for key, spec in functions.items() if name is None or name in (key, spec.name)]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(functions) or "none"
    what = f"no function is called {name}" if name else f"the template has {len(functions)} functions"
    raise InputError(what, place=str(path), fix=f"Name one of its Python functions: {listed}.")


class _Reader:
    """Resolves the values of one template."""

    def __init__(self, template: dict[str, Any], parameters: Mapping[str, str], path: Path) -> None:
        self._path = path
        self._globals = (template.get("Globals") or {}).get("Function") or {}
        self._resources: dict[str, Any] = template["Resources"]
        self._values: dict[str, str] = dict(_PSEUDO)
        for name, parameter in (template.get("Parameters") or {}).items():
            if isinstance(parameter, dict) and "Default" in parameter:
                self._values[name] = _text(parameter["Default"])
        self._values.update(parameters)

    def function(self, logical_id: str, own: dict[str, Any]) -> FunctionSpec | None:
        """One resource as a spec; None when it is no Python function in a folder."""
        properties = _merge(self._globals, own)
        notes = [note for key, note in NOT_IMITATED.items() if properties.get(key)]
        known: dict[str, str] = {}
        for key in (
            "FunctionName",
            "CodeUri",
            "Handler",
            "Runtime",
            "Timeout",
            "MemorySize",
            "AutoPublishAlias",
        ):
            if key in properties:
                try:
                    known[key] = self.resolve(properties[key])
                except _Unresolved as error:
                    notes.append(f"{key} is left out: {error} is only known once deployed")
        if properties.get("PackageType") == "Image":
            return None
        if not known.get("Runtime", "python").startswith("python"):
            return None
        variables = (properties.get("Environment") or {}).get("Variables") or {}
        place = f"{self._path}: {logical_id}"
        missing = [key for key in ("CodeUri", "Handler", "Runtime") if key not in known]
        if missing:
            raise InputError(f"the function has no {' and no '.join(missing)}", place=place)
        try:
            limits = self._limits(properties, known, notes)
        except ValueError as error:
            text = "Timeout, MemorySize and EphemeralStorage must be numbers"
            raise InputError(text, place=place) from error
        return FunctionSpec(
            name=known.get("FunctionName", logical_id),
            artifact=(self._path.parent / known["CodeUri"]).resolve(),
            handler=known["Handler"],
            runtime=known["Runtime"],
            alias=known.get("AutoPublishAlias"),
            environment=self._environment(variables, notes),
            region=self._values["AWS::Region"],
            account=self._values["AWS::AccountId"],
            notes=tuple(notes),
            **limits,
        )

    def _limits(
        self, properties: Mapping[str, Any], known: Mapping[str, str], notes: list[str]
    ) -> dict[str, Any]:
        """What the function may use, under the names of the spec's fields."""
        found: dict[str, Any] = {}
        if "Timeout" in known:
            found["timeout_s"] = float(known["Timeout"])
        if "MemorySize" in known:
            found["memory_mb"] = int(known["MemorySize"])
        try:
            if size := (properties.get("EphemeralStorage") or {}).get("Size"):
                found["ephemeral_mb"] = int(self.resolve(size))
            if machines := properties.get("Architectures"):
                found["architecture"] = self.resolve(machines[0])
        except _Unresolved as error:
            notes.append(
                f"EphemeralStorage or Architectures is left out: {error} is only known once deployed"
            )
        return found

    def resolve(self, value: Any) -> str:
        """A value as text.

        Raises:
            _Unresolved: It depends on something that is not in the template.
        """
        if not isinstance(value, dict):
            if isinstance(value, list) or value is None:
                raise _Unresolved(json.dumps(value))
            return _text(value)
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" and isinstance(argument, str):
                return self._reference(argument)
            if function == "Fn::GetAtt":
                parts = [argument] if isinstance(argument, str) else argument
                return self._reference(".".join(map(str, parts)))
            if function == "Fn::Sub":
                return self._substitute(argument)
            if function == "Fn::Join" and isinstance(argument, list) and isinstance(argument[1], list):
                return str(argument[0]).join(self.resolve(part) for part in argument[1])
        raise _Unresolved(json.dumps(value))

    def _environment(self, variables: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
        resolved = {}
        for name, value in variables.items():
            try:
                resolved[str(name)] = self.resolve(value)
            except _Unresolved as error:
                notes.append(f"the variable {name} is left out: {error} is only known once deployed")
        return resolved

    def _reference(self, name: str) -> str:
        """A parameter's value, or a function's name or ARN."""
        if name in self._values:
            return self._values[name]
        logical_id, _, attribute = name.partition(".")
        resource = self._resources.get(logical_id)
        if isinstance(resource, dict) and resource.get("Type") == _TYPE and attribute in ("", "Arn"):
            own_name = (resource.get("Properties") or {}).get("FunctionName", logical_id)
            function = self.resolve(own_name)
            if not attribute:
                return function
            region, account = self._values["AWS::Region"], self._values["AWS::AccountId"]
            return f"arn:aws:lambda:{region}:{account}:function:{function}"
        raise _Unresolved(name)

    def _substitute(self, argument: Any) -> str:
        """`Fn::Sub`, as text or as [text, variables]."""
        text, variables = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            name = match[1].strip()
            return self.resolve(variables[name]) if name in variables else self._reference(name)

        return _REFERENCE.sub(value, str(text)).replace("${!", "${")


def _merge(general: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Globals under a function's own properties: maps are merged, all else is replaced."""
    merged = dict(general)
    for key, value in own.items():
        before = merged.get(key)
        merged[key] = _merge(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _text(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _load_yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML with CloudFormation's tags; a date stays the text that it is in a template."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", construct)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
