"""Benchmarks. Each prints ratios of two things measured alternately in one run, because machines drift."""
