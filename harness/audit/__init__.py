"""Finds what a grader pays for that nobody wants, and what it fails to pay for, on the user's own data."""
