"""Reads and writes files of recorded answers, which contain a grader's service requests and their answers.

The file is JSONL. The first line has the format and the environment variables that the grader needed. Every
other line is one request with its answer, in an order that does not depend on timing, so a diff shows only
changes. The bodies of requests and answers are recorded, but no request headers, because those carry keys,
tokens, cookies and signatures. Account numbers in ARNs are blanked out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from harness.disk import replaced
from harness.errors import InputError

__all__ = [
    "HIDDEN",
    "RecordedAnswer",
    "RecordedAnswers",
    "answer_lines",
    "hidden",
    "may_be_needed",
    "parse_answers",
    "question_of",
    "read_answers",
    "read_body",
    "refused_forms",
    "secrets_among",
    "write_answers",
]

_FORM = 1
HIDDEN = "<hidden>"
"""Placeholder for a secret."""

_ACCOUNT = re.compile(r"(arn:aws[\w-]*:[\w-]*:[\w-]*:)\d{12}(?=:)")
_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|auth|cookie|signature", re.IGNORECASE)
# A variable may be called `AUTH_MODE`, so a value counts as a secret only if it is long enough and mixes
# letters and digits.
_SHORTEST_SECRET, _SHORTEST_TOKEN = 16, 8
# These contain the key itself, even if it looks like a word.
_WHOLE_SECRET = re.compile(r"(proxy-)?authorization|(x-)?(\w+-)?(api-?)?key|(\w+-)*token", re.IGNORECASE)
_OF_ONE_QUESTION = frozenset(
    {"messages", "system", "input", "instructions", "prompt", "seed", "requestMetadata"}
)
_RECORD = "Record them: rft replay ROLLOUTS --answers FILE --ask all"


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One request and its answer."""

    url: str
    """Scheme, host and path of the URL, without port, query or user."""
    asked: Any
    """Body of the request: a JSON value, or a string if the body is not JSON."""
    status: int
    answer: Any
    """Body of the answer: a JSON value, or a string if the body is not JSON."""
    repeat: int = 0
    """Number of the replay's repeat that made the request."""
    content_type: str | None = None
    error_type: str | None = None
    """AWS's name for the error, if the answer is an error."""

    @property
    def host(self) -> str:
        """Host to which the request was sent."""
        return urlsplit(self.url).netloc

    @property
    def key(self) -> tuple[str, int]:
        """Hash and repeat, which identify this request on any host."""
        return _digest(urlsplit(self.url).path, self.asked), self.repeat

    @property
    def form(self) -> str:
        """Hash of the features that the request uses, without its prompt, seed and repeat."""
        asked = self.asked
        if isinstance(asked, dict):
            asked = {name: None if name in _OF_ONE_QUESTION else value for name, value in asked.items()}
        return _digest(urlsplit(self.url).path, asked if isinstance(asked, dict) else "")

    @property
    def refused(self) -> bool:
        """True if the service refused the request."""
        return self.status >= 400

    def to_line(self) -> bytes:
        """Return the request and its answer as a line of the file."""
        said: dict[str, Any] = {"repeat": self.repeat, "url": self.url, "asked": self.asked}
        said |= {"status": self.status, "type": self.content_type, "answer": self.answer}
        if self.error_type is not None:
            said["error_type"] = self.error_type
        return _line(said)

    def body(self) -> bytes:
        """Return the answer's body as the service would send it."""
        return _encoded(self.answer if isinstance(self.answer, str) else json.dumps(self.answer))


@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """The contents of an answers file."""

    answers: tuple[RecordedAnswer, ...] = ()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    """Environment variables that the grader's requests needed: an address has its value, a key has None."""
    notes: tuple[str, ...] = ()
    """Sentences about parts of the recording that a replay cannot repeat."""


def refused_forms(answers: Iterable[RecordedAnswer]) -> dict[str, RecordedAnswer]:
    """Return one refusal for each kind of request that a service always refused.

    Clients learn from a refusal which features a model supports, and may try a feature with any request.
    """
    answers = tuple(answers)
    taken = {one.form for one in answers if not one.refused}
    ordered = sorted((one for one in answers if one.refused), key=lambda one: one.key, reverse=True)
    return {one.form: one for one in ordered if one.form not in taken}


def question_of(url: str, body: Any, secrets: Iterable[str] = ()) -> tuple[str, Any] | None:
    """Return a request's URL and body in the form in which the file stores them.

    Args:
        url: The full URL.
        body: The body as bytes, a string, or a value that a client would encode as JSON.
        secrets: Strings that must not be in the file.

    Returns:
        URL and body, or None for a request that is not recorded because it has no body or a binary one.
    """
    if isinstance(body, str | dict | list):
        text = body if isinstance(body, str) else json.dumps(body)
    elif isinstance(body, bytes | bytearray):
        try:
            text = bytes(body).decode()
        except UnicodeDecodeError:
            return None
    else:
        return None
    if not text:
        return None
    parts = urlsplit(url)
    path = hidden(unquote(parts.path) or "/", secrets)
    return f"{parts.scheme}://{parts.hostname or ''}{path}", read_body(hidden(text, secrets))


