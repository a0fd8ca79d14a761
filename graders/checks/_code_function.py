"""Loads a third-party function's modules in the process created for it.

The modules are sent in compiled form because this process cannot open files. They take precedence over other
modules with the same names.
"""

from __future__ import annotations

import importlib
import marshal
import sys
from importlib.machinery import ModuleSpec

from ._code_values import NotPlain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any


class SentModules:
    """Finds and loads modules sent by the grader.

    Args:
        modules: For each module, its name, its file name for messages, whether it is a package, and its
            compiled code.
    """

    def __init__(self, modules: Sequence[tuple[str, str, bool, bytes]]) -> None:
        self._modules = {name: (place, package, code) for name, place, package, code in modules}
        self.places = {place for _, place, _, _ in modules}
        """File names of the modules."""
        for name in self._modules:
            sys.modules.pop(name, None)
        sys.meta_path.insert(0, self)

    def load(self, name: str) -> Any:
        return importlib.import_module(name)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._modules:
            return None
        place, is_package, _ = self._modules[name]
        spec = ModuleSpec(name, self, origin=place, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None so that Python creates the module itself."""

    def exec_module(self, module: ModuleType) -> None:
        exec(marshal.loads(self._modules[module.__name__][2]), module.__dict__)


def awaited(answer: Any) -> Any:
    """Return a function's result, awaiting it if necessary."""
    if not hasattr(answer, "__await__"):
        return answer
    import asyncio

    async def wait() -> Any:
        return await answer

    return asyncio.run(wait())


def as_plain(value: Any) -> Any:
    """Convert a number or array from a library such as numpy to a plain value.

    Raises:
        NotPlain: The value cannot be converted.
    """
    kind = type(value)
    try:
        if hasattr(kind, "tolist"):  # scalars and arrays of numpy, tensors of torch
            return value.tolist()
        if hasattr(kind, "__index__"):
            return value.__index__()
        if hasattr(kind, "__float__"):
            return float(value)
    except Exception:
        pass
    raise NotPlain(f"it contains a value of type {kind.__name__}")


def place_in(error: BaseException, places: set[str]) -> str:
    """Return `file:line` of the innermost call in the given files, or an empty string if there is none."""
    if isinstance(error, SyntaxError) and error.filename in places:
        return f"{error.filename}:{error.lineno}"
    place, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in places:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
