"""Benchmarks that print ratios. The two sides are measured alternately, because a machine's speed drifts."""
