"""Finds wrong completions that a grader rewards, and right ones that it refuses, on the user's own data."""
