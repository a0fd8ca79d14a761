"""Keeps Python's library in memory for code that cannot open files.

A fork server loads the most common modules and all extension modules, since the latter cannot be loaded
without files. All other modules are kept in memory, in compiled form if an up-to-date .pyc file exists and
otherwise as source code. Packages listed for a third-party function are treated the same way.
"""

from __future__ import annotations

import importlib
import marshal
import os
import re
import struct
import sys
import warnings
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from importlib.util import MAGIC_NUMBER, cache_from_source

from ._code_frames import CANNOT_IMPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType
    from typing import Any

COMMON = """
    abc array base64 bisect calendar cmath collections collections.abc concurrent.futures.thread contextlib
    copy dataclasses datetime decimal enum fractions functools hashlib heapq io itertools json math numbers
    operator os queue random re secrets statistics string struct textwrap threading time traceback types
    typing unicodedata warnings zlib
""".split()
"""Modules that every server loads."""

# User interfaces, tests, installers, and deprecated modules.
_LEFT_OUT_FOLDERS = frozenset(
    """__pycache__ dist-packages distutils ensurepip idlelib lib-dynload lib2to3 pydoc_data site-packages test
    tests tkinter turtledemo venv""".split()
)
# `_asyncio` would load all of asyncio, which works without it.
_LEFT_OUT_EXTENSIONS = ("_test", "_xx", "xx", "_ctypes_test", "_curses", "_tkinter", "readline", "_asyncio")
_DEPRECATED_EXTENSIONS = frozenset({"_crypt", "audioop", "nis", "ossaudiodev", "spwd"})

_PYC_HEADER = 16  # magic number, flags, and the time and size of the source
_IMPORT = re.compile(rb"\n[ \t]*(?:from|import) ([A-Za-z_][A-Za-z0-9_]*)")


class Library:
    """Finds and loads modules from an in-memory copy of Python's library, which is read on construction."""

    def __init__(self) -> None:
        folder = os.path.dirname(os.__file__)
        self._found = {name: (path, content, package) for name, path, content, package in _modules(folder)}

    def take_over(self, imports: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
        """Load the common, extension and given modules and replace the importers that need files.

        Args:
            imports: Additional modules to load, from the library or from packages; see `ForkServer`.
            folders: Folders that contain packages.

        Raises:
            SystemExit: A required module cannot be loaded.
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
        """Load modules and keep the other modules of their packages in memory for later imports."""
        before = {*sys.modules}
        sys.path.extend(folder for folder in folders if folder not in sys.path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in imports:
                module = name.removeprefix("?")
                try:
                    _bring_in(module)
                except BaseException as error:
                    if module == name and ":" not in name:
                        said = " ".join(f"{type(error).__name__}: {error}".split())
                        raise SystemExit(f"{CANNOT_IMPORT}{name}: {said}") from None
        named = {re.split("[.:]", name)[0] for name in imports if name[0] != "?"} - sys.stdlib_module_names
        others = {name.partition(".")[0] for name in sys.modules.keys() - before} - sys.stdlib_module_names
        for name in others.union(*(_mentioned(one, folders) for one in named)):
            for folder in _folders_of(name, folders):
                for one, path, content, is_package in _modules(folder, f"{name}."):
                    if one not in sys.modules:
                        self._found[one] = path, content, is_package

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._found:
            return None
        origin, _, is_package = self._found[name]
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None so that Python creates the module itself."""

    def exec_module(self, module: ModuleType) -> None:
        origin, content, _ = self._found[module.__name__]
        if content.startswith(MAGIC_NUMBER):
            exec(marshal.loads(memoryview(content)[_PYC_HEADER:]), module.__dict__)
        else:
            exec(compile(content, origin, "exec", dont_inherit=True), module.__dict__)


def _modules(folder: str, package: str = "") -> Iterator[tuple[str, str, bytes, bool]]:
    """Yield every module in a folder with its name, path, content and a flag for packages."""
    for entry in os.scandir(folder):
        stem, dot, ending = entry.name.partition(".")
        if not dot and stem not in _LEFT_OUT_FOLDERS and stem.isidentifier():
            inside = list(_modules(entry.path, f"{package}{stem}.")) if entry.is_dir() else []
            yield from inside
        elif ending == "py" and stem.isidentifier():
            name = f"{package}{stem}"
            is_package = stem == "__init__"
            yield package[:-1] if is_package else name, entry.path, _content(entry), is_package


def _content(entry: os.DirEntry[str]) -> bytes:
    """Return the file's up-to-date compiled form, including its header, or the source if there is none."""
    try:
        with open(cache_from_source(entry.path), "rb") as file:
            compiled = file.read()
        found = entry.stat()
        wanted = (0, int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
        if compiled.startswith(MAGIC_NUMBER) and struct.unpack("<3I", compiled[4:_PYC_HEADER]) == wanted:
            return compiled
    except (OSError, NotImplementedError, struct.error):
        pass
    with open(entry.path, "rb") as file:
        return file.read()


def _bring_in(name: str) -> None:
    """Import `module`, or a name in it if `name` is `module:name`, like `from module import name`."""
    module, _, rest = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in rest.split(".") if rest else ():
        try:
            found = getattr(found, part)
        except AttributeError:
            found = importlib.import_module(f"{found.__name__}.{part}")


def _folders_of(package: str, folders: Sequence[str]) -> list[str]:
    """Return the folders that contain a package."""
    loaded = sys.modules.get(package)
    if loaded is not None:
        return [folder for folder in getattr(loaded, "__path__", ()) if os.path.isdir(folder)]
    found = (os.path.join(folder, package) for folder in folders)
    return [folder for folder in found if os.path.isfile(os.path.join(folder, "__init__.py"))][:1]


def _mentioned(package: str, folders: Sequence[str]) -> set[str]:
    """Return the packages that a package imports anywhere, including inside functions."""
    found: set[str] = set()
    for folder in _folders_of(package, folders):
        for _, path, _, _ in _modules(folder):
            with open(path, "rb") as file:
                found.update(name.decode() for name in _IMPORT.findall(b"\n" + file.read()))
    return found - sys.stdlib_module_names - {package}


def _extensions() -> Iterator[str]:
    """Yield the names of the extension modules in the folders on Python's import path."""
    for folder in sys.path:
        if os.path.basename(folder) != "lib-dynload" or not os.path.isdir(folder):
            continue
        for file in os.listdir(folder):
            name = file.partition(".")[0]
            if name not in _DEPRECATED_EXTENSIONS and not name.startswith(_LEFT_OUT_EXTENSIONS):
                yield name
