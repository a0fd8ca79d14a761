"""Finds wrong completions that a grader pays for, and right ones that it refuses, on the user's own data."""
