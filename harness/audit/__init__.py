"""Finds wrong completions that a grader rewards and right ones that it refuses, using the user's own data."""
