"""The one console that this project prints with: nothing that it shows steers a terminal.

Whatever is printed comes by `SafeConsole.render`, in tables and live displays as well, and is escaped there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.printable import readable, wrapped

__all__ = ["SafeConsole"]


class SafeConsole(Console):
    """Rich's console, which reads no markup and escapes control characters.

    Args:
        file: Where to print; standard output when None.
        stderr: Print on standard error.
        soft_wrap: Leave it to the terminal to wrap lines.
    """

    def __init__(self, *, file: IO[str] | None = None, stderr: bool = False, soft_wrap: bool = True) -> None:
        super().__init__(
            file=file, stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=soft_wrap
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything, and escape what would steer the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=readable(segment.text))

    def on_broken_pipe(self) -> None:
        """Leave it to the command line what it means that the reader is gone; rich would end the process."""
        raise BrokenPipeError

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, but escape texts whole: rich itself drops some control characters unseen."""
        super().print(*(self._safe(each) if isinstance(each, str) else each for each in objects), **options)

    def _safe(self, text: str) -> str:
        text = readable(text)
        return wrapped(text, self.width) if self.is_terminal else text
