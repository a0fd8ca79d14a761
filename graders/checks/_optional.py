"""Imports optional libraries when a check that needs them is created.

Modules with such checks define a constant `EXTRA`, the name of the extra that installs the library.
"""

from __future__ import annotations

from importlib import import_module

from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOR_LAMBDA = ", and for Lambda add it to the requirements.txt next to the grader"


def optional(module: str, extra: str, package: str | None = None) -> Any:
    """Import a library that is installed by an extra.

    Args:
        module: The import name of the library.
        extra: The distribution's extra that installs the library.
        package: The name of the package if it differs from the module's.

    Raises:
        ConfigurationError: The library is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        raise _lacking(package or top, extra, _FOR_LAMBDA) from None


def require(module: str, extra: str, in_lambda: bool = False) -> None:
    """Check that a library is installed without importing it.

    Args:
        module: The import name of the library, without a dot.
        extra: The distribution's extra that installs the library.
        in_lambda: True if the Lambda runtime includes the library.

    Raises:
        ConfigurationError: The library is not installed.
    """
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise _lacking(module, extra, "" if in_lambda else _FOR_LAMBDA)


def _lacking(package: str, extra: str, more: str) -> ConfigurationError:
    name = package.replace("_", "-")
    return ConfigurationError(
        f"this check needs the package {name}: pip install 'rft-graders[{extra}]'{more}"
    )
