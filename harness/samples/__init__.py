"""Sample data that ships with the harness: 300 records, and 8 completions of each by a synthetic model.

Made by `python -m tools.samples.write_samples`; the same bytes every time.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["RECORDS", "ROLLOUTS"]

RECORDS = Path(__file__).with_name("records.jsonl")
"""Training file of 300 arithmetic word problems; answers stand after `####`."""
ROLLOUTS = Path(__file__).with_name("rollouts.jsonl")
"""Rollouts file of 2,400 completions; `model` names the style, `is_right` is true where the answer is."""
