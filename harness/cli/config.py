"""`rft config`: shows the project's settings and where each one comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from harness.cli.configured import variable_for
from harness.cli.options import json_option
from harness.cli.output import emit_json, printable, say
from harness.config import KEYS, Configuration, SettingKind, Value, find_configuration, spelled


@dataclass(frozen=True, slots=True)
class _Shown:
    """A setting and where it comes from."""

    key: str
    value: Value | None
    """The value, or None if the setting is not set."""
    source: str | None
    """The source: a place such as `rft.toml:3`, a variable's name or `default`."""
    note: str | None = None
    """A note about the setting, for example that its file does not exist."""


@click.command("config")
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Show the project's settings, each with its source: a file and line, a variable or a default.

    The settings are in rft.toml, or in [tool.rft] of pyproject.toml. rft looks in this folder, then in its
    parent folders, up to the root of the repository. An option on the command line overrides a variable, and
    a variable overrides the file.

    Exit codes: 0 shown, or the project has no such file; 2 the file cannot be read or understood.
    """
    ignored = bool(context.find_root().params.get("no_config"))
    found = None if ignored else find_configuration(Path())
    shown = [_shown(key, found) for key in KEYS]
    if as_json:
        settings = {each.key: {"value": each.value, "from": each.source, "note": each.note} for each in shown}
        emit_json({"file": found and os.path.relpath(found.file), "settings": settings})
    else:
        _tell(found, shown, ignored=ignored)
    return 0


def _tell(found: Configuration | None, shown: list[_Shown], *, ignored: bool) -> None:
    if found is None:
        why = (
            "--no-config ignores the project's file" if ignored else "no rft.toml in this folder or above it"
        )
        say(f"{why}: pass each command its options")
        if not ignored:
            say('to start one, write: grader = "my_grader.py:name"')
    else:
        say(printable(os.path.relpath(found.file)))
        if found.passed_over is not None:
            say(f"note: [tool.rft] in {printable(os.path.relpath(found.passed_over))} is not read")
    held = [each for each in shown if each.value is not None]
    texts = {each.key: printable(_text(each.value)) for each in held}
    names, values = max(map(len, texts)), min(40, max(map(len, texts.values())))
    for each in held:
        say(f"  {each.key:{names}}  {texts[each.key]:{values}}  {printable(str(each.source))}")
        if each.note:
            say(f"  {'':{names}}  {printable(each.note)}")
    unset = ", ".join(each.key for each in shown if each.value is None)
    say(f"not set: {unset}", dim=True)


def _shown(key: str, found: Configuration | None) -> _Shown:
    """Return a setting's effective value: variables override the file, which overrides the default."""
    name = spelled(key)
    setting = None if found is None else found.settings.get(key)
    if variable := variable_for(key, os.environ):
        note = None if setting is None else f"{setting.place} says {_text(setting.value)}"
        return _Shown(name, os.environ[variable], variable, note)
    if setting is not None:
        value = setting.seen_from(Path())
        gone = KEYS[key].kind is SettingKind.PATH and key in _THERE and not Path(str(value)).exists()
        return _Shown(name, value, setting.place, "this does not exist" if gone else None)
    default = _DEFAULTS.get(key)
    return _Shown(name, default, None if default is None else "default")


def _text(value: Value | None) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


_THERE = ("records", "rollouts")
"""Settings that name a file which must exist before a verb reads it."""

_DEFAULTS = {"runs_dir": "runs", "jobs_dir": "jobs"}
