"""Combines the project's settings with a verb's command line.

A setting is the default for the option of the same name. The command line overrides the environment, which
overrides the file. An option on the command line disables settings that contradict it. A setting never
changes what a verb does, for example by making it call AWS.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from harness.aws import REGION_VARIABLES, region_of_project
from harness.config import KEYS, Configuration, Setting, find_configuration
from harness.errors import InputError
from harness.import_path import add_folder

__all__ = [
    "SETTINGS",
    "fill",
    "filled",
    "holds_grader",
    "keys_of",
    "setting_of",
    "sources_of",
    "told",
    "variable_for",
]

SETTINGS: Final = "rft.settings"
"""Key in the context's `meta` for the settings that took effect, by parameter."""

_KEYS: Final = "rft.keys"
"""Key in the context's `meta` for the names of all settings."""

UNREAD: Final = frozenset({"demo", "init"})
"""Verbs that start a new project and therefore ignore the settings."""

_ARGUMENTS: Final[Mapping[tuple[str, str], str]] = {
    ("replay", "rollouts"): "rollouts",
    ("audit", "data"): "records",
    ("rehearse", "rollouts"): "rollouts",
    ("parity", "rollouts"): "rollouts",
    ("validate", "data"): "records",
    ("rollout", "records"): "records",
    ("submit", "training_file"): "records",
    ("stack", "name"): "stack",
}
"""Positional arguments that a setting can supply, by verb and parameter."""

_APART: Final[Mapping[str, frozenset[str]]] = {
    # Without --stack and --arn these verbs need no credentials, and a settings file must not change that.
    "doctor": frozenset({"stack", "arn"}),
    "audit": frozenset({"stack", "arn"}),
    # The build specifies its own handlers.
    "parity": frozenset({"stack", "arn", "handler"}),
    # Every function is served unless the command line names one.
    "serve": frozenset({"function"}),
    # These are used only with --like, to compare two graders.
    "submit": frozenset({"grader", "rollouts"}),
    # An evaluation uses held-out records, and `records` is the training file.
    "evaluate": frozenset({"records"}),
}
"""Settings that a verb ignores although it has an option of the same name."""

_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "region": REGION_VARIABLES,
    "base_url": ("OPENAI_BASE_URL",),
}
"""Environment variables that override a setting."""

_FIRST_ONLY: Final = (
    ("grader", "handler"),
    ("arn", "stack"),
    ("keep_field", "records"),
)
"""Mutually exclusive options. An option on the command line disables the settings for its alternatives. If
the settings contain several alternatives, only the first counts.
"""

_NATIVE: Final = ("role_arn", "data_uri", "output_uri")
"""Options for models that are tuned by native Bedrock."""

_JOB: Final = tuple(key for key, known in KEYS.items() if known.table == "job")

_SILENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "grader": ("function", "range"),
    "function": ("grader", "handler"),
    "artifact": ("handler",),
    # A deployed grader calls its services from AWS, so recorded answers cannot be used.
    "stack": ("handler", "answers"),
    "arn": ("handler", "answers"),
    "label": ("label_true", "label_threshold", "label_tolerance"),
    # With --like, these settings come from the earlier job.
    "like": ("records", "model", *_JOB),
}
"""Settings that are ignored if an option is on the command line, by option."""


def keys_of(verb: str, command: click.Command) -> dict[str, str]:
    """Return the settings that a verb uses, each with the parameter that it sets.

    Args:
        verb: The verb's name.
        command: The verb, or a command under it.
    """
    if verb in UNREAD:
        return {}
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            key = max(parameter.opts, key=len).removeprefix("--").replace("-", "_")
        else:
            key = _ARGUMENTS.get((verb, str(parameter.name)), "")
        if key in KEYS and key not in _APART.get(verb, ()):
            found[key] = str(parameter.name)
    return found


