"""Finds processes and temporary files that tests left behind."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from support.waiting import until

_SESSION = "RFT_TEST_SESSION"
_TEST = "PYTEST_CURRENT_TEST"
# folders of the pytest runs that tests of the plugin start
_ALLOWED_PREFIX = "pytest-of-"


class Leftovers:
    """Marks all later processes and files as part of this session.

    Args:
        basetemp: The parent of pytest's `tmp_path` folders. A process without the session's mark in its
            environment is recognized by its use of files in this folder.
    """

    def __init__(self, basetemp: Path) -> None:
        self._basetemp = str(basetemp)
        self._session = uuid.uuid4().hex
        self._seen: dict[str, str] = {}
        # A short name, because paths of sockets have a maximum length.
        self.folder = Path(tempfile.mkdtemp(prefix="rft-tests-"))
        os.environ[_SESSION] = self._session
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.folder)

    def note(self, test: str) -> None:
        """Attribute new files in the temporary folder to a test."""
        for name in os.listdir(self.folder):
            self._seen.setdefault(name, test)

    def files(self) -> list[str]:
        """Return the temporary files that remain after a moment, each with the test that left it."""
        self.note("after the last test")
        _wait_for(lambda: not any(self._lying()))
        return [f"{name}, since {test}" for name, test in self._lying()]

    def end_processes(self) -> list[str]:
        """End the processes that remain after a moment, even stopped ones, and describe each."""
        _wait_for(lambda: not any(self._running()))
        found = []
        for process, description in self._running():
            found.append(description)
            process.kill()
        return found

    def _lying(self) -> Iterator[tuple[str, str]]:
        for name, test in self._seen.items():
            if not name.startswith(_ALLOWED_PREFIX) and (self.folder / name).exists():
                yield name, test

    def _running(self) -> Iterator[tuple[psutil.Process, str]]:
        own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
        children = {child.pid for child in psutil.Process().children(recursive=True)}
        for process in psutil.process_iter():
            try:
                if process.pid in own or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                environ = _environ(process)
                words = [process.cwd(), *process.cmdline(), *environ.values()]
                mine = process.pid in children or environ.get(_SESSION) == self._session
                if mine or any(self._basetemp in word for word in words):
                    command = " ".join(process.cmdline())[:200]
                    yield process, f"{process.pid} ({process.status()}) {command}, since {environ.get(_TEST)}"
            except psutil.Error:
                continue


def _wait_for(gone: Callable[[], bool]) -> None:
    with contextlib.suppress(AssertionError):
        until(gone, seconds=10)


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}
