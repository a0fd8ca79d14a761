"""Replay: sends recorded rollouts through a grader, and keeps every reward."""
