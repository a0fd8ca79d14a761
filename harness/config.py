"""A project's settings, from `rft.toml` or `[tool.rft]` in `pyproject.toml`.

The nearest file is used, searching from a folder up to the root of its repository. Paths are relative to the
file's folder. Each key is named after a command-line option, such as `runs_dir` for `--runs-dir`. Each verb
uses the keys of its own options.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeAlias

from harness.errors import InputError

__all__ = [
    "KEYS",
    "Configuration",
    "Key",
    "SettingKind",
    "Setting",
    "Value",
    "Waiver",
    "find_configuration",
    "read_configuration",
]

OWN_FILE: Final = "rft.toml"
_SHARED_FILE: Final = "pyproject.toml"
_TABLE: Final = "job"
_AUDIT: Final = "audit"
_WAIVERS: Final = "waivers"

Value: TypeAlias = str | int | float | list[str] | list[float]


class SettingKind(Enum):
    """The type of a setting's value. The text completes the sentence `KEY must be ...`."""

    TEXT = "a string"
    TEXTS = "a string or a list of strings"
    PATH = "a path as a string"
    GRADER = 'a string such as "grader.py:name"'
    NUMBER = "a finite number"
    COUNT = "a whole number"
    RANGE = "a list of two finite numbers"


@dataclass(frozen=True, slots=True)
class Key:
    """A setting that a file may contain."""

    kind: SettingKind
    meaning: str
    table: str | None = None
    """The table that contains the setting, or None for the top level of the file."""


KEYS: Final[Mapping[str, Key]] = {
    "grader": Key(SettingKind.GRADER, "the grader in Python"),
    "handler": Key(SettingKind.TEXT, "a Lambda handler in Python, instead of `grader`"),
    "records": Key(SettingKind.PATH, "the training file"),
    "rollouts": Key(SettingKind.PATH, "the rollouts file"),
    "label": Key(SettingKind.TEXT, "the rollouts' field with a known verdict"),
    "label_true": Key(SettingKind.TEXTS, "strings in that field that mean yes"),
    "label_threshold": Key(SettingKind.NUMBER, "numbers in that field of at least this mean yes"),
    "label_tolerance": Key(
        SettingKind.NUMBER, "allowed difference between a reward and a number in that field"
    ),
    "keep_field": Key(
        SettingKind.TEXTS, "fields that the grader sees even though they differ within a record"
    ),
    "range": Key(SettingKind.RANGE, "lowest and highest reward, if the grader does not declare them"),
    "answers": Key(SettingKind.PATH, "recorded answers to the grader's requests to a service"),
    "artifact": Key(SettingKind.PATH, "the build folder"),
    "stack": Key(SettingKind.TEXT, "the CloudFormation stack"),
    "function": Key(SettingKind.TEXT, "the function's logical ID in template and stack"),
    "arn": Key(SettingKind.TEXT, "the deployed function, instead of `stack`"),
    "region": Key(SettingKind.TEXT, "the AWS Region, also for a grader that asks AWS from this machine"),
    "base_url": Key(SettingKind.TEXT, "the fine-tuning API"),
    "model": Key(SettingKind.TEXT, "the model to tune"),
    "prefix": Key(SettingKind.TEXT, "the S3 folder that fan-out workers write to"),
    "machine": Key(SettingKind.TEXT, "the fan-out's state machine, instead of the stack's"),
    "workers": Key(SettingKind.COUNT, "how many fan-out workers grade at the same time"),
    "runs_dir": Key(SettingKind.PATH, "the folder of replay runs"),
    "jobs_dir": Key(SettingKind.PATH, "the folder of submissions and events"),
    "n_epochs": Key(SettingKind.COUNT, "how many times a job trains on each record", _TABLE),
    "batch_size": Key(SettingKind.COUNT, "records per step", _TABLE),
    "learning_rate_multiplier": Key(SettingKind.NUMBER, "factor for the learning rate", _TABLE),
    "group_size": Key(SettingKind.COUNT, "completions of each record in a step", _TABLE),
    "price_per_hour": Key(SettingKind.NUMBER, "the service's price in USD", _TABLE),
    "completions_per_call": Key(
        SettingKind.COUNT, "completions per grader call, assumed in a forecast", _TABLE
    ),
    "role_arn": Key(SettingKind.TEXT, "Nova: the role that Bedrock assumes", _TABLE),
    "data_uri": Key(SettingKind.TEXT, "Nova: the folder in S3 for the training file", _TABLE),
    "output_uri": Key(SettingKind.TEXT, "Nova: the folder in S3 for the job's output", _TABLE),
}
"""All settings, keyed by option name with underscores."""

