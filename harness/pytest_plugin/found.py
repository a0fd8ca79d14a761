"""Finds what a test names, beside the test first, and what the project's settings name otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from harness.aws import region_of_project
from harness.config import Waiver, find_configuration
from harness.data.sources import S3_SCHEME, DataFile
from harness.errors import InputError
from harness.runs.facts import Bounds
from harness.targets.grader_name import named

__all__ = ["Finder", "FoundGrader", "FoundRollouts"]

_OF_LABEL = ("label_true", "label_threshold", "label_tolerance")


class FoundGrader(NamedTuple):
    """A grader and what is known of it."""

    grader: Callable[..., Any] | str
    folder: Path
    """Where its file or module is."""
    bounds: Bounds | None = None
    """The range that the settings give it."""


class FoundRollouts(NamedTuple):
    """Rollouts and the options of `replay_here` that belong to them."""

    data: DataFile
    options: dict[str, Any]


class Finder:
    """Looks for the files of a test, and in the project's settings.

    Args:
        folders: The test's own folder, then the others to look in.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by key, with absolute paths.

        Raises:
            InputError: The nearest file of settings cannot be read, or something in it is not understood.
        """
        found = find_configuration(self._folders[0])
        if found is None:
            return {}
        values: dict[str, Any] = {key: setting.value for key, setting in found.settings.items()}
        for key in ("rollouts", "records", "answers"):
            if key in values and "://" not in values[key]:
                values[key] = found.file.parent / values[key]
        return {**values, "folder": found.file.parent}

    def grader(self, grader: Callable[..., Any] | str | None) -> FoundGrader:
        """The grader that a test names; the settings' own, with its range, where it names none.

        Raises:
            InputError: The settings name none, either.
        """
        if grader is not None:
            return FoundGrader(grader, self._folder_of(grader))
        name = self.settings.get("grader")
        if "handler" in self.settings:
            from harness.targets.built import grader_named

            name = grader_named(self.settings["handler"])
        if name is None:
            fix = 'Write grader = "my_grader.py:name" in rft.toml, or name it in the test.'
            raise InputError("no grader is named", fix=fix)
        low_high = self.settings.get("range")
        return FoundGrader(name, self.settings["folder"], low_high and tuple(low_high))

    def rollouts(self, rollouts: DataFile | None, options: Mapping[str, Any]) -> FoundRollouts:
        """The rollouts that a test names; the settings' own, with their label, where it names none.

        Args:
            rollouts: What the test wrote: a path, the name of an object in S3, or a source.
            options: What the test says of them, which wins.

        Raises:
            InputError: The settings name none, either.
        """
        given = dict(options)
        given.pop("answers", None)
        if given.get("records") is not None:
            given["records"] = self._data(given["records"])
        if rollouts is not None:
            return FoundRollouts(self._data(rollouts), given)
        if "rollouts" not in self.settings:
            fix = 'Write rollouts = "rollouts.jsonl" in rft.toml, or name the file in the test.'
            raise InputError("no rollouts are named", fix=fix)
        names = [] if "label" in given else ["label", *_OF_LABEL]
        if not {"records", "keep_field"} & given.keys():
            names.append("keep_field" if "keep_field" in self.settings else "records")
        known = {name: self.settings[name] for name in names if name in self.settings}
        return FoundRollouts(self.settings["rollouts"], {**known, **given})

    def records(self, records: DataFile | None) -> DataFile:
        """The records that a test names; the settings' own where it names none.

        Raises:
            InputError: The settings name none, either.
        """
        if records is not None:
            return self._data(records)
        if "records" not in self.settings:
            fix = 'Write records = "records.jsonl" in rft.toml, or name the file in the test.'
            raise InputError("no records are named", fix=fix)
        found: DataFile = self.settings["records"]
        return found

    def optional(self, data: DataFile | None) -> DataFile | None:
        """Data that a test names; None where it names none."""
        return None if data is None else self._data(data)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The findings of an audit that the project accepts."""
        found = find_configuration(self._folders[0])
        return () if found is None else found.waivers

    def answers(self, answers: str | Path | None) -> Path | None:
        """The recorded answers that a test names; the settings' own, if any, where it names none."""
        if answers is not None:
            return self._file(answers)
        found: Path | None = self.settings.get("answers")
        return found

    def region(self) -> AbstractContextManager[None]:
        """The settings' Region stands in for one of the environment, where a grader asks AWS."""
        return region_of_project(self.settings.get("region"))

    def _data(self, data: DataFile) -> DataFile:
        """Data as a test names it: a file as `_file` finds it, or what lies elsewhere."""
        if not isinstance(data, str | os.PathLike) or os.fspath(data).startswith(S3_SCHEME):
            return data
        return self._file(data)

    def _file(self, path: str | os.PathLike[str]) -> Path:
        """A file in the first folder that holds it; in the test's own where none does."""
        first = self._folders[0]
        return next((folder / path for folder in self._folders if (folder / path).exists()), first / path)

    def _folder_of(self, grader: Callable[..., Any] | str) -> Path:
        """The first folder that holds the file or the module of a grader; the last one where none does."""
        if not isinstance(grader, str):
            return self._folders[-1]
        name = named(grader)
        top = name.where.partition(".")[0]
        names = [name.where] if name.is_file else [f"{top}.py", top]
        holding = (folder for folder in self._folders if any((folder / name).exists() for name in names))
        return next(holding, self._folders[-1])