def read_body(text: str) -> Any:
    """Parse a body for the file: an object or a list if it is JSON, otherwise the unchanged string."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a string without secrets and account numbers.

    Args:
        text: A URL or a body.
        secrets: Strings to blank out, also in their JSON and URL encodings.
    """
    text = _ACCOUNT.sub(rf"\g<1>{'0' * 12}", text)
    for secret in sorted(secrets, key=len, reverse=True):
        for form in {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
            text = text.replace(form, HIDDEN)
        text = text.replace(quote(secret, safe=""), HIDDEN)
    return text


def secrets_among(
    url: str, headers: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> set[str]:
    """Return the secrets in a request and in the environment.

    Args:
        url: URL of the request.
        headers: Headers of the request.
        environment: Environment variables. A value is a secret if both the variable's name and the value look
            like a secret.
    """
    found = {
        value
        for name, value in environment.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET and _looks_random(value)
    }
    for name, value in (*headers.items(), *parse_qsl(urlsplit(url).query)):
        if _SECRET_NAME.search(name):
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            words = {*re.split(r"[\s,;=]+", text), *re.findall(r"Credential=([^/]+)/", text)}
            found |= {word for word in words if len(word) >= _SHORTEST_TOKEN and _looks_random(word)}
            if _WHOLE_SECRET.fullmatch(name) and not text.startswith("AWS4-"):
                key = re.sub(r"(?i)^(bearer|basic|key|token)\s+", "", text.strip())
                found.add(key)
    found.add(unquote(urlsplit(url).password or ""))
    return {secret for secret in found if len(secret) >= _SHORTEST_TOKEN}


def _looks_random(value: str) -> bool:
    return " " not in value and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def read_answers(path: Path) -> RecordedAnswers:
    """Read an answers file.

    Raises:
        InputError: The file does not exist, or a line is not a recorded answer.
    """
    try:
        if path.exists() and not path.is_file():  # reading a pipe would block
            raise InputError("this is not a file", place=str(path), fix="Pass a file of recorded answers.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            "the file of recorded answers does not exist", place=str(path), fix=_RECORD
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    return parse_answers(content, str(path))


def parse_answers(content: bytes, place: str) -> RecordedAnswers:
    """Parse the content of one answers file, or of several concatenated ones.

    Args:
        content: The lines.
        place: The file, for messages.

    Raises:
        InputError: A line is not a recorded answer.
    """
    answers: list[RecordedAnswer] = []
    variables: dict[str, str | None] = {}
    notes: dict[str, None] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip() and number > 1:
            continue
        said = _object(line)
        if number == 1 or "answers" in said:
            if said.get("answers") != _FORM:
                what = "this is not a file of recorded answers, or it is from another version"
                raise InputError(what, place=f"{place}:{number}", fix=_RECORD)
            variables |= _variables(said.get("variables"))
            found = said.get("notes")
            notes |= dict.fromkeys(map(str, found if isinstance(found, list) else ()))
        else:
            answers.append(_answer(said, f"{place}:{number}"))
    return RecordedAnswers(tuple(answers), variables, tuple(notes))


def write_answers(path: Path, recorded: RecordedAnswers) -> None:
    """Replace an answers file atomically.

    Raises:
        InputError: The file cannot be written.
    """
    with replaced(path, "Name another file with --answers.") as file:
        file.write(answer_lines(recorded))


def answer_lines(recorded: RecordedAnswers) -> bytes:
    """Return the lines of an answers file in an order that does not depend on the recording."""
    head: dict[str, Any] = {"answers": _FORM, "variables": dict(sorted(recorded.variables.items()))}
    if recorded.notes:
        head["notes"] = sorted(recorded.notes)
    lines = sorted((one.key, one.host, one.to_line()) for one in recorded.answers)
    return _line(head) + b"".join(line for _, _, line in lines)


def _variables(said: Any) -> dict[str, str | None]:
    """Return the variables that an answers file may set. Any others could make a process load other code."""
    found: dict[str, str | None] = {}
    for name, value in said.items() if isinstance(said, dict) else ():
        if may_be_needed(name, value):
            found[name] = value
    return found


def may_be_needed(name: str, value: Any) -> bool:
    """Return True if a variable can belong to a request because it is a service's address or a key.

    Args:
        name: The variable's name.
        value: The address; None for a key.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or re.match(r"LD_|DYLD_|PYTHON|AWS_", name):
        return False
    if value is None:
        return bool(_SECRET_NAME.search(name))
    return isinstance(value, str) and bool(re.fullmatch(r"https?://[!-~]+", value))


def _answer(said: dict[str, Any], place: str) -> RecordedAnswer:
    url, status, repeat = said.get("url"), said.get("status", 0), said.get("repeat", 0)
    good = isinstance(url, str) and type(status) is type(repeat) is int
    try:
        if not good or not {"asked", "answer"} <= said.keys():
            raise ValueError
        texts = [_header(said.get(name)) for name in ("type", "error_type")]
        status = HTTPStatus(status).value
        found = RecordedAnswer(str(url), said["asked"], status, said["answer"], repeat, *texts)
        _ = found.key, found.host  # fails for an invalid URL or a body that is too deep
        return found
    except (ValueError, RecursionError):
        raise InputError("this line is not a recorded answer", place=place, fix=_RECORD) from None


def _header(value: Any) -> str | None:
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else None


def _object(line: bytes) -> dict[str, Any]:
    """Return the object on a line. If there is none, return an empty object, which fails later checks."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(path: str, asked: Any) -> str:
    """Hash the path and body of a request. The order of object keys does not matter."""
    text = asked if isinstance(asked, str) else json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(_encoded(f"{path}\n{text}")).hexdigest()


def _line(value: Any) -> bytes:
    return _encoded(json.dumps(value, ensure_ascii=False)) + b"\n"  # keeps the text readable in a diff


def _encoded(text: str) -> bytes:
    """Encode as UTF-8. Lone surrogates, which UTF-8 does not allow, become JSON escapes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()
