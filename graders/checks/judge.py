"""Checks by a judge: another model that answers a question about the completion, in a form that is enforced.

Each check here is an async scoring function. A judge costs money and seconds, so let cheap checks go first,
as steps of `graders.checks.combined.cascade`. `docs/judge.md` says what to ask and how to calibrate.

A reply counts only if it is one whole JSON object of the form that was asked for: anything else abstains. A
completion without a letter or digit is paid 0 and not asked about. The completion, the prompt and the
reference stand between tags that no text can hold, so none of them can pose as another part of the question.
That does not keep a model from believing what it reads: a completion may still persuade a judge.
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
"""Seconds for one sample where a configuration does not say: a model takes longer than other checks."""


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

    The judge gives its reason first, then the label. The metrics are `judge_calls`, the tokens and, where the
    prices are given, the cost.

    It pays for what persuades the judge. Length, confidence, a friendly tone and praise of itself are known
    to, and so are instructions to the judge: they cannot pose as part of the question, but nothing keeps a
    model from believing what it reads. Compare the judge with people's labels before you train on it, and
    again once the reward has risen.

    Args:
        ask: The question, such as `Is the reply polite?`.
        labels: What each label pays, from 0 to 1. Few labels agree better than many.
        anchors: What a label means, by label, where the label alone does not say it.
        model: ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: How the model is asked: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: Address of an `openai` service; None for that of the variable OPENAI_BASE_URL, or OpenAI's.
        key_variable: Environment variable that holds the key of an `openai` service.
        region: Region of Bedrock; None for that of the environment.
        temperature: Randomness of the replies, 0 to 1 (`openai`: 2). Left out where the model refuses it.
        max_tokens: Most tokens of a reply. A reply that is cut off there abstains.
        input_price: US dollars for a million tokens of questions; None where that is unknown.
        output_price: US dollars for a million tokens of replies; None where that is unknown.
        cached_price: US dollars for a million tokens that the service reads from its cache; None for
            `input_price`.
        ceiling_usd: US dollars that one process may spend. Beyond them the call fails. It needs the prices.
        ceiling_tokens: Tokens of questions and replies that one process may use. Beyond them the call fails.
        reference: Whether the judge sees the record's reference, presented as correct.
        prompt: Whether the judge sees the prompt: its text, with roles where it has several turns. Images and
            files are not shown.
        repeats: How often each sample is judged. The median is paid. The metric `judge_spread` is the largest
            reward less the smallest. Each repeat begins the list with the next label, and `judge_first` is
            the share of replies that chose the one listed first, `judge_first_expected` what it would be if
            the order meant nothing; `rft calibrate` compares them.
        take: Finds the part of a completion that is judged; None judges all of it.
        max_chars: Characters of the longest completion that is judged; a longer one is unread.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: The package of the service is not installed.

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
    """Make a check that pays the score that a judge gives the completion, as a share of the scale.

    The judge gives its reason first, then a whole number. The worst number pays 0 and the best pays 1.

    It pays for what persuades the judge, as `judge_label` does. Judges crowd their scores near the top of a
    long scale, so most of the reward comes for nothing: anchor the numbers, or use few labels.

    Args:
        ask: What is scored, such as `How complete is the summary?`.
        low: The worst score.
        high: The best score.
        anchors: What a score means, by score. In TOML a score is a key such as `1` or `"1"`.
        model: ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: How the model is asked: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: Address of an `openai` service; None for that of the variable OPENAI_BASE_URL, or OpenAI's.
        key_variable: Environment variable that holds the key of an `openai` service.
        region: Region of Bedrock; None for that of the environment.
        temperature: Randomness of the replies, 0 to 1 (`openai`: 2). Left out where the model refuses it.
        max_tokens: Most tokens of a reply. A reply that is cut off there abstains.
        input_price: US dollars for a million tokens of questions; None where that is unknown.
        output_price: US dollars for a million tokens of replies; None where that is unknown.
        cached_price: US dollars for a million tokens that the service reads from its cache; None for
            `input_price`.
        ceiling_usd: US dollars that one process may spend. Beyond them the call fails. It needs the prices.
        ceiling_tokens: Tokens of questions and replies that one process may use. Beyond them the call fails.
        reference: Whether the judge sees the record's reference, presented as correct.
        prompt: Whether the judge sees the prompt: its text, with roles where it has several turns. Images and
            files are not shown.
        repeats: How often each sample is judged. The median is paid. The metric `judge_spread` is the largest
            reward less the smallest.
        take: Finds the part of a completion that is judged; None judges all of it.
        max_chars: Characters of the longest completion that is judged; a longer one is unread.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: The package of the service is not installed.

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
    """Make a check that pays the weighted mean of a judge's verdicts on several criteria, asked at once.

    Each criterion is a question of its own with a reason and a label or score. Each is a component of the
    reward, reported by name.

    It pays for what persuades the judge, as `judge_label` does, and each criterion on its own: a completion
    that is well written and wrong earns the share of being well written. What is worth nothing alone belongs
    in a step of a cascade before it. Judges let one criterion color the others.

    Args:
        criteria: A table for each criterion, by name: `ask`, a `weight` (1 where it is left out), and
            `labels` or `low` and `high`, with `anchors`, as `judge_label` and `judge_score` take them.
        model: ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: How the model is asked: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: Address of an `openai` service; None for that of the variable OPENAI_BASE_URL, or OpenAI's.
        key_variable: Environment variable that holds the key of an `openai` service.
        region: Region of Bedrock; None for that of the environment.
        temperature: Randomness of the replies, 0 to 1 (`openai`: 2). Left out where the model refuses it.
        max_tokens: Most tokens of a reply. A reply that is cut off there abstains.
        input_price: US dollars for a million tokens of questions; None where that is unknown.
        output_price: US dollars for a million tokens of replies; None where that is unknown.
        cached_price: US dollars for a million tokens that the service reads from its cache; None for
            `input_price`.
        ceiling_usd: US dollars that one process may spend. Beyond them the call fails. It needs the prices.
        ceiling_tokens: Tokens of questions and replies that one process may use. Beyond them the call fails.
        reference: Whether the judge sees the record's reference, presented as correct.
        prompt: Whether the judge sees the prompt: its text, with roles where it has several turns. Images and
            files are not shown.
        repeats: How often each sample is judged. The median is paid. The metric `judge_spread` is the largest
            reward less the smallest. Each repeat begins the list with the next label, and `judge_first` is
            the share of replies that chose the one listed first, `judge_first_expected` what it would be if
            the order meant nothing; `rft calibrate` compares them.
        take: Finds the part of a completion that is judged; None judges all of it.
        max_chars: Characters of the longest completion that is judged; a longer one is unread.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: The package of the service is not installed.

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

    The judge says of each point whether it is met, and why. The metric `met` is the share of met points.

    It pays for what persuades the judge, as `judge_label` does, and for mentioning a point where the point
    does not say what meets it. Points are paid alike: with `partial` the easy ones are learned first.

    Args:
        points: What to look for, the same for all records; None where each record lists its own.
        points_field: Field of the record that lists its points; not read beside `points`.
        partial: Whether the share of met points is paid; otherwise all of them are needed.
        model: ID of the model; for Bedrock also the ID or ARN of an inference profile.
        service: How the model is asked: `bedrock` for Bedrock's Converse API through boto3, `openai` for any
            service with OpenAI's chat completions.
        base_url: Address of an `openai` service; None for that of the variable OPENAI_BASE_URL, or OpenAI's.
        key_variable: Environment variable that holds the key of an `openai` service.
        region: Region of Bedrock; None for that of the environment.
        temperature: Randomness of the replies, 0 to 1 (`openai`: 2). Left out where the model refuses it.
        max_tokens: Most tokens of a reply. A reply that is cut off there abstains.
        input_price: US dollars for a million tokens of questions; None where that is unknown.
        output_price: US dollars for a million tokens of replies; None where that is unknown.
        cached_price: US dollars for a million tokens that the service reads from its cache; None for
            `input_price`.
        ceiling_usd: US dollars that one process may spend. Beyond them the call fails. It needs the prices.
        ceiling_tokens: Tokens of questions and replies that one process may use. Beyond them the call fails.
        reference: Whether the judge sees the record's reference, presented as correct.
        prompt: Whether the judge sees the prompt: its text, with roles where it has several turns. Images and
            files are not shown.
        repeats: How often each sample is judged. The median is paid. The metric `judge_spread` is the largest
            reward less the smallest.
        take: Finds the part of a completion that is judged; None judges all of it.
        max_chars: Characters of the longest completion that is judged; a longer one is unread.

    Raises:
        DecorationError: An option cannot be meant.
        ConfigurationError: The package of the service is not installed.

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
