"""Compares models on held-out records, with confidence intervals."""
