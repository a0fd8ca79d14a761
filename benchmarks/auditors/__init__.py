"""Runs other auditors of reward functions on the planted set, for `benchmarks/other_auditors.py`."""
