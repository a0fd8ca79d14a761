"""Benchmarks that print ratios. Both parts are measured alternately, because a machine's speed drifts."""
