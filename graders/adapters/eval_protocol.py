"""Makes scoring functions from reward functions for eval-protocol and its predecessor, reward-kit.

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

    The function may be decorated with `@reward_function` and take one conversation (`messages`) or several
    (`rollouts_messages`), or be decorated with `@evaluation_test` and take `row` or `rows`. It may also be
    undecorated, and sync or async. The function gets the conversation, the reference as `ground_truth` (the
    record's field with that name, else its `reference_answer`), and the other fields as keyword arguments.
    Each message's content is one string. The completion's content includes its reasoning. A record with a
    blank reference fails, and so does a record without a reference unless `ground_truth` has a default.

    The result's `score` becomes the reward, its `reason` the reason, and its valid metrics the metrics.
    Step-level results are ignored. A result with `error` is a failure, and a result with
    `is_score_valid=False` gives no reward.

    Args:
        function: The function. A `confined` function can import stand-ins for `eval_protocol` and
            `reward_kit`. For any other function, call `stand_in` first if the library is not installed.

    Raises:
        DecorationError: The value is not a function.

    Example:
        >>> from graders.testing import make_sample
        >>> def brief(messages, ground_truth=None, **kwargs):
        ...     return {"score": float(len(messages[-1].content) < 10), "reason": "counted"}
        >>> from_eval_protocol(brief)(make_sample("72"))
        Reward(1.0, reason='counted')
    """
    return evaluated(function, "from_eval_protocol")


__all__ = ["from_eval_protocol"]
