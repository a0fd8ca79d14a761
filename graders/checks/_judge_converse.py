"""Sends questions to a model on Amazon Bedrock, using boto3's Converse API."""

from __future__ import annotations

import json
import os
import re

from ..errors import ConfigurationError
from ._judge_abilities import (
    CACHE,
    CHOICE,
    FORM,
    LIMIT,
    REPEAT,
    SCHEMA,
    STRICT_TOOL,
    TEMPERATURE,
    TOOL,
    Abilities,
)
from ._judge_address import address_fault, address_secrets, named_ways, shown_address
from ._judge_clients import Clients
from ._judge_retries import FormRefused, TryAgain, bounded, in_thread, seconds_of
from ._judge_secrets import aws_secrets
from ._judge_service import Reply, one_verdict, quoted
from ._judge_spending import usage_of
from ._optional import optional, require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ._judge_retries import Patience
    from ._judge_service import Question

EXTRA = "judge"

_CONNECTIONS = 64
_CONNECT_S, _LONGEST_READ_S = 5, 3600
_PIECE = 128
"""Number of bytes to read at a time from a response's body, which may arrive in small pieces."""

_NOT_SENT = (ValueError, TypeError, ImportError, FileNotFoundError)
"""Errors that boto3 wraps if it cannot parse a proxy's address, a header or a certificate."""

_TOOL_NAME = "verdict"

_WHOLE = ("end_turn", "tool_use", "stop_sequence")
_ENDED = {
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
    "guardrail_intervened": "refused",
    "content_filtered": "refused",
    "refusal": "refused",
}
_BUSY = (
    *("ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException"),
    *("ServiceUnavailableException", "InternalServerException", "InternalFailure"),
    *("ModelNotReadyException", "ModelTimeoutException", "ModelErrorException", "RequestTimeout"),
)
_NO_CREDENTIALS = (
    *("UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId"),
    *("ExpiredTokenException", "ExpiredToken", "IncompleteSignature", "MissingAuthenticationToken"),
    *("SignatureDoesNotMatch", "NotAuthorized"),
)
_NO_MODEL = re.compile(
    r"inference profile|on-demand throughput|model identifier|doesn.t support the model|model .*not found"
    r"|end of its life|access to the model|legacy",
    re.IGNORECASE,
)

_clients = Clients()
"""Clients by Region, endpoint and timeout."""


