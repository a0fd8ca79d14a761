"""OpenAI graders that compare two strings: `string_check` and `text_similarity`."""

from __future__ import annotations

from .._invisible import composed
from ..checks import _overlap
from ..checks._optional import optional
from ..checks._tokens import CUTS
from ..extract import Missing
from ._openai_scores import GraderScore, RecordFault, passed, unread_score

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..checks._tokens import Tokens
    from ._openai_scores import Scope, Scoring
    from ._openai_spec import StringCheck, TextSimilarity
    from ._openai_template import TextTemplate

_LONGEST = 100_000
_LONGEST_FUZZY = 5_000  # takes rapidfuzz 0.8 s, which no time limit can interrupt
_OPERATIONS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda given, wanted: given == wanted,
    "ne": lambda given, wanted: given != wanted,
    "like": lambda given, wanted: wanted in given,
    "ilike": lambda given, wanted: wanted.casefold() in given.casefold(),
}


def string_check(node: StringCheck) -> Scoring:
    """Build the scoring function of a `string_check` grader."""
    compare, any_text = _OPERATIONS[node.operation], node.operation == "ne"

    def scored(scope: Scope) -> GraderScore:
        reference = node.reference.compared(scope, any_text)  # first, to report faults of the record first
        given = node.input.compared(scope, any_text)
        for side in (given, reference):
            if isinstance(side, Missing):
                return unread_score(side, scope)
        return GraderScore(float(compare(given, reference)))  # type: ignore[arg-type]

    return scored


def text_similarity(node: TextSimilarity) -> Scoring:
    """Build the scoring function of a `text_similarity` grader.

    Raises:
        ConfigurationError: `fuzzy_match` needs rapidfuzz, which is not installed.
    """
    metric = _fuzzy_match() if node.metric == "fuzzy_match" else _TOKEN_METRICS[node.metric]

    def scored(scope: Scope) -> GraderScore:
        reference = _side(node.reference, scope, metric, strict=True)
        given = _side(node.input, scope, metric)
        for side in (given, reference):
            if isinstance(side, Missing):
                return unread_score(side, scope)
        value = metric.score(given, reference)
        return GraderScore(value, metrics=passed(value, node.pass_threshold))

    return scored


class _TextMetric:
    """A measure of the similarity of two strings.

    Args:
        read: Function that returns the part of a string to compare, which may be empty.
        score: Function that returns the similarity of two such parts, from 0 to 1.
        fewest: Minimum number of tokens in a reference.
        longest: Maximum length of a compared string, in characters.
    """

    __slots__ = ("fewest", "longest", "read", "score")

    def __init__(
        self, read: Callable[[str], Any], score: Callable[[Any, Any], float], fewest: int, longest: int
    ) -> None:
        self.read = read
        self.score = score
        self.fewest = fewest
        self.longest = longest


def _side(template: TextTemplate, scope: Scope, metric: _TextMetric, strict: bool = False) -> Any:
    """Return the part of the input or reference to compare, or `Missing` if the completion lacks it."""
    text = template.compared(scope)
    if isinstance(text, Missing):
        return text
    found = metric.read(composed(text)) if len(text) <= metric.longest else ""
    if len(found) >= (metric.fewest if strict else 1):
        return found
    if len(text) > metric.longest:
        why = f"it has more than {metric.longest:,} characters"
    elif found:
        why = f"it has {len(found)} tokens, and the metric needs {metric.fewest}"
    else:
        why = "it has no letter or digit that the metric supports"
    if template.reads_completion:
        return Missing(why, "not exact")
    raise RecordFault("other_error", f"{template.text!r} cannot be compared: {why}")


def _fuzzy_match() -> _TextMetric:
    """Return the metric `fuzzy_match`. It is undocumented, but OpenAI's Python example uses rapidfuzz."""
    ratio, processed = (
        optional("rapidfuzz.fuzz", "similarity").WRatio,
        optional("rapidfuzz.utils", "similarity"),
    )
    return _TextMetric(
        processed.default_process, lambda given, right: ratio(given, right) / 100, 1, _LONGEST_FUZZY
    )


def _rouge(n: int) -> _TextMetric:
    return _TextMetric(CUTS["rouge"], lambda given, right: _overlap.rouge_n(given, right, n), n, _LONGEST)


def _of_nltk(score: Callable[[Tokens, Tokens], float], fewest: int) -> _TextMetric:
    return _TextMetric(CUTS["wordpunct"], score, fewest, _LONGEST)


_TOKEN_METRICS = {
    "bleu": _of_nltk(lambda given, right: _overlap.bleu(given, right, 4, 1), 4),
    "gleu": _of_nltk(_overlap.gleu, 1),
    "meteor": _of_nltk(lambda given, right: _overlap.meteor(given, right, True), 1),
    **{f"rouge_{n}": _rouge(n) for n in range(1, 6)},
    "rouge_l": _TextMetric(CUTS["rouge"], _overlap.rouge_l, 1, _LONGEST),
}
