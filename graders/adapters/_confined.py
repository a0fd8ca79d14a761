"""Calls functions of others in a process of their own, which can reach no file, network or other process.

Arguments and what a function returns are plain values, copied. `docs/adapters.md` says what a function finds
there and what a call costs.
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
    ModuleNotFoundError: "name packages that it may import in packages=",
    MemoryError: "memory_mb= says how much it may take",
}
_memories: set[int] = set()
"""What each function may take; all take turns together, as if each took what the largest may."""
_turns: dict[int, Turns] = {}


class ConfinedFunction:
    """Third-party function that is called in a separate process; made by `confined`.

    Await a call of it. Arguments and what it returns are plain values, copied: None, booleans, numbers,
    texts, bytes, and lists, tuples, sets and dicts of such. Numbers and arrays of numpy and the like come
    back as plain ones. Each call gets a fresh process: nothing that one leaves behind is there for the next.

    Args:
        source: The text that defines it.
        seconds: What a call may take.
        memory_mb: Memory that a call may take beyond the interpreter's own, in MB.
        protection: `full`, or `limits` for code that is trusted.
        hints: What to say besides of an exception of a kind.

    Raises:
        DecorationError: An option cannot be meant.
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
        """Make one of a text that is in no file.

        Args:
            text: Python that defines the function.
            function: The function's name.
            place: What messages call the text.
            packages: Packages that it may import.
            **options: As `confined` takes them.

        Raises:
            DecorationError: The text is no Python or lacks the function, or an option cannot be meant.
        """
        return cls(ConfinedSource(text, function, place, packages=_packages_option(packages)), **options)

    @property
    def __name__(self) -> str:
        """The function's name."""
        return self._source.function

    @property
    def place(self) -> str:
        """File and line where it is defined."""
        return f"{self._source.place}:{self._source.line}"

    def __repr__(self) -> str:
        """Its name and place."""
        return f"<ConfinedFunction {self.__name__} at {self.place}>"

    def through(self, inside: ModuleType | str | os.PathLike[str]) -> ConfinedFunction:
        """Have a module call the function, inside of its process: `inside.call(function, *args, **kwargs)`.

        Args:
            inside: The module, its name or its path. It may import the standard library alone. If it defines
                `prepare()`, that runs before the function's own file; `PROVIDES` names the packages that are
                there to import afterwards.
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
        """Refuse what no call could survive.

        Raises:
            ConfigurationError: It imports a package that it may not or that is not installed.
        """
        if problem := self._source.missing(self._provided):
            raise ConfigurationError(problem)
        # Of the texts alone: what a call does may be a completion's doing, and decides nothing here.
        imports = self._source.preloaded(self._provided) | self._inside_imports
        expect_imports(imports)
        self._engine = CPython(imports)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it.

        Raises:
            SampleError: It raised (`exception`), took too long (`timeout`), or returned what is no plain
                value (`value`).
            ConfigurationError: It cannot be run here.
        """
        if self._engine is None:
            self.check()
        most = max(_memories)
        if most not in _turns:
            _turns[most] = Turns(most, sessions=1)
        turns, held = _turns[most], _Held()
        try:
            return await turns.take(lambda time: self._value(time, args, kwargs, held), self._ready)
        except BaseException:  # cancelled: a function that nobody waits for may not keep others waiting
            held.give_up()
            raise

    def _ready(self) -> None:
        assert self._engine is not None
        self._engine.check_walls(self._protection)

    def _value(self, time: TurnTime, args: Sequence[Any], kwargs: Mapping[str, Any], held: _Held) -> Any:
        """Return the call's result, computed in a separate thread."""
        assert self._engine is not None
        # What is too slow is a failure here and no verdict, so nothing has to be had before it counts.
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
        """The failure of a call whose time was up."""
        return SampleError("timeout", message, f"timeout at {self.place}")

    def _problem(self, ran: Ran, portion: Portion) -> SampleError:
        """The failure of a call that returned nothing."""
        name, place = self.__name__, self.place
        if ran.how == "refused":
            message = (
                f"{name} returned what cannot be copied: {ran.message}. Return numbers, texts, lists or dicts"
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
    """The session of a call, which the thread that waits for the call may end.

    Each method writes before it reads, so that one of the two ends the session regardless of order.
    """

    def __init__(self) -> None:
        self._session: ChildSession | None = None
        self._is_given_up = False

    def hold(self, session: ChildSession) -> None:
        """Take the session, which ends at once if the call is given up already."""
        self._session = session
        if self._is_given_up:
            session.close()

    def give_up(self) -> None:
        """End the session, now or as soon as there is one."""
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
    """Wrap a function of a Python file so that it is called in a separate process.

    The file is read here and never runs in the grader's process. Modules beside it that it imports are sent
    along. `docs/adapters.md` says what the function may do, and what each call costs.

    Args:
        source: Path of the file.
        function: Name of the function, which may be async.
        packages: Packages beside Python's own library that the file may import, such as `("numpy",)`. They
            have to be installed where the grader runs.
        seconds: What a call may take, with running the file.
        memory_mb: Memory that a call may take beyond the interpreter's and the packages' own, in MB.
        protection: `full` refuses to run where the system cannot shut the function in; `limits` runs it there
            with limits of time and memory alone, for code that is trusted.

    Raises:
        DecorationError: The file cannot be read or lacks the function, or an option cannot be meant.
    """
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    if path is None or not isinstance(function, str):
        raise DecorationError("confined takes the path of a Python file and the name of a function")
    named = _packages_option(packages)
    read = ConfinedSource(read_text(path), function, os.path.basename(path), os.path.abspath(path), named)
    return ConfinedFunction(read, seconds=seconds, memory_mb=memory_mb, protection=protection)


def _packages_option(packages: Sequence[str]) -> tuple[str, ...]:
    """The names of packages.

    Raises:
        DecorationError: They are none.
    """
    given: Any = packages
    listed = not isinstance(given, str) and hasattr(given, "__iter__")
    named: tuple[str, ...] = tuple(given) if listed else (given,)
    for one in named:
        if not isinstance(one, str) or not one.isidentifier():
            raise DecorationError(
                f"packages={packages!r}: write the names that import statements have, such as ('numpy',)"
            )
    packages_elsewhere.update(named)
    return named


__all__ = ["ConfinedFunction", "confined"]
