"""Trains a small transformer with real GRPO, using the same graders as the rehearsal."""
