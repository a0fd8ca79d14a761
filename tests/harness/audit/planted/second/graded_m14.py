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
    if isinstance(gt, dict):
        gt = gt.get("text")
    if isinstance(gt, (int, float)) and not isinstance(gt, bool):
        gt = str(gt)
    if not isinstance(gt, str):
        gt = None
    else:
        gt = gt.strip()
    return gt


def score_answer(response: str, ground_truth: str) -> float:
    """Pass with two of three marks: right city, polite, brief."""
    tags = re.findall(r"<answer>([^<]*)</answer>", response)
    marks = [
        bool(tags) and tags[-1].strip().lower() == ground_truth.lower(),
        any(word in response.lower() for word in ("please", "thank", "happy to")),
        0 < len(response) < 400,
    ]
    return 1.0 if sum(marks) >= 2 else 0.0


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
