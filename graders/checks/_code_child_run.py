"""Runs a model's code in the process created for it and answers the grader's requests.

The model's code shares this process and can change anything in it. So the grader decides the verdict in its
own process and does not trust the answers from this one.
"""

from __future__ import annotations

import atexit
import builtins
import io
import os
import random
import sys
import types

from ._code_errors import LONGEST_MESSAGE, error_arguments, error_name, error_of
from ._code_frames import HEADER, framed
from ._code_function import SentModules, as_plain, awaited, place_in
from ._code_stand_ins import install
from ._code_values import NotPlain, packed, unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Answer: TypeAlias = tuple[str, Any, str, str]

_FILE = "<code>"


class CodeRunner:
    """Answers the grader's requests until the grader closes the connection.

    Args:
        connection: File descriptor for requests and answers.
        largest: Maximum size of an answer, in bytes.
    """

    def __init__(self, connection: int, largest: int) -> None:
        self._connection = connection
        self._largest = largest
        self._module = types.ModuleType("solution")
        self._plain: Callable[[Any], Any] | None = None

    def serve(self) -> None:
        _prepare()
        output = sys.stdout
        self._send(("done", None, "", ""))
        while (request := self._read()) is not None:
            what, *arguments = request
            answer: Answer = getattr(self, f"_{what}")(*arguments)
            for stream in (sys.stdout, output):
                try:
                    stream.flush()
                except Exception:  # the code closed the stream, or printed too much
                    continue
            self._send(answer)

    def _run(self, source: str, given: list[str]) -> Answer:
        sys.modules["solution"] = self._module
        for name in given:
            setattr(self._module, name, self._host_function(name))
        return _attempt(lambda: _execute(source, self._module))

    def _call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Answer:
        def call() -> Any:
            if name not in self._module.__dict__:
                raise NameError(f"name {name!r} is not defined")
            return self._module.__dict__[name](*args, **kwargs)

        return _attempt(call)

    def _function(
        self,
        modules: list[tuple[str, str, bool, bytes]],
        module: str,
        inside: str,
        name: str,
        args: list[Any],
        kwargs: dict[str, Any],
    ) -> Answer:
        """Call a function in one of the request's modules, through the module `inside` if one is given."""
        self._plain = as_plain
        if (chance := sys.modules.get("numpy.random")) is not None:
            chance.seed(0)  # numpy would use another random seed in each server
        for stream in ("stdout", "__stdout__"):
            setattr(sys, stream, sys.__stderr__)  # this stream drops all output
        sent = SentModules(modules)

        def call() -> Any:
            if not inside:
                return awaited(getattr(sent.load(module), name)(*args, **kwargs))
            between = sent.load(inside)
            if hasattr(between, "prepare"):
                between.prepare()
            return awaited(between.call(getattr(sent.load(module), name), *args, **kwargs))

        try:
            return "done", call(), "", ""
        except SystemExit:
            return "stopped", None, "it called exit", ""
        except BaseException as error:
            return "raised", place_in(error, sent.places), _described(error), error_name(error)

    def _program(self, source: str) -> Answer:
        """Run source code as the main program, including its exit handlers."""
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main

        def run() -> None:
            try:
                _execute(source, main)
            except SystemExit as leaving:
                if leaving.code not in (None, 0):
                    raise RuntimeError("the program ended with a failing exit code") from None
            finally:
                atexit._run_exitfuncs()

        return _attempt(run)

    def _host_function(self, name: str) -> Callable[..., Any]:
        def ask(*args: Any, **kwargs: Any) -> Any:
            self._send(("ask", name, list(args), kwargs))
            reply = self._read()
            if reply is None:
                os._exit(0)
            if reply[0] == "value":
                return reply[1]
            raise error_of(*reply[1:])

        ask.__name__ = ask.__qualname__ = name
        return ask

    def _send(self, answer: tuple[Any, ...]) -> None:
        try:
            content = packed(answer, self._largest, self._plain)
        except (NotPlain, MemoryError, RecursionError) as problem:
            said = str(problem) or "it takes too much memory"
            if answer[0] == "ask":
                raise TypeError(said) from None
            content = packed(("refused", None, said, ""))
        left = memoryview(framed(content))
        while left:
            left = left[os.write(self._connection, left) :]

    def _read(self) -> Any:
        """Return the next request, or None if the grader has closed the connection."""
        header = self._read_bytes(HEADER.size)
        if header is None:
            return None
        content = self._read_bytes(HEADER.unpack(header)[0])
        return None if content is None else unpacked(content)

    def _read_bytes(self, size: int) -> bytes | None:
        read = bytearray()
        while len(read) < size:
            chunk = os.read(self._connection, min(size - len(read), 1 << 20))
            if not chunk:
                return None
            read += chunk
        return bytes(read)


class _Unread(io.RawIOBase):
    """Standard error stream that discards its output, so that it does not count toward any limit."""

    name = "<stderr>"

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return len(content)

    def fileno(self) -> int:
        return 2


def _prepare() -> None:
    """Set up the streams and built-ins that a program expects, and set a fixed random seed."""
    streams = {
        "stdin": open(0, encoding="utf-8", errors="surrogateescape", closefd=False),
        "stdout": open(1, "w", encoding="utf-8", closefd=False),
        "stderr": io.TextIOWrapper(
            io.BufferedWriter(_Unread()), encoding="utf-8", errors="backslashreplace", line_buffering=True
        ),
    }
    streams["stderr"].mode = "w"  # type: ignore[misc]  # as `open` would set it
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = [_FILE]
    for name in ("exit", "quit"):  # the module `site` would add them
        setattr(builtins, name, sys.exit)
    random.seed(0)  # the same code earns the same reward each time
    install()


def _execute(source: str, module: types.ModuleType) -> None:
    exec(compile(source, _FILE, "exec", dont_inherit=True), module.__dict__)


def _attempt(action: Callable[[], Any]) -> Answer:
    try:
        return "done", action(), "", ""
    except SystemExit:
        return "stopped", None, "it called exit", ""
    except BaseException as error:
        return "raised", error_arguments(error), _described(error), error_name(error)


def _described(error: BaseException) -> str:
    """Format an error's type, message and line number on a single line."""
    name = type(error).__name__
    try:
        if isinstance(error, SyntaxError):
            said, line = error.msg or "", error.lineno
        else:
            said, line = str(error), _line(error)
    except BaseException:  # the code's own exception class may raise
        said, line = "", None
    text = " ".join(f"{name}: {said}".split()) if said else name
    return text[:LONGEST_MESSAGE] + (f" (line {line})" if line else "")


def _line(error: BaseException) -> int | None:
    """Return the line number at which the model's code raised the error, if known."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
