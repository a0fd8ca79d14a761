"""Reads functions from a SAM template, preferably the built template, `.aws-sam/build/template.yaml`.

`Globals` are merged, and `template_values` resolves values. A value that cannot be resolved is left out of
the function and listed in the function's `notes`, because a guess could be wrong.

Source: the SAM specification (`AWS::Serverless::Function`, `Globals`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graders.configured import READY_HANDLER, READY_VARIABLE
from harness.errors import InputError
from harness.localaws.function import FunctionSpec
from harness.localaws.template_values import FUNCTION_TYPE, TemplateValues, Unresolved, merge_properties

__all__ = [
    "DeclaredFunction",
    "declared_functions",
    "function_loops",
    "read_declared",
    "read_function",
    "read_functions",
    "read_template",
]

NOT_IMITATED = {
    "Layers": "its layers are not emulated: their contents are missing here",
    "VpcConfig": "its VPC is not emulated: here it has this machine's network",
    "FileSystemConfigs": "its file systems are not emulated: nothing is mounted here",
}
_KNOWN = ("FunctionName", "CodeUri", "Handler", "Runtime", "Timeout", "MemorySize", "AutoPublishAlias")
_NOT_FOR_IMAGES = ("Runtime", "Handler", "Layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredFunction:
    """The properties that determine a function's build. A value known only at deployment is None."""

    logical_id: str
    image: bool
    """True if the function is deployed as a container image (`PackageType: Image`) instead of a zip file."""
    handler: str | None
    """The handler; for an image, its command (`ImageConfig: {Command: [module.function]}`)."""
    runtime: str | None
    """The runtime; for an image, `Runtime` in its `Metadata`, because SAM refuses the property for images."""
    architecture: str | None
    code: Path | None
    """The function's folder; for an image, its container context (`DockerContext` in its `Metadata`)."""
    timeout_s: float | None = 3.0
    memory_mb: int | None = 128
    refused: tuple[str, ...] = ()
    """Properties, including those from `Globals`, that SAM refuses for a container image."""
    check: str | None = None
    """The ready check that the handler runs; None for any other handler."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """The parameters whose defaults were used for these values, with the defaults."""


def read_template(path: Path) -> dict[str, Any]:
    """Read a template, with CloudFormation's short tags (`!Sub x`) converted to the long form (`Fn::Sub`).

    Raises:
        InputError: The file cannot be read, or is not a template.
    """
    try:
        text = path.read_text("utf-8")
        template = json.loads(text) if path.suffix == ".json" else _load_yaml(text)
    except OSError as error:
        raise InputError(f"cannot read the template: {error.strerror}", place=str(path)) from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"the template cannot be parsed: {why}", place=str(path)) from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise InputError("this is not a template: it has no Resources", place=str(path))
    return template


def function_loops(template: Mapping[str, Any]) -> list[str]:
    """Return the `Fn::ForEach` loops that make functions, which this module does not expand.

    Args:
        template: The template, as `read_template` returns it.
    """
    resources = template["Resources"].items()
    return [name for name, body in resources if name.startswith("Fn::ForEach::") and _makes_function(body)]


def _makes_function(value: Any) -> bool:
    """Return True if a loop's body declares a function, directly or in a nested loop."""
    if isinstance(value, list):
        return any(map(_makes_function, value))
    if not isinstance(value, dict):
        return False
    return value.get("Type") == FUNCTION_TYPE or any(map(_makes_function, value.values()))


def read_functions(
    path: Path, parameters: Mapping[str, str] | None = None, only: Collection[str] | None = None
) -> dict[str, FunctionSpec]:
    """Return every Python function of a template that runs from a folder.

    Args:
        path: The template.
        parameters: Values that replace the parameters' defaults.
        only: The logical IDs to read; None for all.

    Raises:
        InputError: The template cannot be read, or a function has no handler, runtime or folder.
    """
    template = read_template(path)
    reader = _Reader(template, parameters or {}, path)
    unread = tuple(f"{loop} makes functions that are not read" for loop in function_loops(template))
    found = {}
    for logical_id, resource in template["Resources"].items():
        if only is not None and logical_id not in only:
            continue
        if isinstance(resource, dict) and resource.get("Type") == FUNCTION_TYPE:
            spec = reader.function(logical_id, resource)
            if spec is not None:
                found[logical_id] = replace(spec, notes=(*spec.notes, *unread))
    return found


