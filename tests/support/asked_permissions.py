"""Records the permissions that requests to a local AWS would need.

The local AWS enforces no policy, so a test compares these permissions with the policies. The access key
identifies the caller: `testing` is the user of the test's commands, `worker` is a fan-out worker, and `ak` is
moto's interpreter of state machines.

Source: the service authorization reference of S3, Lambda, Step Functions and CloudFormation.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from support.moto_simulator import decide

_SIGNED = re.compile(r"Credential=(?P<who>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_FUNCTION = re.compile(r"/functions/(?P<name>[^/]+)(?:/(?P<what>\w+))?")
_OF_FUNCTIONS = {
    ("GET", None): "lambda:GetFunction",
    ("POST", "invocations"): "lambda:InvokeFunction",
    ("GET", "configuration"): "lambda:GetFunctionConfiguration",
    ("GET", "concurrency"): "lambda:GetFunctionConcurrency",
    ("PUT", "code"): "lambda:UpdateFunctionCode",
}
_OF_OBJECTS = {"PUT": "s3:PutObject", "GET": "s3:GetObject", "HEAD": "s3:GetObject"}
_ACCOUNT = "123456789012"


class Permission(NamedTuple):
    """The permission that a request needs."""

    who: str
    action: str
    resource: str


@contextmanager
def asked_permissions() -> Iterator[set[Permission]]:
    """Collect the permissions that requests need while the block runs."""
    asked: set[Permission] = set()
    changed: Any = DomainDispatcherApplication
    answer: Callable[..., Any] = changed.__call__

    def noted(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        signed = _SIGNED.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is not None:
            asked.add(Permission(signed["who"], *_NEEDED[signed["service"]](environ, signed["region"])))
        return answer(self, environ, start_response)

    changed.__call__ = noted
    try:
        yield asked
    finally:
        changed.__call__ = answer


def refused(asked: set[Permission], who: str, documents: list[dict[str, Any]]) -> list[Permission]:
    """Return the permissions that a caller's requests need and these policies do not grant."""
    own = sorted(one for one in asked if one.who == who)
    return [one for one in own if decide(documents, one.action, one.resource) != "allowed"]


def _states(environ: dict[str, Any], region: str) -> tuple[str, str]:
    given = json.loads(_body(environ))
    resource = next(given[name] for name in ("mapRunArn", "stateMachineArn", "executionArn") if name in given)
    return f"states:{environ['HTTP_X_AMZ_TARGET'].rpartition('.')[2]}", resource


def _lambda(environ: dict[str, Any], region: str) -> tuple[str, str]:
    path = environ["PATH_INFO"]
    if path.endswith("/account-settings"):
        return "lambda:GetAccountSettings", "*"
    found = _FUNCTION.search(path)
    assert found is not None, path
    name = unquote(found["name"])
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{_ACCOUNT}:function:{name}"
    qualifier = parse_qs(environ["QUERY_STRING"]).get("Qualifier")
    return _OF_FUNCTIONS[environ["REQUEST_METHOD"], found["what"]], ":".join([arn, *(qualifier or [])])


def _s3(environ: dict[str, Any], region: str) -> tuple[str, str]:
    host, path = environ["HTTP_HOST"].partition(":")[0], environ["PATH_INFO"]
    bucket, _, key = (
        path[1:].partition("/")
        if host in ("localhost", "127.0.0.1")
        else (
            host.partition(".")[0],
            "",
            path[1:],
        )
    )
    if not key:
        action = "s3:CreateBucket" if environ["REQUEST_METHOD"] == "PUT" else "s3:ListBucket"
        return action, f"arn:aws:s3:::{bucket}"
    action = _OF_OBJECTS[environ["REQUEST_METHOD"]]
    if "versionId=" in environ["QUERY_STRING"]:
        action += "Version"
    return action, f"arn:aws:s3:::{bucket}/{key}"


def _cloudformation(environ: dict[str, Any], region: str) -> tuple[str, str]:
    given = parse_qs(_body(environ).decode())
    [action], [stack] = given["Action"], given["StackName"]
    arn = stack if stack.startswith("arn:") else f"arn:aws:cloudformation:{region}:{_ACCOUNT}:stack/{stack}/"
    return f"cloudformation:{action}", arn


_NEEDED: dict[str, Callable[[dict[str, Any], str], tuple[str, str]]] = {
    "states": _states,
    "lambda": _lambda,
    "s3": _s3,
    "cloudformation": _cloudformation,
}


def _body(environ: dict[str, Any]) -> bytes:
    """Return a request's body, and leave it readable for moto."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
