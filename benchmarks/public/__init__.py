"""Public reward functions as graders: `benchmarks/public_graders.py` audits them."""