def read_declared(path: Path, parameters: Mapping[str, str] | None = None) -> dict[str, DeclaredFunction]:
    """Return every Python function of a template, in a zip file or a container image.

    Args:
        path: The template, before or after the build.
        parameters: Values that replace the parameters' defaults.

    Raises:
        InputError: The template cannot be read.
    """
    return declared_functions(read_template(path), path, parameters or {})


def declared_functions(
    template: dict[str, Any], path: Path, parameters: Mapping[str, str]
) -> dict[str, DeclaredFunction]:
    """Return every function of a parsed template; see `read_declared`.

    Args:
        template: The template, as `read_template` returns it.
        path: The template's path.
        parameters: Values that replace the parameters' defaults.
    """
    return {
        logical_id: declared
        for logical_id, resource in template["Resources"].items()
        if isinstance(resource, dict) and resource.get("Type") == FUNCTION_TYPE
        # Each function gets a separate reader, which records only the defaults used for that function.
        if (declared := _Reader(template, parameters, path).declared(logical_id, resource)) is not None
    }


def read_function(
    path: Path, name: str | None = None, parameters: Mapping[str, str] | None = None
) -> FunctionSpec:
    """Return one function of a template by logical ID or function name; without a name, the only function.

    Raises:
        InputError: The template or a function cannot be read, or no function or several functions match.
    """
    functions = read_functions(path, parameters)
    fitting = [spec for key, spec in functions.items() if name is None or name in (key, spec.name)]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(functions) or "none"
    what = f"no function is called {name}" if name else f"the template has {len(functions)} functions"
    raise InputError(what, place=str(path), fix=f"Name one of its Python functions: {listed}.")