class Converse:
    """A model on Amazon Bedrock.

    Args:
        model: ID of a model, or the ID or ARN of an inference profile.
        region: AWS Region. Defaults to the Region set in the environment.
        temperature: Sampling temperature.
        max_tokens: Maximum number of tokens in an answer.

    Raises:
        ConfigurationError: The package boto3 is not installed.
    """

    def __init__(self, model: str, region: str | None, temperature: float, max_tokens: int) -> None:
        self.model = model
        self.name = f"the judge {model}"
        self.key_variable = None
        self._region = region
        self._temperature = temperature
        self._max_tokens = max_tokens
        # Imported when the first question is asked, because the import takes a quarter of a second.
        require("boto3", EXTRA, in_lambda=True)

    @property
    def key(self) -> tuple[str, str, str]:
        """The model's identity, which is the same for all checks that use the model."""
        return "bedrock", self._address, self.model

    @property
    def secrets(self) -> list[str]:
        """Secrets that no message may contain."""
        return [*aws_secrets(), *address_secrets(_endpoint())]

    @property
    def _address(self) -> str:
        """The Region and any endpoint set in the environment, as shown in messages."""
        named = self._region or os.environ.get("AWS_REGION") or ""
        return f"{named} {shown_address(_endpoint())}"

    def abilities(self) -> Abilities:
        """Return the features that a model on Bedrock may support."""
        return Abilities(
            {
                FORM: (SCHEMA, STRICT_TOOL, TOOL),
                CHOICE: ("tool", "any", "auto"),
                TEMPERATURE: ("given", "left out"),
                CACHE: ("given", "left out"),
                REPEAT: ("given", "left out"),
                LIMIT: ("given", "left out"),
            }
        )

    async def send(
        self, question: Question, parts: Mapping[str, str], patience: Patience, heard: bool
    ) -> Reply:
        """Ask once. See `JudgeModel.send`."""
        request = self._request(question, parts)
        reply: Reply = await in_thread(lambda: self._call(request, patience.limit, heard), patience)
        return reply

    def _request(self, question: Question, parts: Mapping[str, str]) -> dict[str, Any]:
        request: dict[str, Any] = {"modelId": self.model}
        if question.rubric:
            system: list[dict[str, Any]] = [{"text": question.rubric}]
            if question.is_shared and parts[CACHE] == "given":
                system.append({"cachePoint": {"type": "default"}})
            request["system"] = system
        request["messages"] = [{"role": role, "content": [{"text": text}]} for role, text in question.turns]
        request["inferenceConfig"] = {}
        if parts[LIMIT] == "given":
            request["inferenceConfig"]["maxTokens"] = self._max_tokens
        if parts[TEMPERATURE] == "given":
            request["inferenceConfig"]["temperature"] = self._temperature
        if parts[REPEAT] == "given":
            request["requestMetadata"] = {"repeat": str(question.repeat)}
        if parts[FORM] == SCHEMA:
            schema = {"name": _TOOL_NAME, "schema": json.dumps(question.schema)}
            request["outputConfig"] = {
                "textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}
            }
        else:
            request["toolConfig"] = _tools(question.schema, parts)
        return request

    def _call(self, request: dict[str, Any], limit: float, heard: bool) -> Reply:
        """Send a request with boto3 and translate boto3's errors."""
        import botocore.exceptions as aws
        from botocore.parsers import ResponseParserError

        try:
            client = self._client(limit)
        except ConfigurationError:
            raise
        except Exception as error:
            raise self._unprepared(error) from None
        try:
            return _reply(client.converse(**request))
        except aws.ClientError as error:
            raise self._meaning(error, heard) from None
        except aws.ParamValidationError as error:
            raise self._too_old(error) from None
        except aws.BotoCoreError as error:
            raise self._unanswered(error, heard) from None
        except (ResponseParserError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            # boto3 assumes that the response has the expected structure.
            raise TryAgain("an answer that cannot be read") from None

    def _unanswered(self, error: Any, heard: bool) -> Exception:
        """Return the error to raise if boto3 got no answer or could not send the request."""
        import botocore.exceptions as aws

        name = type(error).__name__
        if isinstance(
            error, (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)
        ):
            if heard:
                return TryAgain(name)
            return ConfigurationError(
                f"{self.name} cannot be reached: {error} Check the Region and, inside a VPC, the endpoint of "
                f"bedrock-runtime; AWS_ENDPOINT_URL_BEDROCK_RUNTIME redirects it{named_ways(_endpoint())}"
            )
        if isinstance(error, (aws.HTTPClientError, aws.ConnectionError)):
            wrapped = error.kwargs.get("error") if type(error) is aws.HTTPClientError else None
            return self._unprepared(wrapped) if isinstance(wrapped, _NOT_SENT) else TryAgain(name)
        return self._unprepared(error)

    def _client(self, limit: float) -> Any:
        """Return the client for this Region. Threads with similar timeouts share one.

        In boto3, timeouts are set per client, not per request. The client's timeout is longer than the
        question's own limit, because exceeding the latter gives a clearer message.

        Raises:
            ConfigurationError: A setting in the environment is invalid. The message names it.
        """
        for name in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"):
            address = os.environ.get(name)
            if address and (fault := address_fault(address)):  # boto3 needs a second to find this
                raise ConfigurationError(
                    f"{self.name} cannot be asked at {name}={shown_address(address)}: {fault}"
                )
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if not os.environ.get(name, "").isprintable():
                raise ConfigurationError(
                    f"{name}={os.environ[name]!r} is not a Region, so {self.name} cannot be asked: write one "
                    "such as us-west-2, without a line break"
                )
        seconds = 1 << int(min(max(limit, 2.0), _LONGEST_READ_S) + 1).bit_length()

        def make() -> Any:
            config = optional("botocore.config", EXTRA).Config(
                connect_timeout=min(_CONNECT_S, seconds),
                read_timeout=seconds,
                max_pool_connections=_CONNECTIONS,
                retries={"total_max_attempts": 1},  # `Patience` handles retries
            )
            # boto3's default session is not thread-safe.
            session = optional("boto3", EXTRA).session.Session()
            region = self._region or os.environ.get("AWS_REGION") or None
            client = session.client("bedrock-runtime", region_name=region, config=config)
            client.meta.events.register("before-send.bedrock-runtime.Converse", _Sending(client, seconds))
            return client

        return _clients.client((f"{self._address} {_endpoint()}", seconds), make)

    def _meaning(self, error: Any, heard: bool) -> Exception:
        """Translate an error from Bedrock. If the model has answered before, its ID cannot be wrong."""
        answer = error.response
        fault = answer.get("Error") or {}
        code, said = str(fault.get("Code") or ""), str(fault.get("Message") or "")
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if code in _BUSY or status == 429 or status >= 500:
            return TryAgain(
                code or f"HTTP {status}", seconds_of(headers.get("retry-after")), throttled=status == 429
            )
        if code in _NO_CREDENTIALS:
            return ConfigurationError(f"{self.name}: AWS does not accept these credentials ({code}: {said})")
        if code == "AccessDeniedException" or status == 403:
            return ConfigurationError(
                f"{self.name}: allow the action bedrock:InvokeModel for model={self.model!r} (the template's "
                f"JudgeModel or JudgeModelArns does), and see that the account has access to it ({said})"
            )
        if code == "ResourceNotFoundException" or status == 404 or (not heard and _NO_MODEL.search(said)):
            return ConfigurationError(
                f"model={self.model!r} cannot be asked in this Region: write a model's ID, or the ID or ARN "
                f"of an inference profile, such as us.amazon.nova-2-lite-v1:0 ({said})"
            )
        if 300 <= status < 400:
            return ConfigurationError(
                f"{self.name}: the endpoint redirects (HTTP {status}), which Bedrock does not do: check "
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME and the proxies"
            )
        return FormRefused(f"{code}: {said}" if said else f"HTTP {status}")

    def _too_old(self, error: Exception) -> FormRefused:
        """Return the error to raise if boto3 does not recognize a part of the request."""
        # The message also lists the known parts.
        names = re.findall(r'Unknown parameter in [^:]*: "(\w+)"', str(error))
        if not names:
            return FormRefused(str(error))
        return FormRefused(f"boto3 {optional('boto3', EXTRA).__version__} does not know {', '.join(names)}")

    def _unprepared(self, error: Exception) -> ConfigurationError:
        """Return the error to raise if boto3 cannot send a request at all."""
        name = type(error).__name__
        if name == "NoRegionError":
            return ConfigurationError(f"{self.name} has no Region: write region=, or set AWS_REGION")
        if name in ("NoCredentialsError", "PartialCredentialsError"):
            return ConfigurationError(
                f"{self.name} has no AWS credentials: set AWS_PROFILE, or give the function a role"
            )
        said = str(error).partition("\n")[0]
        return ConfigurationError(f"{self.name} cannot be asked ({name}: {said}){named_ways(_endpoint())}")


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "")


