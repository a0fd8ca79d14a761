"""Says what becomes of graders of OpenAI's and Azure's that ask a judge's model, or an endpoint."""

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
    """Yield what becomes of each part of a model grader.

    Args:
        node: The grader.
        models: The models that stand in for OpenAI's.
    """
    yield _of_model(node, models)
    yield from _of_messages(node)
    if isinstance(node, ScoreModel):
        what = (
            f"a score beyond {exact(node.low)} to {exact(node.high)} is moved to the nearest of the two, and "
            "the metric clipped is 1"
        )
        yield SpecNote(node.pointer, "mapped", what)
        what = "a reply without a number gives no reward, where OpenAI makes it 0"
        yield SpecNote(node.pointer, "approximated", what)
    else:
        place = f"{node.pointer}/passing_labels"
        yield SpecNote(place, "mapped", f"1 for {' or '.join(node.passing_labels)}, else 0")
        what = "a reply that is not one of the labels gives no reward, where OpenAI makes it 0"
        yield SpecNote(place, "approximated", what)
        if not node.pointer:
            what = "a label_model grades alone here, where OpenAI takes one in evals and multi graders only"
            yield SpecNote("", "approximated", what)
    yield from _of_sampling(node, models)


def endpoint_notes(node: EndpointGrader) -> Iterator[SpecNote]:
    """Yield what becomes of each part of an endpoint grader.

    Args:
        node: The grader.
    """
    what = "asked with sample, item and trace_id, and up to three times again until it gives a score"
    yield SpecNote(f"{node.pointer}/url", "mapped", what)
    what = "a sample without a score after that has no reward, where Azure discards the rollout"
    yield SpecNote(f"{node.pointer}/url", "approximated", what)
    what = (
        "trace_id is made of the texts, so that equal samples share it; the grader's timeout_s limits the "
        "wait instead of 10 minutes; no redirect is followed"
    )
    yield SpecNote(f"{node.pointer}/url", "approximated", what)
    if node.headers:
        what = "sent as they are; ${NAME} is the environment variable NAME of the function"
        yield SpecNote(f"{node.pointer}/headers", "mapped", what)
    for name in node.headers:
        if name.lower() in OWN_HEADERS:
            what = "not sent: a request is JSON, and has its own"
            yield SpecNote(place_of(f"{node.pointer}/headers", name), "approximated", what)
    if node.rate_limit is not None:
        what = f"{exact(node.rate_limit)} requests a second in each process, of which a job runs many"
        yield SpecNote(f"{node.pointer}/rate_limit", "approximated", what)


def _of_model(node: ScoreModel | LabelModel, models: JudgeModels) -> SpecNote:
    place = f"{node.pointer}/model"
    found = models.find(node.model)
    if found is None:
        return SpecNote(place, "unsupported", models.missing(node.model))
    service = "Bedrock" if found.get("service", "bedrock") == "bedrock" else "an OpenAI-compatible service"
    what = f"{node.model} is {found['model']} of {service} here: another judge"
    return SpecNote(place, "approximated", f"{what}, so compare it with people's labels")


def _of_messages(node: ScoreModel | LabelModel) -> Iterator[SpecNote]:
    place = f"{node.pointer}/input"
    if any(part.reads_completion for part in node.templates.values()):
        what = (
            "the completion stands in the judge's prompt without delimiters, so it may pose as part of it; a "
            "check of graders.checks.judge keeps it apart"
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
        what = f"as Bedrock takes no other order, {'; '.join(changes)}"
        yield SpecNote(place, "approximated", what)


def _changes(node: ScoreModel | LabelModel) -> list[str]:
    """What is changed of a grader's messages, so that they are a conversation that Converse takes."""
    roles = [turn.role for turn in node.turns]
    turns = [role for role in roles if role not in SYSTEM]
    found = []
    if not turns:
        found.append("what the system is told is asked by the user")
    elif any(role in SYSTEM and at > roles.index(turns[0]) for at, role in enumerate(roles)):
        found.append("later system messages come first")
    if any(one == other for one, other in zip(turns, turns[1:], strict=False)):
        found.append("messages of one role in a row are joined")
    if turns and (turns[0] != "user" or turns[-1] != "user"):
        found.append("a short message of the user is added where the assistant begins or ends")
    return found


def _of_sampling(node: ScoreModel | LabelModel, models: JudgeModels) -> Iterator[SpecNote]:
    given = models.find(node.model) or {}
    yield _of_temperature(node, models)
    for key in (key for key, value in node.sampling.items() if value is not None):
        place = f"{node.pointer}/sampling_params/{key}"
        if key in LIMITS and "max_tokens" in given:
            yield SpecNote(place, "approximated", f"{models.place} has its max_tokens instead")
        elif key in LIMITS:
            yield SpecNote(place, "mapped", "sent as the most tokens of an answer")
        elif key in NOT_SENT:
            yield SpecNote(place, "approximated", "not sent to judges here")
        elif key != "temperature":
            yield SpecNote(place, "unsupported", "no documented key: nothing is done with it")


def _of_temperature(node: ScoreModel | LabelModel, models: JudgeModels) -> SpecNote:
    given = models.find(node.model) or {}
    place = f"{node.pointer}/sampling_params/temperature"
    wanted = number_of(node.sampling.get("temperature"))
    if "temperature" in given:
        return SpecNote(f"{node.pointer}/model", "approximated", f"{models.place} has its temperature")
    if wanted is None:
        what = "asked at temperature 0, where OpenAI's models have 1 unless told otherwise"
        return SpecNote(node.pointer, "approximated", what)
    if given.get("service", "bedrock") == "bedrock" and wanted > 1:
        return SpecNote(place, "approximated", "asked at 1, which is Bedrock's highest")
    return SpecNote(place, "mapped", "sent, unless the model takes none")
