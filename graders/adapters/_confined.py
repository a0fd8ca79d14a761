"""Calls third-party functions in a separate process with no access to files, network or other processes.

Arguments and return values must be plain values, which are copied. `docs/adapters.md` describes what a
function can use in that process and the cost of a call.
"""

from __future__ import annotations

import marshal
import os
from copy import copy

from .._runtime.elsewhere import packages_elsewhere
from ..checks._code_child import CPython
from ..checks._code_clock import SessionStarved
from ..checks._code_fork_server import expect_imports
from ..checks._code_session import Limits
from ..checks._code_turns import Turns
from ..checks._code_values import NotPlain
from ..checks._options import choice_option, count_option, number_option
from ..errors import ConfigurationError, DecorationError, SampleError
from ._confined_imports import library_imports
from ._confined_source import ConfinedSource, read_text
from ._placed import module_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType
    from typing import Any, Literal, TypeAlias

    from ..checks._code_child import ChildSession
    from ..checks._code_session import Ran
    from ..checks._code_turns import Portion, TurnTime

    Protection: TypeAlias = Literal["full", "limits"]

_LONGEST_SECONDS = 600
_LARGEST_ANSWER = 4_000_000
_HINTS = {
    OSError: "a confined function can open no file and no connection",
    ModuleNotFoundError: "list the packages that it may import in packages=",
    MemoryError: "set memory_mb= to the memory that it may use",
}
_memories: set[int] = set()
"""Memory limits of all functions. The calls share one queue, which reserves the largest limit for each.
"""
_turns: dict[int, Turns] = {}


