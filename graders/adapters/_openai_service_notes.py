"""Notes about converting graders that call a judge model or an endpoint."""

from __future__ import annotations

from ._openai_address import OWN_HEADERS
from ._openai_json import exact, number_of, place_of
from ._openai_model import SYSTEM, is_shared
from ._openai_models import NOT_SENT
from ._openai_note import SpecNote
from ._openai_spec import LIMITS, ScoreModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._openai_models import JudgeModels
    from ._openai_spec import EndpointGrader, LabelModel


def model_notes(node: ScoreModel | LabelModel, models: JudgeModels) -> Iterator[SpecNote]:
    """Yield a note for each part of a model grader.

    Args:
        node: The grader.
        models: The models to use in place of OpenAI's.
    """
    yield _of_model(node, models)
    yield from _of_messages(node)
    if isinstance(node, ScoreModel):
        what = (
            f"a score beyond {exact(node.low)} to {exact(node.high)} is moved to the nearest bound, and "
            "the metric clipped is 1"
        )
        yield SpecNote(node.pointer, "mapped", what)
        what = "a reply without a number gives no reward, while OpenAI scores it 0"
        yield SpecNote(node.pointer, "approximated", what)
    else:
        place = f"{node.pointer}/passing_labels"
        yield SpecNote(place, "mapped", f"1 for {' or '.join(node.passing_labels)}, else 0")
        what = "a reply that is not one of the labels gives no reward, while OpenAI scores it 0"
        yield SpecNote(place, "approximated", what)
        if not node.pointer:
            what = "here a label_model may grade alone; OpenAI accepts one only in evals and multi graders"
            yield SpecNote("", "approximated", what)
    yield from _of_sampling(node, models)


def endpoint_notes(node: EndpointGrader) -> Iterator[SpecNote]:
    """Yield a note for each part of an endpoint grader.

    Args:
        node: The grader.
    """
    what = "called with sample, item and trace_id, with up to three retries until it returns a score"
    yield SpecNote(f"{node.pointer}/url", "mapped", what)
    what = "a sample without a score after that has no reward, where Azure discards the rollout"
    yield SpecNote(f"{node.pointer}/url", "approximated", what)
    what = (
        "trace_id is derived from the texts, so that equal samples share it; the grader's timeout_s sets the "
        "wait instead of 10 minutes; no redirect is followed"
    )
    yield SpecNote(f"{node.pointer}/url", "approximated", what)
    if node.headers:
        what = "sent unchanged; ${NAME} is the environment variable NAME of the function"
        yield SpecNote(f"{node.pointer}/headers", "mapped", what)
    for name in node.headers:
        if name.lower() in OWN_HEADERS:
            what = "not sent: a request is JSON, and sets its own"
            yield SpecNote(place_of(f"{node.pointer}/headers", name), "approximated", what)
    if node.rate_limit is not None:
        what = f"{exact(node.rate_limit)} requests per second in each process, and a job has many processes"
        yield SpecNote(f"{node.pointer}/rate_limit", "approximated", what)


def _of_model(node: ScoreModel | LabelModel, models: JudgeModels) -> SpecNote:
    place = f"{node.pointer}/model"
    found = models.find(node.model)
    if found is None:
        return SpecNote(place, "unsupported", models.missing(node.model))
    service = "Bedrock" if found.get("service", "bedrock") == "bedrock" else "an OpenAI-compatible service"
    what = f"{node.model} is {found['model']} of {service} here: a different judge"
    return SpecNote(place, "approximated", f"{what}, so compare it with human labels")


def _of_messages(node: ScoreModel | LabelModel) -> Iterator[SpecNote]:
    place = f"{node.pointer}/input"
    if any(part.reads_completion for part in node.templates.values()):
        what = (
            "the completion is in the judge's prompt without delimiters, so it may pose as part of it; a "
            "check of graders.checks.judge keeps it separate"
        )
        yield SpecNote(place, "approximated", what)
    else:
        what = "no message shows the completion, so the reward does not depend on what it says"
        yield SpecNote(place, "approximated", what)
    what = "the judge is also told to answer with steps and result, as OpenAI's response format has them"
    yield SpecNote(place, "approximated", what)
    if not is_shared(node):
        yield SpecNote(place, "mapped", "the system message differs by sample, so no service caches it")
    if changes := _changes(node):
        what = f"because Bedrock accepts no other order, {'; '.join(changes)}"
        yield SpecNote(place, "approximated", what)


def _changes(node: ScoreModel | LabelModel) -> list[str]:
    """List the changes to a grader's messages that Converse requires."""
    roles = [turn.role for turn in node.turns]
    turns = [role for role in roles if role not in SYSTEM]
    found = []
    if not turns:
        found.append("the system message is sent as the user's")
    elif any(role in SYSTEM and at > roles.index(turns[0]) for at, role in enumerate(roles)):
        found.append("later system messages come first")
    if any(one == other for one, other in zip(turns, turns[1:], strict=False)):
        found.append("consecutive messages of the same role are joined")
    if turns and (turns[0] != "user" or turns[-1] != "user"):
        found.append("a short user message is added where the conversation begins or ends with the assistant")
    return found


def _of_sampling(node: ScoreModel | LabelModel, models: JudgeModels) -> Iterator[SpecNote]:
    given = models.find(node.model) or {}
    yield _of_temperature(node, models)
    for key in (key for key, value in node.sampling.items() if value is not None):
        place = f"{node.pointer}/sampling_params/{key}"
        if key in LIMITS and "max_tokens" in given:
            yield SpecNote(place, "approximated", f"{models.place} sets max_tokens instead")
        elif key in LIMITS:
            yield SpecNote(place, "mapped", "sent as the maximum number of tokens of an answer")
        elif key in NOT_SENT:
            yield SpecNote(place, "approximated", "not sent to judges here")
        elif key != "temperature":
            yield SpecNote(place, "unsupported", "not a documented key: it is ignored")


def _of_temperature(node: ScoreModel | LabelModel, models: JudgeModels) -> SpecNote:
    given = models.find(node.model) or {}
    place = f"{node.pointer}/sampling_params/temperature"
    wanted = number_of(node.sampling.get("temperature"))
    if "temperature" in given:
        return SpecNote(f"{node.pointer}/model", "approximated", f"{models.place} sets the temperature")
    if wanted is None:
        what = "called at temperature 0, while OpenAI's models default to 1"
        return SpecNote(node.pointer, "approximated", what)
    if given.get("service", "bedrock") == "bedrock" and wanted > 1:
        return SpecNote(place, "approximated", "called at 1, Bedrock's maximum")
    return SpecNote(place, "mapped", "sent, unless the model does not accept one")
