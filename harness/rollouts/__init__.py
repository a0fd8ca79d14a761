"""Rollouts: a record and one completion each, from a file, a model, or the records themselves."""
