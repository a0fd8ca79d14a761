"""Removes secret keys from the JSON of endpoint graders so that the JSON can be stored in a project."""

from __future__ import annotations

import re

from ..checks._judge_secrets import looks_like_key
from ._openai_address import SCHEME, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PUBLIC_HEADERS = ("accept", "accept-language", "content-type", "user-agent")
_SOUNDS_SECRET = re.compile(r"AUTH|KEY|TOKEN|SECRET")
_SECRET_PARAMETER = re.compile(r"code|key|token|secret|sig|auth|pass", re.IGNORECASE)


def endpoint_secrets(spec: Any) -> tuple[Any, list[str]]:
    """Replace anything that looks like a secret in a spec's endpoint graders with an environment variable.

    Args:
        spec: The spec as parsed JSON. Endpoint graders may be anywhere in it. It is not changed.

    Returns:
        A copy of the spec and the names of the new variables. In the copy, header values and keys in URLs are
        replaced with `${GRADER_HEADER_...}`, `${GRADER_PATH_KEY}` and `${GRADER_QUERY_...}`. Existing
        `${NAME}` references are kept.

    Example:
        >>> spec, names = endpoint_secrets({"type": "endpoint", "headers": {"Authorization": "Bearer no"}})
        >>> spec["headers"], names
        ({'Authorization': 'Bearer ${GRADER_HEADER_AUTHORIZATION}'}, ['GRADER_HEADER_AUTHORIZATION'])
    """
    variables = _Variables()
    return variables.in_place_of(spec), list(variables.values)


class _Variables:
    """The variables that replace secrets and their values. The values are never returned."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def in_place_of(self, value: Any) -> Any:
        """Return a copy of a JSON value with the secrets in its endpoint graders replaced."""
        if isinstance(value, list):
            return [self.in_place_of(each) for each in value]
        if not isinstance(value, dict):
            return value
        made = {key: self.in_place_of(each) for key, each in value.items()}
        if value.get("type") == "endpoint":
            if isinstance(value.get("headers"), dict):
                made["headers"] = {name: self._header(name, each) for name, each in value["headers"].items()}
            if isinstance(value.get("url"), str):
                front, mark, query = value["url"].partition("?")
                # The scheme and the host, before the third slash, contain no keys.
                steps = front.split("/")
                front = "/".join([*steps[:3], *map(self._step, steps[3:])])
                made["url"] = f"{front}{mark}{'&'.join(map(self._parameter, query.split('&')))}"
        return made

    def _header(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or VARIABLE.search(value) or name.lower() in _PUBLIC_HEADERS:
            return value
        scheme = SCHEME.match(value)
        kept = scheme[0] if scheme else ""
        return kept + self._variable("HEADER", name, value[len(kept) :])

    def _step(self, piece: str) -> str:
        if VARIABLE.search(piece) or not looks_like_key(piece):
            return piece
        return self._variable("PATH", "", piece)

    def _parameter(self, piece: str) -> str:
        name, equals, value = piece.partition("=")
        if not value or VARIABLE.search(value):
            return piece
        if _SECRET_PARAMETER.search(name) or looks_like_key(value):
            value = self._variable("QUERY", name, value)
        return f"{name}{equals}{value}"

    def _variable(self, kind: str, name: str, value: str) -> str:
        """Return the variable for a value, named after the value's location. Equal values share one."""
        wanted = f"GRADER_{kind}_{re.sub(r'[^A-Z0-9]+', '_', name.upper())}".strip("_")
        # Recorded answers contain placeholders for variables whose names suggest a secret.
        wanted = found = wanted if _SOUNDS_SECRET.search(wanted) else f"{wanted}_KEY"
        number = 1
        while self.values.setdefault(found, value) != value:
            number += 1
            found = f"{wanted}_{number}"
        return f"${{{found}}}"
