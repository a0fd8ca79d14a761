"""Drives a headless Chromium through two pipes, for tests of what a reader sees on a page.

Chromium reads commands from descriptor 3 and writes answers to descriptor 4, each terminated by a NUL byte,
so neither a web socket nor a port is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)

_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--remote-debugging-pipe"),
)


class Tab:
    """One page, with its console messages and its requests."""

    def __init__(self, commands: Any, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its answer. Earlier events are stored."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (found := self._next()).get("id") != self._number:
            self.events.append(found)
        assert "error" not in found, found
        result: dict[str, Any] = found["result"]
        return result

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def go(self, address: str) -> None:
        """Open a page, and wait until it has loaded."""
        self.events.clear()
        self.ask("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, script: str) -> Any:
        """Evaluate a JavaScript expression in the page, and await it if it is a promise."""
        found = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def resize(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def complaints(self) -> list[str]:
        """Return the console's errors and warnings, and uncaught exceptions."""
        found = []
        for event in self.events:
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(said["exceptionDetails"]))
            if method == "Runtime.consoleAPICalled":
                found.append(str(said["args"]))
            if method == "Log.entryAdded":
                found.append(str(said["entry"]))
        return found

    def requests(self) -> list[str]:
        """Return the URLs that the page requested."""
        asked = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in asked]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = os.read(self._answers, 1 << 16)
            assert part, "Chromium has ended"
            self._unread += part
        first, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(first)
        return found


@contextmanager
def chromium(profile: Path) -> Iterator[Tab]:
    """Start a browser, and yield a tab in it."""
    assert CHROMIUM is not None
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    redirected = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_answers}'
    command = ["/bin/bash", "-c", redirected, CHROMIUM, *_QUIET, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        command,
        pass_fds=(read_commands, write_answers),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(profile), "HOME": str(profile)},
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        with os.fdopen(write_commands, "wb") as commands:
            tab = Tab(commands, read_answers)
            tab.attach()
            yield tab
            tab._session = None
            tab.ask("Browser.close")
            process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()
        os.close(read_answers)
