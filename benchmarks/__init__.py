"""Benchmarks that print ratios of two things, measured alternately because a machine's speed drifts."""
