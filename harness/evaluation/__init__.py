"""Compares models on held-out records, with intervals."""
