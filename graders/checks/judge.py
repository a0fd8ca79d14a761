"""Checks made by a judge: a second model that answers a question about the completion in a set format.

The checks are async scoring functions. A judge costs money and takes seconds, so run cheap checks before it
as the first steps of `graders.checks.combined.cascade`. `docs/judge.md` explains how to phrase the question
and calibrate the judge.

A reply counts only if it is a complete JSON object in the requested format. Otherwise, the check abstains. A
completion without a letter or digit earns 0 without the judge being asked. In the question, the completion,
the prompt and the reference are enclosed in tags that they cannot contain, so none of them can pose as
another part of the question. This does not prevent a completion from persuading the judge.
"""

from __future__ import annotations

from ..errors import DecorationError, RecordError
from ._judge_options import criteria_option, labels_option, points_option, scores_option
from ._judge_services import service_of
from ._judge_verdict import Checklist, Criterion
from ._judged import judging
from ._options import flag_options, text_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from ..sample import Sample
    from ._answers import Take
    from ._judged import Judging

    Service: TypeAlias = Literal["bedrock", "openai"]

EXTRA = "judge"

TIMEOUT_S = 60
"""Default time limit for one sample, in seconds. A judge takes longer than other checks."""


def judge_label(
    *,
    ask: str,
    labels: Mapping[str, float],
    anchors: Mapping[str, str] | None = None,
    model: str,
    service: Service = "bedrock",
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
    reference: bool = False,
    prompt: bool = True,
    repeats: int = 1,
    take: Take | None = None,
    max_chars: int = 50_000,
) -> Judging:
    """Create a check whose reward is the value of the label that a judge assigns to the completion.

    The judge gives a reason first and then the label. The metrics are the number of requests (`judge_calls`),
    the numbers of tokens and, if prices are given, the cost.

    It rewards anything that persuades the judge. Length, confidence, a friendly tone, self-praise and
    instructions to the judge are known to do so. Instructions in a completion cannot pose as part of the
    question, but the judge may still follow them. Compare the judge with human labels before training with
    it, and again once the reward has risen.

    Args:
        ask: The question, such as `Is the reply polite?`.
        labels: The reward for each label, from 0 to 1. Judges are more consistent with few labels.
        anchors: The meaning of each label that needs an explanation.
        model: The ID of the model. For Bedrock, the ID or ARN of an inference profile is also accepted.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any service
            with OpenAI's chat completions API.
        base_url: The URL of an `openai` service. None uses the environment variable OPENAI_BASE_URL, or else
            OpenAI's own URL.
        key_variable: The environment variable with the API key of an `openai` service.
        region: The AWS Region of Bedrock. None uses the Region from the environment.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million input tokens. None if unknown.
        output_price: US dollars per million output tokens. None if unknown.
        cached_price: US dollars per million input tokens that the service reads from its cache. None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars. Calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of input and output tokens that one process may use. Calls beyond
            it fail.
        reference: Whether to show the judge the record's reference, which the question presents as correct.
        prompt: Whether to show the judge the text of the prompt, with roles if it has several turns. Images
            and files are not shown.
        repeats: The number of times that each sample is judged. The reward is the median, and the metric
            `judge_spread` is the difference between the largest and the smallest reward. Each repeat starts
            the list with the next label. `judge_first` is the fraction of replies that chose the label listed
            first, and `judge_first_expected` is the fraction to expect if the order has no effect. `rft
            calibrate` compares these two metrics.
        take: Extracts the part of a completion to judge. None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters. A longer completion is unread.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: The service's package is not installed.

    Example:
        >>> check = judge_label(
        ...     ask="Does the reply answer the customer's question?",
        ...     labels={"yes": 1, "in part": 0.4, "no": 0},
        ...     model="amazon.nova-lite-v1:0",
        ... )
        >>> import asyncio
        >>> asyncio.run(check(make_sample("..."))).metrics  # nothing to ask about
        {'unread': 1.0, 'judge_calls': 0.0}
    """
    criterion = Criterion(text_option("ask", ask), labels_option("labels", labels, "anchors", anchors))
    asked = service_of(
        model=model,
        service=service,
        base_url=base_url,
        key_variable=key_variable,
        region=region,
        temperature=temperature,
        max_tokens=max_tokens,
        input_price=input_price,
        output_price=output_price,
        cached_price=cached_price,
        ceiling_usd=ceiling_usd,
        ceiling_tokens=ceiling_tokens,
    )
    return judging(
        asked,
        lambda _: criterion,
        reference=reference,
        prompt=prompt,
        repeats=repeats,
        take=take,
        max_chars=max_chars,
    )


