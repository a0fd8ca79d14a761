"""Describes how each part of an OpenAI grader is converted."""

from __future__ import annotations

import ast

from ..checks._arithmetic import formula_tree, name_of
from ._openai_json import JsonObject
from ._openai_note import SpecNote
from ._openai_python import IMAGE_PACKAGES
from ._openai_service_notes import endpoint_notes, model_notes
from ._openai_spec import (
    IMAGE,
    LabelModel,
    MultiGrader,
    PythonCode,
    ScoreModel,
    StringCheck,
    TextSimilarity,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._openai_models import JudgeModels
    from ._openai_spec import OpenAIGrader, OpenAISpec

_OPERATIONS = {
    "eq": "1 if input equals reference, including case and white space, else 0",
    "ne": "1 if input differs from reference, else 0: it rewards any other text, even an empty one",
    "like": "1 if input contains reference, else 0: it also rewards a list of answers that includes it",
    "ilike": "1 if input contains reference in any case, else 0: it also rewards a list of answers that "
    "includes it",
}
_WITHIN = {
    "like": "1 if input contains the completion, else 0: it rewards any part of input, even one letter",
    "ilike": "1 if input contains the completion in any case, else 0: it rewards any part of input, even "
    "one letter",
}
"""Notes for graders that use the completion in the reference instead of the input."""
_METRICS = {
    "fuzzy_match": "rapidfuzz's WRatio with its default processor, divided by 100, as OpenAI's own Python "
    "example calls it; it also rewards a part of the reference",
    "bleu": "BLEU of 1 to 4 tokens as nltk computes it with smoothing method 1, tokens split by "
    "wordpunct_tokenize; a reference needs 4 tokens",
    "gleu": "GLEU as nltk computes it, tokens split by wordpunct_tokenize",
    "meteor": "METEOR as nltk computes it, without synonyms, tokens split by wordpunct_tokenize",
}
_ROUGE = (
    "the F-measure that rouge-score computes, without stems; a reference needs as many tokens as an n-gram"
)
_VARIANT = "; the variant that OpenAI uses is not documented"


def spec_notes(spec: OpenAISpec, models: JudgeModels) -> Iterator[SpecNote]:
    """Yield a note for the whole spec and then one for each part."""
    yield SpecNote(
        "", "approximated", "a grader that fails gives no reward here, and is counted; OpenAI scores it 0"
    )
    for raw in spec.around:
        yield from _around(raw, spec)
    for node in spec.each():
        yield from _of_one(node, models)
    yield from _of_templates(spec.grader)
    yield from _of_compared(spec)
    for place in spec.unknown:
        yield SpecNote(place, "unsupported", "not a documented key: it is ignored")


def _of_one(node: OpenAIGrader, models: JudgeModels) -> Iterator[SpecNote]:
    texts = node.templates.values() if isinstance(node, StringCheck | TextSimilarity) else ()
    if texts and not any(each.reads_completion for each in texts):
        what = "it reads nothing from the completion: all completions of a record score the same"
        yield SpecNote(node.pointer, "approximated", what)
    threshold = getattr(node, "pass_threshold", None)
    if isinstance(node, StringCheck):
        swapped = node.reference.reads_completion and not node.input.reads_completion
        what = (_WITHIN if swapped else _OPERATIONS).get(node.operation) or _OPERATIONS[node.operation]
        yield SpecNote(node.pointer, "mapped", f"string_check {node.operation}: {what}")
    elif isinstance(node, TextSimilarity):
        what = _METRICS.get(node.metric, _ROUGE) + _VARIANT
        yield SpecNote(f"{node.pointer}/evaluation_metric", "approximated", f"{node.metric}: {what}")
    elif isinstance(node, PythonCode):
        yield from _of_python(node)
    elif isinstance(node, MultiGrader):
        yield from _of_multi(node)
    elif isinstance(node, ScoreModel | LabelModel):
        yield from model_notes(node, models)
    else:
        yield from endpoint_notes(node)
    if threshold is not None:
        what = "the metric passed says whether the score reaches it; the reward is still the score"
        yield SpecNote(f"{node.pointer}/pass_threshold", "mapped", what)


def _of_python(node: PythonCode) -> Iterator[SpecNote]:
    place = f"{node.pointer}/source"
    yield SpecNote(
        place,
        "approximated",
        "grade(sample, item) runs unchanged in a separate process, without files and network; OpenAI gives "
        "it 2 minutes, 2 GB of memory and a disk of 1 GB. sample has output_json only if the completion "
        "is JSON; if it is not, and grade raises an error that names it, the score is 0, and unread is 1",
    )
    for each in node.imports:
        if each.module in IMAGE_PACKAGES:
            package, version = IMAGE_PACKAGES[each.module]
            what = f"line {each.line} imports {each.module}: put {package} into requirements.txt "
            yield SpecNote(place, "mapped", f"{what}(OpenAI's image {IMAGE} has {version or 'it too'})")
    if node.image_tag and node.image_tag != IMAGE:
        what = f"the contents of the image {node.image_tag} are not documented: check what the source imports"
        yield SpecNote(f"{node.pointer}/image_tag", "unsupported", what)


def _of_multi(node: MultiGrader) -> Iterator[SpecNote]:
    place = f"{node.pointer}/calculate_output"
    yield SpecNote(
        place, "mapped", f"the reward is {node.formula}, and the graders' scores are its components"
    )
    tree = formula_tree(node.formula, node.graders)
    used = {name_of(each, node.graders) for each in ast.walk(tree) if isinstance(each, ast.Name)}
    for key, each in node.graders.items():
        if key not in used:
            what = "the formula does not use it: its score is reported, but changes no reward"
            yield SpecNote(each.pointer, "approximated", what)
    if "**" in node.formula:
        yield SpecNote(place, "approximated", "** is read as ^, OpenAI's documented operator for powers")
    try:
        least = node.computed(dict.fromkeys(node.graders, 0.0))
    except (ArithmeticError, ValueError):
        what = "it has no value if all of its graders score 0, so such a completion gets no reward"
        yield SpecNote(place, "approximated", what)
    else:
        if least > 0:
            what = f"the reward is {least:g} if all of its graders score 0, as for an empty completion"
            yield SpecNote(place, "approximated", what)


def _of_templates(node: OpenAIGrader) -> Iterator[SpecNote]:
    """Yield notes about the values in templates."""
    values = {value.text: value for template in node.templates.values() for value in template.values}
    if any(value.path != ("output_text",) for value in values.values()):
        what = "a value that is not a string is written as JSON; how OpenAI does it is not documented"
        yield SpecNote("", "approximated", what)
    if any(value.namespace == "item" and value.path[0] == "id" for value in values.values()):
        what = "item.id is not available: id belongs to the service. Rename this field in your records"
        yield SpecNote("", "unsupported", what)
    if any(value.namespace == "sample" and value.path[0] != "output_text" for value in values.values()):
        what = (
            "a completion that lacks a value in a template is unread: its grader scores 0, and the "
            "metric unread is 1"
        )
        yield SpecNote("", "mapped", what)


def _of_compared(spec: OpenAISpec) -> Iterator[SpecNote]:
    """Yield notes about comparisons of lists and objects."""
    comparing = [each for each in spec.each() if isinstance(each, StringCheck | TextSimilarity)]
    values = [value for each in comparing for text in each.templates.values() for value in text.values]
    if any(value.namespace == "sample" and value.path != ("output_text",) for value in values):
        what = (
            "a list or an object without a string or a number in it is blank, in a record as in a "
            "completion, so two empty lists never match: use a Python grader if an empty one is the right "
            "answer"
        )
        yield SpecNote("", "approximated", what)
    for text in dict.fromkeys(value.text for value in values if value.holds_form):
        what = (
            f"{text} is written with its keys, roles and ids, and a comparison finds those too: use a string "
            "in it, such as sample.output_text"
        )
        yield SpecNote("", "approximated", what)


def _around(raw: JsonObject, spec: OpenAISpec) -> Iterator[SpecNote]:
    """Yield notes about settings outside the grader."""
    if raw.has("hyperparameters"):
        what = "belongs to the job, not to its grader: set the equivalent when you submit the job"
        yield SpecNote(raw.place("hyperparameters"), "unsupported", what)
    if raw.has("response_format"):
        what = "belongs to the job: ask for JSON in the prompt; a completion that is not JSON is unread"
        yield SpecNote(raw.place("response_format"), "unsupported", what)