def filled(
    verb: str,
    command: click.Command,
    given: Mapping[str, Any],
    configuration: Configuration,
    environment: Mapping[str, str],
) -> dict[str, Setting]:
    """Return the settings that apply to a command line, keyed by the parameter they set.

    Args:
        verb: The verb's name.
        command: The verb, or a command under it.
        given: The values on the command line, by parameter.
        configuration: The project's settings.
        environment: The environment variables.
    """
    parameters = keys_of(verb, command)
    names = {name: key for key, name in parameters.items()}
    said = {names.get(name, name): value for name, value in given.items()}
    for key in parameters.keys() | said.keys():
        if variable := variable_for(key, environment):
            said.setdefault(key, environment[variable])
    held = [key for key in KEYS if key in parameters and key in configuration.settings and key not in said]
    for key in said:
        held = _without(held, _SILENCES.get(key, ()))
    if _tells_region(said.get("base_url")):
        held = _without(held, ("region",))
    for rivals in _FIRST_ONLY:
        held = _first_only(held, said, rivals)
    held = _in_place(verb, held, said)
    if verb == "submit":
        from harness.api.types import NATIVE_PREFIX

        model = configuration.settings["model"].value if "model" in held else said.get("model")
        native = str(model).startswith(NATIVE_PREFIX)
        held = _without(held, ("learning_rate_multiplier",) if native else _NATIVE)
    return {parameters[key]: configuration.settings[key] for key in held}


def variable_for(key: str, environment: Mapping[str, str]) -> str | None:
    """Return the environment variable that overrides a setting, or None if none is set."""
    return next((name for name in _VARIABLES.get(key, ()) if environment.get(name)), None)


def _in_place(verb: str, held: list[str], said: Mapping[str, Any]) -> list[str]:
    """Drop settings that would change where the verb grades or that do not apply to that place."""
    if verb in ("replay", "audit"):
        held = _for_replay(held, said)
    if verb == "capture":
        held = _first_only(held, said, ("log", "arn", "stack"))
    if verb in ("replay", "audit", "capture") and str(_only(said.get("arn"))).startswith("arn:"):
        held = _without(held, ("region",))  # the ARN contains the Region
    if verb in ("capture", "doctor", "submit") and "stack" not in {*held, *said}:
        held = _without(held, ("function",))
    if verb == "watch" and "stop_above" not in said:
        held = _without(held, ("price_per_hour",))
    return held


def _for_replay(held: list[str], said: Mapping[str, Any]) -> list[str]:
    """Drop settings for other places of grading: a named grader wins, then the built function, then AWS."""
    places = ("artifact", "arn", "stack")
    if "arn" in said:
        held = _without(held, ("grader", "function"))
    if "function" in said and "stack" not in said:
        held = _without(held, ("arn", "stack"))
    held = _first_only(held, said, places)
    if not {*places, "function"} & said.keys() and {"grader", "handler"} & {*held, *said}:
        held = _without(held, (*places, "function"))
    if "arn" in held:
        held = _without(held, ("function",))
    if {"arn", "stack"} & set(held):
        held = _without(held, ("answers",))
    return held


def _first_only(held: list[str], said: Collection[str], rivals: Sequence[str]) -> list[str]:
    keep = None if any(key in said for key in rivals) else next((key for key in rivals if key in held), None)
    return [key for key in held if key not in rivals or key == keep]


def _without(held: list[str], keys: Iterable[str]) -> list[str]:
    return [key for key in held if key not in keys]


