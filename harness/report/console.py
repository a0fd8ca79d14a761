"""Provides a console that escapes control characters, so that printed data cannot control the terminal.

All output goes through `SafeConsole.render`, including tables and live displays, and is escaped there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.printable import readable, wrapped

__all__ = ["SafeConsole"]


class SafeConsole(Console):
    """A rich console that interprets no markup and escapes control characters.

    Args:
        file: The file to print to; None for standard output.
        stderr: True to print to standard error.
        soft_wrap: True to let the terminal wrap lines.
    """

    def __init__(self, *, file: IO[str] | None = None, stderr: bool = False, soft_wrap: bool = True) -> None:
        super().__init__(
            file=file, stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=soft_wrap
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object with control characters escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=readable(segment.text))

    def on_broken_pipe(self) -> None:
        """Raise the error so that the command line handles a closed pipe. Rich would exit the process."""
        raise BrokenPipeError

    def print(self, *objects: Any, **options: Any) -> None:
        """Print objects. Strings are escaped first, because rich drops some control characters."""
        super().print(*(self._safe(each) if isinstance(each, str) else each for each in objects), **options)

    def _safe(self, text: str) -> str:
        text = readable(text)
        return wrapped(text, self.width) if self.is_terminal else text
