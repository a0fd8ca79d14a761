"""Rollouts, each a record with one completion, from a file, a model, or the records themselves."""