def _tells_region(base_url: Any) -> bool:
    """Return True if a base URL contains a Region, which a Region in the settings could contradict."""
    from harness.api.endpoint import find_endpoint

    try:
        return bool(base_url) and find_endpoint(base_url, None, {}).region is not None
    except InputError:  # the verb reports the invalid URL
        return False


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def fill(context: click.Context, verb: str, command: click.Command, words: list[str]) -> None:
    """Pass settings to a verb as click's `default_map` and store them in the context's `meta`.

    Args:
        context: The context of `rft` itself.
        verb: The verb's name.
        command: The verb.
        words: The command-line arguments after the verb.

    Raises:
        InputError: The project's settings file cannot be read or is invalid.
    """
    inner = command.commands if isinstance(command, click.Group) else {}
    commands = {verb: command, **inner}
    if not any(keys_of(verb, each) for each in commands.values()) or {"--help", "-h"} & {*words}:
        return
    configuration = find_configuration(Path())
    if configuration is None:
        return
    context.meta[_KEYS] = configuration.settings.keys()
    maps: dict[str, Any] = {}
    for name, each in commands.items():
        given = _given(context, each, words[1:] if words[:1] == [name] else words)
        settings = filled(verb, each, given, configuration, os.environ)
        context.meta[SETTINGS] = {**context.meta.get(SETTINGS, {}), **settings}
        maps[name] = _values(each, settings)
        if "region" in configuration.settings and "grader" in keys_of(verb, each):
            region = str(configuration.settings["region"].value)
            context.with_resource(region_of_project(region))  # a grader that calls AWS needs a Region too
        if {"grader", "handler"} & settings.keys():
            add_folder(str(configuration.file.parent.resolve()))  # so `module:name` also works in subfolders
    context.default_map = {verb: {**maps.pop(verb), **maps}}


def _given(context: click.Context, command: click.Command, words: list[str]) -> dict[str, Any]:
    """Return the command-line values by parameter. The verb itself reports invalid options."""
    probe = click.Context(command, parent=context, resilient_parsing=True)
    found, _, _ = command.make_parser(probe).parse_args(list(words))
    given = {name: value for name, value in found.items() if value is not None}
    return {name: value for name, value in given.items() if type(value).__name__ != "Sentinel"}


def _values(command: click.Command, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the settings in the form of a click `default_map`, with a list for each repeatable option."""
    several = {each.name for each in command.params if each.multiple or each.nargs == -1}
    values: dict[str, Any] = {name: setting.seen_from(Path()) for name, setting in settings.items()}
    return {
        name: [value] if name in several and not isinstance(value, list) else value
        for name, value in values.items()
    }


def setting_of(name: str) -> Setting | None:
    """Return the setting that supplied a parameter of the running verb, or None if no setting did.

    Args:
        name: The parameter.
    """
    context = click.get_current_context()
    if context.get_parameter_source(name) is not ParameterSource.DEFAULT_MAP:
        return None
    found: Setting | None = context.meta[SETTINGS].get(name)
    return found


def sources_of(context: click.Context, message: str) -> Iterator[str]:
    """Return the lines of the settings file that an error is about.

    Args:
        context: The context of `rft` itself.
        message: The error.
    """
    for setting in context.meta.get(SETTINGS, {}).values():
        value = setting.seen_from(Path())
        texts = [value] if isinstance(value, str) else []
        words = (f"--{setting.key.replace('_', '-')}", *texts)
        if any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", message) for word in words):
            yield f"{setting.place} says {setting.key} = {json.dumps(value)}"


def holds_grader() -> bool:
    """Return True if the settings name a grader, which allows printed commands to omit --grader."""
    return bool({"grader", "handler"} & click.get_current_context().meta.get(_KEYS, set()))


def told(context: click.Context, error: click.ClickException) -> click.ClickException:
    """Add the wrong line of the settings file, or a setting that would supply the value, to a usage error.

    Args:
        context: The context of `rft` itself.
        error: The error raised by click.
    """
    parameter, inner = getattr(error, "param", None), getattr(error, "ctx", None)
    if parameter is None or inner is None or not isinstance(error, click.BadParameter):
        return error
    name = str(parameter.name)
    setting = context.meta.get(SETTINGS, {}).get(name)
    if setting is not None and inner.get_parameter_source(name) is ParameterSource.DEFAULT_MAP:
        return click.UsageError(f"{setting.place}: {setting.key}: {error.message}", inner)
    if isinstance(error, click.MissingParameter):
        verb = inner.info_name or ""
        key = next((key for key, each in keys_of(verb, inner.command).items() if each == name), None)
        if key is not None:
            way = max(parameter.opts, key=len) if isinstance(parameter, click.Option) else "it"
            hint = f'Pass {way}, or set {key} = "..." in rft.toml.'
            return click.UsageError(f"{error.format_message()} {hint}", inner)
    return error