class _Sending:
    """Replaces a client's HTTP sender to limit the time and size of response bodies."""

    def __init__(self, client: Any, seconds: float) -> None:
        self._session = client._endpoint.http_session
        self._seconds = seconds

    def __call__(self, request: Any, **_: Any) -> Any:
        request.stream_output = True  # otherwise boto3 reads the whole body before it returns
        response = self._session.send(request)
        response.raw = _Body(response.raw, self._seconds)
        response.content  # noqa: B018  # read here, so that boto3 treats an error as a failed request
        return response


class _Body:
    """A response body with limits on time and size."""

    def __init__(self, raw: Any, seconds: float) -> None:
        self._raw = raw
        self._seconds = seconds

    def stream(self) -> Iterator[bytes]:
        try:
            yield from bounded(self._raw.stream(_PIECE), self._seconds)
        except TryAgain:
            self._raw.close()
            raise
        except Exception as error:
            raise TryAgain(type(error).__name__) from None


def _tools(schema: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, Any]:
    tool: dict[str, Any] = {
        "name": _TOOL_NAME,
        "description": "Give the verdict.",
        "inputSchema": {"json": dict(schema)},
    }
    if parts[FORM] == STRICT_TOOL:
        tool["strict"] = True
    choice = {"tool": {"name": _TOOL_NAME}} if parts[CHOICE] == "tool" else {parts[CHOICE]: {}}
    return {"tools": [{"toolSpec": tool}], "toolChoice": choice}


def _reply(answer: Mapping[str, Any]) -> Reply:
    """Parse a response.

    Raises:
        KeyError: The response is not an answer, because it was truncated or came from a proxy. boto3 treats
            such a response as empty.
    """
    blocks = answer["output"]["message"].get("content") or []
    stopped, usage = answer.get("stopReason"), answer.get("usage") or {}
    # Converse counts cached tokens separately from `inputTokens`.
    cached = usage.get("cacheReadInputTokens", 0)
    tokens = usage_of(
        [usage.get("inputTokens"), cached, usage.get("cacheWriteInputTokens", 0)],
        usage.get("outputTokens"),
        cached,
    )
    if stopped not in _WHOLE:
        return Reply("", _ENDED.get(str(stopped)) or f"its stopReason is {quoted(stopped)}", *tokens)
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    texts = [block["text"] for block in blocks if "text" in block]
    read = [(call.get("name"), json.dumps(call.get("input"))) for call in calls]
    return Reply(*one_verdict(read, texts, _TOOL_NAME), *tokens)
