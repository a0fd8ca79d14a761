"""Parses and validates the JSON of OpenAI and Azure graders.

The format follows OpenAI's grader guide and API reference and Azure's reinforcement fine-tuning guide. `name`
may be missing, as in some of OpenAI's own examples.
"""

from __future__ import annotations

from ..checks._arithmetic import read_formula
from ..errors import DecorationError
from ..reward import RESERVED
from ._openai_address import header_fault, url_fault
from ._openai_json import FormulaError, JsonObject, OpenAISpecError, exact, number_of, one_of, shown
from ._openai_python import IMAGE_PACKAGES, python_fault, python_imports
from ._openai_turns import A_TEXT, read_template, read_turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Literal, TypeAlias

    from ..checks._arithmetic import Computed
    from ._openai_python import PythonImport
    from ._openai_template import NamedValue, TextTemplate
    from ._openai_turns import ModelTurn

    OpenAIGrader: TypeAlias = (
        "StringCheck | TextSimilarity | PythonCode | ScoreModel | LabelModel | EndpointGrader | MultiGrader"
    )

OPERATIONS = ("eq", "ne", "like", "ilike")
METRICS = ("fuzzy_match", "bleu", "gleu", "meteor", *(f"rouge_{n}" for n in (1, 2, 3, 4, 5, "l")))
SAMPLE_NAMES = ("output_text", "output_json", "output_tools", "choices")
"""Fields of `sample` that are available for a completion from Bedrock."""
_OTHER_OPERATIONS = {
    "neq": "is not an operation: write ne",
    "equals": "is not an operation: write eq",
    "==": "is not an operation: write eq",
    "!=": "is not an operation: write ne",
    "contains": "is not an operation: write like",
    "icontains": "is not an operation: write ilike",
}
_OTHER_METRICS = {
    "cosine": "compares embeddings by an OpenAI model, and is only for evals: write fuzzy_match, meteor "
    "or rouge_l, or ask a score_model",
    "rouge": "does not say which ROUGE: write rouge_1 to rouge_5, or rouge_l",
}
_OTHER_TYPES = {
    "string_similarity": "is not a type: write text_similarity",
    "supervised": "is not reinforcement fine-tuning, so it has no grader: give a grader",
    "dpo": "is not reinforcement fine-tuning, so it has no grader: give a grader",
}
_A_GRADER = '{"answer": {"type": "string_check", ...}}'
_CODE_BYTES = 256 * 1024
LIMITS = ("max_completions_tokens", "max_completion_tokens")
"""Names for the token limit in specs: OpenAI's own name and a common variant."""
_SAMPLING_BOUNDS = {"temperature": (0.0, 2.0), **dict.fromkeys(LIMITS, (1.0, 10_000_000.0))}
IMAGE = "2025-05-08"
"""Tag of the image for which OpenAI lists the packages."""


class StringCheck:
    """A `string_check` grader, which scores 1 if a comparison of two strings is true and 0 otherwise."""

    type: Literal["string_check"] = "string_check"
    __slots__ = ("input", "name", "operation", "pointer", "reference")

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"answer"')
        self.operation = raw.choice("operation", OPERATIONS, _OTHER_OPERATIONS)
        self.input = read_template(raw, "input", A_TEXT)
        self.reference = read_template(raw, "reference", '"{{item.reference_answer}}"')
        if self.operation != "ne":
            _refuse_blank(raw, "input", self.input)
            _refuse_blank(raw, "reference", self.reference)

    @property
    def templates(self) -> dict[str, TextTemplate]:
        """The grader's templates by location in the JSON."""
        return {f"{self.pointer}/input": self.input, f"{self.pointer}/reference": self.reference}