def judge_score(
    *,
    ask: str,
    low: int = 1,
    high: int = 5,
    anchors: Mapping[str, str] | None = None,
    model: str,
    service: Service = "bedrock",
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
    reference: bool = False,
    prompt: bool = True,
    repeats: int = 1,
    take: Take | None = None,
    max_chars: int = 50_000,
) -> Judging:
    """Create a check whose reward is a judge's score for the completion, as a fraction of the scale.

    The judge gives a reason first and then an integer. The worst score earns 0 and the best score earns 1.

    It rewards anything that persuades the judge, like `judge_label`. On a long scale, judges mostly give
    high scores, so even a poor completion earns most of the reward. Provide anchors for the scores, or use a
    few labels instead.

    Args:
        ask: The question, such as `How complete is the summary?`.
        low: The worst score.
        high: The best score.
        anchors: The meanings of scores, by score. In TOML, a score is a key such as `1` or `"1"`.
        model: The ID of the model. For Bedrock, the ID or ARN of an inference profile is also accepted.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any service
            with OpenAI's chat completions API.
        base_url: The URL of an `openai` service. None uses the environment variable OPENAI_BASE_URL, or else
            OpenAI's own URL.
        key_variable: The environment variable with the API key of an `openai` service.
        region: The AWS Region of Bedrock. None uses the Region from the environment.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million input tokens. None if unknown.
        output_price: US dollars per million output tokens. None if unknown.
        cached_price: US dollars per million input tokens that the service reads from its cache. None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars. Calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of input and output tokens that one process may use. Calls beyond
            it fail.
        reference: Whether to show the judge the record's reference, which the question presents as correct.
        prompt: Whether to show the judge the text of the prompt, with roles if it has several turns. Images
            and files are not shown.
        repeats: The number of times that each sample is judged. The reward is the median, and the metric
            `judge_spread` is the difference between the largest and the smallest reward.
        take: Extracts the part of a completion to judge. None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters. A longer completion is unread.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: The service's package is not installed.

    Example:
        >>> check = judge_score(
        ...     ask="How much of the article's content does the summary keep?",
        ...     anchors={"1": "none of it", "3": "the main point", "5": "every point"},
        ...     model="amazon.nova-lite-v1:0",
        ... )
        >>> import asyncio
        >>> asyncio.run(check(make_sample(""))).value  # nothing to ask about
        0.0
    """
    criterion = Criterion(text_option("ask", ask), scores_option("", low, high, "anchors", anchors))
    asked = service_of(
        model=model,
        service=service,
        base_url=base_url,
        key_variable=key_variable,
        region=region,
        temperature=temperature,
        max_tokens=max_tokens,
        input_price=input_price,
        output_price=output_price,
        cached_price=cached_price,
        ceiling_usd=ceiling_usd,
        ceiling_tokens=ceiling_tokens,
    )
    return judging(
        asked,
        lambda _: criterion,
        reference=reference,
        prompt=prompt,
        repeats=repeats,
        take=take,
        max_chars=max_chars,
    )


def judge_rubric(
    *,
    criteria: Mapping[str, Mapping[str, Any]],
    model: str,
    service: Service = "bedrock",
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
    reference: bool = False,
    prompt: bool = True,
    repeats: int = 1,
    take: Take | None = None,
    max_chars: int = 50_000,
) -> Judging:
    """Create a check whose reward is the weighted mean of a judge's verdicts on several criteria.

    A single request asks about all criteria. For each criterion, the judge gives a reason and then a label or
    a score. Each criterion is reported by name as a component of the reward.

    It rewards anything that persuades the judge, like `judge_label`, and it rewards each criterion
    separately. A completion that is well written but wrong earns the part for good writing. If one criterion
    is essential, put it in an earlier step of a cascade. A judge's verdict on one criterion also influences
    its other verdicts.

    Args:
        criteria: A table for each criterion, by name, with `ask`, `weight` (1 by default), and `labels` or
            `low` and `high`, with `anchors`, as in `judge_label` and `judge_score`.
        model: The ID of the model. For Bedrock, the ID or ARN of an inference profile is also accepted.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any service
            with OpenAI's chat completions API.
        base_url: The URL of an `openai` service. None uses the environment variable OPENAI_BASE_URL, or else
            OpenAI's own URL.
        key_variable: The environment variable with the API key of an `openai` service.
        region: The AWS Region of Bedrock. None uses the Region from the environment.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million input tokens. None if unknown.
        output_price: US dollars per million output tokens. None if unknown.
        cached_price: US dollars per million input tokens that the service reads from its cache. None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars. Calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of input and output tokens that one process may use. Calls beyond
            it fail.
        reference: Whether to show the judge the record's reference, which the question presents as correct.
        prompt: Whether to show the judge the text of the prompt, with roles if it has several turns. Images
            and files are not shown.
        repeats: The number of times that each sample is judged. The reward is the median, and the metric
            `judge_spread` is the difference between the largest and the smallest reward. Each repeat starts
            the list with the next label. `judge_first` is the fraction of replies that chose the label listed
            first, and `judge_first_expected` is the fraction to expect if the order has no effect. `rft
            calibrate` compares these two metrics.
        take: Extracts the part of a completion to judge. None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters. A longer completion is unread.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: The service's package is not installed.

    Example:
        >>> check = judge_rubric(
        ...     criteria={
        ...         "complete": {"ask": "Is all answered?", "labels": {"yes": 1, "no": 0}, "weight": 2},
        ...         "clear": {"ask": "How clear is it?", "low": 1, "high": 3},
        ...     },
        ...     model="amazon.nova-lite-v1:0",
        ... )
        >>> import asyncio
        >>> asyncio.run(check(make_sample(""))).value  # nothing to ask about
        0.0
    """
    form = criteria_option(criteria)
    asked = service_of(
        model=model,
        service=service,
        base_url=base_url,
        key_variable=key_variable,
        region=region,
        temperature=temperature,
        max_tokens=max_tokens,
        input_price=input_price,
        output_price=output_price,
        cached_price=cached_price,
        ceiling_usd=ceiling_usd,
        ceiling_tokens=ceiling_tokens,
    )
    return judging(
        asked,
        lambda _: form,
        reference=reference,
        prompt=prompt,
        repeats=repeats,
        take=take,
        max_chars=max_chars,
    )


