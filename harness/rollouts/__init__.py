"""Reads rollouts from a file, requests them from a model, or makes them from records alone."""
