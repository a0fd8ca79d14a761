"""Runs the emulator in a separate process until a `with` block ends.

The process reads its configuration from its standard input. It ends when that pipe closes: at the end of the
block, or when its owner is killed. Its state stays on disk, and a new process with the same state resumes the
jobs.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import subprocess
import sys
import threading
from types import TracebackType
from typing import IO, Final

from harness.emulator.server import serve
from harness.emulator.settings import EmulatorConfig
from harness.errors import HarnessError, InputError, ServiceError
from harness.processes import end

__all__ = ["EmulatorProcess"]

_READY_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 15.0
_REFUSAL_TIMEOUT_S: Final = 5.0
_LOG: Final = "emulator.log"


class EmulatorProcess:
    """The emulator in a separate process, as a context manager.

    Args:
        config: The emulator's configuration.

    Example:
        with EmulatorProcess(config) as emulator:
            client = OpenAI(base_url=emulator.base_url, api_key="any")
    """

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self.log = config.state / _LOG
        """The output of the process and its graders."""
        self._process: subprocess.Popen[bytes] | None = None
        self._base_url = ""

    @property
    def base_url(self) -> str:
        """Base URL of the API; ends in `/v1`."""
        if not self._base_url:
            raise InputError("the emulator is not running", fix="Use it as a context manager.")
        return self._base_url

    @property
    def admin_url(self) -> str:
        """Base URL of the admin routes."""
        return self.base_url.removesuffix("/v1") + "/_emulator"

    @property
    def pid(self) -> int | None:
        """The process id; None unless the process runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, and wait until it answers.

        Raises:
            InputError: The emulator refused its configuration.
            ServiceError: The emulator did not become ready.
        """
        self.config.state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "support.emulator_process"]
        with self.log.open("ab") as log:
            began = log.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C reaches only the owner, which then stops this process.
                start_new_session=True,
                env=_environment(),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(pickle.dumps(self.config))
        self._process.stdin.flush()
        line = _first_line(self._process.stdout, _READY_TIMEOUT_S)
        if not line:
            self._refuse(began)
        self._base_url = line

    def stop(self) -> None:
        """End the process. Its state stays on disk."""
        self._release(_STOP_TIMEOUT_S)

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self._release()

    def __enter__(self) -> EmulatorProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _refuse(self, began: int) -> None:
        """Raise an error with the output of the ended process."""
        process = self._process
        assert process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_REFUSAL_TIMEOUT_S)
        self._release()
        code = process.returncode
        with self.log.open("rb") as log:
            log.seek(began)
            said = log.read().decode("utf-8", "replace").strip()
        kind: type[HarnessError] = InputError if code == InputError.exit_code else ServiceError
        raise kind(f"the emulator did not start: {said or f'exit code {code}'}", place=str(self.log))

    def _release(self, grace_s: float = 0.0) -> None:
        process, self._process, self._base_url = self._process, None, ""
        if process is not None:
            end(process, grace_s)


def _first_line(pipe: IO[bytes], timeout_s: float) -> str:
    """Return the first line from a pipe, empty if the pipe closes or times out."""
    content = b""
    while not content.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], timeout_s)
        piece = os.read(pipe.fileno(), 4096) if ready else b""
        if not piece:
            return ""
        content += piece
    return content.decode().strip()


def _environment() -> dict[str, str]:
    """Return this process's environment with its import path, so that the grader can be imported."""
    paths = [path for path in (os.getcwd(), *sys.path) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _main() -> int:
    config = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_owner, daemon=True).start()
    try:
        serve(config)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _end_with_owner() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)  # the state on disk is consistent at any moment


if __name__ == "__main__":
    sys.exit(_main())
