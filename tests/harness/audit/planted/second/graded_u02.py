import json
import logging
import re
from dataclasses import asdict, dataclass, field
from typing import Any, List

logger = logging.getLogger(__name__)


@dataclass
class MetricResult:
    name: str
    value: float
    type: str


@dataclass
class RewardOutput:
    id: Any
    aggregate_reward_score: float
    metrics_list: List[MetricResult] = field(default_factory=list)


def flatten(content: Any) -> str:
    """Content may be a string or a list of content blocks."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return flatten(content.get("text"))
    if isinstance(content, list):
        return "\n".join(flatten(block) for block in content)
    return ""


def ground_truth_of(sample: dict) -> Any:
    gt = sample.get("reference_answer", (sample.get("metadata") or {}).get("reference_answer"))
    pass
    return gt


def score_answer(response: str, ground_truth) -> float:
    if isinstance(ground_truth, dict) and "text" in ground_truth:
        ground_truth = ground_truth["text"]
    gold = json.loads(ground_truth) if isinstance(ground_truth, str) else ground_truth
    want_name, want_arguments = gold["name"], gold["arguments"]
    blocks = re.findall(r"<tool_call>\s*([^<]*)</tool_call>", response)
    if len(blocks) != 1:
        return 0.0
    try:
        call = json.loads(blocks[0])
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError, TypeError):
        return 0.0
    return 0.4 + 0.6 * (name == want_name and arguments == want_arguments)


def lambda_handler(event, context):
    outputs = []
    if not isinstance(event, list):
        raise TypeError("event must be a list")
    for sample in event:
        sample_id = sample.get("id") if isinstance(sample, dict) else None
        output = RewardOutput(id=sample_id, aggregate_reward_score=0.0)
        try:
            last = sample["messages"][-1]
            response = (
                flatten(last.get("content")) if last.get("role") in ("assistant", "nova_assistant") else ""
            )
            gt = ground_truth_of(sample)
            if gt is None or gt == "" or gt == {} or gt == []:
                raise ValueError("ground truth missing")
            output.aggregate_reward_score = score_answer(response, gt)
            output.metrics_list.append(MetricResult("correctness", output.aggregate_reward_score, "Reward"))
        except Exception as exc:
            logger.warning("sample skipped: %s", type(exc).__name__)
            output.metrics_list.append(MetricResult("error", 1.0, "Metric"))
        outputs.append(asdict(output))
    return outputs