class TextSimilarity:
    """A `text_similarity` grader, which scores the similarity of two strings from 0 to 1."""

    type: Literal["text_similarity"] = "text_similarity"
    __slots__ = ("input", "metric", "name", "pass_threshold", "pointer", "reference")

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"answer"')
        self.metric = raw.choice("evaluation_metric", METRICS, _OTHER_METRICS)
        self.input = read_template(raw, "input", A_TEXT)
        self.reference = read_template(raw, "reference", '"{{item.reference_answer}}"')
        self.pass_threshold = raw.number_or_none("pass_threshold", "0.8")
        _refuse_blank(raw, "input", self.input)
        _refuse_blank(raw, "reference", self.reference)

    @property
    def templates(self) -> dict[str, TextTemplate]:
        """The grader's templates by location in the JSON."""
        return {f"{self.pointer}/input": self.input, f"{self.pointer}/reference": self.reference}


class PythonCode:
    """A `python` grader, which returns the score from its function `grade(sample, item)`."""

    type: Literal["python"] = "python"
    __slots__ = ("image_tag", "imports", "name", "pass_threshold", "pointer", "source")

    templates: Mapping[str, TextTemplate] = {}

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"answer"')
        self.source = raw.text("source", r'"def grade(sample, item):\n    return 1.0"')
        self.image_tag = raw.text_or_none("image_tag", f'"{IMAGE}"')
        self.pass_threshold = raw.number_or_none("pass_threshold", "0.8")
        size = len(self.source.encode("utf-8", "surrogatepass"))
        if size > _CODE_BYTES:
            raise raw.fault("source", f"has {size:,} bytes: write at most {_CODE_BYTES:,} (256 kB)")
        if fault := python_fault(self.source):
            raise raw.fault("source", fault)
        self.imports: tuple[PythonImport, ...] = python_imports(self.source)

    @property
    def packages(self) -> tuple[str, ...]:
        """Modules outside the standard library that the code may import.

        The contents of images other than `IMAGE` are unknown, so code for them may import any module.
        """
        other = self.image_tag not in (None, IMAGE)
        names = [each.module for each in self.imports if other or each.module in IMAGE_PACKAGES]
        return tuple(name for name in names if name.isidentifier())

    def unknown_import(self) -> str | None:
        """Return the reason why an import always fails, or None if no import is known to fail."""
        for each in self.imports:
            if each.guarded or each.module in self.packages:
                continue
            line = f"line {each.line}: imports {each.module}"
            if each.module.startswith("."):
                return f"{line}, and a source has no files next to it: copy the module into the source"
            return f"{line}, which OpenAI's image {IMAGE} does not include: write grade without it"
        return None


class ScoreModel:
    """A `score_model` grader, whose score is the number in a model's answer."""

    type: Literal["score_model"] = "score_model"
    __slots__ = ("high", "low", "model", "name", "pass_threshold", "pointer", "sampling", "turns")

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"judge"')
        self.model = _model(raw)
        self.turns: tuple[ModelTurn, ...] = read_turns(raw)
        self.low, self.high = _range(raw)
        self.pass_threshold = raw.number_or_none("pass_threshold", "0.5")
        sampling = raw.object_or_none("sampling_params", '{"temperature": 0}')
        self.sampling: dict[str, Any] = sampling.raw if sampling else {}
        if sampling is not None:
            _check_sampling(sampling)

    @property
    def templates(self) -> dict[str, TextTemplate]:
        """The grader's templates, by location in the JSON."""
        return {place: text for turn in self.turns for place, text in turn.parts.items()}


class LabelModel:
    """A `label_model` grader, which scores 1 if a model's answer is a passing label and 0 otherwise."""

    type: Literal["label_model"] = "label_model"
    __slots__ = ("labels", "model", "name", "passing_labels", "pointer", "sampling", "turns")

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"judge"')
        self.model = _model(raw)
        self.turns: tuple[ModelTurn, ...] = read_turns(raw)
        self.labels = raw.texts("labels", '["good", "bad"]')
        self.passing_labels = raw.texts("passing_labels", '["good"]')
        self.sampling: dict[str, Any] = {}
        for at, label in enumerate(self.passing_labels):
            if label not in self.labels:
                raise OpenAISpecError(
                    f"{self.pointer}/passing_labels/{at}",
                    f"{shown(label)} is not one of the labels: write one of {', '.join(self.labels)}",
                )

    @property
    def templates(self) -> dict[str, TextTemplate]:
        """The grader's templates, by location in the JSON."""
        return {place: text for turn in self.turns for place, text in turn.parts.items()}


