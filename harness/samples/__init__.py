"""Sample data that ships with the harness: 300 records, each with 8 completions by a synthetic model.

Made by `python -m tools.samples.write_samples`, which always writes the same bytes.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["RECORDS", "ROLLOUTS"]

RECORDS = Path(__file__).with_name("records.jsonl")
"""Training file of 300 arithmetic word problems; answers follow `####`."""
ROLLOUTS = Path(__file__).with_name("rollouts.jsonl")
"""Rollouts file of 2,400 completions; `model` names the style, and `is_right` tells if the answer is right.
"""
