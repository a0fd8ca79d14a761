"""Rollouts: read from a file, requested from a model, or made from the records alone."""