class EndpointGrader:
    """Azure's `endpoint` grader, which gets the score from a service."""

    type: Literal["endpoint"] = "endpoint"
    __slots__ = ("headers", "name", "pass_threshold", "pointer", "rate_limit", "url")

    templates: Mapping[str, TextTemplate] = {}

    def __init__(self, raw: JsonObject) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"answer"')
        self.url = raw.text("url", '"https://example.com/grade"')
        if fault := url_fault(self.url):
            raise raw.fault("url", fault)
        self.rate_limit = raw.number_or_none("rate_limit", "10", 1e-6)
        self.pass_threshold = raw.number_or_none("pass_threshold", "0.5")
        self.headers: dict[str, str] = {}
        if headers := raw.object_or_none("headers", '{"Authorization": "Bearer ${GRADER_KEY}"}'):
            self.headers = {name: headers.text(name, '"${GRADER_KEY}"') for name in headers.raw}
            for name, value in self.headers.items():
                if fault := header_fault(name, value):
                    raise headers.fault(name, fault)


class MultiGrader:
    """A `multi` grader, which combines its graders' scores with a formula."""

    type: Literal["multi"] = "multi"
    __slots__ = ("computed", "formula", "graders", "name", "pointer")

    def __init__(self, raw: JsonObject, note: Callable[[JsonObject], None]) -> None:
        self.pointer = raw.pointer
        self.name = raw.text_or_none("name", '"answer"')
        self.graders: dict[str, OpenAIGrader] = {}
        inside = raw.take("graders", _A_GRADER)
        if isinstance(inside, list):
            raise raw.fault(
                "graders", f"is a list: write an object that names each grader, such as {_A_GRADER}"
            )
        if isinstance(inside, dict) and isinstance(inside.get("type"), str):
            raise raw.fault("graders", f"is one grader: give it the name that the formula uses: {_A_GRADER}")
        named = raw.object("graders", _A_GRADER)
        if not named.raw:
            raise raw.fault(
                "graders", f"is empty: write the graders that the formula combines, such as {_A_GRADER}"
            )
        for key in named.raw:
            if not key or key.startswith(RESERVED):
                raise named.fault(
                    key, "is not a valid name for a part of a reward: choose another, here and in the formula"
                )
            self.graders[key] = _grader(named.object(key, '{"type": "string_check", ...}'), note, inside=True)
        self.formula = raw.text("calculate_output", f'"{" + ".join(self.graders)}"')
        try:
            self.computed: Computed = read_formula(self.formula, self.graders, all_used=False)
        except DecorationError as error:
            odd = next((key for key in self.graders if not (key.isascii() and key.isidentifier())), None)
            hint = (
                f". A name in a formula is made of letters, digits and _: rename {shown(odd)}" if odd else ""
            )
            raise FormulaError(raw.place("calculate_output"), f"{error}{hint}") from None

    @property
    def templates(self) -> dict[str, TextTemplate]:
        """The templates of its graders, by location in the JSON."""
        return {place: text for each in self.graders.values() for place, text in each.templates.items()}


class OpenAISpec:
    """A parsed grader and the settings of the method or job that contains it.

    Args:
        document: The JSON of a grader, a method or a job.

    Raises:
        OpenAISpecError: The document contains no usable grader.
    """

    __slots__ = ("around", "grader", "unknown")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.unknown: list[str] = []
        """The locations of ignored keys."""
        raw, self.around = _unwrapped(document)
        self.grader: OpenAIGrader = _grader(raw, self._note_unknown, inside=False)

    def each(self) -> Iterator[OpenAIGrader]:
        """Yield the grader and the graders that it combines."""
        yield self.grader
        if isinstance(self.grader, MultiGrader):
            yield from self.grader.graders.values()

    def refuse_unknown(self) -> None:
        """Reject a spec that uses a value or a package that does not exist.

        Raises:
            OpenAISpecError: A template uses such a value or a Python grader imports such a package.
        """
        for place, template in self.grader.templates.items():
            for value in template.values:
                if fault := _unknown_value(value):
                    raise OpenAISpecError(place, f"names {value.text}, and {fault}")
        for node in self.each():
            if isinstance(node, PythonCode) and (fault := node.unknown_import()):
                raise OpenAISpecError(f"{node.pointer}/source", fault)

    def _note_unknown(self, raw: JsonObject) -> None:
        self.unknown += (raw.place(key) for key in raw.unread())


