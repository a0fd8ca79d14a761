"""Reads the `sam deploy` settings that the harness also needs from `samconfig.toml`.

Source: the SAM developer guide, "SAM CLI configuration file". The `global` table applies to every command,
and a command's own table takes precedence. The environment is SAM_CONFIG_ENV or `default`.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.localaws.template_values import scalar_text

__all__ = ["SamConfig", "read_samconfig"]

_LONG = re.compile(r"^ParameterKey=([^,]*),ParameterValue=")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamConfig:
    """Settings for `sam deploy`. A setting that is not in the file is None."""

    path: Path
    region: str | None = None
    stack_name: str | None = None
    template: str | None = None
    """The source template, relative to the file's folder."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """`parameter_overrides`, where `sam deploy --guided` writes every parameter's value."""


def read_samconfig(folder: Path) -> SamConfig | None:
    """Read a project's `samconfig.toml`.

    Args:
        folder: The folder that contains the file.

    Returns:
        The settings, or None if the file does not exist.

    Raises:
        InputError: The file is not valid TOML.
    """
    path = folder / "samconfig.toml"
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        fix = "Correct it: `sam` cannot read it either."
        raise InputError(f"this is not valid TOML: {error}", place=str(path), fix=fix) from error
    environment = content.get(os.environ.get("SAM_CONFIG_ENV") or "default")
    deploy = {**_parameters(environment, "global"), **_parameters(environment, "deploy")}
    build = {**_parameters(environment, "global"), **_parameters(environment, "build")}
    return SamConfig(
        path=path,
        region=_text(deploy.get("region")),
        stack_name=_text(deploy.get("stack_name")),
        template=_text(build.get("template_file") or build.get("template")),
        parameters=_overrides(deploy.get("parameter_overrides")),
    )


def _parameters(environment: Any, command: str) -> dict[str, Any]:
    table = environment.get(command) if isinstance(environment, dict) else None
    found = table.get("parameters") if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}


def _overrides(value: Any) -> dict[str, str]:
    """Parse parameters from a table, or from strings in `Name=Value` or CloudFormation's long form."""
    if isinstance(value, dict):
        return {name: scalar_text(each) for name, each in value.items() if not isinstance(each, (dict, list))}
    lines = value if isinstance(value, list) else [value]
    found = {}
    for line in lines:
        try:
            words = shlex.split(line) if isinstance(line, str) else []
        except ValueError:  # an unclosed quote, which `sam` rejects
            continue
        for word in words:
            name, given, text = _LONG.sub(r"\1=", word).partition("=")
            if given:
                found[name] = text
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
