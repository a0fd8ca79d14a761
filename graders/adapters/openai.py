"""Makes scoring functions from the JSON of graders for reinforcement fine-tuning at OpenAI and Azure.

`docs/adapters.md` describes which behavior of these graders is documented and which is not.
"""

from __future__ import annotations

from time import perf_counter

from ..checks._judge_secrets import looks_like_key
from ..reward import Reward
from ._openai_grading import GradingOptions, grading_of
from ._openai_json import FormulaError, OpenAISpecError, checked_document, place_of, spec_document, spec_file
from ._openai_note import SpecNote
from ._openai_python import IMAGE_PACKAGES
from ._openai_ranges import score_range
from ._openai_scores import DETAILS, FLAGS, GraderScore, ModelTokens, Scope, scope_of
from ._openai_secrets import endpoint_secrets
from ._openai_spec import MultiGrader, OpenAISpec, PythonCode
from ._openai_template import TextTemplate

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any, Literal, TypeAlias

    from ..sample import Sample
    from ._openai_spec import OpenAIGrader

    SpecSource: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]
    ModelTable: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]

__all__ = [
    "ImagePackage",
    "ModelTokens",
    "OpenAIRun",
    "OpenAISpecError",
    "SpecNote",
    "TextTemplate",
    "endpoint_secrets",
    "from_openai",
    "looks_like_key",
    "openai_graders",
    "openai_models",
    "openai_notes",
    "openai_packages",
    "openai_range",
    "openai_run",
    "place_of",
    "spec_document",
]