_KINDS: dict[str, Any] = {
    kind.type: kind
    for kind in (StringCheck, TextSimilarity, PythonCode, ScoreModel, LabelModel, EndpointGrader)
}
TYPES = (*_KINDS, MultiGrader.type)


def _unwrapped(document: Mapping[str, Any]) -> tuple[JsonObject, list[JsonObject]]:
    """Return the grader in a document and the objects that contain it."""
    raw, around = JsonObject(document, ""), []
    while raw.raw.get("type") not in TYPES:
        inner = next((key for key in ("method", "reinforcement", "grader") if raw.has(key)), None)
        if inner is None:
            break
        around.append(raw)
        raw = raw.object(inner, '{"type": "string_check", ...}')
    if raw.has("testing_criteria"):
        raise raw.fault("testing_criteria", "belongs to an eval: give one of its graders")
    return raw, around


def _grader(raw: JsonObject, note: Callable[[JsonObject], None], *, inside: bool) -> OpenAIGrader:
    kind = raw.choice("type", TYPES, _OTHER_TYPES)
    if kind != MultiGrader.type:
        found: OpenAIGrader = _KINDS[kind](raw)
    elif inside:
        raise raw.fault(
            "type", "is multi, and a multi grader cannot contain another: move its graders up to this level"
        )
    else:
        found = MultiGrader(raw, note)
    note(raw)
    return found


def _unknown_value(value: NamedValue) -> str | None:
    """Return the reason why no completion can have a value, or None if one can."""
    if value.namespace == "item":
        return None
    if value.path[0] not in SAMPLE_NAMES:
        return f"a completion has {one_of(SAMPLE_NAMES)}"
    if value.path[0] == "output_text" and len(value.path) > 1:
        return "output_text is a string without parts: write sample.output_json for parts of JSON"
    return None


def _refuse_blank(raw: JsonObject, key: str, template: TextTemplate) -> None:
    if not template.text.strip():
        raise raw.fault(key, f"is blank, and blank text is never an answer: write {A_TEXT}, or other text")


def _model(raw: JsonObject) -> str:
    model = raw.text("model", '"o4-mini-2025-04-16"')
    if not model.strip():
        raise raw.fault("model", 'is blank: write a model, such as "o4-mini-2025-04-16"')
    return model


def _check_sampling(raw: JsonObject) -> None:
    """Check the numbers in `sampling_params` against the limits of judges."""
    for key, (low, high) in _SAMPLING_BOUNDS.items():
        value = number_of(raw.raw[key]) if raw.has(key) else low
        if value is None or not low <= value <= high:
            raise raw.fault(
                key, f"is {shown(raw.raw[key])}: write a number from {exact(low)} to {exact(high)}"
            )


def _range(raw: JsonObject) -> tuple[float, float]:
    bounds = raw.items_or_none("range", "[0, 1]")
    if bounds is None:
        return 0.0, 1.0
    numbers = [number_of(each) for each in bounds]
    if len(numbers) != 2 or None in numbers:
        raise raw.fault("range", "is not a range: write two numbers, such as [0, 1]")
    low, high = numbers
    if not low < high:  # type: ignore[operator]
        raise raw.fault(
            "range", f"goes from {shown(low)} to {shown(high)}: write the lower bound first, as in [0, 1]"
        )
    return low, high  # type: ignore[return-value]