def judge_checklist(
    *,
    points: Sequence[str] | None = None,
    points_field: str = "points",
    partial: bool = True,
    model: str,
    service: Service = "bedrock",
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
    reference: bool = False,
    prompt: bool = True,
    repeats: int = 1,
    take: Take | None = None,
    max_chars: int = 50_000,
) -> Judging:
    """Create a check whose reward is the fraction of a checklist's points that a judge finds to be met.

    For each point, the judge gives a reason and decides if the point is met. The metric `met` is the fraction
    of points that are met.

    It rewards anything that persuades the judge, like `judge_label`. If a point is vague, merely mentioning
    it may be enough. All points have the same weight, so with `partial` the model learns the easy points
    first.

    Args:
        points: The points for all records. None if each record lists its own points.
        points_field: The record field that lists the record's points. Ignored if `points` is given.
        partial: Whether to reward the fraction of points that are met, instead of all or nothing.
        model: The ID of the model. For Bedrock, the ID or ARN of an inference profile is also accepted.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any service
            with OpenAI's chat completions API.
        base_url: The URL of an `openai` service. None uses the environment variable OPENAI_BASE_URL, or else
            OpenAI's own URL.
        key_variable: The environment variable with the API key of an `openai` service.
        region: The AWS Region of Bedrock. None uses the Region from the environment.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million input tokens. None if unknown.
        output_price: US dollars per million output tokens. None if unknown.
        cached_price: US dollars per million input tokens that the service reads from its cache. None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars. Calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of input and output tokens that one process may use. Calls beyond
            it fail.
        reference: Whether to show the judge the record's reference, which the question presents as correct.
        prompt: Whether to show the judge the text of the prompt, with roles if it has several turns. Images
            and files are not shown.
        repeats: The number of times that each sample is judged. The reward is the median, and the metric
            `judge_spread` is the difference between the largest and the smallest reward.
        take: Extracts the part of a completion to judge. None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters. A longer completion is unread.

    Raises:
        DecorationError: An option is invalid.
        ConfigurationError: The service's package is not installed.

    Example:
        >>> check = judge_checklist(
        ...     points=["It names the order's number.", "It says when the parcel arrives."],
        ...     model="amazon.nova-lite-v1:0",
        ... )
        >>> import asyncio
        >>> asyncio.run(check(make_sample(""))).value  # nothing to ask about
        0.0
    """
    flag_options(partial=partial)
    text_option("points_field", points_field)
    fixed = (
        None
        if points is None
        else Checklist(points_option("points", points, DecorationError), partial, False)
    )

    def form_of(sample: Sample[Any]) -> Checklist:
        if fixed is not None:
            return fixed
        given = sample.fields.get(points_field)
        return Checklist(
            points_option(f"the record's field {points_field!r}", given, RecordError), partial, True
        )

    asked = service_of(
        model=model,
        service=service,
        base_url=base_url,
        key_variable=key_variable,
        region=region,
        temperature=temperature,
        max_tokens=max_tokens,
        input_price=input_price,
        output_price=output_price,
        cached_price=cached_price,
        ceiling_usd=ceiling_usd,
        ceiling_tokens=ceiling_tokens,
    )
    return judging(
        asked,
        form_of,
        reference=reference,
        prompt=prompt,
        repeats=repeats,
        take=take,
        max_chars=max_chars,
    )
