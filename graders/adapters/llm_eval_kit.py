"""Makes scoring functions from graders written for AWS's llm-eval-kit.

Checked against the library's repository, since it has no releases.
"""

from __future__ import annotations

from ._evaluated import evaluated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..sample import Sample
    from ._evaluated import Evaluator


def from_llm_eval_kit(function: Evaluator) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from an llm-eval-kit grader.

    The grader may be a function decorated with the library's `@grader`, a `Grader` class or instance, or a
    plain `fn(messages, ground_truth, **kwargs)`. It gets the conversation, the reference as `ground_truth`
    (the record's field with that name, else its `reference_answer`), and the other fields as keyword
    arguments. A record without a reference fails unless `ground_truth` has a default. A record with a blank
    reference always fails, because an empty answer would match it.

    The result's `score` becomes the reward, its `reason` the reason, and its valid metrics the metrics. A
    result with `is_valid=False` gives no reward.

    Args:
        function: The grader. A `confined` grader can import a stand-in for `llm_eval_kit`. For any other
            grader, call `stand_in` first if the library is not installed.

    Raises:
        DecorationError: The value is not an llm-eval-kit grader. For example, it is a function decorated with
            `@preprocess` or `@postprocess`.

    Example:
        >>> from graders.testing import make_sample
        >>> def same(messages, ground_truth, **kwargs):
        ...     return {"score": float(messages[-1].content == ground_truth)}
        >>> from_llm_eval_kit(same)(make_sample("72", "72"))
        Reward(1.0)
    """
    return evaluated(function, "from_llm_eval_kit")


__all__ = ["from_llm_eval_kit"]
