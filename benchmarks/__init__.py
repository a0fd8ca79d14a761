"""Benchmarks: each prints ratios of two things measured in turn in one run, since machines drift."""
