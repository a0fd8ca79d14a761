"""Calls functions of others where they run: in this process, or in one of their own if they are confined.

What shuts a function in costs a cold start more than the rest of an adapter, so it is left alone here.
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
    """Have a module call a function where that runs: in its own process if it is confined, else in this one.

    Args:
        function: A function of others, or what `confined` made of one.
        inside: The module, as `ConfinedFunction.through` takes it.

    Returns:
        A function of the arguments of the module's `call` behind the first; of a confined function it has to
        be awaited.

    Raises:
        DecorationError: It is no function.
        ConfigurationError: It is confined and imports a package that is not there.
    """
    if is_confined(function):
        through: Any = function.through(inside)  # type: ignore[attr-defined]
        through.check()
        return through  # type: ignore[no-any-return]
    if not callable(function):
        raise DecorationError(f"{function!r} is no function: pass one, or confined('rewards.py', 'its_name')")
    return partial(module_of(inside).call, function)


def name_of(function: Any) -> str:
    """What messages and metrics call a function."""
    while hasattr(function, "func"):  # a partial, also of a partial
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def is_confined(function: object) -> bool:
    """Whether this is a `ConfinedFunction`; there is none before its module was loaded."""
    module = sys.modules.get(f"{__package__}._confined")
    return module is not None and isinstance(function, module.ConfinedFunction)


def module_of(inside: ModuleType | str | os.PathLike[str]) -> Any:
    """A module by itself, its name or its path."""
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