class ConfinedFunction:
    """A third-party function, wrapped by `confined`, that is called in a separate process.

    Calls must be awaited. Arguments and return values are copied, and must be plain values: None, booleans,
    numbers, strings, bytes, and lists, tuples, sets and dicts of plain values. Numbers and arrays from numpy
    and similar libraries are returned as plain values. Each call gets a fresh process so that it cannot
    affect the next call.

    Args:
        source: The source that defines the function.
        seconds: Seconds allowed per call.
        memory_mb: Memory that a call may use beyond the interpreter's own, in MB.
        protection: `full`, or `limits` for trusted code.
        hints: Hints to add to exception messages, by exception type.

    Raises:
        DecorationError: An option is invalid.
    """

    def __init__(
        self,
        source: ConfinedSource,
        *,
        seconds: float = 5,
        memory_mb: int = 256,
        protection: Protection = "full",
        hints: Mapping[type[BaseException], str] = _HINTS,
    ) -> None:
        self._source = source
        self._hints = hints
        self._seconds = number_option("seconds", seconds, 0.1, _LONGEST_SECONDS)
        self._memory_mb = count_option("memory_mb", memory_mb, 16, 8192)
        _memories.add(self._memory_mb)
        choice_option("protection", protection, ("full", "limits"))
        self._protection = protection
        self._modules = [*source.modules.values()]
        self._inside = ""
        self._provided: frozenset[str] = frozenset()
        self._inside_imports: frozenset[str] = frozenset()
        self._engine: CPython | None = None

    @classmethod
    def of_text(
        cls, text: str, function: str, *, place: str, packages: Sequence[str] = (), **options: Any
    ) -> ConfinedFunction:
        """Make a confined function from source code that is not in a file.

        Args:
            text: Python code that defines the function.
            function: Name of the function.
            place: Name of the code for messages.
            packages: Packages that the code may import.
            **options: The options of `confined`.

        Raises:
            DecorationError: The code is not valid Python or does not define the function, or an option is
                invalid.
        """
        return cls(ConfinedSource(text, function, place, packages=_packages_option(packages)), **options)

    @property
    def __name__(self) -> str:
        """The function's name."""
        return self._source.function

    @property
    def place(self) -> str:
        """File and line where the function is defined."""
        return f"{self._source.place}:{self._source.line}"

    def __repr__(self) -> str:
        return f"<ConfinedFunction {self.__name__} at {self.place}>"

    def through(self, inside: ModuleType | str | os.PathLike[str]) -> ConfinedFunction:
        """Return a copy that is called through a module: `inside.call(function, *args, **kwargs)`.

        Args:
            inside: The module, its name or its path. It may import only the standard library. If it defines
                `prepare()`, `prepare` runs before the confined function's file, and `PROVIDES` names the
                packages that `prepare` makes importable.
        """
        module = module_of(inside)
        other = copy(self)
        other._inside = module.__name__.rpartition(".")[2]
        loader: Any = module.__loader__
        sent = (other._inside, "", False, marshal.dumps(loader.get_code(module.__name__)))
        other._modules = [*self._source.modules.values(), sent]
        other._provided = frozenset(getattr(module, "PROVIDES", ()))
        other._inside_imports = library_imports(loader.get_source(module.__name__) or "")
        other._engine = None
        return other

    def check(self) -> None:
        """Raise an error if every call would fail.

        Raises:
            ConfigurationError: The function imports a package that is not allowed or not installed.
        """
        if problem := self._source.missing(self._provided):
            raise ConfigurationError(problem)
        # Only the source is checked. A failed call proves nothing, because a completion may have caused the
        # failure.
        imports = self._source.preloaded(self._provided) | self._inside_imports
        expect_imports(imports)
        self._engine = CPython(imports)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function.

        Raises:
            SampleError: The function raised an error (`exception`), took too long (`timeout`), or returned
                something other than a plain value (`value`).
            ConfigurationError: The function cannot run here.
        """
        if self._engine is None:
            self.check()
        most = max(_memories)
        if most not in _turns:
            _turns[most] = Turns(most, sessions=1)
        turns, held = _turns[most], _Held()
        try:
            return await turns.take(lambda time: self._value(time, args, kwargs, held), self._ready)
        except BaseException:  # canceled: an abandoned call must not delay others
            held.give_up()
            raise

    def _ready(self) -> None:
        assert self._engine is not None
        self._engine.check_walls(self._protection)

    def _value(self, time: TurnTime, args: Sequence[Any], kwargs: Mapping[str, Any], held: _Held) -> Any:
        """Make one call. This method runs in a separate thread."""
        assert self._engine is not None
        # A timeout here fails the sample and says nothing about its answer, so no minimum time is needed.
        portion = time.portion(self._seconds, time.share, least=0)
        longest = min(portion.longest, max(time.share, portion.seconds))
        limits = Limits(portion.seconds, self._memory_mb, _LARGEST_ANSWER, longest, portion.least)
        session = self._engine.session(limits)
        held.hold(session)
        try:
            ran = session.function(
                self._modules, self._source.name, self._inside, self.__name__, args, kwargs
            )
        except NotPlain as problem:
            said = f"an argument of {self.__name__} cannot be copied: {problem}"
            said += ". Pass numbers, texts, lists or dicts"
            raise SampleError("value", said, f"value at {self.place}") from None
        except SessionStarved as starved:
            raise self._late(str(starved)) from None
        finally:
            session.close()
        if ran.how != "done":
            raise self._problem(ran, portion)
        return ran.value

    def _late(self, message: str) -> SampleError:
        return SampleError("timeout", message, f"timeout at {self.place}")

    def _problem(self, ran: Ran, portion: Portion) -> SampleError:
        name, place = self.__name__, self.place
        if ran.how == "refused":
            message = (
                f"{name}'s result cannot be copied: {ran.message}. Return numbers, texts, lists or dicts"
            )
            return SampleError("value", message, f"value at {place}")
        if ran.error == "TimeoutError" and ran.how == "stopped":
            had = "" if portion.seconds == self._seconds else ", all the time that its sample had"
            return self._late(f"{name} took more than {portion.seconds:.2g} seconds{had}")
        if ran.how == "stopped":
            return SampleError("exception", f"{name} did not return: {ran.message}", f"exception at {place}")
        kind = ran.message.partition(":")[0]
        where = ran.arguments if isinstance(ran.arguments, str) and ran.arguments.isprintable() else ""
        hints = [f" ({said})" for one, said in self._hints.items() if issubclass(ran.kind, one)]
        hint = hints[0] if hints and ran.kind is not TimeoutError else ""
        shown = kind if kind.isidentifier() else ran.error
        return SampleError("exception", ran.message + hint, f"{shown} at {where[:200] or place}")


class _Held:
    """Holds the session of a call, which another thread may end early.

    Two threads use this object. Each method sets its own attribute before it reads the other one, so at least
    one of the threads ends the session.
    """

    def __init__(self) -> None:
        self._session: ChildSession | None = None
        self._is_given_up = False

    def hold(self, session: ChildSession) -> None:
        """Store the session, and end it immediately if the call was already abandoned."""
        self._session = session
        if self._is_given_up:
            session.close()

    def give_up(self) -> None:
        """End the session now or, if it does not exist yet, as soon as it does."""
        self._is_given_up = True
        if self._session is not None:
            self._session.close()


def confined(
    source: str | os.PathLike[str],
    function: str,
    *,
    packages: Sequence[str] = (),
    seconds: float = 5,
    memory_mb: int = 256,
    protection: Protection = "full",
) -> ConfinedFunction:
    """Wrap a function from a Python file so that it is called in a separate process.

    The calling process reads the file but never runs it. If the file imports modules from its own folder,
    they are sent along. `docs/adapters.md` describes the function's permissions and the cost of each call.

    Args:
        source: Path of the file.
        function: Name of the function, which may be async.
        packages: Packages outside the standard library that the file may import, such as `("numpy",)`. They
            must be installed where the grader runs.
        seconds: Seconds allowed per call, including running the file.
        memory_mb: Memory that a call may use beyond that of the interpreter and the packages, in MB.
        protection: What to do if the system cannot confine the function. `full` refuses to run it. `limits`,
            for trusted code, runs it with only time and memory limits.

    Raises:
        DecorationError: The file cannot be read or does not define the function, or an option is invalid.
    """
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    if path is None or not isinstance(function, str):
        raise DecorationError("confined takes the path of a Python file and the name of a function")
    named = _packages_option(packages)
    read = ConfinedSource(read_text(path), function, os.path.basename(path), os.path.abspath(path), named)
    return ConfinedFunction(read, seconds=seconds, memory_mb=memory_mb, protection=protection)


def _packages_option(packages: Sequence[str]) -> tuple[str, ...]:
    """Check the package names and add them to `packages_elsewhere`.

    Raises:
        DecorationError: An entry is not a package name.
    """
    given: Any = packages
    listed = not isinstance(given, str) and hasattr(given, "__iter__")
    named: tuple[str, ...] = tuple(given) if listed else (given,)
    for one in named:
        if not isinstance(one, str) or not one.isidentifier():
            raise DecorationError(
                f"packages={packages!r}: write names as in import statements, such as ('numpy',)"
            )
    packages_elsewhere.update(named)
    return named


__all__ = ["ConfinedFunction", "confined"]
