"""Emulates the fine-tuning API on loopback: files, jobs that really run, events, checkpoints and inference.

record file + rollouts file -> pool -> policy -> grader (through a target) -> events, checkpoints -> inference
"""