def from_openai(
    spec: SpecSource,
    *,
    models: ModelTable | None = None,
    seconds: float = 5,
    memory_mb: int = 256,
    protection: Literal["full", "limits"] = "full",
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function from an OpenAI or Azure grader.

    The function scores as documented by those services, with two exceptions: a failed grader gives no reward
    instead of 0, and two empty strings never match.

    Args:
        spec: A grader, or a method or job body that contains a grader, as parsed JSON or as the path of a
            JSON file.
        models: The models to call in place of OpenAI's: a table that maps each OpenAI name to a Bedrock model
            or a table of options, or the path of a TOML file that contains such a table.
        seconds: Time limit of a Python grader per sample, in seconds.
        memory_mb: Memory that a Python grader may use, in MB.
        protection: `full`, or `limits` if the operating system cannot confine a Python grader.

    Raises:
        OpenAISpecError: The grader cannot be used as written. `pointer` locates the fault.
        ConfigurationError: The grader needs a package that is not installed.

    Example:
        >>> spec = {"type": "string_check", "input": "{{sample.output_text}}",
        ...         "reference": "{{item.reference_answer}}", "operation": "eq"}
        >>> from_openai(spec)(make_sample("Paris", "Paris")).value
        1.0
    """
    read = _read(spec)
    read.refuse_unknown()
    grading = grading_of(read.grader, GradingOptions(models, seconds, memory_mb, protection))

    def openai_grader(sample: Sample[Any]) -> Any:
        answer = grading(scope_of(sample))
        return _reward(answer) if isinstance(answer, GraderScore) else later(answer)

    async def later(answer: Awaitable[GraderScore]) -> Reward:
        return _reward(await answer)

    return openai_grader


def _reward(score: GraderScore) -> Reward:
    """Convert a score to a reward. A metric with the same name as a part is dropped."""
    metrics = {"unread": float(score.unread), **score.metrics}
    return Reward(
        score.value,
        metrics={name: value for name, value in metrics.items() if name not in score.parts},
        components=score.parts,
        reason=score.reason,
    )


class OpenAIRun:
    """The response of OpenAI's `/graders/run` for one sample.

    Args:
        name: The grader's name, or None if it has no name.
        type: The grader's type.
        score: The grader's score for the sample.
        seconds: Time that scoring took, in seconds.
    """

    __slots__ = ("errors", "name", "reward", "scores", "seconds", "sub_rewards", "tokens", "type")

    def __init__(self, name: str | None, type: str, score: GraderScore, seconds: float) -> None:
        self.name = name
        self.type = type
        self.reward: float = score.value
        self.sub_rewards: dict[str, float] = score.parts
        self.scores: dict[str, float] = {}
        """Always empty, as in OpenAI's own example. Its contents are not documented."""
        self.errors: dict[str, bool | str | None] = {
            **dict.fromkeys(FLAGS, False),
            **dict.fromkeys(DETAILS),
            **score.errors,
        }
        """All of OpenAI's flags by name, plus the details of three of them."""
        self.tokens: dict[str, ModelTokens] = score.tokens
        """Tokens that judges used, by the model's name in the grader."""
        self.seconds = seconds


async def openai_run(
    spec: SpecSource,
    model_sample: str,
    item: Mapping[str, Any] | None = None,
    models: ModelTable | None = None,
    *,
    seconds: float = 120,
    memory_mb: int = 1024,
) -> OpenAIRun:
    """Grade one completion as documented for OpenAI's `/graders/run`. Used by the harness.

    A failed grader scores 0, and a flag gives the reason. This also applies if a package or a judge's model
    is missing or a formula is invalid.

    Args:
        spec: As for `from_openai`.
        model_sample: The model's answer.
        item: The record.
        models: As for `from_openai`.
        seconds: Time limit of a Python grader per sample, in seconds.
        memory_mb: Memory that a Python grader may use, in MB.

    Raises:
        OpenAISpecError: The grader cannot be used as written.
    """
    try:
        read = _read(spec)
    except FormulaError:
        return OpenAIRun(None, MultiGrader.type, GraderScore(0.0, errors={"formula_parse_error": True}), 0.0)
    grading = grading_of(read.grader, GradingOptions(models, seconds, memory_mb, zero_for_faults=True))
    began = perf_counter()
    answer = grading(Scope(model_sample, item or {}))
    score = answer if isinstance(answer, GraderScore) else await answer
    return OpenAIRun(read.grader.name, read.grader.type, score, perf_counter() - began)


def openai_notes(spec: SpecSource, models: ModelTable | None = None) -> list[SpecNote]:
    """Return notes about how each part of a grader is converted. Used by the harness.

    Args:
        spec: As for `from_openai`.
        models: As for `from_openai`.

    Raises:
        OpenAISpecError: The grader cannot be used as written.
        DecorationError: The table of models is invalid.
    """
    from ._openai_models import JudgeModels
    from ._openai_notes import spec_notes

    read = _read(spec)
    read.refuse_unknown()
    return list(spec_notes(read, JudgeModels(models)))


def openai_graders(spec: SpecSource) -> list[OpenAIGrader]:
    """Return the grader in a spec, followed by the graders that it combines. Used by the harness.

    Args:
        spec: As for `from_openai`.

    Raises:
        OpenAISpecError: The grader cannot be used as written.
    """
    return list(_read(spec).each())


def openai_models(models: ModelTable | None) -> tuple[str, ...]:
    """Return the OpenAI models for which a table has a replacement. Used by the harness.

    Args:
        models: As for `from_openai`.

    Raises:
        DecorationError: The table is invalid.
        ConfigurationError: The table's file cannot be read.
    """
    from ._openai_models import JudgeModels

    return JudgeModels(models).names


def openai_range(spec: SpecSource) -> tuple[float, float] | None:
    """Return the range of a grader's scores. Used by the harness.

    The range of a Python grader is 0 to 1, which OpenAI requests but does not enforce.

    Args:
        spec: As for `from_openai`.

    Returns:
        The smallest and largest score. None if the formula is unbounded or uses an endpoint, whose range is
        not documented.

    Raises:
        OpenAISpecError: The grader cannot be used as written.
    """
    return score_range(_read(spec).grader)


class ImagePackage:
    """A package that Python graders import.

    Args:
        module: The imported module.
        package: The package that contains the module; the module's name if OpenAI's image has no such
            package.
        version: The version in OpenAI's image; None if the image does not include the package.
        pointer: JSON pointer of the source.
        line: The line in the source.
    """

    __slots__ = ("line", "module", "package", "pointer", "version")

    def __init__(self, module: str, package: str, version: str | None, pointer: str, line: int) -> None:
        self.module = module
        self.package = package
        self.version = version
        self.pointer = pointer
        self.line = line


def openai_packages(spec: SpecSource) -> list[ImagePackage]:
    """Return the packages that a spec's Python graders import. Used by the harness.

    Args:
        spec: As for `from_openai`.

    Raises:
        OpenAISpecError: The grader cannot be used as written.
    """
    found = []
    for node in openai_graders(spec):
        for each in node.imports if isinstance(node, PythonCode) else ():
            package, version = IMAGE_PACKAGES.get(each.module, (each.module, None))
            found.append(ImagePackage(each.module, package, version, f"{node.pointer}/source", each.line))
    return found


def _read(spec: SpecSource) -> OpenAISpec:
    import os

    if not isinstance(spec, (str, os.PathLike)):
        return OpenAISpec(checked_document(spec))
    document = spec_file(spec)
    try:
        return OpenAISpec(document)
    except OpenAISpecError as error:
        raise OpenAISpecError(error.pointer, error.message, os.fspath(spec)) from None
