"""Conclusions from a job's rewards, tested on records left out of training: figures, warnings, verdicts."""
