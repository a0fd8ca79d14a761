"""Rollouts, which are records with one completion each, from a file, a model, or the records themselves."""
