"""Makes the service that a judge asks, from a check's options; keeps what is known of each model."""

from __future__ import annotations

from ..errors import ConfigurationError, DecorationError, SampleError
from ._judge_abilities import FORM, Abilities, Trial
from ._judge_retries import FormRefused, Patience, TryAgain
from ._judge_spending import Spending
from ._options import choice_option, count_option, number_option, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal, Protocol, TypeAlias

    from ._judge_service import JudgeService, Question, Reply

    ServiceName: TypeAlias = Literal["bedrock", "openai"]

    class JudgeModel(Protocol):
        """A model behind a service's own library."""

        name: str
        """How messages name it."""
        key: tuple[str, str | None, str]
        """What it has in common with the models of other checks that are the same model."""

        def abilities(self) -> Abilities:
            """What such a model may take, the best first."""
            ...

        async def send(
            self, question: Question, parts: Mapping[str, str], patience: Patience, heard: bool
        ) -> Reply:
            """Ask once."""
            ...


_SERVICES = ("bedrock", "openai")

_known: dict[tuple[str, str | None, str], Abilities] = {}


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
    """Make the service that a judge asks.

    Args:
        model: The model: for Bedrock its id, or an inference profile's id or ARN.
        service: `bedrock` for the Converse API, or `openai` for any endpoint of chat completions.
        base_url: Where `openai` is; None for OPENAI_BASE_URL, or OpenAI itself.
        key_variable: The environment variable that holds the key of `openai`.
        region: The Region of `bedrock`; None for the environment's.
        temperature: How much chance an answer holds; left out where the model does not take it.
        max_tokens: The most tokens of an answer.
        input_price: USD for a million tokens of questions; None where it is not known.
        output_price: USD for a million tokens of answers.
        cached_price: USD for a million tokens of questions that come from the service's cache; None for
            `input_price`.
        ceiling_usd: What one process may spend; beyond it the whole call fails.
        ceiling_tokens: How many tokens one process may use, of questions and answers together.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: The service's library is not installed.
    """
    text_option("model", model)
    choice_option("service", service, _SERVICES)
    number_option("temperature", temperature, 0, 2)
    count_option("max_tokens", max_tokens)
    spending = Spending(input_price, output_price, cached_price, ceiling_usd, ceiling_tokens)
    if service == "bedrock":
        from ._judge_converse import Converse

        if base_url is not None:
            raise DecorationError(
                f"base_url={base_url!r} is for service='openai': set AWS_ENDPOINT_URL_BEDROCK_RUNTIME instead"
            )
        if region is not None:
            text_option("region", region)
        return _Asked(Converse(model, region, temperature, max_tokens), spending)
    raise DecorationError("service='openai' is not there yet")


class _Asked:
    """A model that can be asked, with what is known of it and what it cost."""

    def __init__(self, model: JudgeModel, spending: Spending) -> None:
        self._model = model
        self._spending = spending
        if model.key not in _known:
            _known[model.key] = model.abilities()
        self._abilities = _known[model.key]

    async def ask(self, question: Question) -> Reply:
        """Ask, and again where that may help, within the sample's time."""
        self._spending.begin()
        reply = None
        try:
            reply = await self._answer(question)
        finally:
            self._spending.end(reply)
        return reply

    async def _answer(self, question: Question) -> Reply:
        trial = Trial(self._abilities)
        patience = Patience(self._model.name, self._abilities.heard)
        while True:
            try:
                return await self._attempt(question, trial, patience)
            except TryAgain as trouble:
                await patience.after(trouble)

    async def _attempt(self, question: Question, trial: Trial, patience: Patience) -> Reply:
        """Ask once; alone until the first answer, so that what the model takes is found out once."""
        heard = self._abilities.heard
        if not heard.ever:
            async with self._abilities.gate():
                if not heard.ever:
                    return await self._taken(question, trial, patience)
        return await self._taken(question, trial, patience)

    async def _taken(self, question: Question, trial: Trial, patience: Patience) -> Reply:
        """Ask with less and less, until the model takes it."""
        while True:
            try:
                reply = await self._model.send(question, trial.parts, patience, self._abilities.heard.ever)
            except FormRefused as refusal:
                if not trial.refused(refusal):
                    raise self._refused(trial) from None
            else:
                trial.answered()
                return reply

    def _refused(self, trial: Trial) -> Exception:
        """What it means that no request of a question was taken."""
        said = trial.first.message if trial.first else ""
        if trial.formless and not self._abilities.heard.ever:
            return ConfigurationError(
                f"{self._model.name} takes no {', '.join(self._abilities.ladders[FORM])} ({said}): choose a "
                "model that can be made to answer by a schema"
            )
        return SampleError(
            "exception", f"{self._model.name} refused the question: {said}", "refused question"
        )

    def metrics(self, replies: Sequence[Reply]) -> dict[str, float]:
        """What the replies took."""
        return self._spending.metrics(replies)
