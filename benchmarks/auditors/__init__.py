"""Other auditors of reward functions on the planted set: `benchmarks/other_auditors.py` runs them."""