_EXCLUSIVE: Final = (("grader", "handler"), ("arn", "stack"))


@dataclass(frozen=True, slots=True)
class Setting:
    """A value from a settings file."""

    key: str
    value: Value
    """The value as written. Paths are relative to the file's folder."""
    file: Path
    line: int | None
    """The line where the value starts (counted from 1), or None if unknown."""

    @property
    def place(self) -> str:
        """The file and line, such as `rft.toml:3`, relative to the current folder."""
        return _place(self.file, self.line)

    def seen_from(self, folder: Path) -> Value:
        """Return the value. If it is a path, make it relative to a folder.

        Args:
            folder: The folder where the value is used. In the settings file's own folder, the value is
                unchanged.
        """
        kind = KEYS[self.key].kind
        if not isinstance(self.value, str):
            return self.value
        if kind is SettingKind.PATH:
            return self._moved(self.value, folder)
        where, colon, name = self.value.partition(":")
        if kind is SettingKind.GRADER and where.endswith((".py", ".toml")):
            return f"{self._moved(where, folder)}{colon}{name}"
        return self.value

    def _moved(self, path: str, folder: Path) -> str:
        path = os.path.expanduser(path)  # as a shell does on the command line
        here = self.file.parent.resolve()
        if "://" in path or path == "-" or folder.resolve() == here:
            return path
        return os.path.relpath(here / path, folder.resolve())


@dataclass(frozen=True, slots=True)
class Waiver:
    """An audit finding accepted by the project."""

    probe: str
    """Id of the probe that reported the finding, such as `C07`."""
    witness: str
    """Hash of the finding's witness, as printed by the audit. The waiver applies only to this witness."""
    reason: str
    date: str
    """The date on which the finding was accepted, in ISO 8601 format."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in one file."""

    file: Path
    settings: Mapping[str, Setting]
    waivers: tuple[Waiver, ...] = ()
    """Audit findings accepted by the project."""

    @property
    def passed_over(self) -> Path | None:
        """A `pyproject.toml` whose `[tool.rft]` is not read because `rft.toml` is in the same folder."""
        beside = self.file.with_name(_SHARED_FILE)
        if self.file.name == OWN_FILE:
            with suppress(InputError):
                return beside if _has_table(beside) else None
        return None

    def value(self, key: str, folder: Path) -> Value | None:
        """Return a setting with paths relative to a folder, or None if the file does not contain it.

        Args:
            key: One of `KEYS`.
            folder: The folder where the value is used.
        """
        found = self.settings.get(key)
        return None if found is None else found.seen_from(folder)


def find_configuration(start: Path) -> Configuration | None:
    """Read the nearest settings file, starting in a folder and moving up.

    The search ends at the folder that contains `.git` or at the root of the file system.

    Args:
        start: The folder where the search starts.

    Returns:
        The settings, or None if no folder has such a file.

    Raises:
        InputError: The nearest file cannot be read or is invalid.
    """
    here = start.absolute()
    for folder in (here, *here.parents):
        own, shared = folder / OWN_FILE, folder / _SHARED_FILE
        if os.path.isfile(own):  # unlike `Path.is_file`, False in a folder without permission
            return read_configuration(own)
        if _has_table(shared):
            return read_configuration(shared)
        if os.path.exists(folder / ".git"):
            return None
    return None


