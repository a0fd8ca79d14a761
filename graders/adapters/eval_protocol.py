"""eval-protocol's reward functions as scoring functions, and reward-kit's, as the library was called before.

Checked against eval-protocol 0.3.33.
"""

from __future__ import annotations

from ._evaluated import evaluated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..sample import Sample
    from ._evaluated import Evaluator


def from_eval_protocol(function: Evaluator) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from one of eval-protocol's reward functions.

    It takes what `@reward_function` decorates, of one conversation (`messages`) or of several
    (`rollouts_messages`), what `@evaluation_test` decorates (`row`, or `rows`), and such functions without
    their decorator, sync or async. The function gets the conversation, the reference as `ground_truth` (the
    record's field of that name, else its `reference_answer`), and the other fields as keywords. A message's
    content is one text, the completion's with the reasoning that is part of it. A record whose reference is
    blank fails, and so does one without a reference unless `ground_truth` has a default.

    The result's `score` is the reward, its `reason` the reason, and its valid metrics are metrics; steps of a
    rollout are not read. A result with `error` is a failure, and one with `is_score_valid=False` has no
    reward.

    Args:
        function: The function, or a `confined` one, which finds stand-ins of `eval_protocol` and `reward_kit`
            where it imports them. Others need `stand_in` first, where the library is not installed.

    Raises:
        DecorationError: This is no function.

    Example:
        >>> from graders.testing import make_sample
        >>> def brief(messages, ground_truth=None, **kwargs):
        ...     return {"score": float(len(messages[-1].content) < 10), "reason": "counted"}
        >>> from_eval_protocol(brief)(make_sample("72"))
        Reward(1.0, reason='counted')
    """
    return evaluated(function, "from_eval_protocol")


__all__ = ["from_eval_protocol"]
