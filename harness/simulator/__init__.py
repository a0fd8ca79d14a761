"""Simulates the model in a rehearsal as a policy over recorded completions that learns from rewards."""
