"""Calls functions that return an EvaluateResult, using stand-ins for the libraries they import.

eval-protocol exceeds the size limit of a Lambda function, and reward functions import only a few record
classes and a decorator from it or from llm-eval-kit. The records in this module have the same fields and
methods. A field can be accessed as an attribute or as an item, since existing functions do both.

The source of this module is also sent to the process that runs a confined function, so it imports nothing
from this package.
"""

from __future__ import annotations

import json
import sys
from functools import wraps
from inspect import signature
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar

PROVIDES = ("eval_protocol", "reward_kit", "llm_eval_kit", "nova_custom_evaluation_sdk")
"""Packages that `prepare` makes importable."""


class StandInRecord(dict[str, "Any"]):
    """A record with default values, used instead of a pydantic model.

    Only the fields that were given exist as items, so that a message looks unchanged to code that expects a
    dict. All fields exist as attributes, with default values for missing fields.
    """

    CALLED: ClassVar[str] = "a record"
    NEEDED: ClassVar[tuple[str, ...]] = ()
    DEFAULTS: ClassVar[dict[str, Any]] = {}

    def __init__(self, **fields: Any) -> None:
        for name in self.NEEDED:
            if name not in fields:
                raise ValueError(f"{self.CALLED} needs {name}=")
        super().__init__({name: self._field(name, value) for name, value in fields.items()})

    def _field(self, name: str, value: Any) -> Any:
        """Convert a value to the type that the field stores."""
        return value

    def __missing__(self, name: str) -> Any:
        if name not in self.DEFAULTS:
            raise KeyError(name)
        default = self.DEFAULTS[name]
        if callable(default):
            default = self[name] = default()
        return default

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{self.CALLED} has no {name!r} here") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = self._field(name, value)

    def __bool__(self) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self or name in self.DEFAULTS else default

    def model_dump(self, *, exclude_none: bool = False, exclude: Any = (), **_: Any) -> dict[str, Any]:
        fields = {name: self[name] for name in (*self.DEFAULTS, *self)}
        dropped = exclude or ()
        return {
            name: _as_dicts(value)
            for name, value in fields.items()
            if name not in dropped and not (exclude_none and value is None)
        }

    def model_dump_json(self, **options: Any) -> str:
        indent = options.pop("indent", None)
        return json.dumps(self.model_dump(**options), indent=indent)

    def model_copy(self, *, update: Any = None, **_: Any) -> Any:
        return type(self)(**{**self, **(update or {})})

    @classmethod
    def model_validate(cls, given: Any, **_: Any) -> Any:
        """Create a record from a dict. A value that is already a record is returned unchanged."""
        return given if isinstance(given, cls) else cls(**given)


for _older, _newer in (("dict", "model_dump"), ("to_dict", "model_dump"), ("json", "model_dump_json")):
    setattr(StandInRecord, _older, getattr(StandInRecord, _newer))
for _older in ("parse_obj", "from_openai", "from_dict"):
    setattr(StandInRecord, _older, StandInRecord.model_validate)


class ContentPart(StandInRecord):
    """A part of a message's content."""

    DEFAULTS: ClassVar[dict[str, Any]] = {"type": "text"}


class ChatMessage(StandInRecord):
    """A message. Both libraries call this class `Message`."""

    CALLED = "Message"
    NEEDED: ClassVar[tuple[str, ...]] = ("role",)
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "content": "",
        **dict.fromkeys(("reasoning_content", "name", "tool_call_id", "tool_calls", "function_call")),
        **dict.fromkeys(("control_plane_step", "weight", "logprobs")),
    }

    def _field(self, name: str, value: Any) -> Any:
        if name == "content" and isinstance(value, list):
            return [ContentPart(**one) if isinstance(one, dict) else one for one in value]
        return _as_records(value)

    def to_openai_format(self) -> Any:
        return self.model_dump(exclude_none=True)


class ProtocolMetric(StandInRecord):
    """A named score, in place of eval-protocol's `MetricResult`."""

    CALLED = "MetricResult"
    NEEDED: ClassVar[tuple[str, ...]] = ("score", "reason")
    DEFAULTS: ClassVar[dict[str, Any]] = {"is_score_valid": True, "data": dict}

    def _field(self, name: str, value: Any) -> Any:
        return _score(self.CALLED, value) if name == "score" else value


class ProtocolResult(ProtocolMetric):
    """The result of a reward function, in place of eval-protocol's `EvaluateResult`."""

    CALLED = "EvaluateResult"
    NEEDED: ClassVar[tuple[str, ...]] = ("score",)
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "is_score_valid": True,
        "metrics": dict,
        **dict.fromkeys(("reason", "step_outputs", "error", "trajectory_info", "final_control_plane_info")),
        **dict.fromkeys(("agg_score", "standard_error")),
    }

    def _field(self, name: str, value: Any) -> Any:
        if name == "metrics":
            return {key: ProtocolMetric.model_validate(one) for key, one in (value or {}).items()}
        return super()._field(name, value)


