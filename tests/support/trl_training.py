"""Trains a model of a few thousand weights on the grader `my_grader:reward`, in an environment with TRL.

`python trl_training.py FOLDER` writes three files. `graded.jsonl` has the graded completions and
`training.json` the results of training. `library.json` has the values of TRL's own reward functions, called
directly and as scoring functions.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer
from trl.rewards import get_repetition_penalty_reward, get_soft_overlong_punishment, think_format_reward

from graders.adapters import as_trl, from_trl
from graders.testing import make_sample

_MARKS = ["<pad>", "<eos>", "<think>", "</think>"]
_CHARACTERS = [*"0123456789+=?!. "]
_STEPS = 3


def tiny_tokenizer() -> Any:
    """Make a tokenizer for single characters and the reasoning tags."""
    vocabulary = {token: at for at, token in enumerate([*_MARKS, *_CHARACTERS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="."))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("</?think>|<eos>|."), "isolated")
    made.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="<eos>",
        chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}",
    )


def tiny_model(tokenizer: Any) -> Any:
    """Make a language model with random weights."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


class Recorded:
    def __init__(self, inner: Any, file: TextIO) -> None:
        self.inner, self.file, self.__name__ = inner, file, inner.__name__

    def __call__(self, prompts: list[Any], completions: list[Any], **rest: Any) -> list[float | None]:
        rewards: list[float | None] = self.inner(prompts=prompts, completions=completions, **rest)
        for at, value in enumerate(rewards):
            asked = {"prompt": prompts[at], "completion": completions[at], "reward": value}
            asked |= {name: rest[name][at] for name in ("reference_answer", "level")}
            self.file.write(json.dumps(asked) + "\n")
        return rewards


def train(rows: list[dict[str, Any]], file: TextIO, folder: Path) -> dict[str, Any]:
    """Run a few steps of GRPO, and return the results."""
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer)
    before = [weights.clone() for weights in model.parameters()]
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=Recorded(as_trl(import_module("my_grader").reward), file),
        train_dataset=Dataset.from_list(rows),
        args=GRPOConfig(
            output_dir=str(folder),
            max_steps=_STEPS,
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=10,
            learning_rate=0.1,
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=3,
        ),
    )
    trainer.train()
    return {
        "weights": sum(weights.numel() for weights in before),
        "moved": any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)),
        "steps": trainer.state.global_step,
        "last": [None if value != value else value for value in trainer._logs["rewards"]["reward"]],
        "logged": [line for line in trainer.state.log_history if "reward" in line],
    }


def library() -> list[dict[str, Any]]:
    """Return the values of TRL's own reward functions, called as TRL does and as scoring functions."""
    texts = ["<think>two and two</think>4", "<think>4", "on and on and on", "one", ""]
    functions = [think_format_reward, get_repetition_penalty_reward(2), get_soft_overlong_punishment(4, 2)]
    found = []
    for function in functions:
        scoring = from_trl(function)
        for text in texts:
            [alone] = function(
                completions=[[{"role": "assistant", "content": text}]],
                completion_ids=[[hash(word) for word in text.split()]],
            )
            found.append({"alone": alone, "adapted": float(scoring(make_sample(text)))})
    return found


def main(out: Path) -> None:
    """Train on prompts of messages, and then on prompts of plain text."""
    sums = [(a, b) for a in range(3) for b in range(3)]
    found = []
    with (out / "graded.jsonl").open("w", encoding="utf-8") as file:
        for conversational in (True, False):
            rows: list[dict[str, Any]] = []
            for a, b in sums:
                asked = f"{a}+{b}="
                prompt = [{"role": "user", "content": asked}] if conversational else asked
                rows.append({"prompt": prompt, "reference_answer": str(a + b), "level": a})
            found.append(train(rows, file, out / "trained"))
    (out / "training.json").write_text(json.dumps(found), encoding="utf-8")
    (out / "library.json").write_text(json.dumps(library()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
