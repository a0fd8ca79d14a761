"""Wraps public reward functions as graders, which `benchmarks/public_graders.py` audits."""
