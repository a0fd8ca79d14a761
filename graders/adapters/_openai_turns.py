"""Parses the templates and judge messages of OpenAI graders."""

from __future__ import annotations

from ._openai_json import JsonObject, OpenAISpecError, kind_of
from ._openai_template import TemplateFault, TextTemplate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("system", "developer", "user", "assistant")
A_TEXT = '"{{sample.output_text}}"'
"""Example template for use in error messages."""
_MESSAGES = '[{"role": "user", "content": "Score this: {{sample.output_text}}"}]'


class ModelTurn:
    """One message to a judge's model.

    Args:
        role: One of `ROLES`.
        parts: The templates in its content, by location in the JSON.
    """

    __slots__ = ("parts", "role")

    def __init__(self, role: str, parts: Mapping[str, TextTemplate]) -> None:
        self.role = role
        self.parts = parts


def read_template(raw: JsonObject, key: str, example: str) -> TextTemplate:
    """Parse the template at a required key.

    Args:
        raw: The object that has the key.
        key: The key.
        example: An example for the error message.

    Raises:
        OpenAISpecError: The value is missing, is not a string, or is not a valid template.
    """
    return _at(raw.place(key), raw.text(key, example))


def read_turns(raw: JsonObject) -> tuple[ModelTurn, ...]:
    """Parse the messages of a grader that calls a model.

    Args:
        raw: The grader.

    Raises:
        OpenAISpecError: The messages are missing or one of them cannot be sent.
    """
    place = raw.place("input")
    messages = enumerate(raw.items("input", _MESSAGES))
    return tuple(_turn(JsonObject(each, f"{place}/{at}")) for at, each in messages)


def _turn(raw: JsonObject) -> ModelTurn:
    role = raw.choice("role", ROLES, {})
    if raw.has("type"):
        raw.choice("type", ("message",), {})
    content, place = raw.take("content", A_TEXT), raw.place("content")
    if not isinstance(content, list):
        return ModelTurn(role, {place: _content(content, place)})
    if not content:
        raise raw.fault("content", f"is empty: write a string, such as {A_TEXT}")
    return ModelTurn(
        role, {f"{place}/{at}": _content(each, f"{place}/{at}") for at, each in enumerate(content)}
    )


def _content(content: object, place: str) -> TextTemplate:
    if isinstance(content, str):
        return _at(place, content)
    if not isinstance(content, dict):
        raise OpenAISpecError(place, f"is {kind_of(content)}: write a string")
    part = JsonObject(content, place)
    kind = part.choice(
        "type",
        ("input_text", "output_text"),
        dict.fromkeys(("input_image", "input_audio"), "is not supported: judges here only receive text"),
    )
    return read_template(part, "text", f'"..." after "type": "{kind}"')


def _at(place: str, text: str) -> TextTemplate:
    """Parse a template, adding its location to any error."""
    try:
        return TextTemplate(text)
    except TemplateFault as error:
        raise OpenAISpecError(place, str(error)) from None
