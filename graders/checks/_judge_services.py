"""Creates a judge's service from a check's options and remembers each model's features."""

from __future__ import annotations

import re
from weakref import WeakSet

from ..errors import ConfigurationError, DecorationError, SampleError
from ._judge_abilities import Abilities, Trial
from ._judge_address import address_fault, shown_address
from ._judge_retries import FormRefused, Patience, TryAgain, Unsent
from ._judge_secrets import looks_like_key, without_secrets, without_values
from ._judge_spending import Spending
from ._options import choice_option, count_option, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from typing import Any, Literal, Protocol, TypeAlias

    from ._judge_service import JudgeService, Question, Reply

    ServiceName: TypeAlias = Literal["bedrock", "openai"]

    class JudgeModel(Protocol):
        """A model accessed through its service's own library."""

        name: str
        """Name of the model for messages."""

        @property
        def key_variable(self) -> str | None:
            """Environment variable that contains the service's key, or None if it needs none."""
            ...

        @property
        def key(self) -> tuple[str, str, str]:
            """Service, address and model, which are the same for all checks that use the same model."""
            ...

        @property
        def secrets(self) -> Sequence[str]:
            """Keys and passwords in use. No message may contain them."""
            ...

        def abilities(self) -> Abilities:
            """Return the features that a model of this service may support, best first."""
            ...

        async def send(
            self, question: Question, parts: Mapping[str, str], patience: Patience, heard: bool
        ) -> Reply:
            """Ask once.

            Args:
                question: The question.
                parts: The value of each part of the request.
                patience: Time limit of the question.
                heard: Whether this model has answered before.

            Raises:
                TryAgain: The service may answer next time.
                FormRefused: The service rejects requests in this form.
                ConfigurationError: No question can be answered until the setup is fixed.
                Unsent: The question does not have enough time left.
                Late: The question's time ran out.
            """
            ...


_SERVICES = ("bedrock", "openai")
_TURNS = 4
"""Number of questions that can start within one question's time limit before the model has answered."""
_REGION = re.compile(r"[A-Za-z0-9-]{1,63}")
_VARIABLE = re.compile(r"(?!sk[-_])[A-Za-z_]\w{0,99}", re.ASCII)
_NO_VARIABLE = (
    "key_variable= is not the name of an environment variable: set a variable such as OPENAI_API_KEY to the "
    "key, and write that name"
)

known: dict[tuple[str, str, str], Abilities] = {}
"""Known features of each model that this process has used, by service, address and model."""
_models: WeakSet[JudgeModel] = WeakSet()
"""The models of all existing checks."""


def service_of(
    *,
    model: str,
    service: ServiceName = "bedrock",
    base_url: str | None = None,
    key_variable: str = "OPENAI_API_KEY",
    region: str | None = None,
    temperature: float = 0,
    max_tokens: int = 1000,
    input_price: float | None = None,
    output_price: float | None = None,
    cached_price: float | None = None,
    ceiling_usd: float | None = None,
    ceiling_tokens: int | None = None,
) -> JudgeService:
    """Create the service that a judge uses.

    Args:
        model: Name of the model. For Bedrock, a model ID, or the ID or ARN of an inference profile.
        service: `bedrock` for the Converse API, or `openai` for any chat completions endpoint.
        base_url: URL of the `openai` endpoint. Defaults to OPENAI_BASE_URL or, if it is not set, OpenAI's own
            URL.
        key_variable: Environment variable that contains the key for `openai`.
        region: AWS Region for `bedrock`. Defaults to the Region set in the environment.
        temperature: Sampling temperature. Omitted from requests if the model does not accept it.
        max_tokens: Maximum number of tokens in an answer.
        input_price: USD per million tokens of questions, or None if unknown.
        output_price: USD per million tokens of answers.
        cached_price: USD per million tokens of questions that come from the service's cache. Defaults to
            `input_price`.
        ceiling_usd: Maximum amount that one process may spend, in USD. If it is exceeded, the whole call
            fails.
        ceiling_tokens: Maximum total number of tokens in questions and answers that one process may use.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: The service's library is not installed.
    """
    text_option("model", model)
    choice_option("service", service, _SERVICES)
    number_option("temperature", temperature, 0, 1 if service == "bedrock" else 2)
    count_option("max_tokens", max_tokens)
    spending = Spending(input_price, output_price, cached_price, ceiling_usd, ceiling_tokens)
    if service == "bedrock":
        from ._judge_converse import Converse

        if base_url is not None:
            raise DecorationError(
                "base_url= is for service='openai': set AWS_ENDPOINT_URL_BEDROCK_RUNTIME instead"
            )
        if region is not None:
            text_option("region", region)
            if not _REGION.fullmatch(region):
                raise DecorationError(f"region={region!r}: write the ID of a Region, such as us-west-2")
        return _Asked(Converse(model, region, temperature, max_tokens), spending)
    from ._judge_chat import Chat

    if region is not None:
        raise DecorationError(f"region={region!r} is for service='bedrock': write base_url= instead")
    if base_url is not None:
        text_option("base_url", base_url)
        if fault := address_fault(base_url):
            raise DecorationError(
                f"base_url={shown_address(base_url)!r}: {fault}: write an address such as "
                "http://127.0.0.1:8000/v1"
            )
    if not isinstance(key_variable, str) or not _VARIABLE.fullmatch(key_variable):
        raise DecorationError(_NO_VARIABLE)
    if looks_like_key(key_variable):
        raise DecorationError(_NO_VARIABLE)
    return _Asked(Chat(model, base_url, key_variable, temperature, max_tokens), spending)