class KitMetric(StandInRecord):
    """A named score, in place of llm-eval-kit's `MetricResult`."""

    CALLED = "MetricResult"
    NEEDED: ClassVar[tuple[str, ...]] = ("score", "reason")
    DEFAULTS: ClassVar[dict[str, Any]] = {"is_valid": True}

    def _field(self, name: str, value: Any) -> Any:
        if name != "score":
            return value
        score = _score(self.CALLED, value)
        if not 0 <= score <= 1:
            raise ValueError(f"{self.CALLED}: score={score!r} is not between 0 and 1")
        return score


class KitResult(KitMetric):
    """The result of a grader, in place of llm-eval-kit's `EvaluateResult`."""

    CALLED = "EvaluateResult"
    NEEDED: ClassVar[tuple[str, ...]] = ("score",)
    DEFAULTS: ClassVar[dict[str, Any]] = {"reason": None, "is_valid": True, "metrics": dict, "metadata": dict}

    def _field(self, name: str, value: Any) -> Any:
        if name == "metrics":
            return {key: KitMetric.model_validate(one) for key, one in (value or {}).items()}
        return super()._field(name, value)


class InputMetadata(StandInRecord):
    """The origin of a row, in place of eval-protocol's `InputMetadata`."""

    CALLED = "InputMetadata"
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "row_id": None,
        "completion_params": dict,
        "dataset_info": None,
        "session_data": None,
    }


class RolloutStatus(StandInRecord):
    """The status of a rollout, in place of eval-protocol's `Status`. Every rollout is finished."""

    CALLED = "Status"
    DEFAULTS: ClassVar[dict[str, Any]] = {"code": 100, "message": "", "details": list}

    def is_finished(self) -> bool:
        return True

    def is_error(self) -> bool:
        return False

    is_running = is_stopped = is_error


class EvaluationRow(StandInRecord):
    """The argument and the result of a function decorated with eval-protocol's `@evaluation_test`."""

    CALLED = "EvaluationRow"
    NEEDED: ClassVar[tuple[str, ...]] = ("messages",)
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "input_metadata": InputMetadata,
        "rollout_status": RolloutStatus,
        "execution_metadata": StandInRecord,
        **dict.fromkeys(("tools", "ground_truth", "evaluation_result", "usage", "eval_metadata", "pid")),
    }

    def get_assistant_messages(self) -> list[Any]:
        return [one for one in self.messages if one.role == "assistant"]

    def get_user_messages(self) -> list[Any]:
        return [one for one in self.messages if one.role == "user"]

    def get_system_message(self) -> Any:
        """Return the system message, or an empty message if there is none."""
        found = [one for one in self.messages if one.role == "system"]
        return found[0] if found else ChatMessage(role="system", content="")

    def last_assistant_message(self) -> Any:
        return next(iter(self.get_assistant_messages()[::-1]), None)

    def get_first_user_message(self) -> Any:
        return next(iter(self.get_user_messages()), None)

    def get_conversation_length(self) -> int:
        return len(self.messages)

    def get_input_metadata(self, key: str, default: Any = None) -> Any:
        return self.input_metadata.get(key, default)


