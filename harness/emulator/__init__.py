"""Emulates the fine-tuning API on loopback, with files, jobs that really train, events and inference.

record file + rollouts file -> pool -> policy -> grader (through a target) -> events, checkpoints -> inference
"""