def read_configuration(file: Path) -> Configuration:
    """Read one settings file.

    Args:
        file: An `rft.toml`, or a `pyproject.toml` with `[tool.rft]`.

    Raises:
        InputError: The file cannot be read or is invalid.
    """
    parsed = _parsed(file)
    table = _table_of(file, parsed) or {}
    lines = _Lines(file, () if file.name == OWN_FILE else ("tool", "rft"))
    settings: dict[str, Setting] = {}
    for key, value, line in _entries(file, table, lines):
        settings[key] = Setting(key, _checked(key, value, _place(file, line)), file, line)
    for one, other in _EXCLUSIVE:
        if one in settings and other in settings:
            what = f"{one} and {other} are mutually exclusive"
            raise InputError(what, place=settings[other].place, fix="Remove one of them.")
    return Configuration(file, settings, _waivers(file, table.get(_AUDIT, {})))


def _has_table(file: Path) -> bool:
    """Return True if a `pyproject.toml` has the `tool.rft` table. Other files may be invalid TOML."""
    try:
        if not os.path.isfile(file) or b"rft" not in file.read_bytes():
            return False
    except OSError:
        return False
    return _table_of(file, _parsed(file)) is not None


def _parsed(file: Path) -> dict[str, Any]:
    import tomllib  # takes 5 ms, so it is loaded only for a settings file

    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        fix = "Make it readable, or run `rft --no-config`."
        raise InputError(f"cannot be read: {error.strerror}", place=_place(file), fix=fix) from error
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", place=_place(file), fix="Save it as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        why = str(error) or "nested too deeply"
        found = re.search(r" \(at line (\d+), column \d+\)", why)
        line = int(found[1]) if found else None
        why = why if found is None else why.replace(found[0], "")
        message = f"this is not valid TOML: {why[:1].lower()}{why[1:]}"
        fix = "Write KEY = VALUE lines, with strings in double quotes."
        raise InputError(message, place=_place(file, line), fix=fix) from None


def _table_of(file: Path, parsed: dict[str, Any]) -> dict[str, Any] | None:
    if file.name == OWN_FILE:
        return parsed
    tools = parsed.get("tool")
    table = tools.get("rft") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise InputError("tool.rft is not a table", place=_place(file), fix="Write [tool.rft].")
    return table


def _entries(
    file: Path, table: Mapping[str, Any], lines: Callable[..., int | None]
) -> Iterator[tuple[str, Any, int | None]]:
    """Yield each setting with its value and line. Reject unknown and misplaced keys."""
    for name, value in table.items():
        if name == _TABLE and isinstance(value, dict):
            for inner, each in value.items():
                _check_key(inner, _TABLE, _place(file, lines(_TABLE, inner)))
                yield inner, each, lines(_TABLE, inner)
        elif name != _AUDIT:  # only waivers may have a table here
            if name == "tool" and file.name == OWN_FILE and isinstance(value, dict) and "rft" in value:
                fix = f"Remove that header: in {OWN_FILE} the keys are at the top level."
                raise InputError("[tool.rft] belongs in pyproject.toml", place=_place(file), fix=fix)
            _check_key(name, None, _place(file, lines(name)))
            yield name, value, lines(name)


def _waivers(file: Path, table: Any) -> tuple[Waiver, ...]:
    keys = 'probe = "C07", witness = "...", reason = "...", date = 2026-01-31'
    fix = f"Write [[audit.waivers]] and below it {keys}."
    if file.name != OWN_FILE:
        fix = fix.replace("[[", "[[tool.rft.")
    listed = table.get(_WAIVERS, []) if isinstance(table, dict) else None
    if not isinstance(listed, list) or not set(table) <= {_WAIVERS}:
        raise InputError(f"{_AUDIT} may contain only {_WAIVERS}", place=_place(file), fix=fix)
    names = [one.name for one in fields(Waiver)]
    found = []
    for number, one in enumerate(listed, 1):
        texts = {str(key): str(value).strip() for key, value in one.items()} if isinstance(one, dict) else {}
        if set(texts) != set(names) or not all(texts.values()):
            what = f"waiver {number} of {_AUDIT} must have exactly {', '.join(names)}"
            raise InputError(what, place=_place(file), fix=fix)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", texts["date"]):
            raise InputError(f"the date of waiver {number} is not a date", place=_place(file), fix=fix)
        found.append(Waiver(**texts))
    return tuple(found)


