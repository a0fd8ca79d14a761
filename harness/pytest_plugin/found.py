"""Finds the files and graders that a test uses, with the project's settings as defaults."""

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
    """A grader with its folder and range."""

    grader: Callable[..., Any] | str
    folder: Path
    """The folder of the grader's file or module."""
    bounds: Bounds | None = None
    """The range from the settings; None if the settings have none."""


class FoundRollouts(NamedTuple):
    """Rollouts with their options for `replay_here`."""

    data: DataFile
    options: dict[str, Any]


class Finder:
    """Looks up a test's files, with the project's settings as defaults.

    Args:
        folders: The test's own folder, then the other folders to search.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by key, with absolute paths.

        Raises:
            InputError: The nearest settings file cannot be read or is invalid.
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
        """Return the test's grader, or by default the one in the settings with its range.

        Raises:
            InputError: Neither the test nor the settings name a grader.
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
        """Return the test's rollouts, or by default those in the settings with their label.

        Args:
            rollouts: The test's argument: a path, an S3 URI, or a source.
            options: The test's options, which override the settings.

        Raises:
            InputError: Neither the test nor the settings name rollouts.
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
        """Return the test's records, or by default those in the settings.

        Raises:
            InputError: Neither the test nor the settings name records.
        """
        if records is not None:
            return self._data(records)
        if "records" not in self.settings:
            fix = 'Write records = "records.jsonl" in rft.toml, or name the file in the test.'
            raise InputError("no records are named", fix=fix)
        found: DataFile = self.settings["records"]
        return found

    def optional(self, data: DataFile | None) -> DataFile | None:
        """Return the test's data source with its path looked up, or None if the test names none."""
        return None if data is None else self._data(data)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The audit findings that the project accepts."""
        found = find_configuration(self._folders[0])
        return () if found is None else found.waivers

    def answers(self, answers: str | Path | None) -> Path | None:
        """Return the test's recorded answers, by default those in the settings, or None without either."""
        if answers is not None:
            return self._file(answers)
        found: Path | None = self.settings.get("answers")
        return found

    def region(self) -> AbstractContextManager[None]:
        """Make the Region in the settings the environment's default, for a grader that calls AWS."""
        return region_of_project(self.settings.get("region"))

    def _data(self, data: DataFile) -> DataFile:
        """Look up a local file. Other data sources are returned unchanged."""
        if not isinstance(data, str | os.PathLike) or os.fspath(data).startswith(S3_SCHEME):
            return data
        return self._file(data)

    def _file(self, path: str | os.PathLike[str]) -> Path:
        """Return a file's path in the first folder that has the file, or else in the test's own folder."""
        first = self._folders[0]
        return next((folder / path for folder in self._folders if (folder / path).exists()), first / path)

    def _folder_of(self, grader: Callable[..., Any] | str) -> Path:
        """Return the first folder that has a grader's file or module, or else the last folder."""
        if not isinstance(grader, str):
            return self._folders[-1]
        name = named(grader)
        top = name.where.partition(".")[0]
        names = [name.where] if name.is_file else [f"{top}.py", top]
        holding = (folder for folder in self._folders if any((folder / name).exists() for name in names))
        return next(holding, self._folders[-1])