class _Reader:
    def __init__(self, template: dict[str, Any], parameters: Mapping[str, str], path: Path) -> None:
        self._path = path
        self._globals = self._mapping((template.get("Globals") or {}), "Globals").get("Function")
        self._values = TemplateValues(template, parameters)

    def declared(self, logical_id: str, resource: Mapping[str, Any]) -> DeclaredFunction | None:
        """Return the properties that determine a resource's build; None if it is not a Python function."""
        properties = self._properties(logical_id, resource)
        image = self._is_image(properties)
        handler, runtime, code = (properties.get(key) for key in ("Handler", "Runtime", "CodeUri"))
        if image:
            command = self._mapping(properties.get("ImageConfig"), f"{logical_id}: ImageConfig").get(
                "Command"
            )
            handler = command[0] if isinstance(command, list) and command else None
            metadata = self._mapping(resource.get("Metadata"), f"{logical_id}: Metadata")
            runtime, code = metadata.get("Runtime"), metadata.get("DockerContext")
        known, folder = self._text_or_none(runtime), self._text_or_none(code)
        if known is not None and not known.startswith("python"):
            return None
        try:
            architecture: str | None = self._architecture(properties, logical_id)
        except Unresolved:
            architecture = None
        handler = self._text_or_none(handler)
        check = self._check(properties, logical_id) if handler == READY_HANDLER else None
        defaults = dict(self._values.defaults_used)
        # The following properties do not affect the build.
        timeout = self._number_or_none(properties.get("Timeout", 3))
        memory = self._number_or_none(properties.get("MemorySize", 128))
        return DeclaredFunction(
            logical_id=logical_id,
            image=image,
            timeout_s=timeout,
            memory_mb=None if memory is None else int(memory),
            handler=handler,
            runtime=known,
            architecture=architecture,
            code=None if folder is None else (self._path.parent / folder).resolve(),
            check=check,
            refused=tuple(key for key in _NOT_FOR_IMAGES if image and properties.get(key)),
            defaults=defaults,
        )

    def _may_be_set(self, value: Any) -> bool:
        """Return True if a property has a value, or may have a value once it is deployed."""
        try:
            return bool(self._values.chosen(value))
        except Unresolved:
            return True

    def function(self, logical_id: str, resource: Mapping[str, Any]) -> FunctionSpec | None:
        """Return a resource's spec; None if the resource is not a Python function in a folder."""
        properties = self._properties(logical_id, resource)
        notes = [note for key, note in NOT_IMITATED.items() if self._may_be_set(properties.get(key))]
        known: dict[str, str] = {}
        for key in _KNOWN:
            try:
                if (value := self._values.chosen(properties.get(key))) is not None:
                    known[key] = self._values.text(value)
            except Unresolved as error:
                notes.append(f"{key} is left out: {error} is known only at deployment")
        if self._is_image(properties) or not known.get("Runtime", "python").startswith("python"):
            return None
        place = f"{self._path}: {logical_id}"
        missing = [key for key in ("CodeUri", "Handler", "Runtime") if key not in known]
        if missing:
            raise InputError(f"the function has no {' and no '.join(missing)}", place=place)
        try:
            limits = self._limits(properties, known, notes, logical_id)
        except ValueError as error:
            text = "Timeout, MemorySize and EphemeralStorage must be numbers"
            raise InputError(text, place=place) from error
        return FunctionSpec(
            name=known.get("FunctionName", logical_id),
            artifact=(self._path.parent / known["CodeUri"]).resolve(),
            handler=known["Handler"],
            runtime=known["Runtime"],
            alias=known.get("AutoPublishAlias"),
            environment=self._environment(properties, notes, logical_id),
            region=self._values["AWS::Region"],
            account=self._values["AWS::AccountId"],
            notes=tuple(notes),
            **limits,
        )

    def _properties(self, logical_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        own = self._mapping(resource.get("Properties"), f"{logical_id}: Properties")
        return merge_properties(self._mapping(self._globals, "Globals: Function"), own)

    def _is_image(self, properties: Mapping[str, Any]) -> bool:
        return self._text_or_none(properties.get("PackageType")) == "Image"

    def _limits(
        self, properties: Mapping[str, Any], known: Mapping[str, str], notes: list[str], logical_id: str
    ) -> dict[str, Any]:
        """Return the function's resource limits, under the names of the fields of `FunctionSpec`."""
        found: dict[str, Any] = {}
        if "Timeout" in known:
            found["timeout_s"] = float(known["Timeout"])
        if "MemorySize" in known:
            found["memory_mb"] = int(known["MemorySize"])
        try:
            storage = self._values.chosen(properties.get("EphemeralStorage"))
            if size := self._mapping(storage, f"{logical_id}: EphemeralStorage").get("Size"):
                found["ephemeral_mb"] = int(self._values.text(size))
            found["architecture"] = self._architecture(properties, logical_id)
        except Unresolved as error:
            notes.append(
                f"EphemeralStorage or Architectures is left out: {error} is known only at deployment"
            )
        return found

    def _architecture(self, properties: Mapping[str, Any], logical_id: str) -> str:
        """Return the value of `Architectures`, or Lambda's default.

        Raises:
            Unresolved: The value is known only at deployment.
            InputError: The value is not a list with exactly one architecture that Lambda supports.
        """
        listed = self._values.chosen(properties.get("Architectures"))
        if listed is None:
            return "x86_64"
        if isinstance(listed, dict):  # a parameter that is a list
            listed = self._values.text(listed).split(",")
        found = self._values.text(listed[0]) if isinstance(listed, list) and len(listed) == 1 else None
        if found not in ("x86_64", "arm64"):
            message = f"Architectures is {json.dumps(listed if found is None else [found], default=str)}"
            fix = "Write Architectures: [x86_64] or Architectures: [arm64]."
            raise InputError(message, place=f"{self._path}: {logical_id}", fix=fix)
        return found

    def _environment(
        self, properties: Mapping[str, Any], notes: list[str], logical_id: str
    ) -> dict[str, str]:
        resolved = {}
        for name, value in self._variables(properties, logical_id).items():
            try:
                if self._values.chosen(value) is not None or value is None:
                    resolved[str(name)] = self._values.text(value)
            except Unresolved as error:
                notes.append(f"the variable {name} is left out: {error} is known only at deployment")
        return resolved

    def _variables(self, properties: Mapping[str, Any], logical_id: str) -> dict[str, Any]:
        environment = self._mapping(properties.get("Environment"), f"{logical_id}: Environment")
        return self._mapping(environment.get("Variables"), f"{logical_id}: Variables")

    def _check(self, properties: Mapping[str, Any], logical_id: str) -> str | None:
        """Return the ready check that the handler runs; None if it is known only at deployment."""
        return self._text_or_none(self._variables(properties, logical_id).get(READY_VARIABLE))

    def _text_or_none(self, value: Any) -> str | None:
        try:
            return self._values.text(value)
        except Unresolved:
            return None

    def _number_or_none(self, value: Any) -> float | None:
        try:
            return float(self._values.text(value))
        except (Unresolved, ValueError):
            return None

    def _mapping(self, value: Any, what: str) -> dict[str, Any]:
        """Return a part of the template that must be a mapping; empty if it is missing."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise InputError(f"{what} must be a mapping", place=str(self._path))
        return value


def _load_yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Loads YAML with CloudFormation's tags. Dates stay strings, as in CloudFormation."""

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
