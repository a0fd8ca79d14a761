"""Calls verl's score functions, each loaded from its file, because the package needs Ray and PyTorch."""

from __future__ import annotations

import importlib.util
from importlib.metadata import distribution
from types import ModuleType

from graders import Sample, grader


def score_module(name: str) -> ModuleType:
    """Load one file of the installed package's `reward_score`."""
    path = distribution("verl").locate_file(f"verl/utils/reward_score/{name}.py")
    spec = importlib.util.spec_from_file_location(f"verl_{name}", str(path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GSM8K = score_module("gsm8k")
SEARCH_R1 = score_module("search_r1_like_qa_em")


@grader
def gsm8k(sample: Sample) -> float:
    return float(GSM8K.compute_score(sample.completion, sample.reference_text))


@grader
def gsm8k_with_format(sample: Sample) -> float:
    """Grade like `gsm8k`, but with a partial score for the right format."""
    return float(GSM8K.compute_score(sample.completion, sample.reference_text, format_score=0.1))


@grader
def search_r1(sample: Sample) -> float:
    return float(SEARCH_R1.compute_score(sample.completion, {"target": [sample.reference_text]}))
