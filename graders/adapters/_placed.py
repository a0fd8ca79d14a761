"""Calls third-party functions in this process, or in a separate one if they are confined.

This module does not import `_confined`, which takes longer to import than the rest of an adapter.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from ..errors import DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def placed(function: Callable[..., Any], inside: ModuleType | str | os.PathLike[str]) -> Callable[..., Any]:
    """Wrap a third-party function so that it is called by a module.

    The call runs in a separate process if the function is confined.

    Args:
        function: A third-party function, or the result of `confined`.
        inside: The module that makes the call, as for `ConfinedFunction.through`.

    Returns:
        A function that takes the arguments of the module's `call`, except for the first one, which is the
        third-party function. If that function is confined, the result must be awaited.

    Raises:
        DecorationError: The value is not a function.
        ConfigurationError: The function is confined and imports a package that is not available.
    """
    if is_confined(function):
        through: Any = function.through(inside)  # type: ignore[attr-defined]
        through.check()
        return through  # type: ignore[no-any-return]
    if not callable(function):
        raise DecorationError(
            f"{function!r} is not a function: pass one, or confined('rewards.py', 'its_name')"
        )
    return partial(module_of(inside).call, function)


def name_of(function: Any) -> str:
    """Return a function's name for use in messages and metrics."""
    while hasattr(function, "func"):  # a partial, or a partial of a partial
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def is_confined(function: object) -> bool:
    """Return True if the function is a `ConfinedFunction`. Does not import that class."""
    module = sys.modules.get(f"{__package__}._confined")
    return module is not None and isinstance(function, module.ConfinedFunction)


def module_of(inside: ModuleType | str | os.PathLike[str]) -> Any:
    """Return a module, given the module itself, its name or its path."""
    name = os.fspath(inside) if isinstance(inside, (str, os.PathLike)) else inside
    if not isinstance(name, str):
        return name
    if not name.endswith(".py"):
        from importlib import import_module

        return import_module(name, __package__)
    from importlib import util

    spec = util.spec_from_file_location(os.path.basename(name).removesuffix(".py"), name)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
