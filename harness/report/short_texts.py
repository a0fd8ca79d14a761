"""Reads the texts of a run's samples and shortens each to one line."""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import HarnessError
from harness.printable import columns_of, printable, readable
from harness.report.shown_texts import SampleTexts, texts_of_line
from harness.runs.lines_at import lines_at
from harness.runs.store import Run

__all__ = ["SampleReader", "cut", "text_line", "text_lines"]

_NAME = 10
_COLUMNS = 80


class SampleReader:
    """Reads individual samples of a run without reading the whole rollouts file.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.why: str | None = run.why_unreadable()
        """The reason why the texts cannot be read; None if they can."""
        self._rollouts = None if self.why else run.rollouts

    def at(self, place: int) -> SampleTexts | None:
        """Return the texts of the rollout at a byte offset, or None if they cannot be read."""
        if self._rollouts is None:
            return None
        try:
            [(_, line)] = lines_at(self._rollouts, [place])
            return texts_of_line(line)
        except (OSError, HarnessError) as error:
            self._rollouts, self.why = None, f"the rollouts cannot be read: {error}"
            return None


def text_lines(
    texts: SampleTexts, *, indent: int = 4, prompt: bool = True, whole: bool = False
) -> Iterator[str]:
    """Yield a sample's prompt, completion and reference, each in one line or in full.

    Args:
        texts: The sample's texts.
        indent: Columns before each line.
        prompt: True to show the last user turn of the prompt.
        whole: Show the full texts, with their line breaks.
    """
    asked = next((said for role, said in reversed(texts.prompt) if role == "user"), None)
    found = [("prompt", asked)] if prompt and asked is not None else []
    found.append(("completion", texts.completion))
    if texts.reference is not None:
        found.append(("reference", texts.reference))
    for name, text in found:
        yield text_line(name, text, indent=indent, whole=whole)


def text_line(name: str, text: str, *, indent: int = 4, whole: bool = False) -> str:
    """Return a text preceded by its name, on one line or in full.

    Args:
        name: The text's name.
        text: The text.
        indent: Columns before the name.
        whole: Show the full text, with its line breaks.
    """
    head = f"{' ' * indent}{name:<{_NAME}} "
    if whole:
        return head + readable(text).replace("\n", "\n" + " " * len(head))
    return head + (cut(" ".join(text.split()), _COLUMNS - len(head)) or "(nothing)")


def cut(text: str, columns: int) -> str:
    """Shorten a text to one printable line. More is kept of the end, because that is where answers are."""
    # Only the two ends are visible, and a completion may have millions of characters.
    if len(text) > 4 * columns:
        text = text[: 2 * columns] + text[-2 * columns :]
        shown = printable(text)
    else:
        shown = printable(text)
        if columns_of(shown) <= columns:
            return shown
    start = (columns - 5) // 3
    end = _fitting(shown[::-1], columns - 5 - start)[::-1]
    return f"{_fitting(shown, start).rstrip()} ... {end.lstrip()}"


def _fitting(text: str, columns: int) -> str:
    used = 0
    for at, char in enumerate(text):
        used += columns_of(char)
        if used > columns:
            return text[:at]
    return text
