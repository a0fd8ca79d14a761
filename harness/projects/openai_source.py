"""Imports the JSON of graders from OpenAI's and Azure's reinforcement fine-tuning."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from math import ceil, floor
from pathlib import Path
from typing import Any

from graders.adapters.openai import (
    OpenAISpecError,
    endpoint_secrets,
    from_openai,
    openai_graders,
    openai_notes,
    openai_packages,
    openai_range,
    spec_document,
)
from graders.errors import ConfigurationError, DecorationError
from harness.errors import InputError
from harness.projects.imported import ImportedGrader, ImportNote
from harness.projects.made_up_samples import shortfall_notes, widened_by
from harness.projects.project_words import encoded
from harness.projects.spec_samples import make_up_for_spec
from harness.projects.spec_values import read_spec_values
from harness.projects.text_notes import notes_of_text
from harness.projects.written_numbers import written_number, written_range

__all__ = ["read_openai_source"]

_TABLE = Path(__file__).with_name("judge_models.toml")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MODELS = "models.toml"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_ABOUT_MODELS = """# The replacement for each of OpenAI's models. Another model judges differently:
# compare its scores with people's labels before a job. Change it here, and in JudgeModel in template.yaml,
# which lets the function call it.
"""
# A range that is wide enough for every reward of the trial.
_ANY = (-1e9, 1e9)
_EXAMPLE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def read_openai_source(
    text: bytes,
    name: str,
    *,
    models: Mapping[str, str] | None = None,
    range: tuple[float, float] | None = None,
) -> ImportedGrader:
    """Import the JSON of a grader, or of a method or a job that contains one.

    Args:
        text: The JSON.
        name: The file's name, for messages and for its copy in the project.
        models: Bedrock models by the names of OpenAI's models. These take precedence over the shipped table.
        range: The smallest and the largest reward; None computes them from the grader.

    Raises:
        InputError: The grader cannot be imported. The message names the place and the fix.
    """
    try:
        document = spec_document(text)
        openai_notes(document)
        return _Source(document, text, name, dict(models or {}), range).imported()
    except OpenAISpecError as error:
        place = f"{name} {error.pointer}".rstrip()
        raise InputError(error.message, place=place) from None
    except (DecorationError, ConfigurationError) as error:
        raise InputError(str(error), place=name) from None


class _Source:
    def __init__(
        self,
        document: dict[str, Any],
        text: bytes,
        name: str,
        models: Mapping[str, str],
        range: tuple[float, float] | None,
    ) -> None:
        self._name = name
        self._shown = Path(name).name
        self._document, self._secrets = endpoint_secrets(document)
        self._text = _json(self._document) if self._secrets else text
        self._values = read_spec_values(self._document)
        self._models = self._judges(models)
        self._copied = f"{_NOT_IN_A_NAME.sub('_', Path(name).stem).strip('._-') or 'source'}.json"
        self._given = range
        found = range or openai_range(self._document)
        self._range, self._has_range = found or (0.0, 1.0), found is not None

    def imported(self) -> ImportedGrader:
        from_openai(self._document, models=self._models or None)
        samples = make_up_for_spec(self._values, self._write)
        widened = list(self._widened(samples.rewards))
        files = self._files()
        return ImportedGrader(
            kind=f"OpenAI's or Azure's grader JSON ({openai_graders(self._document)[0].type})",
            module="grader",
            function="reward",
            files=files,
            sources=tuple(sorted(files)),
            packages=dict(self._packages()),
            judge_models=tuple(dict.fromkeys(self._models.values())),
            asks_judge=self._values.asks,
            runs_code=self._values.runs_code,
            range=self._range,
            timeout_s=self._timeout(),
            records=samples.records,
            rollouts=samples.rollouts,
            notes=(*self._notes(), *widened),
            sample_notes=(
                *self._about_samples(samples.problem, bool(samples.rollouts)),
                *shortfall_notes(self._shown, samples),
            ),
            secrets=tuple(self._secrets),
        )

    def _judges(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the Bedrock models that replace the models that the grader calls.

        Raises:
            InputError: A model has no replacement, or the user gave one for a model that is not called.
        """
        asked = dict.fromkeys(self._values.models.values())
        for name in given:
            if name not in asked:
                known = f"It calls {', '.join(asked)}." if asked else "It calls no model: leave it out."
                raise InputError(f"the grader does not call a model {name}", place="--judge", fix=known)
        suggested = tomllib.loads(_TABLE.read_text("utf-8"))
        found = {}
        for pointer, name in self._values.models.items():
            model = given.get(name) or suggested.get(name) or suggested.get(_DATE.sub("", name))
            if model is None:
                fix = (
                    f"Name a Bedrock model: --judge {name}={_EXAMPLE}, or another. `aws bedrock "
                    "list-inference-profiles` lists them."
                )
                message = f"there is no known replacement for {name}"
                raise InputError(message, place=f"{self._name} {pointer}", fix=fix)
            found[name] = str(model)
        return found

    def _timeout(self) -> float:
        return 60.0 if self._values.asks else 20.0 if self._values.runs_code else 10.0

    def _write(self, folder: Path) -> Path:
        for name, content in self._files(for_trial=True).items():
            (folder / name).write_bytes(content)
        return folder / "grader.py"

    def _files(self, *, for_trial: bool = False) -> dict[str, bytes]:
        files = {"grader.py": self._grader(for_trial).encode("utf-8"), self._copied: self._text}
        if self._models:
            lines = "".join(
                f"{json.dumps(name)} = {json.dumps(model)}\n" for name, model in self._models.items()
            )
            files[_MODELS] = (_ABOUT_MODELS + lines).encode("utf-8")
        return files

    def _grader(self, for_trial: bool) -> str:
        low, high = map(written_number, self._range if self._given or not for_trial else _ANY)
        options = f"range=({low}, {high}), timeout_s={self._timeout():g}"
        if for_trial:
            options += ", max_error_rate=1"
        models = f', models=HERE / "{_MODELS}"' if self._models else ""
        return (
            f'"""Grades by the JSON in {self._copied}. IMPORT.md says how."""\n\n'
            "from pathlib import Path\n\n"
            "from graders import grader\n"
            "from graders.adapters import from_openai\n\n"
            "HERE = Path(__file__).parent\n"
            f"reward = grader({options})(\n"
            f'    from_openai(HERE / "{self._copied}"{models})\n'
            ")\n"
        )

    def _packages(self) -> Iterator[tuple[str, str | None]]:
        """Yield the packages for requirements.txt, with distribution and version if installed."""
        if self._values.similar:
            yield "rapidfuzz", _installed("rapidfuzz")
        for each in openai_packages(self._document):
            yield each.module, _installed(each.package)

    def _notes(self) -> Iterator[ImportNote]:
        for note in openai_notes(self._document, self._models or None):
            yield ImportNote(f"{self._shown} {note.pointer}".rstrip(), note.how, note.what)
        for pointer, source in self._values.sources.items():
            yield from notes_of_text(f"{self._shown} {pointer}", source)
        bounds = written_range(self._range)
        if self._has_range:
            yield ImportNote(self._shown, "mapped", f"its rewards are {bounds}")
        else:
            what = (
                f"its scores have no known range, so {bounds} is used, and a score outside it "
                "is a failure: set the right range in grader.py, or import with --range"
            )
            yield ImportNote(self._shown, "approximated", what)
        if self._values.runs_code:
            what = (
                "its Python code gets 5 seconds and 256 MB for each sample: seconds= and memory_mb= of "
                "from_openai in grader.py set other limits"
            )
            yield ImportNote(self._shown, "approximated", what)
        for name in self._secrets:
            what = f"a key was removed: set the function's environment variable {name}"
            yield ImportNote(self._shown, "approximated", what)

    def _widened(self, rewards: Sequence[float]) -> Iterator[ImportNote]:
        """Widen the range to include the made-up samples' rewards, because OpenAI does not enforce 0 to 1."""
        low, high = self._range
        outside = [paid for paid in rewards if not low <= paid <= high]
        if outside:
            self._range = min(low, floor(min(outside))), max(high, ceil(max(outside)))
            yield ImportNote(self._shown, "approximated", widened_by(outside[0], self._range))

    def _about_samples(self, problem: str | None, graded: bool) -> Iterator[ImportNote]:
        if self._values.asks:
            what = "records.jsonl and rollouts.jsonl are made up, and not graded here: that calls a service"
        elif graded:
            what = "records.jsonl and rollouts.jsonl are made up from the fields that it reads"
        else:
            why = f": {problem}" if problem else ""
            what = f"no made-up sample could be graded, so there is no rollouts.jsonl{why}. Write your own"
            yield ImportNote(self._shown, "approximated", what)
            return
        yield ImportNote(self._shown, "approximated", f"{what}. Replace them with your own")


def _installed(package: str) -> str | None:
    """Return the line of requirements.txt for a package, or None if the package is not installed."""
    try:
        return f"{package}=={version(package)}"
    except PackageNotFoundError:
        return None


def _json(document: Any) -> bytes:
    return encoded(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
