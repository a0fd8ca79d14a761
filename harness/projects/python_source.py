"""Imports Python graders from AWS handlers, TRL, verl, eval-protocol, llm-eval-kit and OpenAI.

The file is parsed in this process but never run here. The imported grader is tried on made-up samples in a
separate process, which confines foreign functions unless the user trusts them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, floor
from pathlib import Path

from graders.adapters import confined, from_openai
from graders.errors import ConfigurationError, DecorationError
from graders.wire import PROFILES, PROVEN
from harness.errors import InputError
from harness.projects.belongings import Belongings, check_python_file, parsed, too_deep
from harness.projects.foreign_function import ForeignFunction, find_functions
from harness.projects.foreign_kinds import KINDS_OF_PYTHON, parameters_of
from harness.projects.grader_text import STANDS_IN, GraderText
from harness.projects.imported import ImportedGrader, ImportNote
from harness.projects.made_up_samples import MadeUp, made_up, make_up, shortfall_notes, widened_by
from harness.projects.names import check_module
from harness.projects.reached_code import ReachedCode
from harness.projects.read_keys import ReadKeys, read_keys, record_parameters
from harness.projects.reward_range import range_of
from harness.projects.source_notes import Refused, batch_notes, notes_of, refused_by_confinement
from harness.projects.source_packages import needed_packages
from harness.projects.written_numbers import written_number

__all__ = ["read_python_source"]

_VERLS = ("data_source", "solution_str", "ground_truth", "extra_info")
_MODEL = re.compile(r"(?:(?:us|eu|apac|jp|au|global)\.)?[a-z0-9]+\.[a-z][a-z0-9.-]*-[a-z0-9.:-]+")
_LONGEST_MODEL = 256
_MAKERS = ("amazon", "anthropic", "meta", "mistral", "cohere", "ai21", "deepseek", "openai", "qwen", "writer")


def read_python_source(
    path: Path,
    *,
    functions: Sequence[str] = (),
    kind: str | None = None,
    trust: bool = False,
    range: tuple[float, float] | None = None,
) -> ImportedGrader:
    """Import a Python file that grades for another platform.

    Args:
        path: The file.
        functions: The grading functions, if the file has several. Several TRL functions are combined into one
            reward.
        kind: The platform, one of `KINDS_OF_PYTHON`; None to recognize it.
        trust: True if the file may run in the grader's process, with access to files, network and keys.
        range: The smallest and the largest reward; None derives the range from constants in the source.

    Raises:
        InputError: The file cannot be imported. The message names the place and the fix.
    """
    check_python_file(path, "grades")
    if kind is not None and kind not in KINDS_OF_PYTHON:
        fix = f"Use one of {', '.join(KINDS_OF_PYTHON)}."
        raise InputError(f"{kind} is not a kind of Python grader", place="--as", fix=fix)
    try:
        source = _source(path, parsed(path), functions, kind, trust)
        return source.imported(range)
    except RecursionError:
        raise too_deep(str(path)) from None


def _source(path: Path, tree: ast.Module, functions: Sequence[str], kind: str | None, trust: bool) -> _Source:
    found = find_functions(tree, path, functions, kind)
    belongings = Belongings(path.parent, relative=not trust)
    belongings.add(path.name)
    for name in dict.fromkeys([path.name, *(name.partition("/")[0] for name in belongings.trees)]):
        # In Lambda all these files are in the folder where the grader's process looks first.
        check_module(name.removesuffix(".py"), path.absolute().parent, path.with_name(name))
    if trust and found[0].kind == "openai":
        fix = "Leave out --trust: such a grader never uses files or the network."
        raise InputError("an OpenAI python grader always runs confined", place="--trust", fix=fix)
    return _Source(path, found, belongings, trust)


@dataclass(frozen=True)
class _Source:
    path: Path
    functions: tuple[ForeignFunction, ...]
    belongings: Belongings
    trust: bool

    @property
    def kind(self) -> str:
        return self.functions[0].kind

    def imported(self, range: tuple[float, float] | None) -> ImportedGrader:
        """Import the file.

        Raises:
            InputError: An adapter cannot call the functions, or they cannot run confined.
        """
        code = ReachedCode(self.belongings.trees, [each.name for each in self.functions])
        for each in self.functions:
            self._check_parameters(each)
        refused = refused_by_confinement(code)
        if refused and not self.trust:
            raise self._refused(refused)
        packages, missing = needed_packages(self.path, self.kind, self.belongings, code)
        keys = read_keys(code, self.functions)
        low_high, of_range = (
            (range, []) if range is not None else range_of(code, self.path.name, self.functions)
        )
        text = GraderText(
            kind=self.kind,
            source=self.path.name,
            functions=tuple(each.name for each in self.functions),
            weights=tuple(1.0 if each.weight is None else each.weight for each in self.functions),
            reference=keys.reference,
            conversational=self._is_conversational(code),
            packages=() if self.trust else tuple(packages),
            range=low_high,
            range_is_given=range is not None,
            timeout_s=60 if any(each.asks for each in refused) else 5 + 5 * len(self.functions),
            trust=self.trust,
        )
        self._check_confined(text)
        asks = any(each.asks for each in refused)
        text, samples = self._samples(text, keys, code, asks)
        if range is None:
            text, wider = self._widened(text, samples)
            of_range = [*of_range[:-1], *(wider or of_range[-1:])]
        files = {**self.belongings.files, f"{text.module}.py": text.written().encode("utf-8")}
        return ImportedGrader(
            kind=self._shown_kind(),
            module=text.module,
            function="reward",
            files=files,
            sources=tuple(sorted({name.partition("/")[0] for name in files})),
            packages=packages,
            judge_models=tuple(filter(None, [self._model(code)])) if asks else (),
            asks_judge=asks,
            runs_code=not self.trust,
            range=text.range,
            timeout_s=text.timeout_s,
            records=samples.records,
            rollouts=samples.rollouts,
            notes=(
                *self._mapped(text, keys, samples.told_apart),
                *of_range,
                *self._notes(code, missing),
                *(
                    ImportNote(each.place, "mapped", f"{each.what}, which trusted code may do")
                    for each in refused
                ),
                *missing.values(),
            ),
            sample_notes=tuple(self._about(samples, asks, text.wire)),
        )

    def _shown_kind(self) -> str:
        """Describe the functions' platform. For verl, include the parameters of the file's functions."""
        shown = KINDS_OF_PYTHON[self.kind]
        node = self.functions[0].node
        if self.kind == "verl" and node is not None:
            shown = f"{shown.partition(' (')[0]} ({', '.join(parameters_of(node).needed)})"
        return shown

    def _place(self, function: ForeignFunction) -> str:
        return f"{self.path}:{function.line}"

    def _check_parameters(self, function: ForeignFunction) -> None:
        """Reject a function that its adapter could not call."""
        if function.kind == "lambda" and isinstance(function.node, ast.AsyncFunctionDef):
            fix = "Write a plain function that runs it: asyncio.run(...)."
            message = f"{function.name} is async, but Lambda does not await handlers"
            raise InputError(message, place=self._place(function), fix=fix)
        if function.node is None or function.kind not in ("trl", "verl"):
            return
        given = parameters_of(function.node)
        if given.by_place:
            fix = f"Remove the `/` from its parameters: {function.kind} passes them by name."
            raise InputError(
                f"{function.name} takes {', '.join(given.by_place)} as positional-only",
                place=self._place(function),
                fix=fix,
            )
        if function.kind == "verl":
            lacks = [name for name in given.needed if name.removesuffix("s") not in _VERLS]
            if lacks:
                fix = (
                    f"verl passes {', '.join(_VERLS)}: rename the parameters, or give them the defaults "
                    "in your reward_kwargs."
                )
                raise InputError(
                    f"{function.name} needs {' and '.join(lacks)}", place=self._place(function), fix=fix
                )

    def _refused(self, refused: tuple[Refused, ...]) -> InputError:
        first, *others = refused
        also = f" (also {', '.join(each.place for each in others[:4])})" if others else ""
        fix = (
            "Remove it from the grading code, or use --trust to run the file in the grader's process with "
            "access to the network, files and keys."
        )
        place = str(self.path.parent / first.place)
        message = f"{first.what}, which confined code cannot do{also}"
        return InputError(message, place=place, fix=fix)

    def _check_confined(self, text: GraderText) -> None:
        """Reject functions that cannot be called confined, with the message that `confined` gives."""
        try:
            if self.kind == "openai":
                from_openai(
                    {"type": "python", "source": self.belongings.files[self.path.name].decode("utf-8")}
                )
                return
            for name in text.functions:
                made = confined(self.path, name, packages=text.packages)
                if self.kind not in STANDS_IN and not self.trust:
                    made.check()
        except (DecorationError, ConfigurationError) as error:
            raise self._unusable(str(error)) from None
        except UnicodeDecodeError:
            raise InputError("is not UTF-8", place=str(self.path), fix="Save it in that encoding.") from None

    def _unusable(self, message: str) -> InputError:
        """Convert an adapter's message about a file to an error that the command reports."""
        line = re.search(r"line (\d+): ", message)
        place = f"{self.path}:{line[1]}" if line else str(self.path)
        return InputError(re.sub(r"^/source: (line \d+: )?", "", message), place=place)

    def _is_conversational(self, code: ReachedCode) -> bool:
        """Return True if completions are lists of messages whose content the source uses."""
        return "content" in code.texts()

    def _samples(
        self, text: GraderText, keys: ReadKeys, code: ReachedCode, asks: bool
    ) -> tuple[GraderText, MadeUp]:
        """Return samples that the grader can grade, and the grader in the wire format that it expects."""
        texts = sorted(code.texts())
        wires = self._wires(texts)
        if asks:
            return replace(text, wire=wires[0]), MadeUp(tuple(record for record, _ in made_up(keys)))
        tried: list[tuple[GraderText, MadeUp]] = []
        for wire in wires:
            spoken = replace(text, wire=wire)
            tried.append((spoken, make_up(partial(self._write, spoken), keys, texts)))
            if tried[-1][1].told_apart:
                break
        return max(tried, key=lambda each: (each[1].told_apart, bool(each[1].rollouts)))

    def _widened(self, text: GraderText, samples: MadeUp) -> tuple[GraderText, list[ImportNote]]:
        """Widen the range to the rewards of made-up samples."""
        low, high = text.range
        outside = [paid for paid in samples.rewards if not low <= paid <= high]
        if not outside:
            return text, []
        wider = min(low, float(floor(min(outside)))), max(high, float(ceil(max(outside))))
        note = ImportNote(self.path.name, "approximated", widened_by(outside[0], wider))
        return replace(text, range=wider), [note]

    def _wires(self, texts: Sequence[str]) -> list[str | None]:
        """Return the wire formats that a handler may expect, judging by the strings in its source."""
        if self.kind != "lambda":
            return [None]
        known = {"id", "messages", "list", *texts}
        told = [
            name
            for name in PROVEN
            if {PROFILES[name].id, PROFILES[name].turns, PROFILES[name].container} <= known
        ]
        # The default wire has the reference in `metadata`. A handler that never mentions it expects another.
        return [None, *told] if "metadata" in texts else [*_at_root(told), None]

    def _write(self, text: GraderText, folder: Path) -> Path:
        for name, content in self.belongings.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        file = folder / f"{text.module}.py"
        file.write_text(text.written(for_trial=True), "utf-8")
        return file

    def _model(self, code: ReachedCode) -> str | None:
        """Return the Bedrock model that a file names."""
        texts = (each for each in sorted(code.texts()) if len(each) <= _LONGEST_MODEL)
        found = [each for each in texts if _MODEL.fullmatch(each)]
        return next((each for each in found if any(maker in each for maker in _MAKERS)), None)

    def _mapped(self, text: GraderText, keys: ReadKeys, told_apart: bool) -> list[ImportNote]:
        where = "runs in the grader's process" if self.trust else "runs confined, in a separate process"
        notes = [
            ImportNote(
                f"{self.path.name}:{each.line}",
                "mapped",
                f"{each.name}, {KINDS_OF_PYTHON[self.kind].partition(' (')[0]}, {where}"
                + ("" if each.weight is None else f", with the weight {written_number(each.weight)}"),
            )
            for each in self.functions
        ]
        place = notes[0].place
        if keys.reference != "reference_answer":
            what = (
                f"the column {keys.reference} is the record's field of that name, else its reference_answer"
            )
            notes.append(ImportNote(place, "mapped", what))
        if keys.fields:
            names = ", ".join(name for name, _ in keys.fields)
            notes.append(ImportNote(place, "mapped", f"read from the record's fields: {names}"))
        if keys.reference_keys:
            what = f"these keys of a reference object are read: {', '.join(keys.reference_keys)}"
            notes.append(ImportNote(place, "mapped", what))
        if keys.extra:
            what = f"read from extra_info, or from the record's fields: {', '.join(keys.extra)}"
            notes.append(ImportNote(place, "mapped", what))
        if text.wire is not None and told_apart:
            notes.append(ImportNote(place, "mapped", f"the handler reads the dialect {text.wire}"))
        return notes

    def _notes(self, code: ReachedCode, missing: Collection[str]) -> list[ImportNote]:
        nodes: list[ast.AST] = [each.node for each in self.functions if each.node is not None]
        given = {each.name: record_parameters(each) for each in self.functions}
        notes = list(notes_of(code, not self.trust, given=given, missing=missing))
        if self.kind in ("trl", "verl", "eval-protocol"):
            notes += batch_notes(self.path.name, nodes, code)
        if self.kind == "lambda":
            what = (
                "a record with a blank reference_answer fails without a call; one without it is passed on, "
                "and a handler that treats it as empty text rewards an empty answer"
            )
            notes.append(ImportNote(self.path.name, "approximated", what))
        return notes

    def _about(self, samples: MadeUp, asks: bool, wire: str | None) -> list[ImportNote]:
        name = self.path.name
        if asks:
            what = "it calls a service, so no sample was graded here: write your rollouts to rollouts.jsonl"
        elif samples.rollouts:
            what = "records.jsonl and rollouts.jsonl are made up: replace them with your own"
        else:
            what = f"no made-up sample could be graded, so use your own: {samples.problem}"
        notes = [ImportNote(name, "approximated", what), *shortfall_notes(name, samples)]
        if self.kind == "lambda" and not samples.told_apart:
            read = "AWS's own events" if wire is None else f"the dialect {wire}"
            what = f"made-up answers did not show which dialect the handler reads, so {read} is used"
            notes.append(ImportNote(name, "approximated", what))
        return notes


def _at_root(names: list[str]) -> list[str]:
    """Sort wire formats: first those with the reference next to the messages, and Bedrock's before others."""
    return sorted(
        names, key=lambda name: (PROFILES[name].placement != "root", not name.startswith("open-weight"))
    )
