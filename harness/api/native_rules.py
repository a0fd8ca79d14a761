"""Rules for native Bedrock jobs (names, ranges and patterns), taken from botocore's service model.

Before sending a request, botocore checks only types, names and minimums. The service checks maximums,
enumerations and patterns. This module checks them locally too, so that an invalid value is found before
anything is uploaded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["NATIVE_NAMES", "RFT", "faults_of", "hyperparameter_names", "native_hyperparameters"]

_CREATE: Final = "CreateModelCustomizationJob"
# The service's own pattern takes exponential time on a run of dashes; this one matches the same strings.
_LINEAR: Final = {r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*": r"[a-zA-Z0-9][a-zA-Z0-9+.\-]*"}

RFT: Final = "REINFORCEMENT_FINE_TUNING"

NATIVE_NAMES: Final = {"n_epochs": "epochCount", "batch_size": "batchSize"}
"""Fine-tuning API hyperparameters with a native counterpart. `learning_rate_multiplier` has none."""


def hyperparameter_names() -> Mapping[str, str]:
    """Return the native hyperparameters and their types, both as spelled in botocore."""
    shape = _request().members["customizationConfig"].members["rftConfig"].members["hyperParameters"]
    return {name: member.type_name for name, member in shape.members.items()}


def native_hyperparameters(given: Mapping[str, str]) -> dict[str, int | float | str]:
    """Parse hyperparameters.

    Args:
        given: Values as strings, keyed by native name.

    Raises:
        ValueError: A name is unknown or a value has the wrong type.
    """
    types = hyperparameter_names()
    found: dict[str, int | float | str] = {}
    for name, text in given.items():
        if name not in types:
            known = ", ".join(types)
            raise ValueError(f"{name} is not a hyperparameter of native Bedrock: choose from {known}")
        try:
            found[name] = {"integer": int, "float": float}.get(types[name], str)(text)
        except ValueError:
            raise ValueError(f"{name} must be of type {types[name]}, not {text!r}") from None
    return found


def faults_of(request: Mapping[str, Any], operation: str = _CREATE) -> list[str]:
    """Return a short description of each part of a request that botocore's service model does not allow.

    Args:
        request: The operation's arguments.
        operation: The operation's name.
    """
    return list(_faults(_request(operation), request, ""))


def _faults(shape: Any, value: Any, name: str) -> Iterator[str]:
    if shape.type_name == "structure":
        if not isinstance(value, Mapping):
            yield f"{name} must be an object"
            return
        for key in shape.required_members:
            if value.get(key) is None:
                yield f"{name}{'.' if name else ''}{key} is missing"
        for key, part in value.items():
            where = f"{name}.{key}" if name else key
            if key in shape.members:
                yield from _faults(shape.members[key], part, where)
            else:
                yield f"{where} is unknown"
        return
    yield from _scalar_faults(shape, value, name.rpartition(".")[2])


def _scalar_faults(shape: Any, value: Any, name: str) -> Iterator[str]:
    rules = shape.metadata
    least, most = rules.get("min"), rules.get("max")
    if shape.type_name == "string":
        if rules.get("enum") and value not in rules["enum"]:
            yield f"{name} must be one of {', '.join(rules['enum'])}, not {value!r}"
        elif most is not None and len(value) > most:
            yield f"{name} has {len(value)} characters; the service accepts at most {most}"
        elif "pattern" in rules and not re.fullmatch(_LINEAR.get(rules["pattern"], rules["pattern"]), value):
            yield f"{name} {value!r} does not have the form that the service accepts"
    elif (least is not None and value < least) or (most is not None and value > most) or value != value:
        yield f"{name} must be {_bounds(least, most)}, not {value:g}"


def _bounds(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    if least is None and most is None:
        return "a number"
    return f"at least {least:g}" if most is None else f"at most {most:g}"


@functools.cache
def _request(operation: str = _CREATE) -> Any:
    import botocore.session

    model = botocore.session.get_session().get_service_model("bedrock")
    return model.operation_model(operation).input_shape
