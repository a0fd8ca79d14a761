"""Reports on the source code in the JSON of an OpenAI Python grader."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from harness.projects.foreign_function import ForeignFunction
from harness.projects.imported import ImportNote
from harness.projects.reached_code import Definition, ReachedCode
from harness.projects.read_keys import record_parameters
from harness.projects.source_notes import notes_of, refused_by_confinement

__all__ = ["notes_of_text"]

_GRADE = "grade"


def notes_of_text(place: str, source: str) -> Iterator[ImportNote]:
    """Report operations in the source that behave differently here, as is done for Python files.

    Args:
        place: Where the source is. Line numbers are appended to it.
        source: The source, which must be valid Python.
    """
    code = ReachedCode({place: ast.parse(source)}, [_GRADE])
    for each in refused_by_confinement(code):
        what = f"{each.what}, which confined code cannot do: a sample that reaches this gets no reward"
        yield ImportNote(each.place, "unsupported", what)
    packages = code.packages() - sys.stdlib_module_names
    missing = [name for name in packages if find_spec(name) is None]
    yield from notes_of(code, True, given={_GRADE: _of_record(code, place)}, missing=missing)


def _of_record(code: ReachedCode, place: str) -> frozenset[str]:
    found: tuple[str, Definition] | None = code.definition(place, _GRADE)
    if found is None or isinstance(found[1], ast.ClassDef):
        return frozenset()
    return record_parameters(ForeignFunction("openai", _GRADE, found[1].lineno, found[1]))
