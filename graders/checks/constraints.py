"""A check for instructions that a program can verify: lengths, keywords, case, lists, sections, language.

The kinds of instructions, their names and their arguments are those of IFEval (arXiv:2311.07911). For each
kind, `docs/constraints.md` describes the texts that satisfy it and how the check differs from IFEval's own
program.
"""

from __future__ import annotations

from .._invisible import composed
from ..errors import DecorationError, RecordError
from ..extract import Missing
from ._answers import reward, take_option, text_of
from ._constraint_kinds import Instruction, contradiction
from ._options import flag_options, text_option
from ._recorded import recorded
from ._visible import says_something, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take

_KEPT = 256


def constraints(
    *,
    constraints: Sequence[Mapping[str, Any]] | None = None,
    field: str | None = None,
    arguments: str = "kwargs",
    loose: bool = False,
    partial: bool = False,
    take: Take | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the completion follows instructions that a program can verify.

    Each record has its own instructions, as in IFEval: the field `instruction_id_list` lists their kinds, and
    `kwargs` lists the arguments for each. Alternatively, `constraints` specifies the same instructions for
    all records.

    For each kind, the check reports the fraction of its instructions that are followed. The metric `kept` is
    the fraction over all kinds. The metric `unread` is 1 if a completion has no visible content or its
    language cannot be detected.

    It rewards any text that follows the instructions, on any topic. A single word earns full reward if the
    only instruction is `punctuation:no_comma`, and so does a keyword repeated eight times if the keyword must
    occur eight times. Combine it with a check of the answer, using `graders.combine.gated`, or with a judge.
    With `loose=True`, it also rewards a completion of which only the first or last line breaks an
    instruction, so a forbidden word may occur there.

    Args:
        constraints: The instructions for every record. Each is a table with a `kind` and the arguments for
            that kind.
        field: The record field that lists the kinds. None means `instruction_id_list` or, if `constraints` is
            given, that records have no instructions of their own.
        arguments: The record field that lists, for each kind, a table of arguments.
        loose: Whether it is enough for one of IFEval's loose readings to follow an instruction: the text
            without asterisks, without its first line, without its last line, or without both lines.
        partial: Whether to reward the fraction of the instructions that are followed instead of all or
            nothing.
        take: Extracts the part of a completion that must follow the instructions. None uses the whole
            completion.

    Raises:
        DecorationError: An option is invalid or the instructions contradict each other.

    Example:
        >>> check = constraints(constraints=[{"kind": "punctuation:no_comma"}])
        >>> check(make_sample("Paris is lovely.")).value
        1.0
        >>> check(make_sample("Paris, of course.")).reason
        'not kept: punctuation:no_comma'
    """
    flag_options(loose=loose, partial=partial)
    fixed = _fixed(constraints)
    name = "instruction_id_list" if field is None and not fixed else field
    text_option("arguments", arguments)
    if name is not None:
        text_option("field", name)
    if not loose and (clash := contradiction(fixed)):
        raise DecorationError(f"constraints: {clash}")
    find = take_option(take)
    known: dict[str, list[Instruction]] = {}  # the completions of a record are graded one after another

    def instructions_of(sample: Sample[Any]) -> list[Instruction]:
        if name is None:
            return fixed
        kinds, tables = recorded(sample, name), recorded(sample, arguments)
        key = repr((kinds, tables))
        if key not in known:
            if len(known) >= _KEPT:
                known.clear()
            known[key] = _instructions(fixed, kinds, tables, name, arguments, loose)
        return known[key]

    def keeps_instructions(sample: Sample[Any]) -> Reward:
        instructions = instructions_of(sample)
        found = text_of(find(sample.completion)) if find else sample.completion
        text = "" if isinstance(found, Missing) else composed(visible(found))
        readings = _loose(text) if loose else [text]
        kept = [(one, one.is_kept(readings)) for one in instructions]
        unread = not says_something(text) or any(holds is None for _, holds in kept)
        share = sum(1 for _, holds in kept if holds) / len(kept)
        paid = reward(share if partial else float(share == 1), float(unread), _shares(kept, share))
        broken = "; ".join(str(one) for one, holds in kept if not holds)
        paid.reason = f"not kept: {broken}" if broken else None
        return paid

    return keeps_instructions


def _fixed(tables: Sequence[Mapping[str, Any]] | None) -> list[Instruction]:
    """Parse the instructions for every record.

    Raises:
        DecorationError: The option is not a list of tables or a table is not a valid instruction.
    """
    if tables is None:
        return []
    if (
        not isinstance(tables, (list, tuple))
        or not tables
        or not all(isinstance(one, dict) for one in tables)
    ):
        raise DecorationError(
            f"constraints={tables!r}: write a list of tables, such as [{{'kind': 'punctuation:no_comma'}}]"
        )
    try:
        return [
            Instruction(one.get("kind"), {name: value for name, value in one.items() if name != "kind"})
            for one in tables
        ]
    except ValueError as error:
        raise DecorationError(f"constraints: {error}") from None


def _instructions(
    fixed: list[Instruction], kinds: Any, tables: Any, field: str, arguments: str, loose: bool
) -> list[Instruction]:
    """Return the instructions for every record, plus one record's own.

    Raises:
        RecordError: The record lists no instructions, one is invalid or two contradict each other.
    """
    if not isinstance(kinds, list) or not kinds:
        raise RecordError(f"the record's {field} is not a list of instructions: list the kinds there")
    if tables is None:
        tables = [{}] * len(kinds)
    if not isinstance(tables, list) or len(tables) != len(kinds):
        raise RecordError(f"the record's {arguments} does not list one table for each kind in {field}")
    made = list(fixed)
    for number, (kind, table) in enumerate(zip(kinds, tables, strict=True), 1):
        if table is not None and not isinstance(table, dict):
            raise RecordError(f"the record's {arguments}, entry {number}, is not a table of arguments")
        try:
            made.append(Instruction(kind, table or {}))
        except ValueError as error:
            raise RecordError(f"the record's {field}, entry {number}: {error}") from None
    if not loose and (clash := contradiction(made)):
        raise RecordError(f"the record's instructions contradict each other: {clash}")
    return made


def _loose(text: str) -> list[str]:
    """Return IFEval's loose readings of a text."""
    lines = text.split("\n")
    parts = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys((*parts, *(part.replace("*", "") for part in parts))))


def _shares(kept: Sequence[tuple[Instruction, bool | None]], share: float) -> dict[str, float]:
    """Return the fraction of instructions that are followed, in total and for each kind."""
    by_kind: dict[str, list[bool]] = {}
    for one, holds in kept:
        by_kind.setdefault(one.kind, []).append(holds is True)
    return {"kept": share, **{kind: sum(each) / len(each) for kind, each in by_kind.items()}}
