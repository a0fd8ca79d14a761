"""Checks by a judge: another model that answers a question about the completion in an enforced format.

Each check here is an async scoring function. A judge costs money and seconds, so run cheap checks first, as
the first steps of `graders.checks.combined.cascade`. `docs/judge.md` explains how to phrase the question and
how to calibrate the judge.

A reply counts only if it is one whole JSON object in the requested format; otherwise the check abstains. A
completion without a letter or digit earns 0, and the judge is not asked. The completion, the prompt and the
reference are enclosed in tags that no text can contain, so none of them can pose as another part of the
question. That does not prevent a completion from persuading the judge.
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
"""The default time for one sample, in seconds: a model takes longer than other checks."""


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
    """Make a check that pays the value of the label that a judge gives the completion.

    The judge first gives its reason, then the label. The metrics are the number of requests (`judge_calls`),
    the numbers of tokens and, if the prices are given, the cost.

    It pays for anything that persuades the judge. Length, confidence, a friendly tone and self-praise are
    known to persuade judges, and so are instructions to the judge: such instructions cannot pose as part of
    the question, but nothing keeps a model from following what it reads. Compare the judge with people's
    labels before you train on it, and again once the reward has risen.

    Args:
        ask: The question, such as `Is the reply polite?`.
        labels: The reward of each label, from 0 to 1. Judges agree with each other more often if there are
            few labels.
        anchors: The meanings of labels, by label, for labels that are not clear alone.
        model: The ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: The URL of an `openai` service; None uses the variable OPENAI_BASE_URL, or else OpenAI's own
            URL.
        key_variable: The environment variable that contains the key for an `openai` service.
        region: The AWS Region of Bedrock; None uses the Region that the environment sets.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million tokens of questions; None if unknown.
        output_price: US dollars per million tokens of replies; None if unknown.
        cached_price: US dollars per million tokens that the service reads from its cache; None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars; calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of tokens, in questions and replies, that one process may use;
            calls beyond it fail.
        reference: Whether the judge sees the record's reference, which the question presents as correct.
        prompt: Whether the judge sees the prompt: its text, with roles if it has several turns. Images and
            files are not shown.
        repeats: The number of times that each sample is judged; the reward is the median. The metric
            `judge_spread` is the difference between the largest and the smallest reward of the repeats. Each
            repeat starts the list with the next label; `judge_first` is the fraction of replies that chose
            the label listed first, and `judge_first_expected` the fraction to expect if the order has no
            effect. `rft calibrate` compares the two.
        take: Extracts the part of a completion to judge; None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters; a longer completion is unread.

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
    """Make a check that pays the score that a judge gives the completion, as a fraction of the scale.

    The judge first gives its reason, then an integer. The worst score pays 0 and the best pays 1.

    It pays for anything that persuades the judge, like `judge_label`. Judges crowd their scores near the top
    of a long scale, so a completion earns most of the reward without effort: give the scores anchors, or use
    few labels.

    Args:
        ask: The question, such as `How complete is the summary?`.
        low: The worst score.
        high: The best score.
        anchors: The meanings of scores, by score. In TOML a score is a key such as `1` or `"1"`.
        model: The ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: The URL of an `openai` service; None uses the variable OPENAI_BASE_URL, or else OpenAI's own
            URL.
        key_variable: The environment variable that contains the key for an `openai` service.
        region: The AWS Region of Bedrock; None uses the Region that the environment sets.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million tokens of questions; None if unknown.
        output_price: US dollars per million tokens of replies; None if unknown.
        cached_price: US dollars per million tokens that the service reads from its cache; None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars; calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of tokens, in questions and replies, that one process may use;
            calls beyond it fail.
        reference: Whether the judge sees the record's reference, which the question presents as correct.
        prompt: Whether the judge sees the prompt: its text, with roles if it has several turns. Images and
            files are not shown.
        repeats: The number of times that each sample is judged; the reward is the median. The metric
            `judge_spread` is the difference between the largest and the smallest reward of the repeats.
        take: Extracts the part of a completion to judge; None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters; a longer completion is unread.

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
    """Make a check that pays the weighted mean of a judge's verdicts on several criteria in one request.

    Each criterion is a separate question with its own reason and its own label or score. Each is a component
    of the reward, reported by name.

    It pays for anything that persuades the judge, like `judge_label`, and for each criterion separately: a
    completion that is well written but wrong earns the part for good writing. If the other criteria are
    worthless without one of them, put that one into an earlier step of a cascade. Judges also let their view
    of one criterion influence the others.

    Args:
        criteria: A table for each criterion, by name: `ask`, a `weight` (1 by default), and `labels` or `low`
            and `high`, with `anchors`, as in `judge_label` and `judge_score`.
        model: The ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: The URL of an `openai` service; None uses the variable OPENAI_BASE_URL, or else OpenAI's own
            URL.
        key_variable: The environment variable that contains the key for an `openai` service.
        region: The AWS Region of Bedrock; None uses the Region that the environment sets.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million tokens of questions; None if unknown.
        output_price: US dollars per million tokens of replies; None if unknown.
        cached_price: US dollars per million tokens that the service reads from its cache; None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars; calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of tokens, in questions and replies, that one process may use;
            calls beyond it fail.
        reference: Whether the judge sees the record's reference, which the question presents as correct.
        prompt: Whether the judge sees the prompt: its text, with roles if it has several turns. Images and
            files are not shown.
        repeats: The number of times that each sample is judged; the reward is the median. The metric
            `judge_spread` is the difference between the largest and the smallest reward of the repeats. Each
            repeat starts the list with the next label; `judge_first` is the fraction of replies that chose
            the label listed first, and `judge_first_expected` the fraction to expect if the order has no
            effect. `rft calibrate` compares the two.
        take: Extracts the part of a completion to judge; None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters; a longer completion is unread.

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
    """Make a check that pays for each item of a checklist that the completion meets, as judged by a model.

    The judge says for each point whether it is met, and why. The metric `met` is the fraction of points that
    are met.

    It pays for anything that persuades the judge, like `judge_label`. If a point does not say what meets it,
    a mere mention may be enough. All points pay the same, so with `partial` the model learns the easy points
    first.

    Args:
        points: The points to look for, the same for all records; None if each record lists its own.
        points_field: The record field that lists the record's points; ignored if `points` is given.
        partial: Whether to pay the fraction of points that are met; otherwise the reward requires all points.
        model: The ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: The API to call: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: The URL of an `openai` service; None uses the variable OPENAI_BASE_URL, or else OpenAI's own
            URL.
        key_variable: The environment variable that contains the key for an `openai` service.
        region: The AWS Region of Bedrock; None uses the Region that the environment sets.
        temperature: The sampling temperature, from 0 to 1, or to 2 for `openai`. Omitted if the model rejects
            it.
        max_tokens: The maximum number of tokens in a reply. If a reply is cut off at this limit, the check
            abstains.
        input_price: US dollars per million tokens of questions; None if unknown.
        output_price: US dollars per million tokens of replies; None if unknown.
        cached_price: US dollars per million tokens that the service reads from its cache; None means
            `input_price`.
        ceiling_usd: The maximum amount that one process may spend, in US dollars; calls beyond it fail. This
            limit requires the prices.
        ceiling_tokens: The maximum number of tokens, in questions and replies, that one process may use;
            calls beyond it fail.
        reference: Whether the judge sees the record's reference, which the question presents as correct.
        prompt: Whether the judge sees the prompt: its text, with roles if it has several turns. Images and
            files are not shown.
        repeats: The number of times that each sample is judged; the reward is the median. The metric
            `judge_spread` is the difference between the largest and the smallest reward of the repeats.
        take: Extracts the part of a completion to judge; None judges the whole completion.
        max_chars: The maximum length of a completion to judge, in characters; a longer completion is unread.

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
