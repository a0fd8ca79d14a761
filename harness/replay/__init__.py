"""Sends recorded rollouts through a grader, and stores every reward."""