def _check_key(name: str, table: str | None, place: str) -> None:
    known = KEYS.get(name)
    if known is not None and known.table == table:
        return
    shown = name if table is None else f"{table}.{name}"
    if name == _TABLE:
        raise InputError(f"{name} is not a table", place=place, fix=f"Write [{_TABLE}] on a separate line.")
    if known is not None:
        where = f"under [{known.table}]" if known.table else "above the tables"
        raise InputError(f"{shown} is in the wrong place", place=place, fix=f"Write {name} {where}.")
    import difflib  # takes 3 ms, so it is loaded only after a mistake

    plain = name.replace("-", "_").lower()
    near = [plain] if plain in KEYS else difflib.get_close_matches(plain, KEYS, 1)
    if near:
        fix = f"Did you mean {spelled(near[0])}?"
    else:
        fix = f"The settings are {', '.join(map(spelled, KEYS))}."
    raise InputError(f"{shown} is not an rft setting", place=place, fix=fix)


def spelled(key: str) -> str:
    """Return a setting's dotted TOML key, such as `job.n_epochs`.

    Args:
        key: One of `KEYS`.
    """
    table = KEYS[key].table
    return key if table is None else f"{table}.{key}"


def _checked(key: str, value: Any, place: str) -> Value:
    """Check the value of a setting. Wrap a single string in a list if a list is expected."""
    kind = KEYS[key].kind
    if kind is SettingKind.TEXTS and isinstance(value, str):
        value = [value]
    if not _FITS[kind](value):
        raise InputError(f"{spelled(key)} must be {kind.value}", place=place)
    texts = [value] if isinstance(value, str) else value if kind is SettingKind.TEXTS else []
    if any(not text.strip() or "\0" in text for text in texts):
        raise InputError(f"{spelled(key)} is empty", place=place, fix="Give it a value, or remove the key.")
    found: Value = value
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


_FITS: Final[Mapping[SettingKind, Callable[[Any], bool]]] = {
    SettingKind.TEXT: _is_text,
    SettingKind.PATH: _is_text,
    SettingKind.GRADER: _is_text,
    SettingKind.TEXTS: lambda value: isinstance(value, list) and bool(value) and all(map(_is_text, value)),
    SettingKind.NUMBER: _is_number,
    SettingKind.COUNT: lambda value: isinstance(value, int) and not isinstance(value, bool),
    SettingKind.RANGE: lambda value: (
        isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
    ),
}


class _Lines:
    """Finds the line numbers of keys in a settings file without a full TOML parser.

    Args:
        file: The file.
        prefix: The table that contains the settings.
    """

    def __init__(self, file: Path, prefix: tuple[str, ...]) -> None:
        self._prefix = prefix
        self._found: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(file.read_text("utf-8-sig").splitlines(), 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$", line):
                table = _parts(header[1])
                self._found.setdefault(table, number)
            elif assigned := re.match(r"\s*([\w.\"' -]+?)\s*=", line):
                self._found.setdefault((*table, *_parts(assigned[1])), number)

    def __call__(self, *names: str) -> int | None:
        """Return the line of a key (counted from 1), or None if the key is written differently."""
        return self._found.get((*self._prefix, *names))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _place(file: Path, line: int | None = None) -> str:
    shown = os.path.relpath(file)
    return shown if line is None else f"{shown}:{line}"
