"""Runs a model's code on CPython in a process with no access to files, network or other processes.

Each session is forked from a clean server process and confines itself before it receives any code. It returns
copies of plain values, which the grader parses strictly. Any other message ends the session.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from threading import Lock, RLock

from ..errors import ConfigurationError
from ._code_clock import SessionClock
from ._code_errors import LONGEST_MESSAGE, error_arguments, error_name, is_error_name
from ._code_fork_server import fork_server, memory_file
from ._code_frames import HEADER, LARGEST_REQUEST, NOT_CONFINED, framed
from ._code_session import Ran, SessionLost
from ._code_values import Unreadable, packed, unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from ._code_fork_server import ForkServer
    from ._code_session import Limits

_START_SECONDS = 60.0
_ENDINGS = ("done", "raised", "stopped", "refused")


class CPython:
    """Engine that runs code on CPython, using the grader's Python version.

    Args:
        imports: Modules to load before a session is confined; see `ForkServer`.
    """

    name = "cpython"

    def __init__(self, imports: Iterable[str] = ()) -> None:
        self._imports = frozenset(imports)

    @property
    def protection(self) -> tuple[str, ...]:
        """Layers that confine code: `seccomp`, which is sufficient by itself, `landlock` and `limits`.

        Raises:
            ConfigurationError: No process can be started here.
        """
        return (*self._server().walls, "limits")

    def check_walls(self, protection: str) -> None:
        """Raise an error if the code cannot be confined.

        Args:
            protection: `full`, or `limits` for trusted code.

        Raises:
            ConfigurationError: This system cannot confine code or start a process.
        """
        if protection == "full" and "seccomp" not in self.protection:
            raise ConfigurationError(
                "this system has no seccomp, so that code could read files and reach the network: run it on "
                "Linux; if you create the grader yourself, protection='limits' runs code that you trust"
            )

    def session(self, limits: Limits) -> ChildSession:
        """Open a session.

        Raises:
            ConfigurationError: No process can be started here.
            SessionLost: The system cannot currently create another process.
        """
        server = self._server()
        try:
            return ChildSession(server, limits)
        except SessionLost:
            if server.alive:
                raise
            return ChildSession(self._server(), limits)  # the server has been replaced, or has died

    def _server(self) -> ForkServer:
        if os.name != "posix":
            raise ConfigurationError("code can run only on Linux and macOS")
        return fork_server(self._imports)


class _TimeUp(Exception):
    """Raised when a session has used up its time."""


class ChildSession:
    """A session in a separate process. See `Session`.

    Args:
        server: The server that creates the process.
        limits: The session's limits.
    """

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._busy, self._ending = RLock(), Lock()
        self._ended: Ran | None = None
        self._status: int | None = None
        self._given: Mapping[str, Callable[..., Any]] = {}
        self._read_up_to = 0
        with ExitStack() as opened:
            self._socket, theirs = socket.socketpair()
            opened.enter_context(self._socket)
            with theirs:
                self._input, self._printed = (opened.enter_context(memory_file()) for _ in range(2))
                with memory_file() as errors:  # nobody reads this file
                    files = [one.fileno() for one in (theirs, self._input, self._printed, errors)]
                    self._process = server.start(limits, files)
            self._files = opened.pop_all()
        self._clock = SessionClock(_START_SECONDS, _START_SECONDS)
        try:
            with self._clock:
                self._receive()
        except (_TimeUp, EOFError, Unreadable):
            self.close()
            if self._status == NOT_CONFINED:
                raise ConfigurationError("a process that runs code could not be confined") from None
            raise SessionLost("a process that runs code did not start in time") from None
        except BaseException:
            self.close()
            raise
        self._clock = SessionClock(limits.seconds, limits.longest, limits.least)

    def run(self, source: str, given: Mapping[str, Callable[..., Any]] | None = None) -> Ran:
        """Run the source code of a module. See `Session.run`."""
        self._given = {**self._given, **(given or {})}
        ran = self._ask(("run", source, list(given or ())))
        ran.value = None  # a module has no value, even if the answer contains one
        return ran

    def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ran:
        """Call a function defined by the module.

        Raises:
            NotPlain: The arguments are not plain values.
        """
        return self._ask(("call", name, list(args), dict(kwargs)))

    def function(
        self,
        modules: Sequence[tuple[str, str, bool, bytes]],
        module: str,
        inside: str,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Ran:
        """Load modules and call a function in one of them. Anything that the function prints is discarded.

        Args:
            modules: For each module, its name, its file name for messages, whether it is a package, and its
                compiled code.
            module: Name of the module that contains the function.
            inside: Name of a module whose `call` function makes the call, or empty to call the function
                directly.
            name: Name of the function.
            args: Positional arguments. `call` receives the function as an additional first argument.
            kwargs: Keyword arguments.

        Returns:
            The outcome of the call. `value` is the function's result. If the function raised an error,
            `message` starts with the error's actual type, and `arguments` contains the file and line.

        Raises:
            NotPlain: The arguments are not plain values.
        """
        return self._ask(("function", list(modules), module, inside, name, list(args), dict(kwargs)))

    def program(self, source: str, stdin: str) -> Ran:
        """Run source code as the main program with `stdin` as its input."""
        left = memoryview(stdin.encode("utf-8", "surrogatepass"))
        written = 0
        while written < len(left):
            written += os.pwrite(self._input.fileno(), left[written:], written)
        ran = self._ask(("program", source))
        if ran.message == _ending(0) and self._status == 0:
            # A program may exit with `os._exit(0)`. Only its output counts.
            return Ran("done", None, ran.output)
        return ran

    @property
    def used(self) -> float:
        """Seconds of its time limit that the session has used."""
        return self._clock.used(self._process if self._status is None else None)

    def close(self) -> None:
        """End the session. A thread that is waiting for an answer gets the result `stopped`."""
        try:
            self._end()
        except SessionLost:
            pass  # the server has ended, and with it this session
        with self._busy:
            self._ended = self._ended or Ran("stopped", message="the session is closed")
            self._files.close()

    def _ask(self, request: tuple[Any, ...]) -> Ran:
        with self._busy:
            if self._ended is not None:
                return self._ended
            content = packed(request, LARGEST_REQUEST)
            try:
                with self._clock:
                    ran = self._exchange(content)
            except _TimeUp:
                self._end()
                said = f"it took more than {self._limits.seconds:.2g} seconds"
                ran = Ran("stopped", message=said, error="TimeoutError")
            except EOFError:
                ran = Ran("stopped", message=_ending(self._end()))
            except Unreadable:
                self._end()
                ran = Ran("stopped", message="it wrote to the connection for its answers")
            except BaseException:
                self.close()
                raise
            ran = self._with_output(ran)
            if ran.how == "stopped":
                self._end()
                self._ended = Ran("stopped", message=ran.message)
            return ran

    def _exchange(self, content: bytes) -> Ran:
        self._expect_silence()
        self._send(content)
        while True:
            answer = self._receive()
            if not isinstance(answer, tuple) or len(answer) != 4:
                raise Unreadable("no answer")
            how, value, message, error = answer
            if how == "ask":
                self._send(packed(self._asked(value, message, error)))
            elif how in _ENDINGS and isinstance(message, str):
                clean = "".join(char if char.isprintable() else " " for char in message)
                message = clean[: LONGEST_MESSAGE + 20]
                if how == "raised":
                    named = error if is_error_name(error) else "Exception"
                    return Ran(how, message=message, error=named, arguments=value)
                return Ran(how, value if how == "done" else None, "", message)
            else:
                raise Unreadable("no answer")

    def _asked(self, name: Any, args: Any, kwargs: Any) -> tuple[Any, ...]:
        """Call a host function on the code's behalf while the session's clock is stopped."""
        if not isinstance(name, str) or name not in self._given:
            raise Unreadable("no such function")
        if not isinstance(args, list) or not isinstance(kwargs, dict) or {*map(type, kwargs)} - {str}:
            raise Unreadable("no arguments")
        self._clock.__exit__()
        try:
            value = self._given[name](*args, **kwargs)
            packed(value)
        except SessionLost:
            raise
        except Exception as error:
            return "error", error_name(error), error_arguments(error)
        finally:
            self._clock.__enter__()
        return "value", value

    def _expect_silence(self) -> None:
        """Reject messages that the grader did not request."""
        self._socket.settimeout(0)
        try:
            early = self._socket.recv(1)
        except BlockingIOError:
            return
        raise Unreadable("unasked") if early else EOFError

    def _send(self, content: bytes) -> None:
        left = memoryview(framed(content))
        while left:
            self._socket.settimeout(max(self._clock.left(), 0.001))
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError:
                self._wait_or_stop()
            except OSError:
                raise EOFError from None

    def _receive(self) -> Any:
        """Return the next message.

        Raises:
            _TimeUp: No message arrived in time. A message already in the socket still counts.
            EOFError: The process has exited.
            Unreadable: The bytes are not a message.
        """
        size = HEADER.unpack(self._bytes(HEADER.size))[0]
        if size > self._limits.output_bytes:
            raise Unreadable("too long")
        return unpacked(self._bytes(size))

    def _bytes(self, size: int) -> bytes:
        read = bytearray()
        while len(read) < size:
            self._socket.settimeout(max(self._clock.left(), 0))
            try:
                chunk = self._socket.recv(min(size - len(read), 1 << 20))
            except (TimeoutError, BlockingIOError):
                self._wait_or_stop()
                continue
            except OSError:
                raise EOFError from None
            if not chunk:
                raise EOFError
            read += chunk
        return bytes(read)

    def _wait_or_stop(self) -> None:
        if self._clock.left() <= 0 and self._clock.is_up(self._process):
            raise _TimeUp

    def _with_output(self, ran: Ran) -> Ran:
        """Add the output since the last call to the result, or return `stopped` if there is too much."""
        printed, most = self._printed.fileno(), self._limits.output_bytes
        size = os.fstat(printed).st_size
        ran.output = os.pread(printed, most, self._read_up_to).decode("utf-8", "replace")
        self._read_up_to = size
        if size > most:
            return Ran("stopped", None, ran.output, f"it printed more than {most} bytes")
        return ran

    def _end(self) -> int:
        """End the process and return its exit code, or the negated number of the signal that ended it."""
        with self._ending:
            if self._status is None:
                self._status = self._server.end(self._process)
            return self._status


def _ending(status: int) -> str:
    if status >= 0:
        return "its process ended itself"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"its process was ended by {name}"
