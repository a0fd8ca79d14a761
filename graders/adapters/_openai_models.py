"""The table of Bedrock models that imported graders call in place of OpenAI's models."""

from __future__ import annotations

import os

from ..checks._judge_services import service_of
from ..errors import ConfigurationError, DecorationError
from ._openai_json import NoCounterpart, kind_of, shown
from ._openai_spec import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..checks._judge_service import JudgeService
    from ._openai_spec import LabelModel, ScoreModel

OPTIONS = (
    *("model", "service", "base_url", "key_variable", "region", "temperature", "max_tokens"),
    *("input_price", "output_price", "cached_price", "ceiling_usd", "ceiling_tokens"),
)
"""Options that the table accepts for a model. They have the same meaning as in `graders.checks.judge`."""
NOT_SENT = ("seed", "top_p", "reasoning_effort")
"""Sampling parameters that are not sent to judges."""
_MOST_TOKENS = 4_000
_EXAMPLE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


class JudgeModels:
    """The models that imported graders call in place of OpenAI's.

    Args:
        models: A table that maps each OpenAI name to a Bedrock model ID or a table of options (`OPTIONS`),
            the path of a TOML file that contains such a table, or None.

    Raises:
        DecorationError: The value is not such a table.
        ConfigurationError: The file cannot be read.
    """

    __slots__ = ("_table", "place")

    def __init__(self, models: Mapping[str, Any] | str | os.PathLike[str] | None) -> None:
        self.place = "the table of models" if models is None else "models="
        """The place to add a model, for use in messages."""
        if isinstance(models, (str, os.PathLike)):
            path = os.fspath(models)
            self.place = os.path.basename(path)
            models = _read(path)
        elif models is not None and not hasattr(models, "keys"):
            raise DecorationError(f"models= is {kind_of(models)}: write a table, or the path of a file")
        self._table: dict[str, dict[str, Any]] = {}
        for name in models or ():
            self._table[name] = _options(self.place, name, models[name])  # type: ignore[index]

    @property
    def names(self) -> tuple[str, ...]:
        """The OpenAI models that the table contains."""
        return tuple(self._table)

    def find(self, model: str) -> Mapping[str, Any] | None:
        """Return the table's entry for exactly this name, or None.

        Args:
            model: OpenAI's name.
        """
        return self._table.get(model)

    def missing(self, model: str) -> str:
        """Return the error message for a model that has no entry in the table. It includes the line to add.

        Args:
            model: OpenAI's name.
        """
        return (
            f'{shown(model)} has no replacement: add "{model}" = "{_EXAMPLE}", or another Bedrock model, '
            f"to {self.place}"
        )

    def options(self, node: ScoreModel | LabelModel) -> dict[str, Any]:
        """Return the options for the service that a grader's judge calls.

        Raises:
            OpenAISpecError: The table has no entry for the grader's model.
        """
        given = self.find(node.model)
        if given is None:
            raise NoCounterpart(f"{node.pointer}/model", self.missing(node.model))
        highest = 1.0 if given.get("service", "bedrock") == "bedrock" else 2.0
        wanted = {
            "temperature": min(float(node.sampling.get("temperature") or 0.0), highest),
            "max_tokens": _most_tokens(node),
        }
        return {**wanted, **given}

    def service(self, node: ScoreModel | LabelModel) -> JudgeService:
        """Return the service that a grader's judge calls.

        Raises:
            OpenAISpecError: The table has no entry for the grader's model.
            DecorationError: The table's options are invalid.
            ConfigurationError: The package of the service is not installed.
        """
        options = self.options(node)
        try:
            return service_of(**options)
        except DecorationError as error:
            raise DecorationError(f"{self.place}: {shown(node.model)}: {error}") from None


def _read(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # the file is not TOML or not UTF-8
        raise DecorationError(f"{path} is not valid TOML: {error}") from None


def _options(place: str, name: object, given: object) -> dict[str, Any]:
    """Check the table's entry for a model and return it as a dict."""
    if not isinstance(name, str):
        raise DecorationError(f"{place} has the key {name!r}: write the name of an OpenAI model")
    made = {"model": given} if isinstance(given, str) else given
    if not isinstance(made, dict):
        raise DecorationError(f"{place}: {shown(name)} is not a model: write its ID, such as {_EXAMPLE!r}")
    if "model" not in made:
        raise DecorationError(
            f'{place}: {shown(name)} names no `model`: write "{name}" = "{_EXAMPLE}", or a table with '
            "`model` (a name that contains dots needs the quotes)"
        )
    if unknown := [key for key in made if key not in OPTIONS]:
        raise DecorationError(
            f"{place}: {shown(name)} has no option {unknown[0]}; it has {', '.join(OPTIONS)}"
        )
    return dict(made)


def _most_tokens(node: ScoreModel | LabelModel) -> int:
    return next(
        (int(node.sampling[key]) for key in LIMITS if node.sampling.get(key) is not None), _MOST_TOKENS
    )
