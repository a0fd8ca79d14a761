"""Python's own library in memory, for code that can open no file.

A fork server loads what code imports most and every extension module, since those come from files too. The
text of the rest is kept, and compiled when code imports it. The same goes for the packages that a function of
others names.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType
    from typing import Any

COMMON = """
    abc array base64 bisect calendar cmath collections collections.abc contextlib copy dataclasses datetime
    decimal enum fractions functools hashlib heapq io itertools json math numbers operator os queue random re
    secrets statistics string struct textwrap threading time traceback types typing unicodedata warnings zlib
""".split()
"""What every server has loaded."""

# Screens, tests, installers, and what Python has deprecated.
_LEFT_OUT_FOLDERS = frozenset(
    """__pycache__ dist-packages distutils ensurepip idlelib lib-dynload lib2to3 pydoc_data site-packages test
    tests tkinter turtledemo venv""".split()
)
# The last one would load the whole of asyncio, which does without it.
_LEFT_OUT_EXTENSIONS = ("_test", "_xx", "xx", "_ctypes_test", "_curses", "_tkinter", "readline", "_asyncio")
_DEPRECATED_EXTENSIONS = frozenset({"_crypt", "audioop", "nis", "ossaudiodev", "spwd"})

CANNOT_IMPORT = "cannot import "
"""What the last line begins with of a server that cannot load a module; its name, a colon and why follow."""


class Library:
    """Finds and loads modules by the text that it read from Python's folder when it was made."""

    def __init__(self) -> None:
        folder = os.path.dirname(os.__file__)
        self._texts = {name: (path, text, package) for name, path, text, package in _modules(folder)}

    def take_over(self, imports: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
        """Load what has to be loaded now, and become the way to import all else.

        Args:
            imports: Modules to load besides, of the library or of packages; see `ForkServer`.
            folders: Where packages are.

        Raises:
            SystemExit: One of them cannot be loaded.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for name in (*COMMON, *_extensions()):
                try:
                    importlib.import_module(name)
                except ImportError:
                    continue  # Python was built without it
        self._load(imports, folders)
        finders: list[Any] = [BuiltinImporter, FrozenImporter, self]
        sys.meta_path[:] = finders
        sys.path[:] = []
        sys.path_importer_cache.clear()

    def _load(self, imports: Sequence[str], folders: Sequence[str]) -> None:
        """Load modules, and keep the texts of the packages that this has loaded anything of."""
        before = {*sys.modules}
        sys.path.extend(folder for folder in folders if folder not in sys.path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in imports:
                try:
                    importlib.import_module(name.removeprefix("?"))
                except BaseException as error:
                    if not name.startswith("?"):
                        said = " ".join(f"{type(error).__name__}: {error}".split())
                        raise SystemExit(f"{CANNOT_IMPORT}{name}: {said}") from None
        for name in {loaded.partition(".")[0] for loaded in sys.modules.keys() - before}:
            for folder in getattr(sys.modules.get(name), "__path__", ()) if name not in before else ():
                for one, path, text, is_package in _modules(folder, f"{name}."):
                    self._texts[one] = path, text, is_package

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Where a module is, for Python's import."""
        if name not in self._texts:
            return None
        origin, _, is_package = self._texts[name]
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's text."""
        origin, text, _ = self._texts[module.__name__]
        exec(compile(text, origin, "exec", dont_inherit=True), module.__dict__)


def _modules(folder: str, package: str = "") -> Iterator[tuple[str, str, bytes, bool]]:
    """Every module's name, path, text, and whether it is a package."""
    for entry in os.scandir(folder):
        stem, dot, ending = entry.name.partition(".")
        if not dot and stem not in _LEFT_OUT_FOLDERS and stem.isidentifier():
            inside = list(_modules(entry.path, f"{package}{stem}.")) if entry.is_dir() else []
            yield from inside
        elif ending == "py" and stem.isidentifier():
            name = f"{package}{stem}"
            is_package = stem == "__init__"
            with open(entry.path, "rb") as file:
                yield package[:-1] if is_package else name, entry.path, file.read(), is_package


def _extensions() -> Iterator[str]:
    """Names of the extension modules in the folders that modules are imported from."""
    for folder in sys.path:
        if os.path.basename(folder) != "lib-dynload" or not os.path.isdir(folder):
            continue
        for file in os.listdir(folder):
            name = file.partition(".")[0]
            if name not in _DEPRECATED_EXTENSIONS and not name.startswith(_LEFT_OUT_EXTENSIONS):
                yield name
