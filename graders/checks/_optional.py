"""Imports what a check needs beyond the standard library, when the check is made.

A family that needs such a library says so in its constant `EXTRA`, the name of the extra that brings it.
"""

from __future__ import annotations

from importlib import import_module

from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def optional(module: str, extra: str, package: str | None = None) -> Any:
    """Import a library that an extra brings.

    Args:
        module: The name that it is imported by.
        extra: The extra of this distribution that installs it.
        package: The package that holds it, where that has another name than the module.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        raise ConfigurationError(
            f"this check needs the package {package or top.replace('_', '-')}: pip install "
            f"'rft-graders[{extra}]', and for Lambda add it to the requirements.txt beside the grader"
        ) from None