class KitGrader:
    """Replaces llm-eval-kit's base class `Grader`, which its decorator `@grader` also returns."""

    name = description = ""

    def __init__(
        self, function: Callable[..., Any] | None = None, name: str = "", description: str = ""
    ) -> None:
        if function is not None:
            self.__wrapped__ = function
            self.grade = function  # type: ignore[method-assign]
            self.name = self.__name__ = name or function.__name__
            self.description = description or function.__doc__ or ""

    def grade(self, messages: Any, ground_truth: Any = None, **fields: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no grade(messages, ground_truth, **kwargs)")

    def __call__(self, messages: Any, ground_truth: Any = None, **fields: Any) -> Any:
        return self.grade(messages, ground_truth, **fields)


def kit_grader(
    function: Callable[..., Any] | None = None, *, name: str = "", description: str = ""
) -> KitGrader | Callable[[Callable[..., Any]], KitGrader]:
    """Replace llm-eval-kit's decorator `@grader`."""
    if function is None:
        return lambda decorated: KitGrader(decorated, name, description)
    return KitGrader(function, name, description)


def reward_function(
    function: Callable[..., Any] | None = None, *, resources: Any = None, **options: Any
) -> Callable[..., Any]:
    """Replace eval-protocol's decorator `@reward_function`, which converts dicts to messages and results."""
    if resources:
        raise ImportError(
            "the stand-in for eval_protocol has no resources=: use a check of graders.checks to ask a model"
        )
    if function is None:
        return lambda decorated: reward_function(decorated, **options)

    @wraps(function)
    def wrapper(*args: Any, **given: Any) -> Any:
        assert function is not None
        messages = {name: _as_messages(value) for name, value in given.items()}
        answer = function(*(_as_messages(one) for one in args), **messages)
        return _later(answer, _checked) if hasattr(answer, "__await__") else _checked(answer)

    return wrapper


def evaluation_test(*args: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace eval-protocol's decorator `@evaluation_test`. The function is returned unchanged."""
    return lambda function: function


def _checked(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_checked(one) for one in answer]
    if isinstance(answer, ProtocolResult):
        return answer
    if isinstance(answer, dict):
        return ProtocolResult(**answer)
    raise TypeError(f"the function returned a {type(answer).__name__}: return an EvaluateResult")


_MODELS = {
    "Message": ChatMessage,
    "MetricResult": ProtocolMetric,
    "EvaluateResult": ProtocolResult,
    "EvaluationRow": EvaluationRow,
    "InputMetadata": InputMetadata,
    "Status": RolloutStatus,
    **dict.fromkeys(("StepOutput", "ErrorInfo"), StandInRecord),
    **{f"ChatCompletionContentPart{kind}Param": ContentPart for kind in ("", "Text", "Image")},
}
_PROTOCOL: dict[str, dict[str, Any]] = {
    "": {**_MODELS, "reward_function": reward_function, "evaluation_test": evaluation_test},
    ".models": _MODELS,
    ".typed_interface": {"reward_function": reward_function},
    ".reward_function": {"reward_function": reward_function},
    ".pytest": {"evaluation_test": evaluation_test},
    ".pytest.evaluation_test": {"evaluation_test": evaluation_test},
}
_KIT: dict[str, dict[str, Any]] = {
    "": {},
    ".graders": {"Grader": KitGrader, "grader": kit_grader},
    ".graders.base": {"Grader": KitGrader},
    ".graders.decorator": {"grader": kit_grader},
    ".models": {},
    ".models.messages": {"Message": ChatMessage},
    ".models.results": {"EvaluateResult": KitResult, "MetricResult": KitMetric},
}
_STAND_INS = {"eval_protocol": _PROTOCOL, "reward_kit": _PROTOCOL, "llm_eval_kit": _KIT}
_PROCESSORS = (
    "its preprocess and postprocess serve SageMaker's evaluation jobs, and give no reward: write a function "
    "of messages and ground_truth that measures the same, in a file that does not import it"
)
_UNSUPPORTED = {
    "llm_eval_kit.processors": _PROCESSORS,
    "llm_eval_kit.lambda_handler": _PROCESSORS,
    "nova_custom_evaluation_sdk": _PROCESSORS,
}


class StandIn(ModuleType):
    """A module with the names that reward functions import. Any other import raises an ImportError."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name, "A stand-in.")
        self.__dict__.update(names, __path__=[])  # a module with a path may have submodules

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith(("RolloutProcessor", "ProcessorConfig", "HandlerConfig", "BackoffConfig")):
            return StandInRecord  # an @evaluation_test is configured with these; grading does not use them
        raise ImportError(_lacking(f"{self.__name__}.{name}"), name=self.__name__)


class StandInFinder:
    """Import finder that raises a descriptive ImportError for modules that a stand-in lacks."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Reject a module that a stand-in lacks. Python consults this finder last."""
        if isinstance(sys.modules.get(name.partition(".")[0]), StandIn):
            raise ImportError(_lacking(name), name=name)


def _lacking(name: str) -> str:
    for begin, why in _UNSUPPORTED.items():
        if name == begin or name.startswith(begin + "."):
            return f"{name} is not supported: {why}"
    package = name.partition(".")[0]
    return (
        f"{package} is not installed here, and its stand-in lacks {name}: "
        "copy what you need from it into a file next to yours"
    )


def prepare(packages: Iterable[str] = PROVIDES) -> None:
    """Make stand-ins for packages importable.

    Args:
        packages: Any of `PROVIDES`.
    """
    for package in packages:
        for name, names in _STAND_INS.get(package, {"": {}}).items():
            module = sys.modules.setdefault(package + name, StandIn(package + name, names))
            if not isinstance(module, StandIn):
                break
            around, _, last = module.__name__.rpartition(".")
            if around:
                sys.modules[around].__dict__.setdefault(last, module)
    if StandInFinder not in sys.meta_path:
        sys.meta_path.append(StandInFinder)


def call(function: Any, messages: list[Any], reference: Any, fields: dict[str, Any]) -> Any:
    """Call a function for one conversation.

    Args:
        function: A function that takes `messages`, `rollouts_messages`, `row` or `rows`.
        messages: The turns. The last turn is the completion.
        reference: The reference, or None.
        fields: The record's other fields.

    Returns:
        A dict with the result's `score`, `is_valid`, `reason`, `error` and `metrics`, or an awaitable of the
        dict if the function is async. If the record lacks arguments that the function needs, a dict with the
        missing names under `lacks`.
    """
    if isinstance(function, type):
        function = function()
    function = getattr(
        function, "_origin_func", function
    )  # eval-protocol's wrapper around an @evaluation_test
    parameters = signature(function).parameters.values()
    names = {one.name for one in parameters}
    turns = [ChatMessage(**one) for one in messages]
    if names & {"row", "rows"}:
        made = _row(messages, reference, fields)
        offered: dict[str, Any] = {"row": made, "rows": [made]}
    else:
        offered = {**fields, "messages": turns}
        if reference is not None:  # an answer could equal a substitute such as "None"
            offered["ground_truth"] = _reference(parameters, reference)
        if "rollouts_messages" in names:
            offered["rollouts_messages"] = [offered.pop("messages")]
    lacks = [
        one.name
        for one in parameters
        if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
        and one.default is one.empty
        and offered.get(one.name) is None
    ]
    if lacks:
        return {"lacks": lacks}
    if names & {"row", "rows"} or not any(one.kind is one.VAR_KEYWORD for one in parameters):
        offered = {name: value for name, value in offered.items() if name in names}
    answer = function(**offered)
    return _later(answer, _told) if hasattr(answer, "__await__") else _told(answer)


def _reference(parameters: Iterable[Any], reference: Any) -> Any:
    """Return the reference, converted to a list of messages if the function's signature calls for it."""
    annotation = next((str(one.annotation) for one in parameters if one.name == "ground_truth"), "")
    if "ist[" not in annotation or "Message" not in annotation:
        return _as_messages(reference)
    if isinstance(reference, str):
        reference = {"role": "assistant", "content": reference}
    return _as_messages([reference] if isinstance(reference, dict) else reference)


async def _later(answer: Any, then: Callable[[Any], Any]) -> Any:
    return then(await answer)


def _row(messages: list[Any], reference: Any, fields: dict[str, Any]) -> Any:
    """Create a row, using eval-protocol's own class if that library is loaded."""
    models = sys.modules.get("eval_protocol.models")
    given = {"messages": messages, "ground_truth": reference, "tools": fields.get("tools")}
    if models is not None and not isinstance(models, StandIn):
        return models.EvaluationRow(**given, input_metadata={"dataset_info": fields})
    given["messages"] = [ChatMessage(**one) for one in messages]
    return EvaluationRow(**given, input_metadata=InputMetadata(dataset_info=fields))


def _told(answer: Any) -> dict[str, Any]:
    """Convert the function's result to the return value of `call`."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if _part(answer, "evaluation_result") is not None:
        answer = _part(answer, "evaluation_result")
    if _part(answer, "score") is None:
        raise TypeError(
            f"the function returned a {type(answer).__name__}: return an EvaluateResult with a score"
        )
    metrics = _part(answer, "metrics") or {}
    return {
        "score": _part(answer, "score"),
        "is_valid": _is_valid(answer),
        "reason": _text(_part(answer, "reason")),
        "error": _text(_part(answer, "error")),
        "metrics": {str(name): _part(one, "score") for name, one in metrics.items() if _is_valid(one)},
    }


def _part(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else getattr(record, name, None)


def _is_valid(record: Any) -> bool:
    said = (_part(record, "is_score_valid"), _part(record, "is_valid"))
    return all(one is None or one for one in said)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _score(record: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{record}: score is a {type(value).__name__}, not a number") from None


def _as_messages(value: Any) -> Any:
    """Convert dicts with roles to messages, in a list or a list of lists. Return other values unchanged."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(one, dict) and "role" in one for one in value):
        return [one if isinstance(one, ChatMessage) else ChatMessage(**one) for one in value]
    return [_as_messages(one) for one in value] if all(isinstance(one, list) for one in value) else value


def _as_records(value: Any) -> Any:
    """Convert the objects in a JSON value to records."""
    if isinstance(value, StandInRecord):
        return value
    if isinstance(value, dict):
        return StandInRecord(**{str(name): _as_records(one) for name, one in value.items()})
    return [_as_records(one) for one in value] if isinstance(value, list) else value


def _as_dicts(value: Any) -> Any:
    """Convert the records in a value to dicts."""
    if isinstance(value, StandInRecord):
        return value.model_dump()
    if isinstance(value, dict):
        return {name: _as_dicts(one) for name, one in value.items()}
    return [_as_dicts(one) for one in value] if isinstance(value, (list, tuple)) else value