class FoundModel:
    """A model used by this process's checks, with its known features.

    Args:
        service: `bedrock` or `openai`.
        address: URL of the endpoint. For Bedrock, the Region and any endpoint set in the environment.
        model: Name of the model.
        key_variable: Environment variable that contains the service's key, or None if it needs none.
        parts: Value of each part of a request: `form` (`JSON schema`, `strict tool`, `tool` or `JSON
            object`), and, if the service has them, `tool choice`, `temperature`, `cache point`, `repeat` and
            `token limit`. None until the model has answered.
        refused: The model's message for each rejected part, keyed by `part: value`.
    """

    __slots__ = ("address", "key_variable", "model", "parts", "refused", "service")

    def __init__(
        self,
        service: str,
        address: str,
        model: str,
        key_variable: str | None,
        parts: Mapping[str, str] | None,
        refused: Mapping[str, str],
    ) -> None:
        self.service = service
        self.address = address
        self.model = model
        self.key_variable = key_variable
        self.parts = parts
        self.refused = refused

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def found_models() -> list[FoundModel]:
    """Return the models used by this process's checks."""
    asked = {model.key: model.key_variable for model in _models}
    found = []
    for key in sorted(asked):
        abilities = known.get(key)
        if abilities is None or not abilities.heard.ever:
            found.append(FoundModel(*key, asked[key], None, {}))
        else:
            found.append(FoundModel(*key, asked[key], dict(abilities.known), dict(abilities.refused)))
    return found


class _Asked:
    """A judge's model, with its known features and cost so far."""

    def __init__(self, model: JudgeModel, spending: Spending) -> None:
        self._model = model
        self._spending = spending
        _models.add(model)

    async def ask(self, question: Question) -> Reply:
        """Ask the question, retrying within the sample's time limit."""
        key = self._model.key
        abilities = known.get(key) or known.setdefault(key, self._model.abilities())
        patience = Patience(self._model.name, abilities.heard)
        asking = _Asking(self._model, question, Trial(abilities), patience)

        def once() -> Awaitable[Reply]:
            if self._is_measured(abilities):
                return self._counted(asking)
            return self._in_turn(asking, abilities, patience)

        return await patience.until_answered(once)

    async def _in_turn(self, asking: _Asking, abilities: Abilities, patience: Patience) -> Reply:
        """Ask one question at a time until the first answer, which reveals the model's features and the cost.

        A slow answer must not use up the time of all other questions, so the next question may start after a
        while even without an answer.
        """
        import asyncio

        gate = abilities.gate
        if patience.is_lost and not gate.free:
            raise Unsent  # another question already tests whether the model has recovered
        if not await gate.enter(patience.left - patience.least):
            raise Unsent
        held = True

        def pass_on() -> None:
            nonlocal held
            if held:
                held = False
                gate.leave()

        turn = asyncio.get_running_loop().call_later(patience.limit / _TURNS, pass_on)
        try:
            if self._is_measured(abilities):
                pass_on()
            return await self._counted(asking)
        finally:
            turn.cancel()
            pass_on()

    def metrics(self, replies: Sequence[Reply]) -> dict[str, float]:
        return self._spending.metrics(replies)

    def _is_measured(self, abilities: Abilities) -> bool:
        return abilities.heard.ever and self._spending.is_measured

    async def _counted(self, asking: _Asking) -> Reply:
        """Ask once and count the cost toward the limits."""
        self._spending.begin()
        try:
            reply = await asking.until_taken()
        except BaseException as error:
            # The service may still answer, and charge for, a request that was canceled or timed out.
            unanswered = isinstance(error, (TryAgain, Unsent, ConfigurationError, SampleError))
            self._spending.give_up(0 if unanswered else 1)
            raise
        self._spending.end(reply)
        return reply


class _Asking:
    """One question in progress."""

    def __init__(self, model: JudgeModel, question: Question, trial: Trial, patience: Patience) -> None:
        self._model = model
        self._question = question
        self._trial = trial
        self._patience = patience

    async def until_taken(self) -> Reply:
        """Send the question with fewer and fewer parts until the model accepts it."""
        trial = self._trial
        while True:
            try:
                reply = await self._sent()
            except FormRefused as refusal:
                if not trial.refused(refusal):
                    raise self._refused(refusal) from None
            else:
                trial.answered()
                return reply

    async def _sent(self) -> Reply:
        """Send one request and remove secrets from its reply and errors."""
        trial = self._trial
        try:
            reply = await self._model.send(self._question, trial.parts, self._patience, trial.heard)
        except (TryAgain, FormRefused, ConfigurationError) as error:
            secrets = self._model.secrets
            error.args = tuple(without_secrets(str(each), secrets) for each in error.args)
            raise
        reply.text = without_values(reply.text, self._model.secrets, shortest=8)  # stored with the reward
        return reply

    def _refused(self, last: FormRefused) -> Exception:
        """Return the error to raise if the model rejected a question in every form."""
        if self._trial.formless and not self._trial.heard:
            forms = ", no ".join(self._trial.forms)
            return ConfigurationError(
                f"{self._model.name} supports no {forms} ({last.message}): choose a model that can be made "
                "to answer by a schema"
            )
        said = (self._trial.first or last).message
        if self._trial.refuses_all(said, self._question.sample):
            return ConfigurationError(
                f"{self._model.name} refuses every question, in every form ({said}): check the account, the "
                "key and the address"
            )
        return SampleError(
            "exception", f"{self._model.name} refused the question: {said}", "refused question"
        )
