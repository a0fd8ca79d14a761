"""Finds, on the user's own data, wrong completions that a grader pays and right ones that it refuses."""
