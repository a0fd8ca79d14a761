"""Draws conclusions from a job's rewards (figures, warnings and verdicts), using held-out records."""
